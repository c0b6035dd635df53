"""What every strategy must keep, each as a test that names the mistake and the way out."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import isfinite
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, ValidationError

from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.tariff import Market, Tariff
from optimizer.errors import ConfigError, ForecastGap, SourceError
from strategies.conformance.billing import random_schedules
from strategies.conformance.cases import StrategyCase

NOON = datetime(2026, 5, 6, 10, 7, tzinfo=UTC)
"""A Wednesday, some minutes into a slot."""
SAME = 1e-9
SLOWEST = 60.0
"""How many times a plain loop over 10,000 numbers a horizon of 36 hours may take: about 50 ms."""


def _horizon(case: StrategyCase, start: datetime = NOON, minutes: int = 15, hours: float = 36.0) -> Horizon:
    return plan_horizon(start, slot_minutes=minutes, horizon_hours=hours, zone=case.zone)


def _starts(case: StrategyCase) -> Iterator[datetime]:
    """An ordinary day, both days on which the clocks change, and a year's end."""
    yield NOON
    yield from (day - timedelta(hours=4) for day in odd_days(case.zone))
    yield datetime(2026, 12, 31, 15, 0, tzinfo=UTC)


def odd_days(zone: str, year: int = 2026) -> list[datetime]:
    """The local midnights (in UTC) of the days of 23 and of 25 hours; none where the clocks stay."""
    info, found = ZoneInfo(zone), []
    day = datetime(year, 1, 1)  # noqa: DTZ001 - a wall time
    while day.year == year:
        start, end = (at.replace(tzinfo=info).astimezone(UTC) for at in (day, day + timedelta(days=1)))
        if end - start != timedelta(days=1):
            found.append(start)
        day += timedelta(days=1)
    return found


def check_options_are_a_strict_frozen_model(tariff_case: StrategyCase) -> None:
    """Unknown keys are refused, so that a slip in the TOML is told."""
    model = getattr(tariff_case.strategy, "Options", None)
    assert isinstance(model, type) and issubclass(model, BaseModel), (
        "the strategy has no pydantic model named Options: derive it from strategies.StrategyOptions"
    )
    options = model.model_validate(dict(tariff_case.options))
    try:
        model.model_validate({**tariff_case.options, "no_such_option": 1})
    except ValidationError:
        pass
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
    """Whatever the slots' length, wherever the horizon begins."""
    for start in _starts(tariff_case):
        for minutes in (15, 30, 60):
            horizon = _horizon(tariff_case, start, minutes)
            tariff = tariff_case.tariff(horizon)
            for name in ("import_price_per_kwh", "export_price_per_kwh"):
                prices: tuple[float, ...] = getattr(tariff, name)
                assert len(prices) == len(horizon), (
                    f"gap: {len(prices)} {name} for {len(horizon)} slots of {minutes} min from {start}; give one for "
                    "each slot, fill what is not published and tell it in notes, or raise ForecastGap"
                )
                for slot, price in zip(horizon, prices, strict=True):
                    assert isfinite(price), f"NaN: {name} is {price} in the slot from {slot.start}"


def check_currency(tariff_case: StrategyCase) -> None:
    """The bill's."""
    found = tariff_case.tariff(_horizon(tariff_case)).currency
    assert found == tariff_case.currency, (
        f"wrong currency: the tariff says {found}, the case {tariff_case.currency}; set Tariff(currency=…)"
    )


def check_prices_are_per_kwh(tariff_case: StrategyCase) -> None:
    """Not cents, not per MWh."""
    low, high = tariff_case.range
    tariff = tariff_case.tariff(_horizon(tariff_case))
    for name in ("import_price_per_kwh", "export_price_per_kwh"):
        prices: tuple[float, ...] = getattr(tariff, name)
        worst = max(prices, key=abs)
        assert all(low <= price <= high for price in prices), (
            f"wrong unit: {name} reaches {worst:g} {tariff.currency} per kWh, plausible is {low:g} to {high:g}: divide "
            "cents, pence or øre by 100 and prices per MWh by 1000; state plausible=(…) in the case if this is right"
        )


