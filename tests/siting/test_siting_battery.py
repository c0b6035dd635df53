"""Percent, reserve and targets of a battery, laid onto a horizon."""

from datetime import UTC, datetime

import pytest
from builders import NOON, battery, hours
from stated_site import AUTUMN, BERLIN, DAY, SPRING, local_hours

from optimizer.domain.horizon import Horizon
from optimizer.domain.site import BatterySettings, DepthCost, SocTarget, TaperStep
from optimizer.siting import stated_battery
from strategies.wall_clock import Calendar


def of_battery(over: Horizon, demand_kw: float = 0.0, **changes: object):
    return stated_battery(
        battery(capacity_kwh=20.0, soc_max_kwh=18.0, soc_min_kwh=2.0, reserve_kwh=3.0),
        BatterySettings(**changes),
        over,
        Calendar(zone=BERLIN),
        (demand_kw,) * len(over),
    )


def test_percent_become_kwh():
    found = of_battery(
        hours(2),
        charge_taper=(TaperStep(soc_percent=80, limit_kw=5), TaperStep(soc_percent=100, limit_kw=1)),
        depth_costs=(DepthCost(percent=75, cost_per_kwh=0), DepthCost(percent=25, cost_per_kwh=0.02)),
        self_discharge_percent_per_h=0.5,
        charges_from_grid=False,
        discharges_to_grid=False,
        min_charge_kw=9.0,
        standby_kw=0.03,
        is_dc_coupled=True,
    )

    assert [(point.soc_kwh, point.limit_kw) for point in found.charge_taper] == [(16.0, 5), (20.0, 1)]
    assert [segment.kwh for segment in found.depth_segments] == [15.0, 5.0]
    assert (found.self_discharge_per_h, found.standby_kw, found.is_dc_coupled) == (0.005, 0.03, True)
    assert (found.charges_from_grid, found.discharges_to_grid) == (False, False)
    assert found.min_charge_kw == 5.0, "never more than it can take at all"
    assert found.reserve_kwh == 3.0, "the fixed reserve where no hours are stated"


def test_the_reserve_covers_the_hours_to_come_and_repeats_the_last_day_behind_the_end():
    found = of_battery(hours(4), demand_kw=1.9, reserve_hours=3.0)

    assert found.reserve_kwh == pytest.approx((2.0 + 3 * 1.9 / 0.95,) * 4)


def test_the_reserve_is_capped_at_the_window_s_top_and_never_below_the_fixed_one():
    assert of_battery(hours(3), demand_kw=50.0, reserve_hours=3.0).reserve_kwh == (18.0,) * 3
    assert of_battery(hours(3), demand_kw=0.0, reserve_hours=3.0).reserve_kwh == (3.0,) * 3


@pytest.mark.parametrize(
    ("start", "goal_starts"),
    [
        (SPRING, [datetime(2026, 3, 29, 4, 45, tzinfo=UTC)]),
        (AUTUMN, [datetime(2026, 10, 25, 5, 45, tzinfo=UTC)]),
        (SPRING - DAY, [datetime(2026, 3, 28, 5, 45, tzinfo=UTC)]),
    ],
)
def test_a_target_holds_at_its_local_time_whatever_the_clocks_do(start, goal_starts):
    over = local_hours(24, start, 15)

    found = of_battery(over, targets=(SocTarget(at_min=7 * 60, soc_percent=60),))

    assert [begin for begin, level in zip(over.starts, found.goal_kwh, strict=True) if level] == goal_starts
    assert max(found.goal_kwh) == 12.0


def test_a_target_s_price_is_for_each_missing_kwh_whatever_the_slot_s_length():
    over = local_hours(24, NOON, 15)
    target = SocTarget(at_min=7 * 60, soc_percent=60)

    assert of_battery(over, targets=(target,), goal_price_per_kwh=0.5).goal_price_per_kwh == pytest.approx(2.0)
    assert of_battery(over, goal_price_per_kwh=0.5).goal_price_per_kwh is None


def test_a_target_between_two_boundaries_is_met_at_the_earlier_one_and_other_days_ask_nothing():
    over = local_hours(24, NOON)  # Monday
    wanted = SocTarget(at_min=7 * 60 + 30, soc_percent=50, days=("tue",))
    other = SocTarget(at_min=7 * 60 + 30, soc_percent=50, days=("mon",))

    found = of_battery(over, targets=(wanted,))

    assert [slot for slot, level in enumerate(found.goal_kwh) if level] == [16]  # 06:00 to 07:00 local
    assert of_battery(over, targets=(other,)).goal_kwh is None
