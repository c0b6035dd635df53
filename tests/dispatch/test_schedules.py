"""For any plan and any state in force, the compiled schedule is free of conflicts, and the judge takes it."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import LIMITS, NOON, battery, conventions, hours, problem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.clients import request_body
from optimizer.dispatch import Circumstances, compile_batch, find_conflicts, in_force_as_sent, why_send
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.conventions import AfterLastEntry, BatterySign, CurtailmentBase, CurtailmentPercent
from optimizer.domain.horizon import plan_horizon
from optimizer.domain.plan import Marginals, Optimal, Plan
from optimizer.domain.site import DispatchMode
from optimizer.lp.baseline import complete_flows
from optimizer.planning import clearing_batch
from optimizer.simulator import Entry as JudgeEntry
from optimizer.simulator import Pair as JudgePair
from optimizer.simulator import Rejection, SimulatorOptions, SiteRules, judge_request

HOUR = timedelta(hours=1)
WHERE_FROM = {pair.value: pair for pair in JudgePair}


def plan_of(charge_kw, discharge_kw, curtailed_kw, solar_kw, horizon, store):
    case = problem(horizon, solar_kw=solar_kw, battery=store, load_kw=0.5)
    flows = complete_flows(case, np.array(charge_kw), np.array(discharge_kw), np.array(curtailed_kw))
    return Plan(
        problem=case,
        flows=flows,
        batteries=(),
        others=(),
        verdict=Optimal(),
        costs={},
        objective=0.0,
        shortfalls={},
        peaks_kw={},
        marginals=Marginals(
            node_price_per_kwh=(),
            stored_value_per_kwh=(),
            charge_loss_per_kwh=(),
            discharge_loss_per_kwh=(),
            peak_price_per_kw={},
        ),
        solve_s=0.0,
    )


def entries_for(draw, low, high, now):
    """Sorted, disjoint windows around now, some of them running."""
    at = now - timedelta(minutes=draw(st.integers(0, 90)))
    found = []
    for _ in range(draw(st.integers(0, 4))):
        start = at + timedelta(minutes=draw(st.integers(0, 60)))
        at = start + timedelta(minutes=draw(st.integers(1, 300)))
        if at > now:
            found.append(Entry(start=start, end=at, value=round(draw(st.floats(low, high)), 2)))
    return tuple(found)


@st.composite
def situations(draw):
    """A plan over random slots, conventions, a mode, and a legal state in force."""
    now = NOON + timedelta(seconds=draw(st.integers(0, 3599)))
    horizon = plan_horizon(
        now, slot_minutes=draw(st.sampled_from([5, 15, 30, 60])), horizon_hours=draw(st.sampled_from([3, 26, 36]))
    )
    count = len(horizon)
    # of hundreds of slots hypothesis draws the seed only: to draw each takes it half a minute longer
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    power = chance.choice([0.0, 0.004, 1.0, 2.345678, 4.9999999, 5.0], count).tolist()
    way = chance.choice([False, True], count).tolist()
    cut = chance.choice([0.0, 0.0, 0.3, 1.0], count).tolist()
    store = draw(st.sampled_from([battery(capacity_kwh=1000.0, soc_kwh=500.0, soc_max_kwh=1000.0), None]))
    solar_kw = [3.0] * count
    nothing = [0.0] * count
    charge_kw = [kw if up else 0.0 for kw, up in zip(power, way, strict=True)] if store else nothing
    discharge_kw = [0.0 if up else kw for kw, up in zip(power, way, strict=True)] if store else nothing
    plan = plan_of(charge_kw, discharge_kw, [3.0 * share for share in cut], solar_kw, horizon, store)
    limits = {
        name: tuple(chance.choice([0.0, 4.5, 25.0, math.inf], count).tolist()) if draw(st.booleans()) else None
        for name in ("import_limit_kw", "export_limit_kw")
    }
    plan = replace(plan, problem=replace(plan.problem, **limits))
    stored = {}
    for pair, low, high in (
        (Pair.GRID_UPPER_LIMIT, 0.0, 20.0),
        (Pair.GRID_LOWER_LIMIT, -15.0, 0.0),
        (Pair.GRID_POWER, -1.0, 1.0),
        (Pair.SOLAR_CURTAILMENT, 0.0, 100.0),
        (draw(st.sampled_from([Pair.BESS_POWER, Pair.BESS_SOC])), 0.0, 5.0),
    ):
        if draw(st.booleans()):
            stored[pair] = entries_for(draw, low, high, now)
    in_force = tuple(Command(pair=pair, entries=entries) for pair, entries in stored.items() if entries)
    rules = conventions(
        bess_power_positive=draw(st.sampled_from(list(BatterySign))),
        curtailment_percent=draw(st.sampled_from(list(CurtailmentPercent))),
        curtailment_base=draw(st.sampled_from(list(CurtailmentBase))),
        after_last_entry=draw(st.sampled_from(list(AfterLastEntry))),
        max_entries_per_command=draw(st.sampled_from([2, 12, 96])),
    )
    publish_hours = draw(st.sampled_from([1, 24]))
    return plan, in_force, rules, draw(st.sampled_from(list(DispatchMode))), now, publish_hours


def compiled(situation):
    plan, in_force, rules, mode, now, publish_hours = situation
    return compile_batch(
        plan,
        mode=mode,
        conventions=rules,
        limits=LIMITS,
        solar_rated_kw=8.0,
        in_force=in_force,
        first_start=now,
        publish_until=now + timedelta(hours=publish_hours),
    )


def judge(batch, in_force, rules, now):
    """The simulator's verdict, by its own rules, with the stored schedules as its own."""
    stored = {
        WHERE_FROM[command.pair.value]: tuple(
            JudgeEntry(start=entry.start, end=entry.end, value=entry.value) for entry in command.entries
        )
        for command in in_force
    }
    options = SimulatorOptions(
        bess_power_positive=rules.bess_power_positive.value,
        max_entries_per_command=rules.max_entries_per_command,
    )
    return judge_request(request_body(batch), SiteRules(options=options, stored=stored), now)


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(situations())
def test_every_compiled_schedule_passes_the_checker_and_the_judge(situation):
    plan, in_force, rules, _, now, _ = situation
    batch = compiled(situation)
    clear = clearing_batch(batch, in_force)
    left = in_force if clear is None else tuple(c for c in in_force if c.pair not in clear.pairs)
    sent = [each for each in (clear, batch) if each is not None and each.commands]
    for each, before in zip(sent, (in_force, left) if clear else (left,), strict=False):
        circumstances = Circumstances(now=now, in_force=before, limits=LIMITS, conventions=rules)
        assert find_conflicts(each, circumstances) == ()
        verdict = judge(each, before, rules, now)
        assert not isinstance(verdict, Rejection), verdict
    if plan.problem.battery is not None:
        assert batch.pairs & {Pair.BESS_POWER, Pair.BESS_SOC}
    assert in_force_as_sent(batch, batch.commands, now=now)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(situations())
