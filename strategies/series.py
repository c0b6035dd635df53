"""Prices that a feed fetched, of any resolution, and what stands in where none is published."""

from typing import Annotated

from pydantic import Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market, Tariff
from strategies.options import Currency, Price, SeriesName, StrategyOptions
from strategies.priced_series import ExtensionName, PricedSeries, on_slots


class SeriesTariff:
    """price = factor * value + adder; a slot costs the time-weighted mean of the intervals that cover it.

    A slot that is not covered in full is forecast from what is known: see ``strategies.extension``.
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
        extension: Annotated[
            ExtensionName, Field(description='how prices go on where none is published, e.g. extension = "day_before"')
        ] = "weekday_profile"
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
            sold = PricedSeries(values=(flat,) * len(horizon), is_forecast=(False,) * len(horizon))
        else:
            sold = self._priced(horizon, market, options.export_series, options.export_factor, options.export_adder)
        ends = [priced.known_until for priced in (bought, sold) if priced.known_until is not None]
        return Tariff(
            import_price_per_kwh=bought.values,
            export_price_per_kwh=sold.values,
            currency=options.currency,
            known_until=min(ends, default=None),
            is_forecast=tuple(map(any, zip(bought.is_forecast, sold.is_forecast, strict=True))),
            notes=tuple(dict.fromkeys(bought.notes + sold.notes)),
        )

    def _priced(self, horizon: Horizon, market: Market, name: str, factor: float, adder: float) -> PricedSeries:
        return on_slots(
            name,
            horizon,
            market,
            price_of=lambda value: factor * value + adder,
            extension=self._options.extension,
            max_age_hours=self._options.max_age_hours,
        )
