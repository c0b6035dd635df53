"""``heat-optimizer backtest --sweep``: a table, JSON or a plot of what other settings would come to."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from optimizer.backtest.backtest import DAEMON, NO_BATTERY, PERFECT, SELF_CONSUMPTION
from optimizer.backtest.sweep import Variant, on_frontier
from optimizer.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 6
HEADS = (
    *("no battery", "self-consumption", "daemon", "perfect foresight"),
    *("saved a year", "cycles a year", "kg CO2", "best"),
)


def sweep_text(variants: Sequence[Variant], price_per_kwh: float | None, style: str) -> str:
    """One row for each variant; "best" marks those that no other beats in money, carbon and cycles at once.

    Below the table stands once what any variant's bills leave open.
    """
    best = on_frontier(variants)
    if style == "json":
        found = [_document(each, price_per_kwh) | {"on_frontier": is_best} for each, is_best in _with(variants, best)]
        return json.dumps(found, indent=1, allow_nan=False)
    console = Console(width=160)
    table = Table()
    paths = list(variants[0].changes)
    heads = [*paths, *HEADS, *(["pays after"] if price_per_kwh is not None else [])]
    for head in heads:
        table.add_column(head, justify="left" if head in paths else "right")
    for variant, is_best in _with(variants, best):
        table.add_row(*_cells(variant, price_per_kwh, is_best=is_best))
    with console.capture() as captured:
        console.print(table)
        for note in dict.fromkeys(note for variant in variants for note in variant.notes):
            console.print(f"  note: {note}", highlight=False, markup=False)
    return captured.get().rstrip()


def _with(variants: Sequence[Variant], best: Sequence[bool]) -> Iterator[tuple[Variant, bool]]:
    return zip(variants, best, strict=True)


def _cells(variant: Variant, price_per_kwh: float | None, *, is_best: bool) -> list[str]:
    result = variant.result
    bills = [f"{result.bills[name]:.2f}" for name in (NO_BATTERY, SELF_CONSUMPTION, DAEMON, PERFECT)]
    cells = [
        *map(_shown, variant.changes.values()),
        *bills,
        f"{result.saved_per_year:.2f} {result.currency}",
        f"{variant.cycles_per_year:.0f}",
        f"{result.energies[DAEMON]['co2_kg']:.0f}",
        "yes" if is_best else "",
    ]
    if price_per_kwh is not None:
        years = variant.payback_years(price_per_kwh)
        cells.append("never" if years is None else f"{years:.1f} years")
    return cells


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _document(variant: Variant, price_per_kwh: float | None) -> dict[str, Any]:
    found = {"changes": dict(variant.changes), **variant.result.document(), "notes": variant.notes}
    if price_per_kwh is not None:
        found["payback_years"] = variant.payback_years(price_per_kwh)
    return found


def draw_sweep(variants: Sequence[Variant], file: Path) -> None:
    """The bills over the swept settings; below, what money, carbon and wear are traded for.

    Raises ConfigError where it cannot be drawn or written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--png needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    figure = Figure(figsize=(8, 9), layout="constrained")
    bills, frontier = figure.subplots(2, 1)
    _draw_bills(bills, variants)
    _draw_frontier(frontier, variants)
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        msg = f"--png {file}: cannot be written: {error}"
        raise ConfigError(msg) from None


def _names(variants: Sequence[Variant]) -> list[str]:
    return [", ".join(map(_shown, variant.changes.values())) for variant in variants]


def _draw_bills(axes: "Axes", variants: Sequence[Variant]) -> None:
    for bill, colour in ((SELF_CONSUMPTION, "#8a8f98"), (DAEMON, "#1b6ca8"), (PERFECT, "#3a8f5c")):
        bills = [variant.result.bills[bill] for variant in variants]
        axes.plot(_names(variants), bills, marker="o", label=bill.replace("_", " "), color=colour)
    axes.set_xlabel(", ".join(variants[0].changes))
    axes.set_ylabel(f"bill in {variants[0].result.currency}")
    axes.tick_params(axis="x", labelrotation=30 if len(variants) > MANY else 0)
    axes.legend()


def _draw_frontier(axes: "Axes", variants: Sequence[Variant]) -> None:
    """Money over wear, coloured by carbon; ringed is what no other variant beats in all three."""
    cycles = [variant.cycles_per_year for variant in variants]
    bills, carbon, _ = zip(*(variant.aims for variant in variants), strict=True)
    points = axes.scatter(cycles, bills, c=carbon, cmap="viridis", zorder=2)
    best = [number for number, is_best in enumerate(on_frontier(variants)) if is_best]
    axes.scatter(
        [cycles[number] for number in best],
        [bills[number] for number in best],
        s=140,
        facecolors="none",
        edgecolors="#b23a48",
        zorder=3,
        label="beaten by none in money, carbon and wear",
    )
    for name, x, y in zip(_names(variants), cycles, bills, strict=True):
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(8, 4), fontsize=8)
    axes.set_xlabel("full cycles a year")
    axes.set_ylabel(f"bill in {variants[0].result.currency}")
    axes.figure.colorbar(points, ax=axes, label="kg CO2")
    axes.legend()
