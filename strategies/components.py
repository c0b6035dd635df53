"""One named part of the price of a kWh: a price by local time or a series, and when it counts."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market
from strategies.charge_options import Days, Months, Vat, WindowSection
from strategies.local_time import weighted_mean
from strategies.option_types import WallTime
from strategies.options import Price, SeriesName
from strategies.priced_series import ExtensionName, PricedSeries, on_slots
from strategies.wall_clock import LocalHorizon, are_inside, local_horizon

DIGITS = 12
"""Beyond these a mean over equal minutes is rounding."""


class PriceWindow(WindowSection):
    """A price for some local hours, days and months; the first window that is open counts."""

    price: Price
    start: WallTime = "00:00"
    end: WallTime = "24:00"
    days: Days | None = None
    months: Months | None = None


class Component(BaseModel):
    """One part of the price of a kWh: a ``price``, by ``windows`` where it changes, or a ``series`` of a feed.

    Of a series ``factor`` times the value counts, not less than ``floor`` and not more than ``cap``. ``only_while``
    lets the part count while the ``of`` series is negative, or is not: in each interval of that series, also where
    a slot holds several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1, description='its line on the bill, e.g. name = "grid fee"')]
    price: Annotated[Price | None, Field(description="per kWh, outside all windows, e.g. price = 0.0205")] = None
    windows: Annotated[tuple[PriceWindow, ...], Field(description="prices by local time; the first that fits")] = ()
    series: Annotated[SeriesName | None, Field(description='a feed of this site, e.g. series = "day_ahead"')] = None
    factor: Annotated[float, Field(description="for a series")] = 1.0
    floor: Annotated[Price | None, Field(description="the least price of a series, per kWh")] = None
    cap: Annotated[Price | None, Field(description="the highest price of a series, per kWh")] = None
    vat: Annotated[Vat | None, Field(description='vat = "added", "included" in the number, or "none"')] = None
    only_while: Annotated[
        Literal["negative", "not_negative"] | None, Field(description='with of: only_while = "not_negative"')
    ] = None
    of: Annotated[SeriesName | None, Field(description="the series that only_while looks at")] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.series is None) == (self.price is None and not self.windows):
            msg = f"{self.name}: give either price (with windows, where it changes) or series"
            raise ValueError(msg)
        if self.windows and self.price is None:
            msg = f"{self.name}: windows need price, what holds outside them"
            raise ValueError(msg)
        stray = {"factor", "floor", "cap"} & self.model_fields_set
        if self.series is None and stray:
            msg = f"{self.name}: {' and '.join(sorted(stray))} is for a series"
            raise ValueError(msg)
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            msg = f"{self.name}: floor ({self.floor:g}) exceeds cap ({self.cap:g})"
            raise ValueError(msg)
        if (self.only_while is None) != (self.of is None):
            msg = f'{self.name}: only_while and of belong together, e.g. only_while = "not_negative", of = "day_ahead"'
            raise ValueError(msg)
        return self

    def of_value(self, value: float) -> float:
        """The price that a value of the series gives."""
        price = self.factor * value
        if self.floor is not None:
            price = max(price, self.floor)
        return price if self.cap is None else min(price, self.cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedPart:
    """The part's price per kWh in each slot, as its numbers are stated, and the series that it was made of."""

    price_per_kwh: tuple[float, ...]
    series: tuple[PricedSeries, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What parts are priced from: a market, and the rules by which its series go on."""

    market: Market
    extension: ExtensionName
    max_age_hours: float

    def part(self, part: Component, local: LocalHorizon) -> PricedPart:
        """The time-weighted mean over each slot. Raises ForecastGap where a series is absent, empty or too old."""
        own = None if part.series is None else self._own(part, part.series, local.horizon)
        if part.of is None:
            if own is None:
                return PricedPart(price_per_kwh=_by_window(part, local))
            return PricedPart(price_per_kwh=own.values, series=(own,))
        looked_at = self.series(part.of, local.horizon)
        return PricedPart(
            price_per_kwh=self._while_it_counts(part, part.of, local),
            series=(looked_at,) if own is None else (own, looked_at),
        )

    def series(self, name: str, horizon: Horizon, factor: float = 1.0) -> PricedSeries:
        """A series times ``factor`` on the slots."""
        return on_slots(
            name,
            horizon,
            self.market,
            price_of=lambda value: factor * value,
            extension=self.extension,
            max_age_hours=self.max_age_hours,
        )

    def _own(self, part: Component, name: str, horizon: Horizon) -> PricedSeries:
        return on_slots(
            name,
            horizon,
            self.market,
            price_of=part.of_value,
            extension=self.extension,
            max_age_hours=self.max_age_hours,
        )

    def _while_it_counts(self, part: Component, of: str, local: LocalHorizon) -> tuple[float, ...]:
        """Slots are cut where a series changes, and what does not count in a piece is 0 there."""
        fine = local_horizon(self._cut(part, of, local.horizon), local.calendar)
        own = None if part.series is None else self._own(part, part.series, fine.horizon)
        prices = _by_window(part, fine) if own is None else own.values
        looked_at = self.series(of, fine.horizon).values
        pieces = [
            (price if (value < 0) == (part.only_while == "negative") else 0.0, hours)
            for price, value, hours in zip(prices, looked_at, fine.horizon.slot_h, strict=True)
        ]
        cuts = [bisect_left(fine.horizon.edges, edge) for edge in local.horizon.edges]
        return tuple(weighted_mean(pieces[first:after]) for first, after in pairwise(cuts))

    def _cut(self, part: Component, of: str, horizon: Horizon) -> Horizon:
        edges = set(horizon.edges)
        for name in {of} if part.series is None else {of, part.series}:
            series = self.market.series[name]
            inside = (at.astimezone(UTC) for at in (*series.starts, *series.ends) if horizon.start < at < horizon.end)
            edges.update(inside)
        return Horizon(tuple(sorted(edges)), horizon.zone)


def _by_window(part: Component, local: LocalHorizon) -> tuple[float, ...]:
    """In each minute the first window open has the price, else the part's own; the mean over each slot."""
    prices = np.full(len(local.minutes_s), 0.0 if part.price is None else part.price)
    for window in reversed(part.windows):
        inside = are_inside(window.window(window.months or ()), local.walls, local.calendar)
        prices[inside] = window.price
    return tuple(round(mean, DIGITS) for mean in local.means(prices).tolist())
