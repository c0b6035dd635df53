"""Plans drawn: prices, powers and stored energy over local time."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from optimizer.domain.problem import Problem
from optimizer.errors import ConfigError
from optimizer.planning import Planned
from optimizer.report import slot_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

WIDTH_IN, HEIGHT_IN = 11.0, 7.5


def draw_plans(plans: Sequence[Planned], file: Path) -> None:
    """Write a PNG with all plans, one below the other.

    Raises ConfigError where matplotlib is not installed or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--png needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN * len(plans)), layout="constrained")
    parts = figure.subfigures(len(plans), 1, squeeze=False)[:, 0]
    for part, planned in zip(parts, plans, strict=True):
        _draw(part, planned, with_site=len(plans) > 1)
    try:
        figure.savefig(file, format="png", dpi=110, metadata={"Software": "heat-optimizer"})
    except OSError as error:
        msg = f"--png {file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None


def _draw(part: "SubFigure", planned: Planned, *, with_site: bool) -> None:
    problem = planned.plan.problem
    zone = ZoneInfo(problem.horizon.zone)
    edges = [edge.astimezone(zone) for edge in problem.horizon.edges]
    rows = slot_rows(planned)
    price, power, stored = part.subplots(3, 1, sharex=True, height_ratios=[1, 1.8, 1.1])

    def steps(key: str) -> list[float]:
        return [float(row[key]) for row in rows]

    price.stairs(steps("import_price"), edges, baseline=None, color="#b23a48", label="import", linewidth=1.6)
    price.stairs(steps("export_price"), edges, baseline=None, color="#3a7d44", label="export", linewidth=1.6)
    price.set_ylabel(f"{problem.currency} / kWh")
    use = [row["load_kw"] + row["heat_kw"] for row in rows]
    power.stairs(use, edges, fill=True, color="#9db4c0", alpha=0.6, label="load and heat")
    power.stairs(steps("solar_kw"), edges, fill=True, color="#f2c14e", alpha=0.6, label="solar")
    power.stairs(steps("grid_kw"), edges, baseline=None, color="#253237", label="grid (+ import)", linewidth=1.4)
    power.stairs(steps("battery_kw"), edges, baseline=None, color="#5f0f40", label="battery (+ charge)", linewidth=1.8)
    power.axhline(0, color="#888888", linewidth=0.6)
    power.set_ylabel("kW")
    _draw_stored(stored, problem, edges, steps("soc_kwh"))
    for axes in (price, power):
        axes.legend(loc="upper right", ncols=4, fontsize=8, framealpha=0.9)
    for axes in (price, power, stored):
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0)
    whose = f"{planned.snapshot.site_id}, from" if with_site else "from"
    title = f"Plan {whose} {edges[0]:%a %d %b %Y %H:%M} ({zone.key}), {planned.plan.verdict}"
    part.suptitle(title.replace("$", r"\$"), fontsize=11)


def _draw_stored(axes: "Axes", problem: Problem, edges: list[datetime], ends_kwh: list[float]) -> None:
    """The battery's level between its bounds, and the axis of local time below."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    battery, zone = problem.battery, ZoneInfo(problem.horizon.zone)
    if battery is not None:
        levels = [battery.soc_kwh, *ends_kwh]
        axes.plot(edges, levels, color="#5f0f40", linewidth=1.8)  # type: ignore[arg-type]  # it takes times
        axes.fill_between(edges, levels, color="#5f0f40", alpha=0.12)  # type: ignore[arg-type]  # it takes times
        for level in (battery.soc_min_kwh, battery.soc_max_kwh):
            axes.axhline(level, color="#888888", linewidth=0.8, linestyle="--")
        axes.set_ylim(0, battery.capacity_kwh * 1.05)
    axes.set_ylabel("stored kWh")
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib's dates have no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
