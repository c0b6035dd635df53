"""What a plan says of itself: its reasons, its best alternative, and what hangs on the horizon's end."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from builders import battery, hours, problem

from optimizer.domain.assets import EndValue
from optimizer.domain.problem import Problem, Published
from optimizer.lp import Planner, solve

FORCING_PRICE = 1e3


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is considered, and not how busy the machine is."""
    monkeypatch.setattr(import_module("optimizer.lp.solve"), "CONSIDER_S", 60.0)


def random_site(seed: int) -> Problem:
    """A day of hours, or a third of one in quarters, with prices, sun and load by the seed."""
    rng = np.random.default_rng(seed)
    horizon = hours(24) if seed % 2 else hours(8, slot_minutes=15)
    slots = len(horizon)

    def series(low: float, high: float) -> list[float]:
        return [float(number) for number in rng.uniform(low, high, slots)]

    imports = series(-0.05 if seed % 5 == 0 else 0.05, 0.6)
    return problem(
        horizon,
        load_kw=series(0, 4),
        solar_kw=[max(kw, 0.0) for kw in series(-4, 6)],
        import_price_per_kwh=imports,
        export_price_per_kwh=[0.4 * price for price in imports] if seed % 3 else 0.05,
        battery=battery(soc_kwh=float(rng.uniform(1, 10)), wear_cost_per_kwh=float(rng.choice([0.0, 0.02]))),
        import_limit_kw=None,
        export_limit_kw=None,
    )


@pytest.mark.parametrize("seed", range(100))
def test_forcing_the_named_alternative_costs_what_was_stated(seed):
    case = random_site(seed)
    planner = Planner()
    plan = planner.consider(planner.solve(case))

    other = plan.alternative
    assert other is not None
    rest = (None,) * (len(case.horizon) - 1)
    forced = Published(battery_kw=(other.battery_kw, *rest), price_per_kw=(FORCING_PRICE, *(0.0 for _ in rest)))
    dearer = solve(replace(case, published=forced))

    assert dearer.flows.charge_kw[0] - dearer.flows.discharge_kw[0] == pytest.approx(other.battery_kw, abs=1e-5)
    increase = dearer.objective - dearer.costs["change"] - plan.objective
    assert other.extra_cost >= -1e-9
    assert increase == pytest.approx(other.extra_cost, abs=1e-4)


def test_the_first_reason_names_the_alternative_and_its_price():
    case = problem(
        hours(2),
        load_kw=(0.0, 1.9),
        import_price_per_kwh=(0.10, 0.50),
        battery=battery(soc_kwh=1.0),
        terminal_value_per_kwh=0.0,
    )
    planner = Planner()

    plan = planner.consider(planner.solve(case))

    assert plan.reasons[0].startswith(
        "charging 2.11 kW: stored energy is worth 0.105 EUR/kWh (13:00Z), a kWh here 0.100"
    )
    assert plan.reasons[0].endswith("resting instead would cost 0.74 EUR more")
    assert len(plan.reasons) == 2


def test_a_dual_says_what_one_more_stored_kwh_would_save():
    case = problem(hours(4), import_price_per_kwh=(0.2, 0.5, 0.3, 0.4), battery=battery(soc_kwh=2.0, max_charge_kw=0.0))
    richer = replace(case, batteries=(replace(case.batteries[0], soc_kwh=2.01),))

    plan = solve(case)

    worth_now = plan.marginals.stored_value_per_kwh[0]
    start_value = case.batteries[0].end_values[0].value_per_kwh
    saved = (plan.objective - solve(richer).objective) / 0.01
    assert saved + start_value == pytest.approx(worth_now, abs=1e-6)


def test_the_marginal_price_is_what_one_more_kwh_of_load_costs():
    for seed in range(20):
        case = random_site(seed)
        plan = solve(case)
        slot, h = seed % len(case.horizon), case.horizon.slot_h[seed % len(case.horizon)]
        costs = []
        for extra_kw in (-1e-4, 1e-4):
            load = list(case.load_kw)
            load[slot] += extra_kw
            costs.append((solve(replace(case, load_kw=tuple(load))).objective - plan.objective) / (extra_kw * h))
        assert min(costs) - 1e-6 <= plan.marginals.node_price_per_kwh[slot] <= max(costs) + 1e-6


def test_a_plan_that_hangs_on_the_horizon_s_end_says_so():
    """A kWh left is worth as much as it costs now: a quarter more, and the battery is filled at once."""
    store = battery(soc_kwh=5.0, end_values=(EndValue(kwh=10.0, value_per_kwh=0.30),))
    case = problem(hours(2), load_kw=1.0, import_price_per_kwh=0.30, battery=store, terminal_value_per_kwh=0.30)
    planner = Planner()

    plan = planner.consider(planner.solve(case))

    assert plan.end_effect is not None
    assert plan.end_effect.matters
    assert plan.end_effect.with_more_kw > plan.end_effect.planned_kw


def test_a_plan_far_from_the_horizon_s_end_does_not_hang_on_it():
    prices = (0.1, 0.6, 0.1, 0.6, 0.3, 0.3, 0.3, 0.3)
    case = problem(hours(8), load_kw=3.0, import_price_per_kwh=prices, battery=battery(soc_kwh=1.0))
    planner = Planner()

    plan = planner.consider(planner.solve(case))

    assert plan.end_effect is not None
    assert not plan.end_effect.matters


def test_a_plan_without_a_battery_has_reasons_and_no_alternative():
    planner = Planner()
    plan = planner.consider(planner.solve(problem(hours(3), battery=None)))

    assert plan.alternative is None
    assert plan.reasons == ("a kWh more costs 0.300",) * 3
