"""What a series of prices says about an interval, and nothing where it is silent."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite

from optimizer.domain.series import Series
from optimizer.errors import SourceMalformed
from strategies.local_time import in_utc, weighted_mean
from strategies.options import PRICE_LIMIT_PER_KWH


def usable(series: Series, name: str, price_of: Callable[[float], float]) -> Series:
    """The series in UTC, its values as they are; what ``price_of`` makes no price of (NaN, infinite) is unknown.

    Raises SourceMalformed when its times have no zone.
    """
    if any(at.tzinfo is not UTC and at.utcoffset() is None for at in (*series.starts, *series.ends)):
        msg = f"series '{name}' has times without a zone; the feed must deliver UTC"
        raise SourceMalformed(msg)
    kept = [
        (in_utc(start), in_utc(end), value)
        for start, end, value in zip(series.starts, series.ends, series.values, strict=True)
        if isfinite(value) and -PRICE_LIMIT_PER_KWH < price_of(value) < PRICE_LIMIT_PER_KWH
    ]
    starts, ends, values = zip(*kept, strict=True) if kept else ((), (), ())
    return Series(starts=tuple(starts), ends=tuple(ends), values=tuple(values))


def mean_over(series: Series, start: datetime, end: datetime) -> float | None:
    """Time-weighted mean over ``[start, end)``; None unless the intervals cover all of it."""
    at = bisect_right(series.ends, start)
    if at < len(series.ends) and series.starts[at] <= start and end <= series.ends[at] and start < end:
        return float(series.values[at])
    parts: list[tuple[float, float]] = []
    reached = start
    while reached < end:
        if at == len(series) or series.starts[at] > reached:
            return None
        until = min(series.ends[at], end)
        parts.append((series.values[at], (until - reached).total_seconds()))
        reached = until
        at += 1
    return weighted_mean(parts)


def mean_of_all(series: Series) -> float:
    """Time-weighted mean of a series that has at least one interval."""
    return weighted_mean(
        (value, (end - start).total_seconds())
        for start, end, value in zip(series.starts, series.ends, series.values, strict=True)
    )


def runs(marks: list[str | None]) -> list[tuple[int, int, str]]:
    """Maximal stretches ``[first, after)`` of one and the same mark, the unmarked ones left out."""
    cuts = [0, *(i for i in range(1, len(marks)) if marks[i] != marks[i - 1]), len(marks)]
    return [(first, after, mark) for first, after in pairwise(cuts) if (mark := marks[first]) is not None]
