"""A series of prices on the slots of a horizon, extended where nothing is published; what was filled is told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market
from optimizer.errors import ForecastGap
from strategies.coverage import mean_over, runs, usable
from strategies.extension import EXTENSIONS
from strategies.local_time import zone_named

ExtensionName = Literal["weekday_profile", "day_before"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedSeries:
    """A value for each slot, with the slots that are a forecast, the end of what is known without, and notes."""

    values: tuple[float, ...]
    is_forecast: tuple[bool, ...]
    known_until: datetime | None = None
    notes: tuple[str, ...] = ()


def on_slots(
    name: str,
    horizon: Horizon,
    market: Market,
    *,
    price_of: Callable[[float], float],
    extension: ExtensionName,
    max_age_hours: float,
) -> PricedSeries:
    """The time-weighted mean of the published prices over each slot; ``price_of`` turns a value into a price.

    Values are extended, not prices: a floor, a cap or a fee in ``price_of`` holds for what stands in as well.
    Raises ForecastGap when the series is absent, holds no price, or ended too long ago.
    """
    if name not in market.series:
        there = ", ".join(sorted(market.series)) or "none"
        msg = f"no price series '{name}' in the market; there are: {there}"
        raise ForecastGap(msg)
    known = usable(market.series[name], name, price_of)
    if not known.values:
        msg = f"series '{name}' holds no usable price"
        raise ForecastGap(msg)
    age = horizon.start - known.ends[-1]
    if age > timedelta(hours=max_age_hours):
        msg = (
            f"series '{name}' ends at {_utc(known.ends[-1])}, {age.total_seconds() / 3600:.1f} h before the plan "
            f"starts; max_age_hours is {max_age_hours:g}"
        )
        raise ForecastGap(msg)
    prices = replace(known, values=tuple(map(price_of, known.values)))
    published = [mean_over(prices, slot.start, slot.end) for slot in horizon]
    missing = [slot for slot, price in zip(horizon, published, strict=True) if price is None]
    stand_ins = iter(EXTENSIONS[extension](known, missing, zone_named(horizon.zone)) if missing else ())
    values: list[float] = []
    told: list[str | None] = []
    for price in published:
        if price is not None:
            values.append(price)
            told.append(None)
        else:
            stand_in = next(stand_ins)
            values.append(price_of(stand_in.value))
            told.append(stand_in.told)
    filled = runs(told)
    return PricedSeries(
        values=tuple(values),
        is_forecast=tuple(each is not None for each in told),
        known_until=horizon.edges[filled[0][0]] if filled else None,
        notes=tuple(_note(name, horizon.edges[a], horizon.edges[b], b - a, how) for a, b, how in filled),
    )


def _note(name: str, start: datetime, end: datetime, count: int, stand_in: str) -> str:
    slots = "1 slot" if count == 1 else f"{count} slots"
    have = "has" if count == 1 else "have"
    return f"{name}: {slots} from {_utc(start)} to {_utc(end)} {have} no published price: {stand_in} stands in"


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="minutes" if at.second == 0 else "seconds").replace("+00:00", "Z")
