"""Plans that mind several outcomes: against separate solves of each, with the first command held."""

from dataclasses import replace

import numpy as np
import pytest
from builders import battery, hours, problem
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.assets import EndValue
from optimizer.domain.peaks import BilledPeak, Direction
from optimizer.domain.plan import Feasible, Optimal
from optimizer.domain.problem import Problem, Published
from optimizer.domain.uncertainty import Scenario, Uncertainty
from optimizer.lp import Planner, solve
from optimizer.lp.scenarios import in_scenario
from optimizer.lp.verify import deviations

SLOTS = 6
kw = st.floats(0, 5).map(lambda number: round(number, 2))
price = st.floats(0.05, 0.5).map(lambda number: round(number, 3))


@st.composite
def uncertain_problems(draw) -> Problem:
    """Six hours, two to four outcomes beside the forecast, sold below what is bought."""

    def series(numbers):
        return tuple(draw(st.lists(numbers, min_size=SLOTS, max_size=SLOTS)))

    prices = series(price)
    count = draw(st.integers(2, 4))
    weights = draw(st.lists(st.floats(0.1, 1), min_size=count + 1, max_size=count + 1))
    scenarios = tuple(
        Scenario(probability=weight / sum(weights), load_kw=series(kw), solar_kw=series(kw)) for weight in weights[1:]
    )
    return problem(
        hours(SLOTS),
        load_kw=series(kw),
        solar_kw=series(kw),
        import_price_per_kwh=prices,
        export_price_per_kwh=tuple(number * 0.4 for number in prices),
        import_limit_kw=None,
        export_limit_kw=None,
        battery=battery(soc_kwh=draw(st.floats(1, 10)), end_values=(EndValue(kwh=10, value_per_kwh=0.1),)),
        uncertainty=Uncertainty(scenarios=scenarios),
    )


def with_first(case: Problem, net_kw: float) -> Problem:
    """``case`` with the battery's first power forced by what it costs to do anything else."""
    told = (net_kw, *(None,) * (SLOTS - 1))
    return replace(case, uncertainty=None, published=Published(battery_kw=told, price_per_kw=(1e3,) * SLOTS))


def expected_cost(case: Problem, net_kw: float) -> float:
    """What the outcomes cost on average when the first command is ``net_kw``, each solved by itself."""
    scenarios = case.uncertainty.scenarios
    own = 1 - sum(scenario.probability for scenario in scenarios)
    outcomes = [(own, case), *((one.probability, in_scenario(case, one)) for one in scenarios)]
    return sum(share * solve(with_first(outcome, net_kw)).objective for share, outcome in outcomes)


@settings(max_examples=40, deadline=None)
@given(uncertain_problems())
def test_no_other_first_command_costs_less_on_average(case):
    plan = solve(case)
    first_kw = plan.flows.charge_kw[0] - plan.flows.discharge_kw[0]

    least = expected_cost(case, first_kw)

    battery_ = case.battery
    room_kw = min(5.0, (battery_.soc_max_kwh - battery_.soc_kwh) / battery_.charge_efficiency)
    most_out_kw = min(5.0, (battery_.soc_kwh - battery_.soc_min_kwh) * battery_.discharge_efficiency)
    for other_kw in np.linspace(-most_out_kw, room_kw, 7):
        assert least <= expected_cost(case, float(other_kw)) + 1e-5


