"""The ladder of prices: fresh, cached within its age, extended, the fallback strategy, and only then no plan."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import pandas as pd

from optimizer.domain.horizon import Horizon
from optimizer.domain.site import Site
from optimizer.domain.tariff import Market, Meter, Tariff, nothing_metered
from optimizer.errors import ConfigError, ForecastGap, HeatOptimizerError, SourceError
from optimizer.ports import FetchMarket, RecallMeter
from optimizer.siting import Priced, PriceStep, calendar_of, contract, meter_of, metering_needs, month_to_date
from strategies import TariffStrategy

PRICE_ERRORS = (ForecastGap, SourceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSources:
    """Whom a site asks for its prices. ``fallback`` answers where ``strategy`` cannot; None: nobody does."""

    strategy: TariffStrategy
    fallback: TariffStrategy | None = None


def price_site(
    site: Site, sources: PriceSources, feeds: FetchMarket, meter: RecallMeter, horizon: Horizon, now: datetime
) -> Priced:
    """The site's contract for ``horizon``, from the best source that answers, with what was metered under it.

    Raises ForecastGap or SourceError where no strategy has prices.
    """
    calendar = calendar_of(site)
    market = feeds.market(horizon)
    month = month_to_date(calendar, now)

    @cache
    def record() -> pd.DataFrame:
        return meter.metered(site.site_id, month.interval_minutes, month.since, now)

    @cache
    def this_month() -> Meter | None:
        return meter_of(record(), month.since, now, site.zone)

    market = replace(market, read_meter=this_month)
    priced = _best(sources, horizon, market)
    try:
        tariff = contract(priced.tariff, site)
    except ValueError as error:
        msg = f"the tariff and peak_charges of site {site.site_id} do not fit together: {error}"
        raise ConfigError(msg) from error
    needs = {need.interval_minutes: need for need in metering_needs(tariff, calendar, now)}
    metered = {
        minutes: record()
        if minutes == month.interval_minutes and need.since >= month.since
        else meter.metered(site.site_id, minutes, need.since, now)
        for minutes, need in needs.items()
    }
    priced = replace(priced, tariff=tariff, metered=metered)
    if (tariff.netting is None and tariff.minimum_charge is None) or market.metered is None:
        return priced
    used = sources.strategy if priced.step is not PriceStep.FALLBACK else sources.fallback
    past = replace(market, read_meter=nothing_metered)
    try:
        before = contract(_tariff(used or sources.strategy, market.metered.horizon, past), site)
    except PRICE_ERRORS as error:
        note = f"what was billed this month is not known: {error}"
        return replace(priced, tariff=replace(tariff, notes=(*tariff.notes, note)))
    return replace(priced, past=(before, market.metered))


def _best(sources: PriceSources, horizon: Horizon, market: Market) -> Priced:
    try:
        tariff = _tariff(sources.strategy, horizon, market)
    except PRICE_ERRORS as error:
        return _fallen_back(sources, horizon, market, error)
    if tariff.known_until is not None and tariff.known_until < horizon.end:
        why = f"prices are published until {tariff.known_until:%Y-%m-%dT%H:%MZ}"
        stale = "; ".join(market.stale.values())
        return Priced(tariff=tariff, step=PriceStep.EXTENDED, why=f"{why}; {stale}" if stale else why)
    if market.stale:
        return Priced(tariff=tariff, step=PriceStep.CACHED, why="; ".join(market.stale.values()))
    return Priced(tariff=tariff)


def _fallen_back(sources: PriceSources, horizon: Horizon, market: Market, error: HeatOptimizerError) -> Priced:
    if sources.fallback is None:
        raise error
    why = f"{error.name}: {error}"
    tariff = _tariff(sources.fallback, horizon, market)
    tariff = replace(tariff, notes=(*tariff.notes, f"prices are those of the fallback strategy ({why})"))
    return Priced(tariff=tariff, step=PriceStep.FALLBACK, why=why)


def _tariff(strategy: TariffStrategy, horizon: Horizon, market: Market) -> Tariff:
    """Raises ForecastGap where the strategy does not price every slot."""
    try:
        tariff = strategy.tariff(horizon, market)
    except ValueError as error:
        msg = f"{type(strategy).__name__} gave no tariff: {error}"
        raise ForecastGap(msg) from error
    if len(tariff.import_price_per_kwh) != len(horizon):
        msg = f"the tariff has {len(tariff.import_price_per_kwh)} prices for {len(horizon)} slots"
        raise ForecastGap(msg)
    return tariff
