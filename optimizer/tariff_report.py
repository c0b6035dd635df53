"""A day of a tariff as people read it: its prices as a table with bars or as a picture, and all other charges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import PeakCharge, PricePart, Tariff
from optimizer.domain.windows import ALWAYS, BillingPeriod
from optimizer.errors import ConfigError

BAR = 24
MOST_PARTS = 4
"""So many parts that change over the day get columns."""
RIGHT = ("import", "export")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDay:
    """A tariff on the slots of a local day, and what to call it."""

    title: str
    horizon: Horizon
    tariff: Tariff


def day_text(day: ShownDay, console: Console) -> str:
    """The table and what else is due. Hours whose slots are alike take one line."""
    tariff, zone = day.tariff, ZoneInfo(day.horizon.zone)
    changing = [part for part in tariff.parts if len(set(part.price_per_kwh)) > 1][:MOST_PARTS]
    table = Table()
    for heading in ("local", "import", "", "export", *map(_part_name, changing), "price is"):
        table.add_column(escape(heading), justify="right" if heading in RIGHT or " part " in heading else "left")
    most = max(map(abs, tariff.import_price_per_kwh), default=0.0) or 1.0
    marks = tariff.is_forecast or (False,) * len(day.horizon)
    for slot in _first_slots(day, zone):
        bought = tariff.import_price_per_kwh[slot]
        table.add_row(
            f"{day.horizon.edges[slot].astimezone(zone):%H:%M}",
            f"{bought:.4f}",
            ("-" if bought < 0 else "#") * round(abs(bought) / most * BAR),
            f"{tariff.export_price_per_kwh[slot]:.4f}",
            *(f"{part.price_per_kwh[slot]:.4f}" for part in changing),
            "forecast" if marks[slot] else "known",
        )
    with console.capture() as captured:
        console.print(f"{day.title}, {tariff.currency} per kWh", highlight=False, markup=False, soft_wrap=True)
        console.print(table)
        for line in charges_told(tariff):
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    return captured.get().rstrip()


def _first_slots(day: ShownDay, zone: ZoneInfo) -> Iterator[int]:
    """The first slot of each hour that is the same throughout, every slot of the others."""
    tariff = day.tariff
    columns: list[Sequence[object]] = [tariff.import_price_per_kwh, tariff.export_price_per_kwh, tariff.is_forecast]
    columns += [part.price_per_kwh for part in tariff.parts]

    def hour_of(slot: int) -> tuple[int, object]:
        local = day.horizon.edges[slot].astimezone(zone)
        return local.hour, local.utcoffset()

    for _, group in groupby(range(len(day.horizon)), key=hour_of):
        slots = list(group)
        is_even = all(len({column[slot] for slot in slots}) == 1 for column in columns if column)
        yield from slots[:1] if is_even else slots


def charges_told(tariff: Tariff) -> Iterator[str]:
    """A line for each part and each charge, then what is known and the notes."""
    for part in tariff.parts:
        low, high = min(part.price_per_kwh), max(part.price_per_kwh)
        yield f"{_part_name(part)}: {low:.4f}{'' if low == high else f' to {high:.4f}'} per kWh"
    for charge in tariff.peak_charges:
        yield f"peak charge {charge.name}: {_peak_told(charge)}"
    for tiers in tariff.energy_tiers:
        bounds = ", ".join(f"{tier.added_price_per_kwh:+g} beyond {tier.above_kwh:g} kWh" for tier in tiers.tiers)
        yield f"energy {tiers.name}: {bounds}, per kWh of {tiers.direction.value} and {tiers.billing_period.value}"
    if tariff.netting is not None:
        minutes = tariff.netting.minutes
        yield f"netting: import and export are set off within {'a month' if minutes is None else f'{minutes} min'}"
    for fixed in tariff.fixed_charges:
        yield f"fixed charge {fixed.name}: {fixed.amount:g} per {fixed.per.value}"
    if tariff.minimum_charge is not None:
        yield f"minimum charge: {tariff.minimum_charge.amount:g} per {tariff.minimum_charge.per.value}"
    for name, limit_kw in (("import", tariff.import_limit_kw), ("export", tariff.export_limit_kw)):
        if limit_kw is not None:
            yield f"{name} limit: {limit_kw:g} kW"
    if tariff.known_until is not None:
        yield f"known until {tariff.known_until:%Y-%m-%dT%H:%MZ}"
    yield from tariff.notes


def _part_name(part: PricePart) -> str:
    return f"{part.direction.value} part {part.name}"


def _peak_told(charge: PeakCharge) -> str:
    told = [f"{charge.price_per_kw:g} per kW"] if charge.price_per_kw or not charge.steps else []
    told += [f"{tier.price_per_kw:g} per kW beyond {tier.above_kw:g} kW" for tier in charge.tiers]
    told += [f"{step.charge:g} above {step.above_kw:g} kW" for step in charge.steps]
    days = "" if charge.highest_days == 1 else f", mean of {charge.highest_days} days"
    when = "" if charge.window == ALWAYS else ", in its windows"
    mean = "" if charge.rolling_months == 1 else f", mean of {charge.rolling_months} months"
    every = "day" if charge.billing_period is BillingPeriod.DAY else charge.billing_period.value
    return (
        f"{', '.join(told)}; highest {charge.interval_minutes} min of {charge.direction.value} each {every}"
        f"{days}{when}{mean}"
    )


def draw_days(days: Sequence[ShownDay], file: Path) -> None:
    """Write a PNG. Raises ConfigError where matplotlib is not installed or the file cannot be written."""
    try:
        from matplotlib.dates import DateFormatter
        from matplotlib.figure import Figure
    except ImportError:
        msg = "--png needs matplotlib: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    figure = Figure(figsize=(11, 3.6 * len(days)), layout="constrained")
    for axes, day in zip(figure.subplots(len(days), 1, squeeze=False)[:, 0], days, strict=True):
        zone = ZoneInfo(day.horizon.zone)
        edges: list[datetime] = [edge.astimezone(zone) for edge in day.horizon.edges]
        axes.stairs(day.tariff.import_price_per_kwh, edges, baseline=None, color="#b23a48", label="import")
        axes.stairs(day.tariff.export_price_per_kwh, edges, baseline=None, color="#3a7d44", label="export")
        if any(day.tariff.is_forecast):
            first = day.tariff.is_forecast.index(True)
            axes.axvspan(edges[first], edges[-1], color="#888888", alpha=0.12, label="forecast")
        axes.set_ylabel(f"{day.tariff.currency} / kWh")
        axes.set_title(day.title.replace("$", r"\$"), fontsize=11)
        axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=zone))  # type: ignore[no-untyped-call]
        axes.legend(loc="upper right", ncols=3, fontsize=8)
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0)
    try:
        figure.savefig(file, format="png", dpi=110, metadata={"Software": "heat-optimizer"})
    except OSError as error:
        msg = f"{file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None
