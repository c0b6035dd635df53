"""What an author states about a strategy or a feed, so that it can be checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from strategies.conformance.telling import mistake_in
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
USUAL_SHARE = 0.25
"""The median of a day's prices stays below this share of the highest plausible one: spikes are rare."""

SeriesByName = Mapping[str, Series]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyCase:
    """A strategy with options as they stand in TOML.

    ``series`` is what the market's feeds bring: series by name, or a function of a horizon that gives them (from
    some weeks before it on, to its end). ``documents`` is what document feeds bring. ``known_prices`` are instants
    and the import price that must be found there, ``known_export_prices`` the same for export. ``plausible`` is the
    range of import prices per kWh, by default that of the currency, and ``plausible_export`` that of export.
    """

    strategy: Callable[..., TariffStrategy]
    options: Mapping[str, Any]
    currency: str
    zone: str = "Europe/Berlin"
    series: SeriesByName | Callable[[Horizon], SeriesByName] | None = None
    documents: Mapping[str, str] = field(default_factory=dict)
    known_prices: tuple[tuple[datetime, float], ...] = ()
    known_export_prices: tuple[tuple[datetime, float], ...] = ()
    plausible: tuple[float, float] | None = None
    plausible_export: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """The strategy's own."""
        return getattr(self.strategy, "__name__", repr(self.strategy))

    @property
    def model(self) -> type[BaseModel]:
        """The class of its options. Raises AssertionError where there is none."""
        model = getattr(self.strategy, "Options", None)
        assert isinstance(model, type) and issubclass(model, BaseModel), (
            f"{self.name} has no pydantic model named Options inside the class: derive one from "
            "strategies.StrategyOptions"
        )
        return model

    def built(self) -> TariffStrategy:
        """The strategy with its options. Raises AssertionError where they are refused."""
        try:
            return self.strategy(self.model.model_validate(dict(self.options)))
        except ValidationError as error:
            raise AssertionError(f"{self.name}.Options refuses the options of the case: {error}") from error

    def market(self, horizon: Horizon) -> Market:
        """What the case's feeds know around the horizon."""
        series = self.series(horizon) if callable(self.series) else self.series or {}
        return Market(series=dict(series), documents=dict(self.documents))

    def tariff(self, horizon: Horizon, market: Market | None = None, strategy: TariffStrategy | None = None) -> Tariff:
        """The tariff; what goes wrong on the way is told as an author would understand it."""
        known = self.market(horizon) if market is None else market
        asked = self.built() if strategy is None else strategy
        try:
            return asked.tariff(horizon, known)
        except (TypeError, ValueError) as error:
            told = mistake_in(error, self.name, horizon)
            if told is None:
                raise
            raise AssertionError(told) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCase:
    """A feed, or what makes one, and a window in which all is published."""

    feed: PriceFeed | Callable[[], PriceFeed]
    start: datetime
    end: datetime
    currency: str = "EUR"
    plausible: tuple[float, float] | None = None

    def fetch(self, start: datetime | None = None, end: datetime | None = None) -> Series:
        """What it answers, by default for the whole window."""
        feed: Any = self.feed
        if isinstance(feed, type) or not hasattr(feed, "fetch"):
            feed = feed()
        try:
            series: Series = feed.fetch(start or self.start, end or self.end)
        except TypeError as error:
            assert "offset-naive" not in str(error), (
                f"naive time: the feed compares a time without a zone with the window's UTC times ({error}); "
                "use aware times, e.g. at.replace(tzinfo=UTC)"
            )
            raise
        return series


def plausible_range(currency: str, stated: tuple[float, float] | None) -> tuple[float, float]:
    """The stated range of money per kWh, else the currency's."""
    return stated or PLAUSIBLE.get(currency, ANY_CURRENCY)
