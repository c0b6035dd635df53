"""What a strategy's options and prices must keep: strictness, completeness, currency, unit, sign, honesty."""

from datetime import datetime, timedelta
from math import isfinite
from statistics import median

from pydantic import ValidationError

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from optimizer.errors import ConfigError, ForecastGap, SourceError
from strategies.conformance.cases import USUAL_SHARE, StrategyCase, plausible_range
from strategies.conformance.horizons import horizon_of, mixed, starts
from strategies.conformance.telling import gap_told, not_finite_told, slot_told, unit_told

IMPORT, EXPORT = "import_price_per_kwh", "export_price_per_kwh"
UNKNOWN = "no_such_option"
SAME = 1e-9
KNOWN_AFTER = timedelta(hours=6)


def check_options_are_a_strict_frozen_model(tariff_case: StrategyCase) -> None:
    """Unknown keys are refused by their name, so that a slip in the TOML is told."""
    model = tariff_case.model
    options = model.model_validate(dict(tariff_case.options))
    try:
        model.model_validate({**tariff_case.options, UNKNOWN: 1})
    except ValidationError as error:
        told = any(UNKNOWN in each["loc"] for each in error.errors())
        assert told, f"an unknown option is refused without its name ({error}): derive Options from StrategyOptions"
    else:
        raise AssertionError("unknown options are accepted: derive Options from strategies.StrategyOptions")
    first = next(iter(model.model_fields), None)
    if first is not None:
        try:
            setattr(options, first, getattr(options, first))
        except ValidationError:
            return
        raise AssertionError("options can be changed: derive Options from strategies.StrategyOptions, which is frozen")


def check_each_slot_has_one_finite_price(tariff_case: StrategyCase) -> None:
    """Whatever the slots' lengths, wherever the horizon begins."""
    for start in starts(tariff_case):
        cut = [horizon_of(tariff_case, start, minutes) for minutes in (15, 30, 60)]
        for horizon in (*cut, mixed(tariff_case, start)):
            tariff = tariff_case.tariff(horizon)
            for name in (IMPORT, EXPORT):
                prices: tuple[float, ...] = getattr(tariff, name)
                assert len(prices) == len(horizon), gap_told(name, len(prices), horizon)
                for slot, price in enumerate(prices):
                    assert isfinite(price), not_finite_told(name, price, horizon, slot)


def check_currency_is_the_case_s(tariff_case: StrategyCase) -> None:
    """Money of two currencies is never added up."""
    found = tariff_case.tariff(horizon_of(tariff_case)).currency
    assert found == tariff_case.currency, (
        f"wrong currency: the tariff says {found}, the case {tariff_case.currency}; set Tariff(currency=…)"
    )


def check_prices_are_per_kwh(tariff_case: StrategyCase) -> None:
    """Not cents, not per MWh."""
    horizon = horizon_of(tariff_case)
    tariff = tariff_case.tariff(horizon)
    stated = {IMPORT: tariff_case.plausible, EXPORT: tariff_case.plausible_export or tariff_case.plausible}
    for name, own in stated.items():
        prices: tuple[float, ...] = getattr(tariff, name)
        low, high = plausible_range(tariff_case.currency, own)
        worst = max(range(len(prices)), key=lambda slot: abs(prices[slot]))
        field = "plausible" if name == IMPORT else "plausible_export"
        told = (
            f"wrong unit: {name} is {{price:g}} {tariff.currency} per kWh {{where}}, plausible is {low:g} to "
            f"{{high:g}}: {{unit}}; where it is right, state {field}=(…, …) in the case"
        )
        assert all(low <= price <= high for price in prices), told.format(
            price=prices[worst],
            where=f"in {slot_told(horizon, worst)}",
            high=high,
            unit=unit_told(prices[worst], low, high * USUAL_SHARE),
        )
        usual = median(prices)
        assert own is not None or usual <= high * USUAL_SHARE, told.format(
            price=usual,
            where="in half of the slots",
            high=high * USUAL_SHARE,
            unit=unit_told(usual, low, high * USUAL_SHARE),
        )


