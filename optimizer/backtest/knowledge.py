"""What is known at an instant: the past from the data, prices as they are published, and, where asked for, the truth.

Nothing that begins after an instant is ever handed out for it, but for the series that a run is given on purpose.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from optimizer.backtest.data import Floats, Measured
from optimizer.backtest.quarters import QUARTER
from optimizer.domain.forecast import Issued
from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from optimizer.ledger_schema import TELEMETRY_COLUMNS
from optimizer.memory import FORECAST_MAY_BE, HISTORY
from strategies import TariffStrategy
from strategies.priced_series import PricedSeries, on_slots

PUBLISHED_AT = time(13, 0)
"""From then on, local time, the prices of the next local day are known: when day-ahead markets publish."""
PRICES_BACK = timedelta(days=29)
IMPORT, EXPORT = "import", "export"
MAX_AGE_H = 48.0


class Truth(Enum):
    """What a run is told of the future."""

    LOAD = "load"
    SOLAR = "solar"
    HEAT = "heat"
    PRICES = "prices"


@dataclass(slots=True)
class KnownPast:
    """The recorded past as the ledger would hold it: 15-minute means, without what a cut array could not show."""

    frame: pd.DataFrame
    _made: list[Issued] = field(default_factory=list)
    _hidden: set[pd.Timestamp] = field(default_factory=set)

    @classmethod
    def of(cls, measured: Measured) -> "KnownPast":
        """All of the data; ``history`` gives out what lies before an instant."""
        quarters = max(measured.step // QUARTER, 1)
        held = {
            "load_kw": measured.load_kw,
            "solar_kw": measured.solar_kw,
            "heat_kw": measured.heat_pump_kw,
            "thermal_kw": measured.heat_kw,
            "outdoor_c": measured.outdoor_temp_c,
            "other_kw": np.zeros(len(measured)),
        }
        index = pd.date_range(measured.start, periods=len(measured), freq=measured.step)
        frame = pd.DataFrame({name: held[name] for name in TELEMETRY_COLUMNS}, index=index, dtype=float)
        if measured.step < QUARTER:
            frame = frame.resample(QUARTER).mean()
        elif quarters > 1:
            fine = pd.date_range(measured.start, periods=len(measured) * quarters, freq=QUARTER)
            frame = pd.DataFrame(np.repeat(frame.to_numpy(), quarters, axis=0), index=fine, columns=frame.columns)
        return cls(frame=frame)

    def hide_sun(self, start: datetime, end: datetime) -> None:
        """The array was cut then, and its reading was not what the sun could give."""
        self._hidden.update(pd.date_range(start, end, freq=QUARTER, inclusive="left"))

    def history(self, site_id: str, now: datetime) -> pd.DataFrame:
        """The quarters that ended by ``now``, of the last weeks."""
        last = int(self.frame.index.searchsorted(pd.Timestamp(now - QUARTER), side="right"))
        first = int(self.frame.index.searchsorted(pd.Timestamp(now - HISTORY)))
        known = self.frame.iloc[first:last]
        hidden = [at for at in self._hidden if at in known.index]
        if hidden:
            known = known.copy()
            known.loc[hidden, "solar_kw"] = np.nan
        return known

    def remember(self, issued: Issued) -> None:
        """A forecast that was made now; the oldest are forgotten."""
        self._made.append(issued)
        if issued.at - self._made[0].at > 2 * HISTORY:
            self._made = [each for each in self._made if issued.at - each.at <= HISTORY]

    @property
    def newest(self) -> Issued | None:
        """The forecast that was made last."""
        return self._made[-1] if self._made else None

    def memory(self) -> tuple[list[Issued], set[pd.Timestamp]]:
        """What is known beside the data."""
        return self._made, self._hidden

    def take_over(self, memory: tuple[list[Issued], set[pd.Timestamp]]) -> None:
        """The memory of an earlier one."""
        self._made, self._hidden = memory

    def issued(self, site_id: str, instants: Sequence[datetime]) -> tuple[Issued, ...]:
        """The forecasts that were made at these instants or shortly before."""
        found = []
        for instant in instants:
            place = bisect_right(self._made, instant, key=lambda each: each.at)
            if place and instant - self._made[place - 1].at < FORECAST_MAY_BE:
                found.append(self._made[place - 1])
        return tuple(found)


@dataclass(frozen=True, slots=True)
class TrueSeries:
    """Series of the data, the future included, by the names of external forecasts."""

    series: Mapping[str, Series]

    def external(self, horizon: Horizon) -> Mapping[str, Series]:
        """What covers the horizon, as far as the data reach."""
        return {name: between(series, horizon.start, horizon.end) for name, series in self.series.items()}


def whole_series(measured: Measured, values: Floats) -> Series:
    """A column of the data; the intervals without a value are left out."""
    numbers = np.flatnonzero(np.isfinite(values)).tolist()
    starts = tuple(measured.at(number) for number in numbers)
    return Series(
        starts=starts, ends=tuple(at + measured.step for at in starts), values=tuple(values[numbers].tolist())
    )


def between(series: Series, start: datetime, end: datetime) -> Series:
    """The intervals that overlap ``[start, end)``."""
    here = slice(bisect_right(series.ends, start), bisect_left(series.starts, end))
    return Series(starts=series.starts[here], ends=series.ends[here], values=series.values[here])  # noqa: PD011 - no frame


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPrices:
    """The data's prices as far as they are published at an instant; ``knows_all``: all of them."""

    prices: Mapping[str, Series]
    zone: str
    knows_all: bool = False

    @classmethod
    def of(cls, measured: Measured, zone: str, *, knows_all: bool = False) -> "PublishedPrices":
        """Those that the data bring."""
        columns = {IMPORT: measured.import_price, EXPORT: measured.export_price}
        prices = {name: whole_series(measured, values) for name, values in columns.items() if values is not None}
        return cls(prices=prices, zone=zone, knows_all=knows_all)

    def market(self, horizon: Horizon) -> Market:
        """Four weeks of prices, and what is published at the horizon's start."""
        until = horizon.end if self.knows_all else published_until(horizon.start, self.zone)
        start, end = horizon.start - PRICES_BACK, min(until, horizon.end)
        return Market(series={name: between(series, start, end) for name, series in self.prices.items()})


