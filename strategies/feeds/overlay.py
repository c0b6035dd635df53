"""Series laid over each other and cut to a window."""

from bisect import bisect_left, bisect_right
from datetime import datetime

from optimizer.domain.series import Series


def overlaid(upper: Series, lower: Series) -> Series:
    """``upper`` and those intervals of ``lower`` that overlap none of it."""
    beside = [
        (start, end, value)
        for start, end, value in zip(lower.starts, lower.ends, lower.values, strict=True)
        if bisect_right(upper.ends, start) == bisect_left(upper.starts, end)
    ]
    return _sorted([*zip(upper.starts, upper.ends, upper.values, strict=True), *beside])


def upper_alone(upper: Series, lower: Series) -> Series:
    """``upper``: for feeds whose every answer is all there is."""
    return upper


def within(series: Series, start: datetime, end: datetime) -> Series:
    """The intervals that overlap ``[start, end)``, whole."""
    first, last = bisect_right(series.ends, start), bisect_left(series.starts, end)
    return Series(starts=series.starts[first:last], ends=series.ends[first:last], values=series.values[first:last])


def _sorted(rows: list[tuple[datetime, datetime, float]]) -> Series:
    rows.sort()
    return Series(
        starts=tuple(start for start, _, _ in rows),
        ends=tuple(end for _, end, _ in rows),
        values=tuple(value for _, _, value in rows),
    )
