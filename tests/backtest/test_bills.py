"""Spans under one invoice."""

from datetime import UTC, datetime, timedelta

import pytest

from optimizer.backtest.bills import _months

QUARTER = timedelta(minutes=15)


def edges(start: datetime, quarters: int) -> tuple[datetime, ...]:
    return tuple(start + number * QUARTER for number in range(quarters + 1))


@pytest.mark.parametrize(
    ("start", "quarters", "expected"),
    [
        # 31 July 22:00 local to 1 September 01:00 local: an evening and an hour count with August
        (datetime(2024, 7, 31, 20, tzinfo=UTC), 8 + 31 * 96 + 4, [(0, 8 + 31 * 96 + 4)]),
        # a whole day at either end is a month of its own
        (datetime(2024, 7, 30, 22, tzinfo=UTC), 33 * 96, [(0, 96), (96, 32 * 96), (32 * 96, 33 * 96)]),
        # the 25 hours and the 23 hours of the clock's changes
        (datetime(2024, 9, 30, 22, tzinfo=UTC), 31 * 96 + 4 + 96, [(0, 31 * 96 + 4), (31 * 96 + 4, 32 * 96 + 4)]),
        (datetime(2024, 2, 29, 23, tzinfo=UTC), 31 * 96 - 4 + 96, [(0, 31 * 96 - 4), (31 * 96 - 4, 32 * 96 - 4)]),
    ],
)
def test_a_month_is_local_and_what_is_less_than_a_day_of_one_goes_with_its_neighbour(start, quarters, expected):
    assert list(_months(edges(start, quarters), "Europe/Berlin")) == expected


def test_two_parts_of_a_day_over_midnight_of_the_first_are_one():
    start = datetime(2024, 7, 31, 10, tzinfo=UTC)
    assert list(_months(edges(start, 100), "Europe/Berlin")) == [(0, 100)]