@settings(max_examples=40, deadline=None)
@given(uncertain_problems())
def test_the_stated_price_and_saving_of_caution_are_true(case):
    trusting = solve(replace(case, uncertainty=None))
    plan = solve(case)

    caution = plan.caution
    assert not list(deviations(plan))
    if caution is None:
        assert plan.objective == pytest.approx(trusting.objective, abs=1e-6)
        return
    assert caution.price == pytest.approx(plan.objective - trusting.objective, abs=1e-6)
    saved = expected_cost(case, caution.trusting_kw) - expected_cost(case, caution.battery_kw)
    assert caution.expected_saving == pytest.approx(saved, abs=1e-4)
    assert caution.expected_saving >= -1e-7
    assert plan.flows.charge_kw[0] - plan.flows.discharge_kw[0] == pytest.approx(caution.battery_kw, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(uncertain_problems(), st.lists(kw, min_size=SLOTS, max_size=SLOTS), st.floats(0, 0.02))
def test_whether_to_follow_is_decided_alike_with_a_charge_that_costs_nothing_and_without_a_solver(case, told, price):
    may_follow = replace(
        case,
        uncertainty=replace(case.uncertainty, may_follow=True),
        published=Published(battery_kw=tuple(told), price_per_kw=(price,) * SLOTS),
    )
    peak = BilledPeak(name="peak", interval_of_slot=tuple(range(SLOTS)), price_per_kw=0.0, direction=Direction.IMPORT)

    plainly, charged = solve(may_follow), solve(replace(may_follow, peak_charges=(peak,)))

    assert len(charged.first_follow) == 1
    assert charged.first_follow == plainly.first_follow
    assert charged.objective == pytest.approx(plainly.objective, abs=1e-6)


def under_a_peak_charge(*, soc_kwh: float, price_per_kw: float, later_price: float, **more: float) -> Problem:
    """Two hours; 2 kW are forecast for the first, but 1 or 3 kW may come as well."""
    scenarios = tuple(Scenario(probability=0.3, load_kw=(load_kw, 2.0)) for load_kw in (1.0, 3.0))
    peak = BilledPeak(name="peak", interval_of_slot=(0, 1), price_per_kw=price_per_kw, direction=Direction.IMPORT)
    return problem(
        hours(2),
        load_kw=2.0,
        import_price_per_kwh=(0.30, later_price),
        export_price_per_kwh=0.05,
        battery=battery(soc_kwh=soc_kwh, **more),
        terminal_value_per_kwh=0.1,
        peak_charges=(peak,),
        uncertainty=Uncertainty(scenarios=scenarios, may_follow=True),
    )


def test_under_a_peak_charge_the_battery_follows_where_a_held_power_would_buy_and_sell_what_comes_otherwise():
    plan = solve(under_a_peak_charge(soc_kwh=9.0, price_per_kw=0.5, later_price=0.30))

    assert plan.first_follow == (True,)
    assert plan.flows.discharge_kw[0] == pytest.approx(2.0, abs=1e-6), "what following is by the forecast"


@pytest.mark.parametrize(("count", "told"), [(0, "instead costs 0.0"), (2, "on average over 2 other outcomes, costs ")])
def test_the_reason_says_that_the_battery_follows_and_what_the_forecast_alone_asks_for(count, told):
    """Selling now is worth next to nothing more than what is left; a load that comes otherwise is."""
    case = under_a_peak_charge(soc_kwh=9.0, price_per_kw=0.0, later_price=0.30)
    case = replace(
        case,
        export_price_per_kwh=(0.115, 0.05),
        uncertainty=replace(case.uncertainty, scenarios=case.uncertainty.scenarios[:count]),
    )

    plan = solve(case)

    assert plan.first_follow == (True,)
    assert "the forecast alone asks for discharging 5.00 kW: following the load instead" in plan.reasons[0]
    assert told in plan.reasons[0]
    assert plan.reasons[0].endswith("and neither buys nor sells what comes otherwise")


def test_under_a_peak_charge_the_battery_does_not_follow_where_the_next_hour_would_be_the_peak():
    assert solve(under_a_peak_charge(soc_kwh=4.0, price_per_kw=0.5, later_price=0.30)).first_follow == (False,)


def test_under_a_peak_charge_the_battery_holds_its_power_where_its_energy_is_worth_more_later():
    assert solve(under_a_peak_charge(soc_kwh=4.0, price_per_kw=0.0, later_price=0.90)).first_follow == (False,)


def test_a_battery_does_not_follow_where_some_outcome_would_find_no_plan():
    case = under_a_peak_charge(soc_kwh=4.0, price_per_kw=0.0, later_price=0.05, reserve_kwh=2.5)

    assert solve(case).first_follow == (False,)
    assert solve(replace(case, batteries=(replace(case.battery, reserve_kwh=1.0),))).first_follow == (True,)


@pytest.mark.parametrize("seed", [3, 7, 11, 13])
def test_a_battery_barred_from_the_grid_follows_though_the_search_ends_at_an_accepted_gap(seed):
    """At one price all day nothing is gained by holding any power."""
    chance, slots = np.random.default_rng(seed), 60
    solar_kw = np.maximum(np.sin((np.arange(slots) % 24 - 6) / 12 * np.pi), 0.0) * chance.uniform(1, 5, slots)
    told = (*chance.uniform(-1, 1, 24).round(2).tolist(), *(None,) * (slots - 24))
    case = problem(
        hours(slots),
        load_kw=tuple(chance.uniform(0.3, 2.5, slots).round(2).tolist()),
        solar_kw=tuple(solar_kw.round(2).tolist()),
        import_price_per_kwh=0.25,
        export_price_per_kwh=0.05,
        import_limit_kw=None,
        export_limit_kw=None,
        battery=battery(soc_kwh=4.0, charges_from_grid=False),
        published=Published(battery_kw=told, price_per_kw=(0.005,) * slots),
        accepted_gap=0.01,
        uncertainty=Uncertainty(scenarios=(), may_follow=True),
    )

    plan = solve(case)

    assert plan.first_follow == (True,)
    assert isinstance(plan.verdict, Optimal | Feasible)


def sunny_or_not(risk_weight: float = 0.0, tail: float = 0.1) -> Problem:
    """Sun is forecast; in one of four outcomes none comes, and what was charged has been bought dearly."""
    return problem(
        hours(4),
        load_kw=1.0,
        solar_kw=(4, 0, 0, 0),
        import_price_per_kwh=(0.40, 0.30, 0.30, 0.30),
        export_price_per_kwh=0.05,
        battery=battery(soc_kwh=1.0, end_values=(EndValue(kwh=10, value_per_kwh=0.2),)),
        uncertainty=Uncertainty(
            scenarios=(Scenario(probability=0.25, solar_kw=(0.0, 0.0, 0.0, 0.0)),),
            risk_weight=risk_weight,
            tail=tail,
        ),
    )


def test_the_average_accepts_what_the_worst_outcome_forbids():
    by_average, by_worst = solve(sunny_or_not()), solve(sunny_or_not(risk_weight=1.0, tail=0.25))

    assert by_average.caution is None
    assert by_average.flows.charge_kw[0] == pytest.approx(3.0, abs=1e-6)
    assert by_worst.caution is not None
    assert by_worst.flows.charge_kw[0] == pytest.approx(0.0, abs=1e-6)
    assert by_worst.caution.tail_saving > 0
    assert by_worst.caution.expected_saving < 0
    assert by_worst.caution.price > 0
    assert "costs 0." in by_worst.reasons[0]
    assert "on average over 1 other outcome and costs" in by_worst.reasons[0]


def test_outcomes_that_are_all_the_forecast_change_nothing():
    case = problem(hours(8), solar_kw=(0, 1, 3, 4, 3, 1, 0, 0), import_price_per_kwh=(0.2, 0.4) * 4)
    same = tuple(Scenario(probability=0.2, solar_kw=case.solar_kw) for _ in range(5))

    plan = solve(replace(case, uncertainty=Uncertainty(scenarios=same)))

    assert plan.caution is None
    assert plan.objective == pytest.approx(solve(case).objective, abs=1e-9)


def test_a_limit_that_only_another_outcome_would_break_is_minded_before_money():
    case = problem(
        hours(2),
        load_kw=(2.0, 2.0),
        import_price_per_kwh=(0.50, 0.10),
        export_price_per_kwh=0.05,
        import_limit_kw=4.0,
        battery=battery(soc_kwh=3.0, end_values=()),
        uncertainty=Uncertainty(scenarios=(Scenario(probability=0.05, load_kw=(2.0, 7.0)),)),
    )

    trusting, plan = solve(replace(case, uncertainty=None)), solve(case)

    assert trusting.flows.discharge_kw[0] > 1.5
    assert plan.flows.soc_kwh[0] > 3.0
    assert plan.caution.expected_saving is None or plan.caution.expected_saving > 0
    assert plan.verdict == Optimal()


def test_a_planner_goes_on_after_caution_as_after_any_plan():
    planner, case = Planner(), sunny_or_not(risk_weight=1.0, tail=0.25)

    first = planner.consider(planner.solve(case))
    second = planner.consider(planner.solve(replace(case, uncertainty=None)))

    assert first.alternative is None
    assert second.alternative is not None
    assert second.objective == pytest.approx(solve(replace(case, uncertainty=None)).objective, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shared_slots": 9}, "shared_slots is 9"),
        ({"risk_weight": 1.5}, "risk_weight is 1.5"),
        ({"tail": 0.0}, "tail is 0.0"),
        ({"scenarios": (Scenario(probability=0.7), Scenario(probability=0.7))}, "probabilities of 1.4"),
        ({"scenarios": (Scenario(probability=0.5, load_kw=(1.0,)),)}, "scenarios[0].load_kw has 1 values for 4"),
        ({"scenarios": (Scenario(probability=0.5, solar_kw=(-1.0,) * 4),)}, "scenarios[0].solar_kw[0] is negative"),
    ],
)
def test_what_cannot_be_minded_is_refused(changes, words):
    with pytest.raises(ValueError, match="uncertainty") as caught:
        problem(uncertainty=replace(Uncertainty(scenarios=()), **changes))

    assert words in str(caught.value)
