'''Tariff strategies: the manual for who writes one.

A strategy answers one question: what does a kWh cost in each slot that is planned?

    def tariff(self, horizon: Horizon, market: Market) -> Tariff

Rules
    * Prices are floats in ``currency`` per kWh, all taxes and fees included; they may be negative.
      Import is what the site pays, export what it is paid. One finite price of each for every slot.
    * Times are aware UTC; slots are half-open ``[start, end)``, may differ in length, and the first one
      is usually partial. ``horizon.zone`` is the site's local time (IANA name); ``horizon.slot_h`` is in hours.
    * The method is pure: no files, no network, no clock, no memory, no random numbers. Prices that must
      be fetched come from a feed (``PriceFeed``) and are found in ``market.series[name]``.
    * Absent is not zero. A price that nobody published is filled and told in ``Tariff.notes``, with
      ``Tariff.known_until`` at the end of the last slot before it, or refused with ``ForecastGap``.
    * Options are a pydantic model named ``Options`` inside the class, derived from ``StrategyOptions``:
      frozen, finite, unknown keys refused. A field's ``description`` ends up in the operator's error text.

A complete strategy, ``acme_tariff.py``::

    from typing import Annotated

    from pydantic import Field

    from strategies import Currency, Horizon, Market, Price, StrategyOptions, Tariff


    class LongSlotsCheap:
        """Import price per kWh less a rebate in slots of at least an hour."""

        class Options(StrategyOptions):
            import_price: Annotated[Price, Field(description="price per kWh, e.g. import_price = 0.30")]
            rebate: Annotated[Price, Field(description="rebate per kWh")] = 0.0
            currency: Currency = "EUR"

        def __init__(self, options: Options) -> None:
            self._options = options

        def tariff(self, horizon: Horizon, market: Market) -> Tariff:
            full, rebate = self._options.import_price, self._options.rebate
            return Tariff(
                import_price_per_kwh=tuple(full - rebate if hours >= 1 else full for hours in horizon.slot_h),
                export_price_per_kwh=(0.0,) * len(horizon),
                currency=self._options.currency,
            )

It is announced in the ``pyproject.toml`` of its own distribution, and needs no change in ours::

    [project.entry-points."heat_optimizer.strategies"]
    long_slots_cheap = "acme_tariff:LongSlotsCheap"

    [project.entry-points."heat_optimizer.feeds"]
    acme_prices = "acme_feed:AcmePrices"

The operator then names it; the other keys are its options::

    [sites.tariff]
    strategy = "long_slots_cheap"
    import_price = 0.30
    rebate = 0.02

A feed has ``Options`` derived from ``FeedOptions``, the constructor ``(options, context: FeedContext)`` and
``fetch(start, end) -> Series``: all intervals that overlap ``[start, end)``, what is not published left out.
Where a tariff is published as a structure, not as prices over time, a ``DocumentFeed`` has ``fetch_document() -> str``
in its place: JSON text, found in ``market.documents[name]``.
It does the I/O and turns every failure into a ``SourceError`` or a ``ConfigError``; taxes and
fees are the strategy's business.
'''

from optimizer.domain.horizon import Horizon, Slot
from optimizer.domain.peaks import Direction, PeakStep, PeakTier
from optimizer.domain.series import Series
from optimizer.domain.tariff import (
    EnergyTier,
    EnergyTiers,
    FixedCharge,
    KnownPeak,
    Market,
    Meter,
    MinimumCharge,
    Netting,
    PeakCharge,
    PricePart,
    Tariff,
)
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.errors import (
    ConfigError,
    ForecastGap,
    SourceError,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.contract import DocumentFeed, FeedContext, PriceFeed, TariffStrategy
from strategies.invoice import Invoice, InvoiceLine, invoice
from strategies.options import Currency, FeedOptions, Price, StrategyOptions

__all__ = [
    "BillingPeriod",
    "ConfigError",
    "Currency",
    "Direction",
    "DocumentFeed",
    "EnergyTier",
    "EnergyTiers",
    "FeedContext",
    "FeedOptions",
    "FixedCharge",
    "ForecastGap",
    "Horizon",
    "Invoice",
    "InvoiceLine",
    "KnownPeak",
    "LocalWindow",
    "Market",
    "Meter",
    "MinimumCharge",
    "Netting",
    "PeakCharge",
    "PeakStep",
    "PeakTier",
    "Price",
    "PriceFeed",
    "PricePart",
    "Series",
    "Slot",
    "SourceError",
    "SourceMalformed",
    "SourceRejected",
    "SourceUnauthorized",
    "SourceUnavailable",
    "StrategyOptions",
    "Tariff",
    "TariffStrategy",
    "invoice",
]
