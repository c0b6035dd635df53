"""What every feed must keep."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from math import isfinite

from strategies.conformance.cases import FeedCase


def check_it_has_something_in_the_window(feed_case: FeedCase) -> None:
    """An empty answer proves nothing."""
    series = feed_case.feed.fetch(feed_case.start, feed_case.end)
    assert len(series), f"the feed has nothing between {feed_case.start} and {feed_case.end}: choose another window"


def check_times_are_aware_sorted_and_do_not_overlap(feed_case: FeedCase) -> None:
    """Half-open intervals in UTC."""
    series = feed_case.feed.fetch(feed_case.start, feed_case.end)
    for at in (*series.starts, *series.ends):
        assert at.utcoffset() is not None, f"naive time: {at} has no zone; give UTC, e.g. at.replace(tzinfo=UTC)"
        assert at.utcoffset() == timedelta(0), f"{at} is not UTC; use at.astimezone(UTC)"
    for (start, end), (later, _) in pairwise(zip(series.starts, series.ends, strict=True)):
        assert start < end <= later, f"the interval from {start} to {end} overlaps the one from {later}"


def check_what_is_asked_for_is_answered(feed_case: FeedCase) -> None:
    """Intervals that do not touch the window are no harm, but those that do must all be there, whole."""
    series = feed_case.feed.fetch(feed_case.start, feed_case.end)
    middle = feed_case.start + (feed_case.end - feed_case.start) / 2
    half = feed_case.feed.fetch(feed_case.start, middle)
    expected = [row for row in zip(series.starts, series.ends, series.values, strict=True) if row[0] < middle]
    found = [row for row in zip(half.starts, half.ends, half.values, strict=True) if row[0] < middle]
    assert found == expected, "half a window is answered otherwise than the first half of the whole one"


def check_values_are_per_kwh(feed_case: FeedCase) -> None:
    """Finite, and of the size of money per kWh."""
    series = feed_case.feed.fetch(feed_case.start, feed_case.end)
    low, high = feed_case.range
    for at, value in zip(series.starts, series.values, strict=True):
        assert isfinite(value), f"NaN or infinite at {at}: leave out what is not published"
        assert low <= value <= high, (
            f"wrong unit? {value:g} {feed_case.currency} per kWh at {at} is outside {low:g} to {high:g}: "
            "divide cents by 100 and prices per MWh by 1000"
        )


CHECKS: tuple[Callable[[FeedCase], None], ...] = (
    check_it_has_something_in_the_window,
    check_times_are_aware_sorted_and_do_not_overlap,
    check_what_is_asked_for_is_answered,
    check_values_are_per_kwh,
)
