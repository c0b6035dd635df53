"""The horizons on which a strategy is tried: ordinary days, days of clock changes, slots of all lengths."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from optimizer.domain.horizon import Horizon, plan_horizon
from strategies.conformance.cases import StrategyCase
from strategies.wall_clock import Floats

NOON = datetime(2026, 5, 6, 10, 7, tzinfo=UTC)
"""A Wednesday, some minutes into a slot."""
SATURDAY = date(2026, 5, 9)
YEAR_END = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
HOURS = 36
FINEST_MIN = 5


def starts(case: StrategyCase) -> Iterator[datetime]:
    """An ordinary day, some hours before a weekend, before both days on which the clocks change, and a year's end."""
    yield NOON
    yield local_midnight(SATURDAY, case.zone) - timedelta(hours=4)
    yield from (local_midnight(day, case.zone) - timedelta(hours=4) for day in odd_days(case.zone))
    yield YEAR_END


def odd_days(zone: str, year: int = 2026) -> list[date]:
    """The local days of 23 and of 25 hours; none where the clocks stay."""
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    return [day for day in days if day_length(day, zone) != timedelta(days=1)]


def local_midnight(day: date, zone: str) -> datetime:
    """When the local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_length(day: date, zone: str) -> timedelta:
    """The time from its midnight to the next."""
    return local_midnight(day + timedelta(days=1), zone) - local_midnight(day, zone)


def horizon_of(case: StrategyCase, start: datetime = NOON, minutes: int = 15, hours: float = HOURS) -> Horizon:
    """Slots of one length; the first is partial where ``start`` lies within one."""
    return plan_horizon(start, slot_minutes=minutes, horizon_hours=hours, zone=case.zone)


def day_horizon(case: StrategyCase, day: date) -> Horizon:
    """The quarters of a local day."""
    hours = day_length(day, case.zone) / timedelta(hours=1)
    return horizon_of(case, local_midnight(day, case.zone), 15, hours)


def mixed(case: StrategyCase, start: datetime) -> Horizon:
    """A partial slot, quarters, then half hours, then hours, 36 in all."""
    whole = start.replace(minute=0)
    minutes = [10, *range(15, 180, 15), *range(180, 480, 30), *range(480, HOURS * 60 + 1, 60)]
    return Horizon(tuple(whole + timedelta(minutes=each) for each in minutes), case.zone)


def finest(case: StrategyCase, start: datetime) -> Horizon:
    """Slots of five minutes over 36 hours from the full hour on."""
    whole = start.replace(minute=0)
    count = HOURS * 60 // FINEST_MIN
    return Horizon(tuple(whole + timedelta(minutes=FINEST_MIN * n) for n in range(count + 1)), case.zone)


def cuts(case: StrategyCase, start: datetime) -> Iterator[Horizon]:
    """The same hours as ``finest`` cut otherwise, or begun later."""
    whole = start.replace(minute=0)
    for minutes in (15, 30, 60):
        yield horizon_of(case, whole, minutes)
    yield mixed(case, start)
    yield horizon_of(case, whole + timedelta(hours=5, minutes=20), 15, 30)


def means_on(fine: Horizon, prices: Floats, coarse: Horizon) -> Floats:
    """The means of five-minute prices over the slots of another horizon within the same hours."""
    at = [round((edge - fine.start) / timedelta(minutes=FINEST_MIN)) for edge in coarse.edges]
    return np.array([prices[first:after].mean() for first, after in pairwise(at)])
