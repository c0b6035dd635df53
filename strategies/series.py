"""Prices that a feed fetched, of any resolution, and what stands in where none is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from optimizer.domain.horizon import Horizon, Slot
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from optimizer.errors import ForecastGap
from strategies.coverage import mean_of_all, mean_over, runs, usable
from strategies.local_time import same_wall_time, zone_named
from strategies.options import Currency, Price, SeriesName, StrategyOptions

StandIn = Literal[
    "same time of the day before",
    "same time of an earlier day of the week before",
    "same time of the day after",
    "mean of all known prices",
]
DAYS_EARLIER: Sequence[tuple[int, StandIn]] = (
    (1, "same time of the day before"),
    *((days, "same time of an earlier day of the week before") for days in range(2, 8)),
    (-1, "same time of the day after"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Priced:
    """Price per kWh in each slot, with the notes of its gaps and the end of what is known without one."""

    prices: tuple[float, ...]
    known_until: datetime | None
    notes: tuple[str, ...]


class SeriesTariff:
    """price = factor * value + adder; a slot costs the time-weighted mean of the intervals that cover it.

    A slot that is not covered in full takes the price of the same local time: a day before, else two to
    seven days before, else a day after (published ones only), else the mean of all that is known.
    """

    class Options(StrategyOptions):
        """Prices and adders in ``currency`` per kWh; series as their feeds deliver them."""

        import_series: SeriesName = "import"
        import_factor: Annotated[float, Field(description="e.g. 1.19 for 19 % VAT")] = 1.0
        import_adder: Annotated[Price, Field(description="fees and taxes per kWh, e.g. import_adder = 0.18")] = 0.0
        export_series: SeriesName | None = None
        export_price: Annotated[
            Price | None, Field(description="the price per kWh sold where no export_series is named")
        ] = None
        export_factor: Annotated[float, Field(description="applied to the export_series")] = 1.0
        export_adder: Annotated[Price, Field(description="per kWh, applied to the export_series")] = 0.0
        currency: Currency = "EUR"
        max_age_hours: Annotated[
            float, Field(ge=0, le=24 * 365, description="how long ago the newest price may have ended")
        ] = 48.0

        @model_validator(mode="after")
        def _one_way_to_price_export(self) -> "SeriesTariff.Options":
            if self.export_series is not None and self.export_price is not None:
                msg = "give export_series or export_price, not both"
                raise ValueError(msg)
            adjusted = {"export_factor", "export_adder"} & self.model_fields_set
            if self.export_series is None and adjusted:
                msg = f"{' and '.join(sorted(adjusted))} needs an export_series; an export_price is taken as it is"
                raise ValueError(msg)
            return self

    def __init__(self, options: Options) -> None:
        self._options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Raises ForecastGap when a series is absent, holds no price, or ended too long ago."""
        options = self._options
        bought = self._priced(horizon, market, options.import_series, options.import_factor, options.import_adder)
        if options.export_series is None:
            flat = 0.0 if options.export_price is None else options.export_price
            sold = _Priced(prices=(flat,) * len(horizon), known_until=None, notes=())
        else:
            sold = self._priced(horizon, market, options.export_series, options.export_factor, options.export_adder)
        ends = [priced.known_until for priced in (bought, sold) if priced.known_until is not None]
        return Tariff(
            import_price_per_kwh=bought.prices,
            export_price_per_kwh=sold.prices,
            currency=options.currency,
            known_until=min(ends, default=None),
            notes=tuple(dict.fromkeys(bought.notes + sold.notes)),
        )

    def _priced(self, horizon: Horizon, market: Market, name: str, factor: float, adder: float) -> _Priced:
        if name not in market.series:
            there = ", ".join(sorted(market.series)) or "none"
            msg = f"no price series '{name}' in the market; there are: {there}"
            raise ForecastGap(msg)
        known = usable(market.series[name], name, lambda value: factor * value + adder)
        self._refuse_too_old(known, name, horizon.start)
        zone = zone_named(horizon.zone)
        prices: list[float] = []
        stand_ins: list[str | None] = []
        for slot in horizon:
            published = mean_over(known, slot.start, slot.end)
            price, stand_in = _stand_in(known, slot, zone) if published is None else (published, None)
            prices.append(price)
            stand_ins.append(stand_in)
        filled = runs(stand_ins)
        return _Priced(
            prices=tuple(prices),
            known_until=horizon.edges[filled[0][0]] if filled else None,
            notes=tuple(_note(name, horizon.edges[a], horizon.edges[b], b - a, how) for a, b, how in filled),
        )

    def _refuse_too_old(self, known: Series, name: str, now: datetime) -> None:
        if not known.values:
            msg = f"series '{name}' holds no usable price"
            raise ForecastGap(msg)
        age = now - known.ends[-1]
        if age > timedelta(hours=self._options.max_age_hours):
            msg = (
                f"series '{name}' ends at {_utc(known.ends[-1])}, {age.total_seconds() / 3600:.1f} h before the plan "
                f"starts; max_age_hours is {self._options.max_age_hours:g}"
            )
            raise ForecastGap(msg)


def _stand_in(known: Series, slot: Slot, zone: ZoneInfo) -> tuple[float, StandIn]:
    """The price for a slot that is not published in full, and where it is from."""
    for days_earlier, stand_in in DAYS_EARLIER:
        start = same_wall_time(slot.start, days_earlier, zone)
        price = mean_over(known, start, start + (slot.end - slot.start))
        if price is not None:
            return price, stand_in
    return mean_of_all(known), "mean of all known prices"


def _note(name: str, start: datetime, end: datetime, count: int, stand_in: str) -> str:
    slots = "1 slot" if count == 1 else f"{count} slots"
    have = "has" if count == 1 else "have"
    return f"{name}: {slots} from {_utc(start)} to {_utc(end)} {have} no published price: {stand_in} stands in"


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="minutes" if at.second == 0 else "seconds").replace("+00:00", "Z")
