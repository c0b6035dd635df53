"""All that may be stated at once, and what contradicts itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import hours
from hypothesis import given, settings
from hypothesis import strategies as st
from stated_site import BERLIN, DISHES, VAN, charge, site, stated, tank

from optimizer.domain.horizon import plan_horizon
from optimizer.domain.site import (
    BatterySettings,
    DeferrableLoadSettings,
    DepthCost,
    EvSessionSettings,
    GensetSettings,
    GridSettings,
    LimitWindow,
    NightBand,
    TaperStep,
)
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.siting import contradictions
from strategies.wall_clock import Calendar, local_horizon


@settings(max_examples=40, deadline=None)
@given(
    start_min=st.integers(0, 366 * 24 * 60),
    slot_minutes=st.sampled_from([5, 15, 60]),
    interval_minutes=st.sampled_from([5, 15, 60]),
    first=st.integers(0, 1439),
    length=st.integers(1, 1440),
    period=st.sampled_from(BillingPeriod),
    highest_days=st.integers(1, 3),
)
def test_whatever_is_stated_makes_a_problem_and_no_slot_is_billed_twice(
    start_min, slot_minutes, interval_minutes, first, length, period, highest_days
):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start_min)
    window = LocalWindow(start_min=first, end_min=(first + length - 1) % 1440 + 1)
    where = site(
        grid=GridSettings(import_limits=(LimitWindow(window=window, limit_kw=4.0),)),
        peak_charges=(
            charge(window=window, billing_period=period, highest_days=highest_days, interval_minutes=interval_minutes),
        ),
        deferrable_loads=(DeferrableLoadSettings(name="load", power_kw=1.0, run_hours=length / 60, window=window),),
        ev_sessions=(EvSessionSettings(name="car", energy_kwh=5.0, max_charge_kw=11.0, window=window),),
        heat_stores=(tank(night=NightBand(window=window, min_c=30.0, max_c=50.0)),),
    )
    over = plan_horizon(begin, slot_minutes=slot_minutes, horizon_hours=30, zone=BERLIN)

    found = stated(over, where)

    assert not list(contradictions(where, over))
    limit_kw = found.import_limit_kw
    assert all(kw in {4.0, 20.0} for kw in (limit_kw if isinstance(limit_kw, tuple) else (limit_kw,)))
    billed = [sum(one.interval_of_slot[slot] >= 0 for one in found.peak_charges) for slot in range(len(over))]
    shares = local_horizon(over, Calendar(zone=BERLIN)).shares(window)
    assert billed == [int(share > 0.5) for share in shares]
    for each in (*found.deferrable_loads, *found.ev_sessions):
        assert 0 <= each.first_slot < each.end_slot <= len(over)
        inside = shares[each.first_slot : each.end_slot]
        assert all(share == 1 for share in inside) or length == 1440


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (site(gensets=(GensetSettings(name="import", max_kw=1, fuel_cost_per_kwh=1),)), "taken by a cost"),
        (site(peak_charges=(charge(), charge())), "two charges are named 'peak'"),
        (
            site(battery=BatterySettings(charge_taper=(TaperStep(soc_percent=50, limit_kw=1),))),
            "charge_taper has one point",
        ),
        (
            site(
                battery=BatterySettings(
                    depth_costs=(DepthCost(percent=5, cost_per_kwh=1), DepthCost(percent=5, cost_per_kwh=0))
                )
            ),
            "depth_segments must cost more the deeper",
        ),
        (site(heat_stores=(tank(loss_kw_per_k=3.0),)), "give shorter slots"),
        (site(peak_charges=(charge(name="carbon", window=LocalWindow(months=(1,))),)), "taken by a cost"),
        (
            site(
                deferrable_loads=(replace(DISHES, name="van", window=replace(VAN.window, days=("sun",))),),
                ev_sessions=(VAN,),
            ),
            "two assets or charges are called 'van 2026-06-0",
        ),
    ],
)
def test_what_contradicts_itself_is_told_before_there_is_a_plan(where, words):
    (found,) = contradictions(where, hours(72))

    assert words in found
