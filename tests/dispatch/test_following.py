"""Where the battery follows the load, and where it holds a power."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from optimizer.dispatch import compile_batch
from optimizer.dispatch.following import following_slots
from optimizer.dispatch.publication import Publication, publish
from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.conventions import AfterLastEntry, BatterySign, Conventions
from optimizer.domain.horizon import Horizon
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import Plan
from optimizer.domain.problem import Problem
from optimizer.domain.site import DispatchMode
from optimizer.lp import solve

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SIGNS = Conventions(
    bess_power_positive=BatterySign.CHARGE,
    bess_telemetry_positive=BatterySign.CHARGE,
    after_last_entry=AfterLastEntry.SELF_CONSUMPTION,
)
LIMITS = SiteLimits(import_limit_kw=20, export_limit_kw=20, max_charge_kw=3, max_discharge_kw=3)


def plan_of(
    *, load_kw: tuple[float, ...], solar_kw: tuple[float, ...], price: tuple[float, ...], **more: object
) -> Plan:
    left = (EndValue(kwh=10, value_per_kwh=0.08),)
    battery = Battery(capacity_kwh=10, soc_kwh=5, soc_max_kwh=10, max_charge_kw=3, max_discharge_kw=3, end_values=left)
    problem = Problem(
        site_id="site",
        horizon=Horizon(tuple(START + number * HOUR for number in range(len(load_kw) + 1))),
        load_kw=load_kw,
        heat_kw=(0.0,) * len(load_kw),
        solar_kw=solar_kw,
        import_price_per_kwh=price,
        export_price_per_kwh=(0.05,) * len(load_kw),
        currency="EUR",
        batteries=(replace(battery, **more),),  # type: ignore[arg-type]
    )
    return solve(problem)


def batch_of(plan: Plan, *, mode: DispatchMode = DispatchMode.PER_SLOT, conventions: Conventions = SIGNS) -> Batch:
    return compile_batch(
        plan,
        mode=mode,
        conventions=conventions,
        limits=LIMITS,
        solar_rated_kw=None,
        in_force=(),
        first_start=START,
        publish_until=plan.problem.horizon.end,
    )


def entries(batch: Batch, pair: Pair) -> tuple[Entry, ...]:
    return next((command.entries for command in batch.commands if command.pair is pair), ())


def test_a_load_that_the_battery_serves_whole_is_followed():
    plan = plan_of(load_kw=(2.0, 2.0), solar_kw=(0.0, 0.0), price=(0.3, 0.3))

    batch = batch_of(plan)

    assert following_slots(plan) == {0, 1}
    assert entries(batch, Pair.GRID_POWER) == (Entry(start=START, end=START + 2 * HOUR, value=0.0),)
    assert entries(batch, Pair.BESS_POWER) == ()


def test_a_charge_from_the_grid_is_a_power_and_the_sun_s_surplus_is_followed():
    plan = plan_of(
        load_kw=(1.0, 1.0, 3.0, 3.0, 3.0), solar_kw=(0.0, 3.0, 0.0, 0.0, 0.0), price=(0.1, 0.4, 0.4, 0.4, 0.4)
    )

    batch = batch_of(plan)

    assert following_slots(plan) == {1, 2, 3, 4}
    (charge,) = entries(batch, Pair.BESS_POWER)
    assert (charge.end, charge.value) == (START + HOUR, 2.0)  # 5 kWh, 2 of these and 2 of sun serve 9 in the evening
    (followed,) = entries(batch, Pair.GRID_POWER)
    assert (followed.start, followed.end) == (START + HOUR, START + 5 * HOUR)


def test_a_battery_that_waits_for_a_dearer_hour_rests_by_command():
    plan = plan_of(load_kw=(2.0, 2.0, 2.0), solar_kw=(0.0,) * 3, price=(0.1, 0.1, 0.4), soc_kwh=2.0)

    assert 2 in following_slots(plan)
    assert not {0, 1} & following_slots(plan)
    assert entries(batch_of(plan), Pair.BESS_POWER)[0].value in {0.0, 3.0}


@pytest.mark.parametrize(
    ("first_follow", "found"), [((True,), {0, 1}), ((False,), {1}), ((False, False), set()), ((), {0, 1})]
)
def test_the_first_slots_are_decided_by_the_scenarios_where_there_are_any(first_follow, found):
    plan = replace(plan_of(load_kw=(2.0, 2.0), solar_kw=(0.0, 0.0), price=(0.3, 0.3)), first_follow=first_follow)

    assert following_slots(plan) == found


def test_a_reserve_within_a_slot_s_reach_is_not_risked():
    near = plan_of(load_kw=(2.0,), solar_kw=(0.0,), price=(0.3,), reserve_kwh=2.0)
    far = plan_of(load_kw=(1.0,), solar_kw=(0.0,), price=(0.3,), reserve_kwh=0.5)

    assert following_slots(near) == frozenset()
    assert following_slots(far) == {0}


def test_where_the_sun_is_cut_nothing_follows():
    plan = plan_of(load_kw=(0.0,), solar_kw=(9.0,), price=(0.3,), soc_kwh=9.0)
    cut = replace(plan, flows=replace(plan.flows, curtailed_kw=(1.0,)))

    assert following_slots(cut) == frozenset()


def test_the_last_slot_rests_where_nobody_knows_what_comes_after_it():
    unknown = replace(SIGNS, after_last_entry=AfterLastEntry.UNKNOWN)

    batch = batch_of(plan_of(load_kw=(1.0, 1.0), solar_kw=(0.0, 0.0), price=(0.3, 0.3)), conventions=unknown)

    assert entries(batch, Pair.GRID_POWER)[0].end == START + HOUR
    assert [(entry.start, entry.value) for entry in entries(batch, Pair.BESS_POWER)] == [(START + HOUR, 0.0)]


@pytest.mark.parametrize(
    ("mode", "conventions"),
    [
        (DispatchMode.BATTERY_POWER, SIGNS),
        (DispatchMode.BATTERY_SOC, SIGNS),
        (DispatchMode.PER_SLOT, replace(SIGNS, battery_holds_grid_setpoint=False)),
    ],
)
def test_no_grid_setpoint_is_sent_where_the_settings_want_none(mode, conventions):
    plan = plan_of(load_kw=(2.0, 2.0), solar_kw=(0.0, 0.0), price=(0.3, 0.3))

    assert not entries(batch_of(plan, mode=mode, conventions=conventions), Pair.GRID_POWER)


def no_export_plan() -> Plan:
    """A full battery, and more sun than may leave: by what the plan knows half of it is cut."""
    plan = plan_of(load_kw=(1.0, 1.0), solar_kw=(4.0, 4.0), price=(0.3, 0.3), soc_kwh=10.0)
    return solve(replace(plan.problem, export_limit_kw=1.0))


def test_the_sun_that_the_export_limit_cuts_is_cut_by_no_percentage_and_the_battery_follows():
    plan = no_export_plan()
    batch = batch_of(plan)

    assert plan.flows.curtailed_kw == (2.0, 2.0)
    assert {entry.value for entry in entries(batch, Pair.GRID_LOWER_LIMIT)} == {-1.0}
    assert entries(batch, Pair.SOLAR_CURTAILMENT) == ()
    assert entries(batch, Pair.GRID_POWER) == (Entry(start=START, end=START + 2 * HOUR, value=0.0),)


@pytest.mark.parametrize("mode", [DispatchMode.BATTERY_POWER, DispatchMode.BATTERY_SOC])
def test_the_sun_is_cut_by_command_where_the_battery_holds_what_it_is_told(mode):
    """A gateway that charges the battery before it cuts would move it against its command."""
    batch = batch_of(no_export_plan(), mode=mode)

    assert {entry.value for entry in entries(batch, Pair.SOLAR_CURTAILMENT)} == {50.0}


def test_where_the_battery_is_charged_with_a_power_the_gateway_may_charge_it_more_before_it_cuts():
    plan = plan_of(load_kw=(1.0, 1.0), solar_kw=(6.0, 6.0), price=(0.3, 0.3), soc_kwh=6.0)
    plan = solve(replace(plan.problem, export_limit_kw=1.0))
    plan = replace(plan, first_follow=(False, False))
    batch = batch_of(plan)

    assert min(plan.flows.charge_kw) > 0
    assert min(plan.flows.curtailed_kw) > 0
    assert entries(batch, Pair.GRID_POWER) == ()
    assert entries(batch, Pair.SOLAR_CURTAILMENT) == ()
    assert entries(batch_of(plan, mode=DispatchMode.BATTERY_POWER), Pair.SOLAR_CURTAILMENT) != ()


def test_in_the_last_slot_in_which_the_battery_rests_the_sun_is_cut_by_command():
    batch = batch_of(no_export_plan(), conventions=replace(SIGNS, after_last_entry=AfterLastEntry.UNKNOWN))

    assert entries(batch, Pair.SOLAR_CURTAILMENT) == (Entry(start=START + HOUR, end=START + 2 * HOUR, value=50.0),)


def test_without_a_battery_the_export_limit_alone_cuts_the_sun():
    plan = no_export_plan()
    bare = solve(replace(plan.problem, batteries=()))

    assert bare.flows.curtailed_kw == (2.0, 2.0)
    assert entries(batch_of(bare), Pair.SOLAR_CURTAILMENT) == ()


def test_the_sun_is_cut_by_command_where_the_gateway_would_not():
    batch = batch_of(no_export_plan(), conventions=replace(SIGNS, export_limit_cuts_sun=False))

    assert {entry.value for entry in entries(batch, Pair.SOLAR_CURTAILMENT)} == {50.0}
    assert entries(batch, Pair.GRID_POWER) == ()


def test_the_sun_is_cut_by_command_where_the_plan_exports_less_than_it_may():
    plan = no_export_plan()
    paid = replace(plan.problem, import_price_per_kwh=(-0.1, -0.1), export_price_per_kwh=(-0.2, -0.2))

    assert entries(batch_of(solve(paid)), Pair.SOLAR_CURTAILMENT) != ()


def test_the_sun_is_cut_by_command_where_a_foreign_hand_holds_the_export_limit():
    plan = no_export_plan()
    publication = Publication(
        mode=DispatchMode.PER_SLOT,
        conventions=SIGNS,
        limits=LIMITS,
        solar_rated_kw=None,
        in_force=(),
        theirs=frozenset({Pair.GRID_LOWER_LIMIT}),
        first_start=START,
        publish_until=plan.problem.horizon.end,
    )

    assert entries(publish(plan, publication), Pair.SOLAR_CURTAILMENT) != ()


def test_two_owners_never_share_an_instant():
    plan = plan_of(load_kw=(1.0, 1.0, 3.0), solar_kw=(0.0, 3.0, 0.0), price=(0.1, 0.4, 0.4))
    batch = batch_of(plan)

    windows = [*entries(batch, Pair.BESS_POWER), *entries(batch, Pair.GRID_POWER)]
    for one in windows:
        for other in windows:
            assert one is other or one.end <= other.start or other.end <= one.start


def test_what_stands_for_the_battery_is_cleared_where_all_slots_follow():
    plan = plan_of(load_kw=(2.0, 2.0), solar_kw=(0.0, 0.0), price=(0.3, 0.3))
    standing = Command(pair=Pair.BESS_POWER, entries=(Entry(start=START, end=START + HOUR, value=1.0),))

    batch = compile_batch(
        plan,
        mode=DispatchMode.PER_SLOT,
        conventions=SIGNS,
        limits=LIMITS,
        solar_rated_kw=None,
        in_force=(standing,),
        first_start=START,
        publish_until=plan.problem.horizon.end,
    )

    assert Command(pair=Pair.BESS_POWER, entries=()) in batch.commands
