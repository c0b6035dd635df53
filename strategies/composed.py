"""A tariff stacked from named parts in TOML: spot, margin, grid fee by the hour, taxes, VAT, charges on power."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from pydantic import Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction
from optimizer.domain.tariff import Market, MinimumCharge, Netting, PricePart, Tariff
from optimizer.errors import ForecastGap
from strategies.charge_options import (
    EnergyTiersSection,
    FixedChargeSection,
    TariffPeakSection,
    Vat,
    WindowSection,
)
from strategies.components import Component, PricedPart, Pricing
from strategies.day_kinds import public_holidays
from strategies.option_types import Finite, GridMinutes, NotNegative
from strategies.options import Currency, SeriesName, StrategyOptions
from strategies.priced_series import ExtensionName, PricedSeries
from strategies.wall_clock import Calendar, local_horizon

EXAMPLE_YEAR = 2024


class Composed:
    """import = sum of the import parts, export = sum of the export parts; each is a line on the bill.

    VAT is added to import parts and to charges unless they say otherwise, to what export earns where that says so.
    A slot over several windows costs their time-weighted mean.
    """

    class Options(StrategyOptions):
        """Prices and amounts in ``currency``, without VAT unless a part or charge says that it is included."""

        currency: Currency = "EUR"
        vat_percent: Annotated[float, Field(ge=0, le=100, description="e.g. vat_percent = 19.0")] = 0.0
        charges_vat: Annotated[
            Vat, Field(description='"added", "included" or "none": for minimum_charge, and charges without vat')
        ] = "added"
        decimals: Annotated[int, Field(ge=0, le=4, description="what each line of the bill is rounded to")] = 2
        import_parts: Annotated[
            tuple[Component, ...],
            Field(min_length=1, description="each part under its own [[sites.tariff.import_parts]]"),
        ]
        export_parts: tuple[Component, ...] = ()
        peak_charges: tuple[TariffPeakSection, ...] = ()
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
            for what, names in self._names:
                if len(set(names)) < len(names):
                    msg = f"two {what} share a name: {', '.join(names)}"
                    raise ValueError(msg)
            return self

        @property
        def _windows(self) -> list[WindowSection]:
            parts = [window for part in (*self.import_parts, *self.export_parts) for window in part.windows]
            return [*parts, *self.peak_charges, *self.energy_tiers]

        @property
        def _names(self) -> Iterator[tuple[str, list[str]]]:
            yield "parts", [part.name for part in self.import_parts]
            yield "parts", [part.name for part in self.export_parts]
            charges = [each.name for each in self.peak_charges] + [each.name for each in self.energy_tiers]
            yield "charges", charges + [each.name for each in self.fixed_charges]

    def __init__(self, options: Options) -> None:
        self._options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Raises ForecastGap where a series of prices is absent, empty or too old."""
        options = self._options
        local = local_horizon(horizon, Calendar(zone=horizon.zone, holiday_country=options.holiday_country))
        pricing = Pricing(market=market, extension=options.extension, max_age_hours=options.max_age_hours)
        bought = [pricing.part(part, local) for part in options.import_parts]
        sold = [pricing.part(part, local) for part in options.export_parts]
        parts = (
            *map(self._import_line, options.import_parts, bought),
            *map(self._export_line, options.export_parts, sold),
        )
        series = [found for part in (*bought, *sold) for found in part.series]
        ends = [found.known_until for found in series if found.known_until is not None]
        marks = [found.is_forecast for found in series]
        co2_kg_per_kwh, co2_notes = self._co2(pricing, horizon)
        return Tariff(
            import_price_per_kwh=_sum(parts, Direction.IMPORT, len(horizon)),
            export_price_per_kwh=_sum(parts, Direction.EXPORT, len(horizon)),
            currency=options.currency,
            known_until=min(ends, default=None),
            is_forecast=tuple(map(any, zip(*marks, strict=True))) if marks else (),
            parts=parts,
            vat_percent=options.vat_percent,
            export_vat_percent=self._export_vat(),
            decimals=options.decimals,
            peak_charges=tuple(each.stated(self._factor(each.vat)) for each in options.peak_charges),
            energy_tiers=tuple(each.stated(self._factor(_vat_of(each))) for each in options.energy_tiers),
            fixed_charges=tuple(each.stated(self._factor(each.vat)) for each in options.fixed_charges),
            minimum_charge=self._minimum_charge(),
            netting=self._netting(),
            co2_kg_per_kwh=co2_kg_per_kwh,
            import_limit_kw=options.import_limit_kw,
            export_limit_kw=options.export_limit_kw,
            holiday_country=options.holiday_country,
            notes=tuple(dict.fromkeys((*_notes(series), *co2_notes))),
        )

    def _import_line(self, part: Component, priced: PricedPart) -> PricePart:
        return self._line(part, Direction.IMPORT, priced, part.vat or "added")

    def _export_line(self, part: Component, priced: PricedPart) -> PricePart:
        return self._line(part, Direction.EXPORT, priced, part.vat or "none")

    def _line(self, part: Component, direction: Direction, priced: PricedPart, vat: Vat) -> PricePart:
        factor = self._factor(vat)
        return PricePart(
            name=part.name,
            direction=direction,
            price_per_kwh=tuple(factor * price for price in priced.price_per_kwh),
            vat_percent=0.0 if vat == "none" else self._options.vat_percent,
        )

    def _minimum_charge(self) -> MinimumCharge | None:
        amount = self._options.minimum_charge
        return None if amount is None else MinimumCharge(amount=self._factor(None) * amount)

    def _netting(self) -> Netting | None:
        minutes = self._options.netting_minutes
        return Netting(minutes=minutes) if self._options.nets_month or minutes is not None else None

    def _co2(self, pricing: Pricing, horizon: Horizon) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """What an imported kWh emits, with notes; nothing where the series fails: prices do not depend on it."""
        name = self._options.co2_series
        if name is None:
            return (), ()
        try:
            found = pricing.series(name, horizon, self._options.co2_factor)
        except ForecastGap as error:
            return (), (f"co2_series: {error}: the tariff says nothing of emissions",)
        return found.values, found.notes

    def _factor(self, vat: Vat | None) -> float:
        """What turns a stated amount into one with VAT; None is ``charges_vat``."""
        return 1 + self._options.vat_percent / 100 if (vat or self._options.charges_vat) == "added" else 1.0

    def _export_vat(self) -> float:
        """The export lines' VAT: the usual rate where any of them bears it."""
        options = self._options
        kinds = [part.vat or "none" for part in options.export_parts]
        kinds += [
            each.vat or options.charges_vat for each in options.peak_charges if each.direction is Direction.EXPORT
        ]
        kinds += [
            _vat_of(each) or options.charges_vat for each in options.energy_tiers if each.direction is Direction.EXPORT
        ]
        return options.vat_percent if any(vat != "none" for vat in kinds) else 0.0


def _vat_of(tiers: EnergyTiersSection) -> Vat | None:
    """What export earns bears no VAT unless it says so."""
    return "none" if tiers.vat is None and tiers.direction is Direction.EXPORT else tiers.vat


def _sum(parts: tuple[PricePart, ...], direction: Direction, slots: int) -> tuple[float, ...]:
    rows = [part.price_per_kwh for part in parts if part.direction is direction]
    return tuple(map(sum, zip(*rows, strict=True))) if rows else (0.0,) * slots


def _notes(series: list[PricedSeries]) -> Iterator[str]:
    return chain.from_iterable(found.notes for found in series)
