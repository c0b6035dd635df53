"""Hours by the wall clock of a place: by hand, on the days when clocks change, and at random."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import NOON
from hypothesis import given, settings
from hypothesis import strategies as st
from stated_site import AUTUMN, BERLIN, SPRING, at, hours_inside, local_hours

from optimizer.domain.horizon import plan_horizon
from optimizer.domain.windows import LocalWindow
from strategies.wall_clock import Calendar, local_horizon


@pytest.mark.parametrize("slot_minutes", [5, 15, 60])
@pytest.mark.parametrize(
    ("start", "window", "expected_h"),
    [
        (SPRING, at("02:00", "03:00"), 0.0),
        (SPRING, at("02:30", "03:30"), 0.5),
        (SPRING, at("00:00", "06:00"), 5.0),
        (AUTUMN, at("02:00", "03:00"), 2.0),
        (AUTUMN, at("02:15", "02:45"), 1.0),
        (AUTUMN, at("00:00", "06:00"), 7.0),
    ],
)
def test_a_window_is_open_while_the_wall_shows_its_hours(start, window, expected_h, slot_minutes):
    assert hours_inside(local_hours(20, start, slot_minutes), window) == pytest.approx(expected_h)


def test_a_partial_first_slot_counts_by_its_own_length():
    over = plan_horizon(NOON + timedelta(minutes=7, seconds=30), slot_minutes=15, horizon_hours=1, zone="UTC")

    shares = local_horizon(over, Calendar(zone="UTC")).shares(at("12:00", "12:10"))

    assert shares[0] == pytest.approx(2.5 / 7.5)
    assert list(shares[1:]) == [0.0] * (len(over) - 1)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    friday = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
    over = local_hours(48, friday)
    window = at("22:00", "06:00", days=("fri",))

    shares = local_horizon(over, Calendar(zone=BERLIN)).shares(window)

    open_from = [start for start, share in zip(over.starts, shares, strict=True) if share]
    assert (open_from[0], len(open_from)) == (datetime(2026, 6, 5, 20, 0, tzinfo=UTC), 8)


def test_a_public_holiday_is_no_weekday():
    monday = datetime(2026, 4, 5, 22, 0, tzinfo=UTC)  # Easter Monday, from its local midnight
    over = local_hours(24, monday)

    assert hours_inside(over, at("08:00", "10:00", days=("weekday",)), holiday_country="DE") == 0
    assert hours_inside(over, at("08:00", "10:00", days=("holiday",)), holiday_country="DE") == 2
    assert hours_inside(over, at("08:00", "10:00", days=("weekday",))) == 2


def test_a_wall_time_that_is_skipped_is_the_instant_of_the_jump():
    calendar = Calendar(zone=BERLIN)

    assert calendar.instant(date(2026, 3, 29), 150) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert calendar.instant(date(2026, 10, 25), 150) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.instant(date(2026, 6, 1), 24 * 60) == datetime(2026, 6, 1, 22, 0, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(
    start_min=st.integers(0, 366 * 24 * 60),
    slot_minutes=st.sampled_from([5, 15, 60]),
    first=st.integers(0, 1439),
    length=st.integers(1, 1440),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_the_hours_inside_are_those_that_a_wall_clock_would_count(start_min, slot_minutes, first, length, zone):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start_min)
    over = plan_horizon(begin, slot_minutes=slot_minutes, horizon_hours=8, zone=zone)
    window = LocalWindow(start_min=first, end_min=(first + length - 1) % 1440 + 1)

    shares = local_horizon(over, Calendar(zone=zone)).shares(window)

    minutes = 0
    moment = over.start
    while moment < over.end:
        wall = moment.astimezone(ZoneInfo(zone))
        minutes += (wall.hour * 60 + wall.minute - first) % 1440 < length
        moment += timedelta(minutes=1)
    assert sum(share * h for share, h in zip(shares, over.slot_h, strict=True)) == pytest.approx(minutes / 60)
