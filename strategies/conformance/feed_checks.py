"""What every feed must keep."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from math import isfinite

from optimizer.domain.series import Series
from strategies.conformance.cases import FeedCase, plausible_range
from strategies.conformance.telling import unit_told

EDGES = "give every interval that overlaps the window, not only those that begin in it"


def check_it_covers_the_window_without_gaps(feed_case: FeedCase) -> None:
    """The case names a window in which all is published."""
    series = _answer(feed_case)
    assert series.starts[0] <= feed_case.start, (
        f"gap: asked from {feed_case.start}, the first interval begins at {series.starts[0]}; {EDGES}"
    )
    assert series.ends[-1] >= feed_case.end, (
        f"gap: asked until {feed_case.end}, the last interval ends at {series.ends[-1]}; {EDGES}"
    )
    for end, later in zip(series.ends, series.starts[1:], strict=False):
        assert end == later, f"gap: nothing from {end} to {later}; is an interval's end its own, or the next start?"


def check_times_are_aware_utc_and_sorted(feed_case: FeedCase) -> None:
    """Half-open intervals in UTC, none twice."""
    series = feed_case.fetch()
    for at in (*series.starts, *series.ends):
        assert at.utcoffset() is not None, f"naive time: {at} has no zone; give UTC, e.g. at.replace(tzinfo=UTC)"
        assert at.utcoffset() == timedelta(0), f"{at} is not UTC; use at.astimezone(UTC)"
    for (start, end), (later, _) in pairwise(zip(series.starts, series.ends, strict=True)):
        assert start < end <= later, f"the interval from {start} to {end} overlaps the one from {later}"


def check_intervals_that_overlap_the_window_s_edges_are_given(feed_case: FeedCase) -> None:
    """A window from the middle of an interval to the middle of another holds them both."""
    series = _answer(feed_case)
    begin = series.starts[0] + (series.ends[0] - series.starts[0]) / 2
    end = series.starts[-1] + (series.ends[-1] - series.starts[-1]) / 2
    inner = feed_case.fetch(begin, end)
    for at in (series.starts[0], series.starts[-1]):
        assert at in inner.starts, f"asked from {begin} to {end}, the interval from {at} is not there; {EDGES}"


def check_a_value_does_not_depend_on_the_window(feed_case: FeedCase) -> None:
    """Half a window is answered as the first half of the whole one."""
    series = _answer(feed_case)
    middle = feed_case.start + (feed_case.end - feed_case.start) / 2
    half = feed_case.fetch(feed_case.start, middle)
    expected = [row for row in zip(series.starts, series.ends, series.values, strict=True) if row[0] < middle]
    found = [row for row in zip(half.starts, half.ends, half.values, strict=True) if row[0] < middle]
    assert found == expected, "half a window is answered otherwise than the first half of the whole one"


def check_values_are_finite_and_per_kwh(feed_case: FeedCase) -> None:
    """Finite, and of the size of money per kWh."""
    series = feed_case.fetch()
    low, high = plausible_range(feed_case.currency, feed_case.plausible)
    for at, value in zip(series.starts, series.values, strict=True):
        assert isfinite(value), f"NaN: the value at {at} is {value}; leave out what is not published"
        assert low <= value <= high, (
            f"wrong unit: {value:g} {feed_case.currency} per kWh at {at}, plausible is {low:g} to {high:g}: "
            f"{unit_told(value, low, high)}; where it is right, state plausible=(…, …) in the case"
        )


def _answer(case: FeedCase) -> Series:
    series = case.fetch()
    assert len(series), f"gap: the feed has nothing between {case.start} and {case.end}: choose another window"
    return series


CHECKS: tuple[Callable[[FeedCase], None], ...] = (
    check_it_covers_the_window_without_gaps,
    check_times_are_aware_utc_and_sorted,
    check_intervals_that_overlap_the_window_s_edges_are_given,
    check_a_value_does_not_depend_on_the_window,
    check_values_are_finite_and_per_kwh,
)
