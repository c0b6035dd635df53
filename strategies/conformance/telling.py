"""A mistake in the words of who made it: which slot, at what local time, and the way out."""

import re
from zoneinfo import ZoneInfo

from optimizer.domain.horizon import Horizon

FILL = "give one for each slot; what is not published is filled and told in notes, or refused with ForecastGap"
UNITS = ((100.0, "cents, pence or øre per kWh: divide by 100"), (1000.0, "a price per MWh: divide by 1000"))


def slot_told(horizon: Horizon, slot: int) -> str:
    """``slot 3 (Wed 2026-05-06 13:15 Europe/Berlin)``."""
    if slot >= len(horizon):
        return f"slot {slot}"
    return f"slot {slot} ({horizon.edges[slot].astimezone(ZoneInfo(horizon.zone)):%a %Y-%m-%d %H:%M} {horizon.zone})"


def gap_told(name: str, count: int, horizon: Horizon) -> str:
    """Too few or too many prices."""
    where = f"; the first without one is {slot_told(horizon, count)}" if count < len(horizon) else ""
    return f"gap: {count} values of {name} for {len(horizon)} slots{where}; {FILL}"


def not_finite_told(name: str, price: object, horizon: Horizon, slot: int) -> str:
    """NaN or an infinite price."""
    word = "NaN" if str(price) == "nan" else "infinite" if "inf" in str(price) else "not a price"
    return f"{word}: {name} is {price} in {slot_told(horizon, slot)}; {FILL}"


def unit_told(price: float, low: float, high: float) -> str:
    """What the price would be right as."""
    fitting = [told for factor, told in UNITS if low <= price / factor <= high]
    return f"it looks like {', or '.join(fitting)}" if fitting else "divide until it is money per kWh"


def mistake_in(error: Exception, name: str, horizon: Horizon) -> str | None:
    """The author's mistake behind a TypeError or ValueError of the strategy ``name``; None where it is unknown."""
    text = str(error)
    if isinstance(error, TypeError):
        if "offset-naive" not in text:
            return None
        return (
            f"naive time: {name} compares a time without a zone with the horizon's UTC times ({text}); "
            "use aware times, e.g. datetime(2026, 1, 1, tzinfo=UTC)"
        )
    if found := re.match(r"(\w+|part .+)\[(\d+)\] is (\S+): not a price", text):
        return not_finite_told(found[1], found[3], horizon, int(found[2]))
    if found := re.match(r"(\d+) import prices but (\d+) export prices", text):
        count = min(int(found[1]), int(found[2]))
        return gap_told("import_price_per_kwh" if count == int(found[1]) else "export_price_per_kwh", count, horizon)
    return f"{name} gave no tariff for the horizon from {horizon.start}: {text}"