def check_known_until_is_aware_utc(tariff_case: StrategyCase) -> None:
    """As all times."""
    until = tariff_case.tariff(_horizon(tariff_case)).known_until
    if until is not None:
        assert until.utcoffset() is not None, f"naive time: known_until is {until}, without a zone; give aware UTC"
        assert until.utcoffset() == timedelta(0), f"known_until is {until}: give it in UTC, with astimezone(UTC)"


def check_a_price_does_not_depend_on_how_the_day_is_cut(tariff_case: StrategyCase) -> None:
    """An hour costs the mean of its quarters, and a slot the same wherever the horizon begins."""
    for start in _starts(tariff_case):
        whole = start.replace(minute=0)
        market = tariff_case.market(_horizon(tariff_case, whole, 15))
        quarters = tariff_case.tariff(_horizon(tariff_case, whole, 15), market)
        hours = tariff_case.tariff(_horizon(tariff_case, whole, 60), market)
        later = tariff_case.tariff(_horizon(tariff_case, whole + timedelta(hours=5), 15, 31), market)
        for name in ("import_price_per_kwh", "export_price_per_kwh"):
            fine, coarse = np.array(getattr(quarters, name)), np.array(getattr(hours, name))
            means = fine.reshape(-1, 4).mean(axis=1)
            known = ~_marked(quarters).reshape(-1, 4).any(axis=1)
            worst = int(np.argmax(np.abs(means - coarse) * known))
            assert abs(means[worst] - coarse[worst]) * known[worst] < SAME, (
                f"{name} of the hour from {whole + timedelta(hours=worst)} is {coarse[worst]:g}, but its quarters mean "
                f"{means[worst]:g}: price by time, not by the number of the slot"
            )
            shifted = np.array(getattr(later, name))
            same = np.abs(fine[20:] - shifted) * ~_marked(quarters)[20:]
            worst = int(np.argmax(same))
            assert same[worst] < SAME, (
                f"{name} at {whole + timedelta(hours=5, minutes=15 * worst)} is {fine[20 + worst]:g} or "
                f"{shifted[worst]:g} by where the horizon begins: price by time, not by the number of the slot"
            )


def _marked(tariff: Tariff) -> np.ndarray:
    slots = len(tariff.import_price_per_kwh)
    return np.array(tariff.is_forecast or (False,) * slots, dtype=bool)


def check_on_the_odd_days_it_goes_by_the_wall_clock(tariff_case: StrategyCase) -> None:
    """Where the same weekday a week before and after have one price at each wall time, so has the odd day."""
    zone = ZoneInfo(tariff_case.zone)
    for midnight in odd_days(tariff_case.zone):
        local_day = midnight.astimezone(zone).date()
        by_wall = {}
        for days in (-7, 7, 0):
            day = local_day + timedelta(days=days)
            start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
            horizon = _horizon(tariff_case, start, 60, 23 if days == 0 and _lasts(midnight, zone) == 23 else 24)
            prices = tariff_case.tariff(horizon).import_price_per_kwh
            by_wall[days] = {at.astimezone(zone).hour: price for at, price in zip(horizon.starts, prices, strict=True)}
        before, after, odd = by_wall[-7], by_wall[7], by_wall[0]
        if any(abs(before[hour] - after[hour]) > SAME for hour in range(24)):
            continue  # its prices follow something else than the clock
        for hour, price in odd.items():
            assert abs(price - before[hour]) <= SAME, (
                f"shifted hour on the day of the clock change: on {local_day} at {hour:02d}:00 local time the price is "
                f"{price:g}, on other such days {before[hour]:g}; go by astimezone(ZoneInfo(horizon.zone))"
            )


def _lasts(midnight: datetime, zone: ZoneInfo) -> int:
    next_day = midnight.astimezone(zone).date() + timedelta(days=1)
    end = datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone).astimezone(UTC)
    return round((end - midnight) / timedelta(hours=1))


def check_known_prices_are_found(tariff_case: StrategyCase) -> None:
    """What the author worked out by hand."""
    for at, expected in tariff_case.known_prices:
        horizon = _horizon(tariff_case, at, 15, 0.25)
        found = tariff_case.tariff(horizon).import_price_per_kwh[0]
        assert abs(found - expected) < 1e-6, f"the import price at {at} is {found:g}, the case says {expected:g}"


