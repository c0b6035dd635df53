"""A plan drawn: prices, powers and stored energy over local time."""

from pathlib import Path
from zoneinfo import ZoneInfo

from optimizer.errors import ConfigError
from optimizer.planning import Planned
from optimizer.report import slot_rows


def draw_plan(planned: Planned, file: Path) -> None:
    """Write a PNG. Raises ConfigError where matplotlib is not installed or the file cannot be written."""
    try:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--plot needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    problem = planned.plan.problem
    zone = ZoneInfo(problem.horizon.zone)
    edges = [edge.astimezone(zone) for edge in problem.horizon.edges]
    rows = slot_rows(planned)
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    price, power, stored = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1.8, 1.1])
    battery = problem.battery

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
    if battery is not None:
        levels = [battery.soc_kwh, *steps("soc_kwh")]
        stored.plot(edges, levels, color="#5f0f40", linewidth=1.8)
        stored.fill_between(edges, levels, color="#5f0f40", alpha=0.12)
        for level in (battery.soc_min_kwh, battery.soc_max_kwh):
            stored.axhline(level, color="#888888", linewidth=0.8, linestyle="--")
        stored.set_ylim(0, battery.capacity_kwh * 1.05)
    stored.set_ylabel("stored kWh")
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib's dates have no types
    stored.xaxis.set_major_locator(locator)
    stored.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
    for axes in (price, power):
        axes.legend(loc="upper right", ncols=4, fontsize=8, framealpha=0.9)
    for axes in (price, power, stored):
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0)
    figure.suptitle(f"Plan from {edges[0]:%a %d %b %Y %H:%M} ({zone.key}), {planned.plan.verdict}", fontsize=11)
    try:
        figure.savefig(file, format="png", dpi=110, metadata={"Software": "heat-optimizer"})
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None
