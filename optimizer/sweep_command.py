"""``heat-optimizer backtest --sweep``: a table, JSON or a plot of what other settings would come to."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from optimizer.backtest.backtest import DAEMON, NO_BATTERY, PERFECT, SELF_CONSUMPTION
from optimizer.backtest.sweep import Variant
from optimizer.errors import ConfigError

HEADS = ("no battery", "self-consumption", "daemon", "perfect foresight", "saved a year", "cycles a year", "kg CO2")


def sweep_text(variants: Sequence[Variant], price_per_kwh: float | None, style: str) -> str:
    """One row for each variant."""
    if style == "json":
        return json.dumps([_document(variant, price_per_kwh) for variant in variants], indent=1, allow_nan=False)
    console = Console(width=150)
    table = Table()
    paths = list(variants[0].changes)
    heads = [*paths, *HEADS, *(["pays after"] if price_per_kwh is not None else [])]
    for head in heads:
        table.add_column(head, justify="left" if head in paths else "right")
    for variant in variants:
        table.add_row(*_cells(variant, price_per_kwh))
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


def _cells(variant: Variant, price_per_kwh: float | None) -> list[str]:
    result = variant.result
    bills = [f"{result.bills[name]:.2f}" for name in (NO_BATTERY, SELF_CONSUMPTION, DAEMON, PERFECT)]
    cells = [
        *map(_shown, variant.changes.values()),
        *bills,
        f"{variant.saved_per_year:.2f} {result.currency}",
        f"{result.energies[DAEMON]['cycles'] * variant.per_year:.0f}",
        f"{result.energies[DAEMON]['co2_kg']:.0f}",
    ]
    if price_per_kwh is not None:
        years = variant.payback_years(price_per_kwh)
        cells.append("never" if years is None else f"{years:.1f} years")
    return cells


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _document(variant: Variant, price_per_kwh: float | None) -> dict[str, Any]:
    found = {
        "changes": dict(variant.changes),
        **variant.result.document(),
        "saved_per_year": variant.saved_per_year,
    }
    if price_per_kwh is not None:
        found["payback_years"] = variant.payback_years(price_per_kwh)
    return found


def draw_sweep(variants: Sequence[Variant], file: Path) -> None:
    """The bills over the first swept setting. Raises ConfigError where it cannot be drawn or written."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--png needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    names = [
        ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in v.changes.values())
        for v in variants
    ]
    for bill, colour in ((SELF_CONSUMPTION, "#8a8f98"), (DAEMON, "#1b6ca8"), (PERFECT, "#3a8f5c")):
        axes.plot(
            names, [v.result.bills[bill] for v in variants], marker="o", label=bill.replace("_", " "), color=colour
        )
    axes.set_xlabel(", ".join(variants[0].changes))
    axes.set_ylabel(variants[0].result.currency)
    axes.legend()
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        msg = f"--png {file}: cannot be written: {error}"
        raise ConfigError(msg) from None
