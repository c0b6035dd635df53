"""A plan in a few lines of a terminal: price, battery and stored energy over one axis of local time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from optimizer.domain.horizon import Horizon
from optimizer.pictures.axis import local_hours
from optimizer.planning import Planned

LABEL, RANGE = 9, 23
LEAST_KW = 1e-3
TICK_H = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Signs from low to high. ``giving`` are those of a battery that discharges."""

    rising: str
    giving: str
    tick: str


BLOCKS = Glyphs(rising="▁▂▃▄▅▆▇█", giving="░▒▓", tick="╵")
PLAIN = Glyphs(rising="_.-~=+*#", giving="oO0", tick="'")
"""For outputs that have ASCII only."""


def compact_chart(planned: Planned, *, width: int = 80, glyphs: Glyphs = BLOCKS) -> Text:
    """One line each for price, battery power and stored energy, ``width`` columns at most, and the time below.

    Each column is the mean over its share of the horizon, of stored energy the level at its end.
    """
    plan, horizon = planned.plan, planned.plan.problem.horizon
    columns = max(width - LABEL - RANGE, 12)
    prices = _means(horizon, plan.problem.import_price_per_kwh, columns)
    low, high = min(plan.problem.import_price_per_kwh), max(plan.problem.import_price_per_kwh)
    text = _row("price", [(_level(price, low, high, glyphs), "red") for price in prices])
    text.append(f" {low:.3f} to {high:.3f} {plan.problem.currency}/kWh\n")
    if plan.problem.batteries:
        text.append(_battery_rows(planned, columns, glyphs))
    text.append(_axis(horizon, columns, glyphs))
    for line in _remarks(planned, glyphs):
        text.append(f"\n{'':{LABEL}}{line}")
    return text


def _remarks(planned: Planned, glyphs: Glyphs) -> Iterator[str]:
    plan, known = planned.plan, planned.tariff.known_until
    if any(kw > LEAST_KW for kw in plan.flows.discharge_kw):
        yield f"battery: {glyphs.rising} charges, {glyphs.giving} discharges"
    horizon = plan.problem.horizon
    if known is not None and known < horizon.end:
        local = max(known, horizon.start).astimezone(ZoneInfo(horizon.zone))
        yield f"prices from {local:%a %H:%M} on are a forecast"


def _battery_rows(planned: Planned, columns: int, glyphs: Glyphs) -> Text:
    plan, horizon = planned.plan, planned.plan.problem.horizon
    net_kw = [into - out for into, out in zip(plan.flows.charge_kw, plan.flows.discharge_kw, strict=True)]
    largest = max(map(abs, net_kw)) or 1.0
    text = _row("battery", [_power(kw, largest, glyphs) for kw in _means(horizon, net_kw, columns)])
    text.append(f" {min(net_kw):+.1f} to {max(net_kw):+.1f} kW\n")
    capacity = sum(battery.capacity_kwh for battery in plan.problem.batteries)
    stored = _ends(horizon, plan.flows.soc_kwh, columns)
    text.append(_row("stored", [(_level(kwh, 0.0, capacity, glyphs), "magenta") for kwh in stored]))
    low, high = min(plan.flows.soc_kwh), max(plan.flows.soc_kwh)
    text.append(f" {low:.1f} to {high:.1f} of {capacity:g} kWh\n")
    return text


def _row(name: str, cells: Sequence[tuple[str, str]]) -> Text:
    text = Text(f"{name:<{LABEL}}")
    for sign, colour in cells:
        text.append(sign, style=colour)
    return text


def _level(value: float, low: float, high: float, glyphs: Glyphs) -> str:
    """The sign for a value between low and high; the middle one where all are the same."""
    share = 0.5 if high <= low else (value - low) / (high - low)
    return glyphs.rising[min(int(share * len(glyphs.rising)), len(glyphs.rising) - 1)]


def _power(kw: float, largest: float, glyphs: Glyphs) -> tuple[str, str]:
    signs = glyphs.rising if kw > 0 else glyphs.giving
    if abs(kw) <= LEAST_KW:
        return " ", "green"
    sign = signs[min(int(abs(kw) / largest * len(signs)), len(signs) - 1)]
    return sign, "green" if kw > 0 else "yellow"


def _cells(horizon: Horizon, columns: int) -> Iterator[tuple[datetime, datetime]]:
    step = (horizon.end - horizon.start) / columns
    return ((horizon.start + place * step, horizon.start + (place + 1) * step) for place in range(columns))


def _means(horizon: Horizon, values: Sequence[float], columns: int) -> list[float]:
    means = []
    for start, end in _cells(horizon, columns):
        total = 0.0
        for slot, value in zip(horizon, values, strict=True):
            shared = min(end, slot.end) - max(start, slot.start)
            total += value * max(shared / (end - start), 0.0)
        means.append(total)
    return means


def _ends(horizon: Horizon, levels: Sequence[float], columns: int) -> list[float]:
    """The level at the end of the slot in which each column ends."""
    found, slots = [], list(zip(horizon, levels, strict=True))
    for _, end in _cells(horizon, columns):
        found.append(next((level for slot, level in slots if end <= slot.end), levels[-1]))
    return found


def _axis(horizon: Horizon, columns: int, glyphs: Glyphs) -> Text:
    """A mark at every sixth local hour, with the hour below it or, at midnight, the day."""
    marks, words = [" "] * columns, [" "] * (columns + TICK_H)
    free = 0
    for local in local_hours(horizon, TICK_H):
        column = round((local - horizon.start) / (horizon.end - horizon.start) * columns)
        word = f"{local:%a}" if local.hour == 0 else f"{local:%H}"
        if column >= columns:
            continue
        marks[column] = glyphs.tick
        if column >= free:
            words[column : column + len(word)] = word
            free = column + len(word) + 1
    lines = ("".join(line).rstrip() for line in (marks, words))
    return Text("\n".join(f"{'':{LABEL}}{line}" for line in lines), style="dim")
