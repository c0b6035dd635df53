"""Slots on the UTC grid."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import NOON
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.horizon import Horizon, Resolution, floor_to_slot, plan_horizon


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([5, 10, 15, 20, 30, 60]),
    st.floats(1, 72),
)
def test_a_planned_horizon_covers_its_hours_on_the_grid(now, slot_minutes, hours):
    horizon = plan_horizon(now, slot_minutes=slot_minutes, horizon_hours=hours)

    assert horizon.start == now.replace(microsecond=0)
    assert horizon.end >= horizon.start + timedelta(hours=hours)
    assert all(edge.minute % slot_minutes == 0 and edge.second == 0 for edge in horizon.edges[1:])
    assert all(0 < slot_h <= slot_minutes / 60 for slot_h in horizon.slot_h)
    assert all(slot_h == pytest.approx(slot_minutes / 60) for slot_h in horizon.slot_h[1:])


def test_at_a_boundary_the_first_slot_is_whole():
    assert plan_horizon(NOON, slot_minutes=15, horizon_hours=24).slot_h == (0.25,) * 96


def test_a_second_before_a_boundary_the_first_slot_lasts_a_second():
    horizon = plan_horizon(NOON - timedelta(seconds=1), slot_minutes=15, horizon_hours=1)

    assert horizon.slot_h[0] == pytest.approx(1 / 3600)


def test_the_slot_grid_takes_the_floor_not_the_nearest():
    assert floor_to_slot(NOON + timedelta(minutes=14, seconds=59), 15) == NOON


@pytest.mark.parametrize(
    "edges",
    [
        (NOON,),
        (NOON, NOON),
        (NOON, NOON - timedelta(hours=1)),
        (NOON.replace(tzinfo=None), NOON + timedelta(hours=1)),
        (NOON.astimezone(timezone(timedelta(hours=2))), NOON + timedelta(hours=1)),
    ],
)
def test_edges_that_do_not_rise_in_utc_are_refused(edges):
    with pytest.raises((ValueError, TypeError)):
        Horizon(edges)


def test_finer_slots_stand_in_front_and_end_where_the_next_grid_begins():
    """From 12:02: 5 minutes to 12:45 (the quarter after half an hour), quarters to 14:00, then hours."""
    now = NOON + timedelta(minutes=2)
    finer = (Resolution(slot_minutes=5, until_hours=0.5), Resolution(slot_minutes=15, until_hours=1.5))

    horizon = plan_horizon(now, slot_minutes=60, horizon_hours=4, finer=finer)

    lengths = [round(hours * 60) for hours in horizon.slot_h]
    assert lengths == [3, *[5] * 8, *[15] * 5, 60, 60, 60]
    assert horizon.start == now
    assert horizon.end == NOON + timedelta(hours=5)
