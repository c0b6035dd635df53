"""One price for every hour of the year."""

from typing import Annotated

from pydantic import Field

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market, Tariff
from strategies.options import Currency, Price, StrategyOptions


class Flat:
    """The same import and the same export price in each slot."""

    class Options(StrategyOptions):
        """Prices in ``currency`` per kWh, all taxes and fees included."""

        import_price: Annotated[Price, Field(description="the price per kWh bought, e.g. import_price = 0.32")]
        export_price: Annotated[Price, Field(description="the price per kWh sold, e.g. export_price = 0.08")] = 0.0
        currency: Currency = "EUR"

    def __init__(self, options: Options) -> None:
        self._options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Known for all time, so ``known_until`` is None. The market plays no part."""
        return Tariff(
            import_price_per_kwh=(self._options.import_price,) * len(horizon),
            export_price_per_kwh=(self._options.export_price,) * len(horizon),
            currency=self._options.currency,
        )