_guard = {"on": False}


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _guard["on"] and event in {"open", "socket.connect", "subprocess.Popen", "os.system"}:
        raise AssertionError(f"not pure: the method does {event} {arguments[:1]}; fetching is a PriceFeed's business")


@contextmanager
def _without_world() -> Iterator[None]:
    """No file, socket or process may be opened."""
    if "watching" not in _guard:
        sys.addaudithook(_watch)
        _guard["watching"] = True
    _guard["on"] = True
    try:
        yield
    finally:
        _guard["on"] = False


def check_the_method_is_pure(tariff_case: StrategyCase) -> None:
    """The same window and market give the same tariff, and nothing is opened or changed."""
    horizon = _horizon(tariff_case)
    market = tariff_case.market(horizon)
    before = dict(market.series)
    first = tariff_case.tariff(horizon, market)
    strategy = tariff_case.built()
    with _without_world():
        again = strategy.tariff(horizon, market)
    assert again == first, "not pure: the same window and market gave another tariff; keep no memory, read no clock"
    assert dict(market.series) == before, "not pure: the method changed the market's series"


def check_missing_prices_are_told(tariff_case: StrategyCase) -> None:
    """With no series, and with series that end now: refused, or filled and marked; never silently."""
    if tariff_case.series is None:
        return
    horizon = _horizon(tariff_case)
    try:
        tariff_case.tariff(horizon, Market(documents=tariff_case.documents))
    except (ForecastGap, SourceError, ConfigError):
        pass
    else:
        raise AssertionError("without any series it still gives prices: raise ForecastGap, do not invent zeros")
    short = tariff_case.market(Horizon((horizon.start - timedelta(hours=2), horizon.start), tariff_case.zone))
    full = tariff_case.market(horizon)
    if short.series == full.series:
        return
    try:
        tariff = tariff_case.tariff(horizon, short)
    except (ForecastGap, SourceError):
        return
    assert tariff.notes and (tariff.known_until is not None or any(tariff.is_forecast)), (
        "prices that nobody published are not told: set known_until, is_forecast and notes, or raise ForecastGap"
    )


def check_the_program_s_cost_is_the_invoice(tariff_case: StrategyCase) -> None:
    """200 random schedules: what the linear program pays is what the supplier bills."""
    for start in _starts(tariff_case):
        horizon = _horizon(tariff_case, start, 15, 24)
        for found in random_schedules(tariff_case.tariff(horizon), horizon, 50):
            assert abs(found.program - found.caused) < 1e-6, (
                f"the program's cost {found.program:.9f} is not the invoice's {found.caused:.9f} ({start})"
            )
            assert abs(found.total - found.exact) <= 0.005 * found.rounded + 1e-9, (
                f"the rounded invoice {found.total} is too far from the exact one {found.exact}"
            )


def check_it_is_fast(tariff_case: StrategyCase) -> None:
    """36 hours of quarters within about 50 ms, against a plain loop of this very machine."""
    horizon = _horizon(tariff_case)
    market, strategy = tariff_case.market(horizon), tariff_case.built()
    times, loops = [], []
    for _ in range(5):
        began = perf_counter()
        strategy.tariff(horizon, market)
        times.append(perf_counter() - began)
        began = perf_counter()
        total = 0.0
        for number in range(10_000):
            total += number * 0.5
        loops.append(perf_counter() - began)
    ratio = median(times) / median(loops)
    assert ratio < SLOWEST, (
        f"slow: pricing 36 hours takes {ratio:.0f} times a loop over 10,000 numbers; at most {SLOWEST:.0f} are allowed"
    )


CHECKS: tuple[Callable[[StrategyCase], None], ...] = (
    check_options_are_a_strict_frozen_model,
    check_each_slot_has_one_finite_price,
    check_currency,
    check_prices_are_per_kwh,
    check_known_until_is_aware_utc,
    check_a_price_does_not_depend_on_how_the_day_is_cut,
    check_on_the_odd_days_it_goes_by_the_wall_clock,
    check_known_prices_are_found,
    check_the_method_is_pure,
    check_missing_prices_are_told,
    check_the_program_s_cost_is_the_invoice,
    check_it_is_fast,
)
