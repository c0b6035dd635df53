"""A tariff stacked from named parts in TOML: spot, margin, grid fee by the hour, taxes, VAT, charges on power."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction
from optimizer.domain.tariff import Market, MinimumCharge, Netting, PricePart, Tariff
from strategies.charge_options import (
    Days,
    EnergyTiersSection,
    FixedChargeSection,
    Months,
    PeakChargeSection,
    WindowSection,
)
from strategies.day_kinds import public_holidays
from strategies.option_types import Finite, GridMinutes, NotNegative, WallTime
from strategies.options import Currency, Price, SeriesName, StrategyOptions
from strategies.priced_series import ExtensionName, PricedSeries, on_slots
from strategies.wall_clock import Calendar, LocalHorizon, are_inside, local_horizon

Vat = Literal["added", "included", "none"]
EXAMPLE_YEAR = 2024
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
    lets the part count in those slots alone in which the ``of`` series is negative, or is not.
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


class Composed:
    """import = sum of the import parts, export = sum of the export parts; each is a line on the bill.

    VAT is added to import parts and to charges unless they say otherwise, to export parts where they say so. A
    slot over several windows costs their time-weighted mean.
    """

    class Options(StrategyOptions):
        """Prices and amounts in ``currency``, without VAT unless a part says that it is included."""

        currency: Currency = "EUR"
        vat_percent: Annotated[float, Field(ge=0, le=100, description="e.g. vat_percent = 19.0")] = 0.0
        charges_vat: Annotated[Vat, Field(description="whether VAT is added to charges and fixed amounts")] = "added"
        decimals: Annotated[int, Field(ge=0, le=4, description="what each line of the bill is rounded to")] = 2
        import_parts: Annotated[
            tuple[Component, ...],
            Field(min_length=1, description="each part under its own [[sites.tariff.import_parts]]"),
        ]
        export_parts: tuple[Component, ...] = ()
        peak_charges: tuple[PeakChargeSection, ...] = ()
        energy_tiers: tuple[EnergyTiersSection, ...] = ()
        fixed_charges: tuple[FixedChargeSection, ...] = ()
        minimum_charge: Annotated[NotNegative | None, Field(description="what a month's bill comes to at least")] = None
        netting_minutes: Annotated[
            GridMinutes | None, Field(description="import and export of so many minutes are set off")
        ] = None
        nets_month: Annotated[bool, Field(description="import and export at one price are set off in a month")] = False
        import_limit_kw: NotNegative | None = None
        export_limit_kw: NotNegative | None = None
        co2_series: Annotated[SeriesName | None, Field(description="a feed in kg CO2 per kWh of import")] = None
        co2_factor: Annotated[Finite, Field(description="0.001 where the feed is in g per kWh")] = 1.0
        holiday_country: Annotated[str | None, Field(pattern="^[A-Z]{2}$", description="two capital letters")] = None
        extension: ExtensionName = "weekday_profile"
        max_age_hours: Annotated[
            float, Field(ge=0, le=24 * 365, description="how long ago the newest price may have ended")
        ] = 48.0

        @model_validator(mode="after")
        def _fits_together(self) -> "Composed.Options":
            if self.netting_minutes is not None and self.nets_month:
                msg = "give netting_minutes or nets_month, not both"
                raise ValueError(msg)
            if self.holiday_country is not None:
                public_holidays(self.holiday_country, None, EXAMPLE_YEAR)
            elif any("holiday" in (window.days or ()) for window in self._windows):
                msg = 'days = ["holiday"] needs holiday_country, e.g. holiday_country = "DE"'
                raise ValueError(msg)
            for parts in (self.import_parts, self.export_parts):
                names = [part.name for part in parts]
                if len(set(names)) < len(names):
                    msg = f"two parts share a name: {', '.join(names)}"
                    raise ValueError(msg)
            return self

        @property
        def _windows(self) -> list[WindowSection]:
            parts = [window for part in (*self.import_parts, *self.export_parts) for window in part.windows]
            return [*parts, *self.peak_charges, *self.energy_tiers]

    def __init__(self, options: Options) -> None:
        self._options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Raises ForecastGap where a series is absent, empty or too old."""
        options = self._options
        local = local_horizon(horizon, Calendar(zone=horizon.zone, holiday_country=options.holiday_country))
        series: dict[str, PricedSeries] = {}
        parts = [
            *(self._part(part, Direction.IMPORT, local, market, series) for part in options.import_parts),
            *(self._part(part, Direction.EXPORT, local, market, series) for part in options.export_parts),
        ]
        factor = self._factor(options.charges_vat)
        netting = None
        if options.nets_month or options.netting_minutes is not None:
            netting = Netting(minutes=options.netting_minutes)
        minimum = options.minimum_charge
        ends = [found.known_until for found in series.values() if found.known_until is not None]
        marks = [found.is_forecast for found in series.values()]
        return Tariff(
            import_price_per_kwh=_sum(parts, Direction.IMPORT, len(horizon)),
            export_price_per_kwh=_sum(parts, Direction.EXPORT, len(horizon)),
            currency=options.currency,
            known_until=min(ends, default=None),
            is_forecast=tuple(map(any, zip(*marks, strict=True))) if marks else (),
            parts=tuple(parts),
            vat_percent=options.vat_percent,
            export_vat_percent=self._export_vat(),
            decimals=options.decimals,
            peak_charges=tuple(charge.stated(factor) for charge in options.peak_charges),
            energy_tiers=tuple(tiers.stated(factor) for tiers in options.energy_tiers),
            fixed_charges=tuple(charge.stated(factor) for charge in options.fixed_charges),
            minimum_charge=None if minimum is None else MinimumCharge(amount=factor * minimum),
            netting=netting,
            co2_kg_per_kwh=self._co2(horizon, market),
            import_limit_kw=options.import_limit_kw,
            export_limit_kw=options.export_limit_kw,
            holiday_country=options.holiday_country,
            notes=tuple(dict.fromkeys(note for found in series.values() for note in found.notes)),
        )

    def _part(
        self,
        part: Component,
        direction: Direction,
        local: LocalHorizon,
        market: Market,
        series: dict[str, PricedSeries],
    ) -> PricePart:
        horizon = local.horizon
        usual: Vat = "added" if direction is Direction.IMPORT else "none"
        factor = self._factor(part.vat or usual)
        if part.series is not None:
            values = self._values(part.series, horizon, market, series, part)
        else:
            values = _by_window(part, local)
        counts = [True] * len(horizon)
        if part.of is not None:
            looked_at = self._values(part.of, horizon, market, series, None)
            counts = [(value < 0) == (part.only_while == "negative") for value in looked_at]
        prices = (factor * value if here else 0.0 for value, here in zip(values, counts, strict=True))
        return PricePart(name=part.name, direction=direction, price_per_kwh=tuple(prices))

    def _values(
        self,
        name: str,
        horizon: Horizon,
        market: Market,
        series: dict[str, PricedSeries],
        part: Component | None,
    ) -> tuple[float, ...]:
        """The series on the slots; of a part as its prices. What was filled is kept in ``series``."""
        found = on_slots(
            name,
            horizon,
            market,
            price_of=float if part is None else part.of_value,
            extension=self._options.extension,
            max_age_hours=self._options.max_age_hours,
        )
        series.setdefault(name, found)
        return found.values

    def _co2(self, horizon: Horizon, market: Market) -> tuple[float, ...]:
        options = self._options
        if options.co2_series is None or options.co2_series not in market.series:
            return ()
        found = on_slots(
            options.co2_series,
            horizon,
            market,
            price_of=lambda value: options.co2_factor * value,
            extension="day_before",
            max_age_hours=options.max_age_hours,
        )
        return found.values

    def _factor(self, vat: Vat) -> float:
        return 1 + self._options.vat_percent / 100 if vat == "added" else 1.0

    def _export_vat(self) -> float:
        """The export lines' VAT: the usual rate where any of them bears it."""
        bears = any(part.vat in {"added", "included"} for part in self._options.export_parts)
        return self._options.vat_percent if bears else 0.0


def _sum(parts: list[PricePart], direction: Direction, slots: int) -> tuple[float, ...]:
    rows = [part.price_per_kwh for part in parts if part.direction is direction]
    return tuple(map(sum, zip(*rows, strict=True))) if rows else (0.0,) * slots


def _by_window(part: Component, local: LocalHorizon) -> tuple[float, ...]:
    """In each minute the first window open has the price, else the part's own; the mean over each slot."""
    prices = np.full(len(local.minutes_s), 0.0 if part.price is None else part.price)
    for window in reversed(part.windows):
        inside = are_inside(window.window(window.months or ()), local.walls, local.calendar)
        prices[inside] = window.price
    return tuple(round(mean, DIGITS) for mean in local.means(prices).tolist())
