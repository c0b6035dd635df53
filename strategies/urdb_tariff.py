"""A rate of the OpenEI Utility Rate Database as a tariff: energy by local hour and tier, demand, fixed amounts."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Literal, Self, assert_never

from pydantic import BeforeValidator, Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import KnownPeak, Market, Netting, Tariff
from optimizer.errors import ConfigError, ForecastGap, SourceMalformed
from strategies.day_kinds import public_holidays
from strategies.options import Price, StrategyOptions
from strategies.urdb import parse_rate
from strategies.urdb_charges import (
    Months,
    by_period,
    demand_charges,
    energy_tiers,
    fixed_charges,
    minimum_charge,
    months_of,
    periods_of,
)
from strategies.urdb_rate import EnergyPeriod, ExportRule, Per, Rate
from strategies.wall_clock import Calendar, LocalHorizon, local_horizon

CURRENCY = "USD"
NEVER = "never"
EXAMPLE_YEAR = 2024
STATE_IT = "state what export earns, e.g. export = {price = 0.0}"
NETTINGS = {"none": None, "hour": Netting(minutes=60), "month": Netting(minutes=None)}


class StatedExport(StrategyOptions):
    """What export earns, in the place of what the record says."""

    price: Annotated[Price, Field(description="dollars per kWh sold, e.g. export = {price = 0.03}")]
    netting: Annotated[
        Literal["none", "hour", "month"],
        Field(description="within which time export is set off against import at the same price before it is sold"),
    ] = "none"


def _as_stated(given: object) -> object:
    return None if given == "as stated" else given


class StatedPeak(StrategyOptions):
    """A peak that a bill states."""

    on: Annotated[date, Field(description="the local day, e.g. on = 2026-07-14")]
    kw: Annotated[float, Field(ge=0, description="kW of its highest metering interval")]


class UrdbTariff:
    """The rate in the document of a feed, in dollars per kWh as the record states them, without further taxes.

    A slot over several periods costs their time-weighted mean. Billing months are calendar months. Each energy
    period counts the energy of its own tiers. With net metering import and export at the same price are set off
    within the month, and what remains earns ``surplus_price``, else the import price of the first tier; net billing
    pays the sell rate of the first tier.
    """

    class Options(StrategyOptions):
        rate: Annotated[
            str,
            Field(min_length=1, description='the name of a feed of this site that brings a rate, e.g. rate = "rate"'),
        ]
        holiday_country: Annotated[
            str,
            Field(
                pattern=f"^([A-Z]{{2}}|{NEVER})$",
                description='two capital letters: whose public holidays count as weekend; or "never"',
            ),
        ] = "US"
        export: Annotated[
            StatedExport | None,
            BeforeValidator(_as_stated),
            Field(description='"as stated" in the record, or {price = …, netting = "none", "hour" or "month"}'),
        ] = None
        surplus_price: Annotated[
            Price | None, Field(description="dollars per kWh for what net metering leaves over in a month")
        ] = None
        known_peaks: Annotated[
            tuple[StatedPeak, ...],
            Field(description="peaks of earlier bills, for a ratchet, e.g. known_peaks = [{on = 2026-07-14, kw = 95}]"),
        ] = ()

        @model_validator(mode="after")
        def _surplus_is_of_net_metering(self) -> Self:
            if self.surplus_price is not None and self.export is not None:
                msg = (
                    'surplus_price is for a rate with net metering; with export = {…, netting = "month"} price is that'
                )
                raise ValueError(msg)
            return self

    def __init__(self, options: Options) -> None:
        self._options = options
        self._country = "" if options.holiday_country == NEVER else options.holiday_country
        if self._country:
            public_holidays(self._country, None, EXAMPLE_YEAR)  # refuses a country that is not known
        self._known_peaks = tuple(KnownPeak(on=peak.on, kw=peak.kw) for peak in options.known_peaks)

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Raises ForecastGap without the document, SourceMalformed or ConfigError where it cannot be priced."""
        rate = _rate_of(self._document(market), f"feed '{self._options.rate}'")
        local = local_horizon(horizon, Calendar(zone=horizon.zone, holiday_country=self._country))
        months = months_of(local)
        periods = periods_of(rate, months)
        first_tier = {index: period.tiers[0].price_per_kwh for index, period in periods.items()}
        import_price = by_period(rate, local, months, first_tier)
        export = self._export(rate, periods, import_price, (local, months))
        tariff = Tariff(
            import_price_per_kwh=import_price,
            export_price_per_kwh=export.price_per_kwh,
            currency=CURRENCY,
            peak_charges=tuple(demand_charges(rate, months, self._known_peaks)),
            energy_tiers=tuple(energy_tiers(rate, months)),
            netting=export.netting,
            fixed_charges=tuple(fixed_charges(rate)),
            minimum_charge=minimum_charge(rate),
            holiday_country=self._country,
        )
        return replace(tariff, notes=(*rate.notes, *export.notes, *_notes(rate, horizon)))

    def _document(self, market: Market) -> str:
        name = self._options.rate
        found = market.documents.get(name)
        if found is not None:
            return found
        if name in market.series:
            raise ConfigError(f"rate: the feed '{name}' brings a series, not a rate; name one with feed = \"urdb\"")
        known = ", ".join(sorted(market.documents)) or "none"
        raise ForecastGap(f"the feed '{name}' has brought no rate, the log tells why; rates at hand: {known}")

    def _export(
        self,
        rate: Rate,
        periods: dict[int, EnergyPeriod],
        import_price: tuple[float, ...],
        at: tuple[LocalHorizon, Months],
    ) -> "_Export":
        stated, surplus = self._options.export, self._options.surplus_price
        if stated is not None:
            return _Export(price_per_kwh=(stated.price,) * len(import_price), netting=NETTINGS[stated.netting])
        rule = rate.export_rule
        if surplus is not None and rule is not ExportRule.NET_METERING:
            said = "nothing" if rule is None else f"'{rule.value}'"
            raise ConfigError(f"surplus_price is for net metering, but the rate {rate.label} says {said} of export")
        match rule:
            case ExportRule.NET_METERING:
                price = import_price if surplus is None else (surplus,) * len(import_price)
                return _Export(price_per_kwh=price, netting=Netting(minutes=None), notes=_netted_as_one(periods))
            case ExportRule.NET_BILLING_INSTANTANEOUS:
                return _sold(rate, periods, at)
            case ExportRule.NET_BILLING_HOURLY:
                return replace(_sold(rate, periods, at), netting=Netting(minutes=60))
            case ExportRule.BUY_ALL_SELL_ALL:
                msg = f"rate {rate.label}: dgrules: '{rule.value}' meters the array by itself, which is not supported"
                raise ConfigError(f"{msg}; {STATE_IT}")
            case None:
                raise ConfigError(f"rate {rate.label}: dgrules: missing, so it says nothing of export; {STATE_IT}")
            case _:
                assert_never(rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """What a sold kWh earns in each slot, and within which time it is set off before."""

    price_per_kwh: tuple[float, ...]
    netting: Netting | None = None
    notes: tuple[str, ...] = ()


def _sold(rate: Rate, periods: dict[int, EnergyPeriod], at: tuple[LocalHorizon, Months]) -> _Export:
    """The sell rate of each period's first tier; ConfigError where there is none."""
    sell_rates: dict[int, float] = {}
    notes = []
    for index, period in periods.items():
        sell_per_kwh = period.tiers[0].sell_per_kwh
        if sell_per_kwh is None:
            msg = f"rate {rate.label}: energyratestructure[{index}][0].sell: missing, though it bills what flows back"
            raise ConfigError(f"{msg}; {STATE_IT}")
        sell_rates[index] = sell_per_kwh
        if len({tier.sell_per_kwh for tier in period.tiers}) > 1:
            notes.append(f"energy period {index}: export earns the sell rate of the first tier, whatever was bought")
    return _Export(price_per_kwh=by_period(rate, *at, sell_rates), notes=tuple(notes))


def _netted_as_one(periods: dict[int, EnergyPeriod]) -> tuple[str, ...]:
    """Netting goes by the price: periods that begin alike but whose tiers differ cannot be told apart there."""
    alike: dict[float, list[int]] = {}
    for index, period in periods.items():
        alike.setdefault(period.tiers[0].price_per_kwh, []).append(index)
    return tuple(
        f"energy periods {', '.join(map(str, found))} cost the same in their first tier and are netted as one"
        for found in alike.values()
        if len(found) > 1 and any(len(periods[index].tiers) > 1 for index in found)
    )


@lru_cache(maxsize=32)
def _rate_of(text: str, source: str) -> Rate:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed(f"{source}: not JSON: {error}") from None
    return parse_rate(document, source)


def _notes(rate: Rate, horizon: Horizon) -> list[str]:
    found = []
    if rate.start is not None and horizon.start < rate.start:
        found.append(f"rate {rate.label} is valid from {_told(rate.start)} only; it is used before")
    if rate.end is not None and rate.end < horizon.end:
        found.append(f"rate {rate.label} was valid until {_told(rate.end)}; it is used beyond, look for its successor")
    if rate.minimum_charge is not None and rate.minimum_charge.per is Per.YEAR:
        found.append(f"rate {rate.label}: the minimum charge of a year is looked at month by month, a twelfth each")
    return found


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