def published_until(now: datetime, zone: str) -> datetime:
    """The end of the local day, or of the next one once that is published."""
    local = now.astimezone(ZoneInfo(zone))
    days = 2 if local.time() >= PUBLISHED_AT else 1
    return datetime.combine(local.date() + timedelta(days=days), time(), ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class DataPrices:
    """A strategy's tariff with the data's energy prices in the place of its own; all its other charges stand."""

    strategy: TariffStrategy

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Raises ForecastGap where nothing is known to go by."""
        tariff = self.strategy.tariff(horizon, market)
        found = {name: _priced(name, horizon, market) for name in (IMPORT, EXPORT) if name in market.series}
        if not found:
            return tariff
        bought, sold = found.get(IMPORT), found.get(EXPORT)
        ends = [priced.known_until for priced in found.values() if priced.known_until is not None]
        return replace(
            tariff,
            import_price_per_kwh=tariff.import_price_per_kwh if bought is None else bought.values,  # noqa: PD011 - no frame
            export_price_per_kwh=tariff.export_price_per_kwh if sold is None else sold.values,  # noqa: PD011 - no frame
            parts=tuple(part for part in tariff.parts if part.direction.value not in found),
            is_forecast=tuple(map(any, zip(*(priced.is_forecast for priced in found.values()), strict=True))),
            known_until=min(ends, default=None),
            notes=(*tariff.notes, *(note for priced in found.values() for note in priced.notes)),
        )


def _priced(name: str, horizon: Horizon, market: Market) -> PricedSeries:
    return on_slots(name, horizon, market, price_of=float, extension="weekday_profile", max_age_hours=MAX_AGE_H)
