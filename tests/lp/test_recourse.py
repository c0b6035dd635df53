"""The cost to go without a solver is that of the linear program, and so is the decision that rests on it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.horizon import Horizon
from optimizer.domain.problem import Problem, Published
from optimizer.domain.uncertainty import Scenario, Uncertainty
from optimizer.lp import caution
from optimizer.lp.caution import Trusted, decide_first, decide_plainly
from optimizer.lp.highs import Session
from optimizer.lp.linear import Floats
from optimizer.lp.recourse import cost_to_go, is_plain, slots_alike, step_costs, steps_of, turns_of
from optimizer.lp.solve import Planner

START = datetime(2026, 6, 1, tzinfo=UTC)
CENTS = st.integers(0, 40).map(lambda cents: cents / 100)


@st.composite
def plain_problems(draw: st.DrawFn) -> Problem:
    slots = draw(st.integers(2, 10))
    minutes = draw(st.sampled_from([15, 60]))
    edges = tuple(START + number * timedelta(minutes=minutes) for number in range(slots + 1))

    def many(of: st.SearchStrategy[float]) -> tuple[float, ...]:
        return tuple(draw(st.lists(of, min_size=slots, max_size=slots)))

    power = st.integers(0, 60).map(lambda tenth: tenth / 10)
    bought = many(CENTS)
    is_limited = draw(st.booleans())
    floor = draw(st.sampled_from([0.0, 1.0]))
    wear = draw(st.sampled_from([0.0, 0.02]))
    battery = Battery(
        capacity_kwh=8.0,
        soc_kwh=draw(st.sampled_from([floor, 3.3, 7.5])),
        soc_min_kwh=floor,
        soc_max_kwh=7.5,
        max_charge_kw=draw(st.sampled_from([1.0, 5.0])),
        max_discharge_kw=draw(st.sampled_from([2.0, 5.0])),
        charge_efficiency=draw(st.sampled_from([1.0, 0.9])),
        discharge_efficiency=draw(st.sampled_from([1.0, 0.92])),
        wear_cost_per_kwh=wear,
        end_values=(EndValue(kwh=3.0, value_per_kwh=0.2), EndValue(kwh=5.0, value_per_kwh=0.05)),
    )
    told = draw(st.sampled_from([None, 0.0, 1.5, -1.0]))
    return Problem(
        site_id="site",
        horizon=Horizon(edges),
        load_kw=many(power),
        heat_kw=(0.0,) * slots,
        solar_kw=many(power),
        import_price_per_kwh=bought,
        export_price_per_kwh=tuple(min(price, draw(CENTS)) for price in bought),
        currency="EUR",
        import_limit_kw=30.0 if is_limited else None,
        export_limit_kw=draw(st.sampled_from([1.0, 4.0])) if is_limited else None,
        batteries=(battery,),
        published=None
        if told is None
        else Published(battery_kw=(None, *[told] * (slots - 1)), price_per_kw=(0.003,) * slots),
    )


def scenarios_of(draw_from: np.random.Generator, problem: Problem, count: int) -> Uncertainty:
    slots = len(problem.horizon)

    def other(kw: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(np.round(np.maximum(np.array(kw) + draw_from.normal(0, 1.5, slots), 0.0), 2).tolist())

    scenarios = tuple(
        Scenario(probability=1 / count, load_kw=other(problem.load_kw), solar_kw=other(problem.solar_kw))
        for _ in range(count)
    )
    return Uncertainty(scenarios=scenarios)


def check_the_least_cost(problem: Problem) -> None:
    """Without a solver and by the linear program."""
    turns = turns_of(problem, Uncertainty(scenarios=()))
    assert is_plain(problem, turns)
    costs = step_costs(problem, turns, steps_of(problem))
    assume(costs is not None)
    to_go = cost_to_go(problem, costs, shared=0)
    assert to_go is not None

    plan = Planner().solve(problem)

    soc_kwh = problem.batteries[0].soc_kwh
    worth_now = 0.2 * min(soc_kwh, 3.0) + 0.05 * max(soc_kwh - 3.0, 0.0)
    least = float(to_go.functions()[0].at(np.array([soc_kwh]))[0])
    assert least + worth_now == pytest.approx(plan.objective, abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(problem=plain_problems())
def test_the_least_cost_is_that_of_the_linear_program(problem: Problem):
    check_the_least_cost(problem)


@settings(max_examples=60, deadline=None)
@given(problem=plain_problems(), charges=st.booleans(), discharges=st.booleans())
def test_the_least_cost_is_that_of_the_linear_program_where_the_grid_is_barred(
    problem: Problem, charges: bool, discharges: bool
):
    """Doing as told is worth nothing here: for that the program may cut sun to make room for a discharge."""
    barred = replace(problem.batteries[0], charges_from_grid=charges, discharges_to_grid=discharges)
    problem = replace(problem, batteries=(barred,), published=None)
    check_the_least_cost(problem)


@settings(max_examples=80, deadline=None)
@given(problem=plain_problems(), seed=st.integers(0, 2**20), count=st.integers(2, 6))
def test_the_first_command_is_as_good_as_the_linear_program_s(problem: Problem, seed: int, count: int):
    uncertainty = scenarios_of(np.random.default_rng(seed), problem, count)
    planner = Planner()
    planner.solve(problem)
    last = planner._last
    assert last is not None
    trusted = Trusted(model=last.model, basis=last.basis, values=last.values)
    trusting_kw = last.values[last.model.variables.batteries[0].charge_kw.index[0]]
    trusting_kw -= last.values[last.model.variables.batteries[0].discharge_kw.index[0]]

    plainly = decide_plainly(problem, uncertainty, np.array([[trusting_kw]]))
    by_program = _by_program(problem, uncertainty, np.array([[trusting_kw]]), trusted)

    assume(plainly is not None)
    if by_program is not None and by_program.expected_saving is None:
        assert plainly.expected_saving is None, "what the forecast alone asks for breaks a limit in some scenario"
        return
    saved = 0.0 if by_program is None else by_program.expected_saving
    assert plainly.expected_saving == pytest.approx(saved, abs=1e-6)
    assert plainly.expected_saving >= -1e-9


def test_where_doing_as_told_is_worth_more_than_energy_the_linear_program_decides():
    """Charging and discharging at once would then do as told and burn the energy: no such cost is convex."""
    told = Published(battery_kw=(None, 1.5), price_per_kw=(0.003, 0.003))
    problem = replace(
        two_hours(0.0),
        import_price_per_kwh=(0.0, 0.0),
        export_price_per_kwh=(0.0, 0.0),
        published=told,
        batteries=(replace(two_hours(0.0).batteries[0], discharge_efficiency=0.9),),
    )
    turns = turns_of(problem, Uncertainty(scenarios=()))

    assert is_plain(problem, turns)
    assert step_costs(problem, turns, steps_of(problem)) is None
    assert decide_plainly(problem, Uncertainty(scenarios=()), np.array([[0.0]])) is None


def _by_program(
    problem: Problem, uncertainty: Uncertainty, trusting_kw: Floats, trusted: Trusted
) -> caution.Decision | None:
    """A weight on risk too small to matter keeps the solver-free way out."""
    hardly = replace(uncertainty, risk_weight=1e-12, tail=1.0)
    return decide_first(Session(), problem, hardly, trusting_kw, trusted, lambda: inf)


@pytest.mark.parametrize(
    "change",
    [
        {"export_price_per_kwh": (0.5, 0.0)},
        {"import_price_per_kwh": (-0.1, 0.2), "export_price_per_kwh": (-0.2, 0.0)},
        {"preference_budget": 0.1},
        {"inverter_limit_kw": 3.0},
    ],
)
def test_what_is_not_plain_is_left_to_the_linear_program(change: dict[str, object]):
    problem = Problem(
        site_id="site",
        horizon=Horizon((START, START + timedelta(hours=1), START + timedelta(hours=2))),
        load_kw=(1.0, 1.0),
        heat_kw=(0.0, 0.0),
        solar_kw=(0.0, 2.0),
        import_price_per_kwh=(0.3, 0.3),
        export_price_per_kwh=(0.1, 0.1),
        currency="EUR",
        batteries=(Battery(capacity_kwh=5.0, soc_kwh=2.0, soc_max_kwh=5.0, max_charge_kw=2.0, max_discharge_kw=2.0),),
    )
    changed = replace(problem, **change)  # type: ignore[arg-type]

    assert is_plain(problem, turns_of(problem, Uncertainty(scenarios=())))
    assert not is_plain(changed, turns_of(changed, Uncertainty(scenarios=())))
    assert decide_plainly(changed, Uncertainty(scenarios=()), np.array([[0.0]])) is None


def two_hours(load_kw: float) -> Problem:
    """A stock worth less than what is bought: serving the load from it pays, selling it does not."""
    return Problem(
        site_id="site",
        horizon=Horizon((START, START + timedelta(hours=1), START + timedelta(hours=2))),
        load_kw=(load_kw, 0.0),
        heat_kw=(0.0, 0.0),
        solar_kw=(0.0, 0.0),
        import_price_per_kwh=(0.3, 0.3),
        export_price_per_kwh=(0.05, 0.05),
        currency="EUR",
        batteries=(
            Battery(
                capacity_kwh=5.0,
                soc_kwh=5.0,
                soc_max_kwh=5.0,
                max_charge_kw=4.0,
                max_discharge_kw=4.0,
                end_values=(EndValue(kwh=5.0, value_per_kwh=0.15),),
            ),
        ),
    )


@pytest.mark.parametrize(("may_follow", "follows", "saving"), [(True, True, 0.125), (False, None, 0.025)])
def test_a_battery_that_may_follow_does_where_the_load_may_come_either_way(may_follow, follows, saving):
    """2 kW of discharge lose 0.10 where the load is 1 kW and 0.15 where it is 3 kW; 3 kW lose 0.20 and nothing."""
    scenarios = tuple(Scenario(probability=0.5, load_kw=(kw, 0.0)) for kw in (1.0, 3.0))
    uncertainty = Uncertainty(scenarios=scenarios, may_follow=may_follow)

    decision = decide_plainly(two_hours(2.0), uncertainty, np.array([[-2.0]]))

    assert decision is not None
    assert decision.follows is follows
    assert decision.expected_saving == pytest.approx(saving, abs=1e-9)


def test_a_battery_follows_where_that_costs_no_more_by_the_forecast_alone():
    """It could as well rest in the first hour and serve the second: a load that swings is for the one that follows."""
    either = replace(two_hours(2.0), load_kw=(2.0, 4.0))
    told = Published(battery_kw=(0.0, -4.0), price_per_kw=(0.02, 0.02))

    decision = decide_plainly(
        replace(either, published=told), Uncertainty(scenarios=(), may_follow=True), np.array([[0.0]])
    )

    assert decision is not None
    assert decision.follows is True


def test_a_battery_rests_where_its_stock_is_worth_clearly_more_later():
    dear_later = replace(two_hours(2.0), load_kw=(2.0, 4.0), import_price_per_kwh=(0.2, 0.4))
    dear_later = replace(dear_later, batteries=(replace(dear_later.batteries[0], soc_kwh=4.0),))

    decision = decide_plainly(dear_later, Uncertainty(scenarios=(), may_follow=True), np.array([[0.0]]))

    assert decision is not None
    assert decision.follows is False
    assert decision.net_kw[0, 0] == pytest.approx(0.0)


@pytest.mark.parametrize(("kept_is_worth", "follows"), [(0.055, True), (0.045, False)])
def test_sun_is_sold_rather_than_stored_for_a_clear_gain_alone(kept_is_worth, follows):
    """2 kWh that sell for 0.06: what few scenarios know nothing of is worth a twentieth of the mean price, 0.01."""
    sunny = replace(two_hours(0.0), solar_kw=(2.0, 0.0), import_price_per_kwh=(0.2, 0.2))
    battery = replace(sunny.batteries[0], soc_kwh=0.0, end_values=(EndValue(kwh=8.0, value_per_kwh=kept_is_worth),))
    problem = replace(sunny, batteries=(battery,), export_price_per_kwh=(0.06, 0.0))

    decision = decide_plainly(problem, Uncertainty(scenarios=(), may_follow=True), np.array([[0.0]]))

    assert decision is not None
    assert decision.follows is follows
    assert decision.net_kw[0, 0] == pytest.approx(2.0 if follows else 0.0)


def test_one_power_is_found_for_all_shared_slots_of_one_price():
    quarters = tuple(START + number * timedelta(minutes=15) for number in range(7))
    problem = replace(
        two_hours(0.0),
        horizon=Horizon(quarters),
        **dict.fromkeys(("load_kw", "heat_kw", "solar_kw"), (0.0,) * 6),
        import_price_per_kwh=(0.3, 0.3, 0.1, 0.1, 0.3, 0.3),
        export_price_per_kwh=(0.05,) * 6,
    )
    scenarios = (Scenario(probability=0.5, load_kw=(1.0, 3.0, 0.0, 0.0, 0.0, 0.0)),)
    uncertainty = Uncertainty(scenarios=scenarios, shared_slots=4)
    turns = turns_of(problem, uncertainty)

    decision = decide_plainly(problem, uncertainty, np.zeros((1, 4)))

    assert slots_alike(turns, 4) == 2
    assert steps_of(problem, 2).h.tolist() == [0.5, 0.25, 0.25, 0.25, 0.25]
    assert decision is not None
    assert decision.net_kw.shape == (1, 2)
    assert decision.net_kw[0] == pytest.approx(-2.0)
    assert decision.expected_saving == pytest.approx(0.5 * (0.3 - 0.1) - 0.5 * (0.1 - 0.05))
