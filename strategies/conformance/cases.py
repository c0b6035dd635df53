"""What an author states about a strategy or a feed, so that it can be checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from strategies.contract import PriceFeed, TariffStrategy

PLAUSIBLE: Mapping[str, tuple[float, float]] = {
    "EUR": (-2.0, 4.0),
    "GBP": (-2.0, 4.0),
    "USD": (-2.0, 6.0),
    "CHF": (-2.0, 4.0),
    "AUD": (-2.0, 25.0),
    "NOK": (-20.0, 40.0),
    "SEK": (-20.0, 40.0),
    "DKK": (-15.0, 30.0),
    "PLN": (-8.0, 16.0),
    "CZK": (-50.0, 100.0),
}
"""Money per kWh that a household may see, spikes included."""
ANY_CURRENCY = (-1000.0, 2000.0)


@dataclass(frozen=True, kw_only=True)
class StrategyCase:
    """A strategy with options as they stand in TOML.

    ``series`` gives the market's series for a horizon (start with some weeks before it), ``documents`` what
    document feeds bring. ``known_prices``: instants and the import price that must be found there. ``plausible``:
    the range of import prices per kWh, by default that of the currency.
    """

    strategy: Callable[..., TariffStrategy]
    options: Mapping[str, Any]
    currency: str
    zone: str = "Europe/Berlin"
    series: Callable[[Horizon], Mapping[str, Series]] | None = None
    documents: Mapping[str, str] = field(default_factory=dict)
    known_prices: tuple[tuple[datetime, float], ...] = ()
    plausible: tuple[float, float] | None = None

    def built(self) -> TariffStrategy:
        """The strategy with its options. Raises AssertionError where they are refused."""
        model = getattr(self.strategy, "Options", None)
        assert model is not None, f"{self._name} has no pydantic model named Options inside the class"
        try:
            return self.strategy(model.model_validate(dict(self.options)))
        except ValidationError as error:
            raise AssertionError(f"{self._name}.Options refuses the options of the case: {error}") from error

    def market(self, horizon: Horizon) -> Market:
        """What the case's feeds know around the horizon."""
        return Market(series={} if self.series is None else dict(self.series(horizon)), documents=self.documents)

    def tariff(self, horizon: Horizon, market: Market | None = None) -> Tariff:
        """The tariff; what goes wrong on the way is told as an author would understand it."""
        try:
            return self.built().tariff(horizon, self.market(horizon) if market is None else market)
        except TypeError as error:
            if "offset-naive" in str(error):
                raise AssertionError(
                    f"naive time: {self._name} compares a time without a zone with the horizon's UTC times ({error}); "
                    "use aware times, e.g. datetime(…, tzinfo=UTC)"
                ) from error
            raise
        except ValueError as error:
            told = "NaN: " if "is nan" in str(error) else "gap: " if "import prices but" in str(error) else ""
            raise AssertionError(f"{told}{self._name} gave no tariff: {error}") from error

    @property
    def _name(self) -> str:
        return getattr(self.strategy, "__name__", repr(self.strategy))

    @property
    def range(self) -> tuple[float, float]:
        """The plausible import prices per kWh."""
        return self.plausible or PLAUSIBLE.get(self.currency, ANY_CURRENCY)


@dataclass(frozen=True, kw_only=True)
class FeedCase:
    """A feed, and a window for which it has something."""

    feed: PriceFeed
    start: datetime
    end: datetime
    currency: str = "EUR"
    plausible: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        """The plausible values per kWh."""
        return self.plausible or PLAUSIBLE.get(self.currency, ANY_CURRENCY)
