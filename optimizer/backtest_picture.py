"""A backtest drawn for a report: what was saved day by day, and the bills of each month."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from optimizer.backtest.backtest import BILLS, NO_BATTERY, Whole
from optimizer.backtest_panels import NAMES, days_of
from optimizer.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = dict(zip(BILLS, ("#4d5a62", "#a9804f", "#1b6ca8", "#3a8f5c"), strict=True))
BAR = 0.2


def draw_backtests(wholes: Sequence[tuple[str, Whole]], file: Path) -> None:
    """Write a PNG with each result below the other. Raises ConfigError where it cannot be drawn or written."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--png needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    figure = Figure(figsize=(10, 7 * len(wholes)), layout="constrained")
    for part, (name, whole) in zip(figure.subfigures(len(wholes), 1, squeeze=False)[:, 0], wholes, strict=True):
        saved, months = part.subplots(2, 1)
        _draw_saved(saved, whole)
        _draw_months(months, whole)
        part.suptitle(f"{name}: {whole.result.start[:10]} to {whole.result.end[:10]}".replace("$", r"\$"), fontsize=11)
    try:
        figure.savefig(file, format="png", dpi=110, metadata={"Software": "heat-optimizer"})
    except OSError as error:
        msg = f"--png {file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None


def _draw_saved(axes: "Axes", whole: Whole) -> None:
    days = days_of(whole)
    edges = [edge.astimezone(ZoneInfo(days.horizon.zone)) for edge in days.horizon.edges]
    for name in BILLS:
        if name != NO_BATTERY:
            saved = np.cumsum(days.costs[NO_BATTERY] - days.costs[name])
            axes.plot(edges, [0.0, *saved], label=NAMES[name], color=COLOURS[name])  # type: ignore[arg-type]  # it takes times
    axes.set_ylabel(f"saved so far, {whole.result.currency}")
    axes.margins(x=0)
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc="upper left", fontsize=8)


def _draw_months(axes: "Axes", whole: Whole) -> None:
    months = whole.result.months
    places = np.arange(len(months))
    for number, name in enumerate(BILLS):
        bills = [month["bills"][name] for month in months]
        axes.bar(places + (number - 1.5) * BAR, bills, BAR, label=NAMES[name], color=COLOURS[name])
    axes.set_xticks(places, [str(month["month"]) for month in months], rotation=30 if len(months) > 6 else 0)
    axes.set_ylabel(f"bill, {whole.result.currency}")
    axes.grid(visible=True, axis="y", alpha=0.25)
    axes.legend(fontsize=8, ncols=4)
