"""Wishes that cannot all be kept: the plan names the smallest set that contradicts itself, and is still given."""

from dataclasses import replace

import pytest
from builders import battery, hours, problem

from optimizer.domain.assets import EvSession
from optimizer.domain.plan import Relaxed
from optimizer.lp import solve


def test_a_goal_and_an_import_limit_that_contradict_are_named_and_nothing_else():
    """9 kWh in two hours from 1 kWh need more than the 2 kW that the limit leaves; the reserve is not to blame."""
    store = battery(soc_kwh=1.5, reserve_kwh=1.2, goal_kwh=(0.0, 9.0, 0.0))
    case = problem(hours(3), load_kw=1.0, import_limit_kw=3.0, battery=store)

    plan = solve(case)

    assert isinstance(plan.verdict, Relaxed)
    assert plan.verdict.contradiction == ("the import limit", "the goal of battery")
    assert "the import limit and the goal of battery cannot be kept together" in str(plan.verdict)
    assert max(plan.flows.import_kw) <= 3.0 + 1e-4


def test_a_vehicle_that_leaves_too_soon_contradicts_the_limit_by_itself_or_with_it():
    soon = EvSession(name="ev", energy_kwh=8.0, max_charge_kw=11.0, end_slot=1)
    case = replace(problem(hours(2), load_kw=1.0, import_limit_kw=5.0, battery=None), ev_sessions=(soon,))

    with_limit = solve(case)
    too_much = solve(replace(case, ev_sessions=(replace(soon, energy_kwh=20.0),)))

    assert isinstance(with_limit.verdict, Relaxed)
    assert with_limit.verdict.contradiction == ("the import limit", "the energy asked for of ev")
    assert isinstance(too_much.verdict, Relaxed)
    assert too_much.verdict.contradiction == ("the energy asked for of ev",)
    assert "cannot be kept together" not in str(too_much.verdict)


@pytest.mark.parametrize("limit_kw", [0.5, 3.0])
def test_a_limit_below_the_load_contradicts_physics_alone(limit_kw):
    plan = solve(problem(hours(2), load_kw=4.0, import_limit_kw=limit_kw, battery=None))

    assert isinstance(plan.verdict, Relaxed)
    assert plan.verdict.contradiction == ("the import limit",)
