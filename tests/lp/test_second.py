"""CBC takes over where HiGHS fails, and claims no more than it has."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import battery, hours, problem
from failing_solvers import Careless, StoppedAtOnce
from lp.generate import small_problem
from lp.test_solve import hard_to_search

from optimizer.domain.plan import Marginals, Optimal
from optimizer.errors import SolverFailed
from optimizer.lp import Planner, solve
from optimizer.lp.highs import Ending, Session
from optimizer.lp.model import build_model
from optimizer.lp.reasons import explain
from optimizer.lp.second import CbcSession, cbc_is_installed
from optimizer.lp.sharpen import satisfies, sharpened
from optimizer.lp.suspicion import suspicious_slots
from optimizer.lp.term import Tier
from optimizer.lp.verify import deviations
from optimizer.problem_file import plan_document, read_problem
from optimizer.solve_command import plan_lines

GOLDEN = Path(__file__).parents[1] / "golden"
UNPRICED = Marginals(
    node_price_per_kwh=(),
    stored_value_per_kwh=(),
    charge_loss_per_kwh=(),
    discharge_loss_per_kwh=(),
    peak_price_per_kw={},
)


def golden(name):
    return read_problem((GOLDEN / f"{name}.problem.json").read_text(encoding="utf-8"))


def loaded(session, case, *, is_linear=False):
    """The strict model of ``case`` in ``session``, and the model."""
    model = build_model(case, suspicious_slots(case), is_strict=True)
    if is_linear:
        model = replace(model, is_integer=np.zeros_like(model.is_integer))
    session.load(model, model.weights(model.total(Tier.MONEY)))
    return model


def missed(matrix, values):
    """By how much the worst row is outside its bounds."""
    sums = np.zeros(len(matrix.lower))
    np.add.at(sums, np.repeat(np.arange(len(sums)), np.diff(matrix.starts)), matrix.values * values[matrix.columns])
    return np.maximum(matrix.lower - sums, sums - matrix.upper).max()


def test_it_takes_over_when_highs_stops_without_an_answer():
    case = golden("highest-days")

    plan = Planner(StoppedAtOnce).solve(case)

    assert (plan.solver, plan.verdict) == ("CBC", Optimal())
    assert plan.problem is case
    assert plan.objective == pytest.approx(solve(case).objective, abs=1e-6)


def test_it_takes_over_when_the_answer_of_highs_fails_the_check():
    """At a tolerance of a tenth HiGHS draws a battery below its window: 0.152 kWh of at least 0.185."""
    case = small_problem(35)

    plan = Planner(Careless).solve(case)

    assert plan.solver == "CBC"
    assert list(deviations(plan)) == []
    assert plan.objective == pytest.approx(solve(case).objective, abs=1e-6)


def test_it_breaks_no_more_than_it_must_either():
    case = golden("contradiction")

    plan, usual = Planner(StoppedAtOnce).solve(case), solve(case)

    assert plan.solver == "CBC"
    assert plan.verdict == usual.verdict
    assert plan.shortfalls == pytest.approx(usual.shortfalls, abs=1e-5)


def test_what_the_first_solver_left_behind_is_not_taken_for_the_seconds():
    planner = Planner()
    planner.consider(planner.solve(problem(hours(3))))
    planner._tiers.engine = StoppedAtOnce()

    plan = planner.solve(golden("highest-days"))

    assert plan.solver == "CBC"
    assert planner.consider(plan) is plan


def test_without_a_second_solver_the_first_ones_failure_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr("pulp.apis.coin._default_cbc_executable", lambda: "/nonexistent/cbc")

    with pytest.raises(SolverFailed, match=r"Iteration limit.*pip install 'heat-optimizer\[second-solver\]'"):
        Planner(StoppedAtOnce).solve(golden("highest-days"))


def test_where_both_fail_both_are_told(monkeypatch, tmp_path):
    """A CBC that ends with an error is as good as one that cannot be run."""
    broken = tmp_path / "cbc"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr("pulp.apis.coin._default_cbc_executable", lambda: str(broken))

    with pytest.raises(SolverFailed, match=r"Iteration limit.*then the second solver: CBC did not run"):
        Planner(StoppedAtOnce).solve(golden("highest-days"))


def test_the_report_names_the_solver_that_stood_in():
    case = golden("highest-days")

    usual, other = solve(case), Planner(StoppedAtOnce).solve(case)

    assert (plan_document(usual)["solver"], plan_document(other)["solver"]) == ("HiGHS", "CBC")
    assert "HiGHS failed" not in next(plan_lines(usual))
    assert next(plan_lines(other)).endswith("(by CBC: HiGHS failed)")


@pytest.mark.parametrize("within_s", [0.02, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 5.0])
def test_what_the_clock_stopped_is_an_answer_that_holds_and_is_not_called_proved_or_no_answer(within_s):
    session, best = CbcSession(), Session()
    model = loaded(session, hard_to_search(36))
    loaded(best, hard_to_search(36))
    least = best.solve(20.0).objective

    try:
        answer = session.solve(within_s)
    except SolverFailed:
        return

    assert satisfies(model, answer.values)
    assert answer.objective >= least - 1e-6
    if answer.ending is Ending.PROVED:
        assert answer.objective == pytest.approx(least, abs=1e-6)
    else:
        assert (answer.ending, answer.gap) == (Ending.STOPPED, None)


def test_a_search_that_may_end_early_is_not_called_proved_and_its_gap_holds():
    session, best = CbcSession(), Session()
    loaded(session, hard_to_search(8))
    loaded(best, hard_to_search(8))

    answer, least = session.solve(20.0, accepted_gap=0.2), best.solve(20.0).objective

    if answer.ending is Ending.STOPPED:
        assert answer.gap == 0.2
    assert answer.objective <= least + 0.2


def test_what_nothing_satisfies_is_called_infeasible():
    session = CbcSession()
    model = loaded(session, problem(hours(2)))
    session.fix(model.variables.import_kw.index, np.zeros(2))
    session.fix(model.variables.batteries[0].discharge_kw.index, np.zeros(2))

    assert session.solve(5.0).ending is Ending.INFEASIBLE


def test_prices_of_a_linear_model_are_those_of_highs():
    """Where one kWh more is worth one thing only, both solvers find it."""
    case = problem(
        hours(4),
        load_kw=(1.0, 2.0, 3.0, 4.0),
        import_price_per_kwh=(0.1, 0.5, 0.2, 0.4),
        battery=battery(soc_kwh=2.0, max_charge_kw=1.0, max_discharge_kw=1.0),
        terminal_value_per_kwh=0.01,
    )
    first, second = solve(case), Planner(CbcSession).solve(case)

    assert second.marginals.node_price_per_kwh == pytest.approx(first.marginals.node_price_per_kwh, abs=1e-6)
    assert second.marginals.stored_value_per_kwh == pytest.approx(first.marginals.stored_value_per_kwh, abs=1e-6)
    assert second.reasons == first.reasons


def test_after_a_search_there_are_no_prices():
    for session in (CbcSession(), Session()):
        loaded(session, hard_to_search(8))
        answer = session.solve(20.0)
        assert (len(answer.row_duals), len(answer.reduced_costs)) == (0, 0)


@pytest.mark.parametrize("name", ["peak-steps", "heat-store"])
def test_without_prices_the_reasons_say_what_binds_and_claim_none(name):
    plan = solve(golden(name))
    unpriced = replace(plan, marginals=UNPRICED)

    reasons = explain(unpriced)

    assert len(reasons) == len(plan.problem.horizon)
    assert not any("worth" in reason or "EUR" in reason for reason in reasons)
    assert all("no prices known" in reason for reason in reasons)
    if name == "peak-steps":
        assert any("month 3.00 kW" in reason for reason in reasons)
    document = plan_document(unpriced)
    assert {slot["node_price_per_kwh"] for slot in document["slots"]} == {None}
    assert {slot["stored_value_per_kwh"] for slot in document["slots"]} == {None}
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e5])
def test_the_digits_that_a_file_leaves_out_are_found_again(scale):
    """At a large site an optimum written with eight digits misses its rows by more than a plan's check allows."""
    case = problem(
        hours(24, slot_minutes=15),
        load_kw=[scale * (1.0 + (slot * 7 % 11) / 3) for slot in range(96)],
        import_price_per_kwh=[0.1 + (slot * 5 % 13) / 30 for slot in range(96)],
        battery=battery(
            capacity_kwh=10 * scale,
            soc_kwh=4.123456789 * scale,
            soc_min_kwh=scale,
            soc_max_kwh=10 * scale,
            max_charge_kw=5 * scale,
            max_discharge_kw=5 * scale,
        ),
        import_limit_kw=None,
        export_limit_kw=None,
    )
    session = Session()
    model = loaded(session, case, is_linear=True)
    exact = session.solve(20.0).values
    written = np.array([float(f"{value:.8g}") for value in exact])

    sharp = sharpened(model, written)

    assert satisfies(model, written)
    assert scale == 1.0 or missed(model.matrix, written) > 1e-6
    assert missed(model.matrix, sharp) <= 1e-6
    assert np.abs(sharp - exact).max() <= 1e-7 * scale


def test_values_that_break_a_row_a_bound_or_a_whole_number_do_not_satisfy():
    session = Session()
    model = loaded(session, hard_to_search(8))
    values = session.solve(20.0).values
    assert satisfies(model, values)

    for column in (model.variables.import_kw.index[0], np.flatnonzero(model.is_integer)[0]):
        for change in (0.01, -0.01):
            moved = values.copy()
            moved[column] += change
            assert not satisfies(model, moved)


def test_cbc_is_installed_with_the_tests():
    assert cbc_is_installed()