def check_signs(tariff_case: StrategyCase) -> None:
    """Import is what the site pays, export what it is paid: both are positive on ordinary days."""
    tariff = tariff_case.tariff(horizon_of(tariff_case))
    if tariff_case.plausible_export is None:
        assert max(tariff.export_price_per_kwh) >= 0, (
            f"wrong sign: every export price is negative (highest {max(tariff.export_price_per_kwh):g}); positive is "
            "what the site is paid; where it really pays to export, state plausible_export=(…, …) in the case"
        )
    if tariff_case.plausible is None:
        assert max(tariff.import_price_per_kwh) >= 0, (
            f"wrong sign: every import price is negative (highest {max(tariff.import_price_per_kwh):g}); positive is "
            "what the site pays; where it really is paid to import, state plausible=(…, …) in the case"
        )


def check_known_until_is_aware_utc(tariff_case: StrategyCase) -> None:
    """As all times."""
    horizon = horizon_of(tariff_case)
    full = tariff_case.market(horizon)
    for market in (full, _cut(full, horizon.start + KNOWN_AFTER)):
        try:
            until = tariff_case.tariff(horizon, market).known_until
        except (ForecastGap, SourceError):
            continue
        if until is not None:
            assert until.utcoffset() is not None, f"naive time: known_until is {until}, without a zone; give aware UTC"
            assert until.utcoffset() == timedelta(0), f"known_until is {until}: give it in UTC, with astimezone(UTC)"


def check_known_prices_are_found(tariff_case: StrategyCase) -> None:
    """What the author worked out by hand."""
    stated = ((IMPORT, tariff_case.known_prices), (EXPORT, tariff_case.known_export_prices))
    for name, known in stated:
        for at, expected in known:
            assert at.utcoffset() is not None, f"naive time: the case knows a price at {at}, without a zone; use UTC"
            horizon = horizon_of(tariff_case, at, 15, 0.25)
            found = getattr(tariff_case.tariff(horizon), name)[0]
            assert abs(found - expected) < 1e-6, (
                f"{name} is {found:g} in {slot_told(horizon, 0)}, the case says {expected:g}"
            )


def check_missing_prices_are_told(tariff_case: StrategyCase) -> None:
    """Without series, with empty ones, and with series that end early: refused, or filled and told."""
    horizon = horizon_of(tariff_case)
    full = tariff_case.market(horizon)
    if not full.series:
        return
    nothing = Series(starts=(), ends=(), values=())
    missing = {
        "without any series": Market(documents=full.documents),
        "with series that hold nothing": Market(series=dict.fromkeys(full.series, nothing), documents=full.documents),
        "with series that end after 6 hours": _cut(full, horizon.start + KNOWN_AFTER),
    }
    usual = tariff_case.tariff(horizon, full)
    for how, market in missing.items():
        try:
            tariff = tariff_case.tariff(horizon, market)
        except (ForecastGap, SourceError, ConfigError):
            continue
        except (KeyError, IndexError) as error:
            raise AssertionError(
                f"missing prices: {how} it fails with {type(error).__name__}: {error}; raise ForecastGap"
            ) from error
        assert _is_told(tariff) or _differs_nowhere(tariff, usual, horizon), (
            f"missing prices: {how} it gives prices as if they were published; set is_forecast, known_until and "
            "notes, or raise ForecastGap"
        )


def _cut(market: Market, at: datetime) -> Market:
    """The market as it was when nothing beyond ``at`` was published."""
    cut = {}
    for name, series in market.series.items():
        kept = sum(end <= at for end in series.ends)
        cut[name] = Series(starts=series.starts[:kept], ends=series.ends[:kept], values=series.values[:kept])
    return Market(series=cut, documents=market.documents)


def _is_told(tariff: Tariff) -> bool:
    return bool(tariff.notes) and (tariff.known_until is not None or any(tariff.is_forecast))


def _differs_nowhere(tariff: Tariff, usual: Tariff, horizon: Horizon) -> bool:
    """Whether the prices do not depend on the series at all."""
    return all(
        abs(getattr(tariff, name)[slot] - getattr(usual, name)[slot]) <= SAME
        for name in (IMPORT, EXPORT)
        for slot in range(len(horizon))
    )