def test_a_schedule_that_is_in_force_is_held(situation):
    _, _, _, _, now, _ = situation
    batch = compiled(situation)
    stored = tuple(command for command in batch.commands if command.entries)

    reason = why_send(batch, stored, now=now, until=batch.end or now, tolerance=0.0)

    assert reason is None


def test_an_idle_battery_is_one_explicit_zero_entry():
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=36)
    nothing = [0.0] * len(horizon)
    plan = plan_of(nothing, nothing, nothing, nothing, horizon, battery())
    rules = conventions()

    batch = compiled((plan, (), rules, DispatchMode.BATTERY_POWER, NOON, 24))

    (command,) = [each for each in batch.commands if each.pair is Pair.BESS_POWER]
    assert command.entries == (Entry(start=NOON, end=NOON + timedelta(hours=24), value=0.0),)


@pytest.mark.parametrize(("sign", "expected"), [(BatterySign.CHARGE, 2.0), (BatterySign.DISCHARGE, -2.0)])
def test_the_sign_of_charging_is_the_convention_s(sign, expected):
    horizon = plan_horizon(NOON, slot_minutes=60, horizon_hours=2)
    plan = plan_of([2.0, 0.0], [0.0, 2.0], [0.0, 0.0], [0.0, 0.0], horizon, battery())
    rules = conventions(bess_power_positive=sign, after_last_entry=AfterLastEntry.SELF_CONSUMPTION)

    batch = compiled((plan, (), rules, DispatchMode.BATTERY_POWER, NOON, 2))

    (command,) = [each for each in batch.commands if each.pair is Pair.BESS_POWER]
    assert [entry.value for entry in command.entries] == [expected, -expected]


