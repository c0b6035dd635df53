"""Local wall time against UTC, exact on the two odd days of the year."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil, floor
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from optimizer.errors import ConfigError

DAY_S = 24 * 3600


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ConfigError for any other name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"no time zone {name!r}; use an IANA name such as Europe/Berlin"
        raise ConfigError(msg) from None


def utc_of_wall(day: date, minute: int, zone: ZoneInfo) -> Iterator[datetime]:
    """The instant of a wall time, given in minutes after midnight; both, where the clock shows it twice."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    for fold in (0, 1):
        yield wall.replace(fold=fold).astimezone(UTC)


def in_utc(at: datetime) -> datetime:
    """The same instant; at once where it is in UTC already."""
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def same_wall_time(instant: datetime, days_earlier: int, zone: ZoneInfo) -> datetime:
    """The instant at which the local clock shows the same, that many calendar days before."""
    return _same_wall_time(in_utc(instant), days_earlier, zone)


@lru_cache(maxsize=16_384)
def _same_wall_time(instant: datetime, days_earlier: int, zone: ZoneInfo) -> datetime:
    """Of an instant in UTC: elsewhere two instants that differ by their fold alone would be taken for one."""
    return (instant.astimezone(zone) - timedelta(days=days_earlier)).astimezone(UTC)


def clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants from ``start`` to ``end`` at which the offset from UTC changes, at most one in 24 h."""
    for day_start_s in range(floor(start.timestamp()), ceil(end.timestamp()), DAY_S):
        low_s, high_s = day_start_s, min(day_start_s + DAY_S, ceil(end.timestamp()))
        before = _offset(low_s, zone)
        if _offset(high_s, zone) == before:
            continue
        while high_s - low_s > 1:
            middle_s = (low_s + high_s) // 2
            if _offset(middle_s, zone) == before:
                low_s = middle_s
            else:
                high_s = middle_s
        yield datetime.fromtimestamp(high_s, UTC)


def _offset(at_s: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at_s, zone).utcoffset()


def weighted_mean(parts: Iterable[tuple[float, float]]) -> float:
    """Mean of ``(price, weight)`` pairs; exactly the price where all are equal."""
    prices, weights = zip(*parts, strict=True)
    if min(prices) == max(prices):
        return float(prices[0])
    return float(sum(p * w for p, w in zip(prices, weights, strict=True)) / sum(weights))
