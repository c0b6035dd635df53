"""Loads, vehicles and generators, planned within their windows."""

from datetime import UTC, datetime

import pytest
from builders import NOON, hours
from stated_site import AUTUMN, DAY, DISHES, SPRING, VAN, at, local_hours, site, stated

from optimizer.domain.site import DeferrableLoadSettings, GensetSettings
from optimizer.siting import Moment


def test_a_load_is_planned_in_each_window_that_begins_and_ends_within_the_horizon():
    over = local_hours(36, datetime(2026, 6, 1, 6, 0, tzinfo=UTC))  # 08:00 local to 20:00 the next day

    found = stated(over, site(deferrable_loads=(DISHES,))).deferrable_loads

    assert [(load.name, load.first_slot, load.end_slot) for load in found] == [
        ("dishes 2026-06-01", 2, 10),
        ("dishes 2026-06-02", 26, 34),
    ]
    assert {(load.run_h, load.is_on_off, load.is_single_block) for load in found} == {(1.5, True, True)}


def test_a_load_whose_window_is_open_may_have_run_and_one_that_is_cut_off_can_wait():
    over = local_hours(23, datetime(2026, 6, 1, 14, 0, tzinfo=UTC))  # 16:00 local to 15:00 the next day
    again = DeferrableLoadSettings(
        name="dishes", power_kw=2.0, run_hours=1.5, window=at("10:00", "18:00"), include_open_window=True
    )

    assert stated(over, site(deferrable_loads=(DISHES,))).deferrable_loads == ()
    (load,) = stated(over, site(deferrable_loads=(again,))).deferrable_loads
    assert (load.first_slot, load.end_slot) == (0, 2)
    late = local_hours(12, datetime(2026, 6, 1, 15, 0, tzinfo=UTC))  # an hour is left, an hour and a half is needed
    assert stated(late, site(deferrable_loads=(again,))).deferrable_loads == ()


@pytest.mark.parametrize(("start", "run_h", "slots"), [(SPRING, 0.5, 2), (AUTUMN, 1.5, 10), (SPRING - DAY, 1.5, 6)])
def test_a_window_in_the_night_of_the_change_is_one_stretch(start, run_h, slots):
    night = DeferrableLoadSettings(name="pump", power_kw=1.0, run_hours=1.5, window=at("02:00", "03:30"))

    (load,) = stated(local_hours(20, start, 15), site(deferrable_loads=(night,))).deferrable_loads

    assert (load.run_h, load.end_slot - load.first_slot) == (run_h, slots)


def test_a_vehicle_that_is_cut_off_takes_its_share_and_one_that_stands_there_what_still_fits():
    whole = stated(local_hours(24, NOON), site(ev_sessions=(VAN,))).ev_sessions
    cut = stated(local_hours(6, NOON), site(ev_sessions=(VAN,))).ev_sessions
    standing = stated(local_hours(12, datetime(2026, 6, 2, 3, 0, tzinfo=UTC)), site(ev_sessions=(VAN,))).ev_sessions

    assert [(each.name, each.energy_kwh, each.first_slot, each.end_slot) for each in whole] == [
        ("van 2026-06-01", 20.0, 4, 16)
    ]
    assert [each.energy_kwh for each in cut] == [pytest.approx(20.0 * 2 / 12)]
    assert [(each.name, each.energy_kwh) for each in standing] == [("van 2026-06-01", 10.0)]


@pytest.mark.parametrize(("reading_kw", "running"), [(None, False), (0.0, False), (8.0, True)])
def test_a_single_genset_is_seen_to_run(reading_kw, running):
    where = site(gensets=(GensetSettings(name="diesel", max_kw=20, fuel_cost_per_kwh=0.4, min_up_hours=2),))

    (found,) = stated(hours(2), where, Moment(at=NOON, genset_kw=reading_kw)).gensets

    assert (found.is_running, found.min_up_h) == (running, 2)