def test_a_schedule_ends_at_rest_while_it_is_unknown_what_follows():
    horizon = plan_horizon(NOON, slot_minutes=60, horizon_hours=3)
    plan = plan_of([2.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3, horizon, battery())

    batch = compiled((plan, (), conventions(), DispatchMode.BATTERY_POWER, NOON, 3))

    (command,) = [each for each in batch.commands if each.pair is Pair.BESS_POWER]
    assert [entry.value for entry in command.entries] == [2.0, 0.0]


@pytest.mark.parametrize(
    ("percent", "base", "expected"),
    [
        (CurtailmentPercent.CUT, CurtailmentBase.AVAILABLE, 75.0),
        (CurtailmentPercent.ALLOW, CurtailmentBase.AVAILABLE, 25.0),
        (CurtailmentPercent.CUT, CurtailmentBase.RATED, 87.5),
        (CurtailmentPercent.ALLOW, CurtailmentBase.RATED, 12.5),
    ],
)
def test_curtailment_is_said_as_the_gateway_counts_it(percent, base, expected):
    """4 kW are available of 8 rated, and 3 are cut: 1 kW is left."""
    horizon = plan_horizon(NOON, slot_minutes=60, horizon_hours=2)
    plan = plan_of([0.0] * 2, [0.0] * 2, [3.0, 0.0], [4.0, 4.0], horizon, battery())
    rules = conventions(curtailment_percent=percent, curtailment_base=base)

    batch = compiled((plan, (), rules, DispatchMode.BATTERY_POWER, NOON, 2))

    (command,) = [each for each in batch.commands if each.pair is Pair.SOLAR_CURTAILMENT]
    assert command.entries == (Entry(start=NOON, end=NOON + timedelta(hours=1), value=expected),)


def test_where_export_costs_money_and_none_is_planned_none_is_allowed():
    plan = plan_of([0] * 4, [0] * 4, [0] * 4, [0] * 4, hours(4), battery())
    prices = (0.1, -0.1, -0.1, 0.0)
    plan = replace(plan, problem=replace(plan.problem, export_price_per_kwh=prices, export_limit_kw=None))
    plan = replace(plan, flows=replace(plan.flows, export_kw=(0.0, 0.0, 1.0, 0.0)))

    def rail(limits, **more):
        batch = compile_batch(
            plan,
            mode=DispatchMode.BATTERY_POWER,
            conventions=conventions(**more),
            limits=limits,
            solar_rated_kw=None,
            in_force=(),
            first_start=NOON,
            publish_until=NOON + timedelta(hours=4),
        )
        found = [command for command in batch.commands if command.pair is Pair.GRID_LOWER_LIMIT]
        return (
            [((each.start - NOON) / HOUR, (each.end - NOON) / HOUR, each.value) for each in found[0].entries]
            if found
            else []
        )

    unrated = replace(LIMITS, export_limit_kw=None)
    assert rail(LIMITS) == [(0, 1, -15.0), (1, 2, 0.0), (2, 4, -15.0)]
    assert rail(unrated) == [(1, 2, 0.0)]
    assert rail(unrated, after_last_entry=AfterLastEntry.HOLD) == [], "it would never be released"


def test_limits_by_slot_are_guard_rails_unless_they_have_a_price():
    by_slot = (math.inf, 4.0, 4.0, 25.0)
    kept = plan_of([0] * 4, [0] * 4, [0] * 4, [0] * 4, hours(4), battery())
    kept = replace(kept, problem=replace(kept.problem, import_limit_kw=by_slot, export_limit_kw=(0.0, 15.0, 0.0, 0.0)))
    priced = replace(kept, problem=replace(kept.problem, import_over_price_per_kwh=1.0))

    def rails(plan, limits):
        batch = compile_batch(
            plan,
            mode=DispatchMode.BATTERY_POWER,
            conventions=conventions(),
            limits=limits,
            solar_rated_kw=None,
            in_force=(),
            first_start=NOON,
            publish_until=NOON + timedelta(hours=4),
        )
        return {
            command.pair: [
                ((entry.start - NOON) / HOUR, (entry.end - NOON) / HOUR, entry.value) for entry in command.entries
            ]
            for command in batch.commands
        }

    rated = rails(kept, LIMITS)
    unrated = rails(kept, replace(LIMITS, import_limit_kw=None))
    assert rated[Pair.GRID_UPPER_LIMIT] == [(0, 1, 20.0), (1, 3, 4.0), (3, 4, 20.0)]
    assert rated[Pair.GRID_LOWER_LIMIT] == [(0, 1, 0.0), (1, 2, -15.0), (2, 4, 0.0)]
    assert unrated[Pair.GRID_UPPER_LIMIT] == [(1, 3, 4.0), (3, 4, 25.0)], "where no limit is known there is no rail"
    assert rails(priced, LIMITS)[Pair.GRID_UPPER_LIMIT] == [(0, 4, 20.0)]


def test_a_curtailment_that_is_no_longer_planned_is_cleared():
    horizon = plan_horizon(NOON, slot_minutes=60, horizon_hours=2)
    nothing = [0.0] * 2
    plan = plan_of(nothing, nothing, nothing, nothing, horizon, battery())
    old = Command(pair=Pair.SOLAR_CURTAILMENT, entries=(Entry(start=NOON, end=NOON + timedelta(hours=1), value=50.0),))

    batch = compiled((plan, (old,), conventions(), DispatchMode.BATTERY_POWER, NOON, 2))

    assert Command(pair=Pair.SOLAR_CURTAILMENT, entries=()) in batch.commands


def _window(value, start_h=0, end_h=1):
    return Entry(start=NOON + timedelta(hours=start_h), end=NOON + timedelta(hours=end_h), value=value)


def _batch(*commands):
    return Batch(commands=tuple(Command(pair=pair, entries=tuple(entries)) for pair, entries in commands))


@pytest.mark.parametrize(
    ("rule", "batch", "in_force"),
    [
        ("command_count", _batch(), ()),
        ("each_pair_once", _batch((Pair.BESS_POWER, [_window(1)]), (Pair.BESS_POWER, [])), ()),
        ("entry_count", _batch((Pair.BESS_POWER, [_window(n % 2, n, n + 1) for n in range(97)])), ()),
        ("entry_times", _batch((Pair.BESS_POWER, [_window(1, 1, 1)])), ()),
        ("entry_times", _batch((Pair.BESS_POWER, [_window(1, -2, -1)])), ()),
        ("entry_times", _batch((Pair.BESS_POWER, [_window(1, 0, 0.0001)])), ()),
        ("entries_in_order", _batch((Pair.BESS_POWER, [_window(1, 0, 2), _window(2, 1, 3)])), ()),
        ("entries_in_order", _batch((Pair.BESS_POWER, [_window(1, 2, 3), _window(2, 0, 1)])), ()),
        ("finite_values", _batch((Pair.BESS_POWER, [_window(float("nan"))])), ()),
        ("values_within_limits", _batch((Pair.BESS_POWER, [_window(5.01)])), ()),
        ("values_within_limits", _batch((Pair.BESS_SOC, [_window(100.5)])), ()),
        ("values_within_limits", _batch((Pair.SOLAR_CURTAILMENT, [_window(-1)])), ()),
        ("values_within_limits", _batch((Pair.GRID_UPPER_LIMIT, [_window(21)])), ()),
        ("values_within_limits", _batch((Pair.GRID_LOWER_LIMIT, [_window(-16)])), ()),
        ("one_battery_pair", _batch((Pair.BESS_POWER, [_window(1)]), (Pair.BESS_SOC, [])), ()),
        ("battery_pairs_after", _batch((Pair.BESS_POWER, [_window(1)]), (Pair.BESS_SOC, [_window(50, 2, 3)])), ()),
        (
            "one_owner",
            _batch((Pair.BESS_POWER, [_window(1)])),
            (Command(pair=Pair.GRID_POWER, entries=(_window(3),)),),
        ),
        (
            "limits_in_order",
            _batch((Pair.GRID_UPPER_LIMIT, [_window(2)])),
            (Command(pair=Pair.GRID_LOWER_LIMIT, entries=(_window(3),)),),
        ),
        (
            "limits_in_order",
            _batch((Pair.GRID_POWER, [_window(12)])),
            (Command(pair=Pair.GRID_UPPER_LIMIT, entries=(_window(10),)),),
        ),
    ],
)
def test_each_broken_rule_is_found_and_named(rule, batch, in_force):
    circumstances = Circumstances(now=NOON, in_force=in_force, limits=LIMITS, conventions=conventions())

    assert any(finding.startswith(f"{rule}: ") for finding in find_conflicts(batch, circumstances))


def test_a_quarrel_among_stored_schedules_does_not_block_clearing_one():
    stored = (
        Command(pair=Pair.GRID_LOWER_LIMIT, entries=(_window(3),)),
        Command(pair=Pair.GRID_UPPER_LIMIT, entries=(_window(2),)),
        Command(pair=Pair.BESS_SOC, entries=(_window(50),)),
    )
    circumstances = Circumstances(now=NOON, in_force=stored, limits=LIMITS, conventions=conventions())

    assert find_conflicts(_batch((Pair.BESS_SOC, [])), circumstances) == ()


def test_touching_entries_do_not_overlap():
    batch = _batch((Pair.BESS_POWER, [_window(1, 0, 1), _window(2, 1, 2)]))
    circumstances = Circumstances(now=NOON, in_force=(), limits=LIMITS, conventions=conventions())

    assert find_conflicts(batch, circumstances) == ()


def test_posting_battery_power_over_a_stored_soc_target_leaves_one_of_them():
    stored = (Command(pair=Pair.BESS_SOC, entries=(_window(50, 0, 5),)),)
    circumstances = Circumstances(now=NOON, in_force=stored, limits=LIMITS, conventions=conventions())

    assert find_conflicts(_batch((Pair.BESS_POWER, [_window(1)])), circumstances) == ()
