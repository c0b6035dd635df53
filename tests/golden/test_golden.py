"""Problems with known answers, each in a file of the form that ``heat-optimizer solve`` reads, solved by both solvers.

The objective of each was found by the oracle, which shares nothing with the model, or worked by hand: the file says
which. The costs listed are those of all optimal plans, as far as two solvers can tell.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from lp.oracle import least_cost

from optimizer.domain.problem import Problem
from optimizer.lp import Planner
from optimizer.lp.highs import Session
from optimizer.lp.second import CbcSession
from optimizer.lp.verify import deviations
from optimizer.problem_file import read_problem

FOLDER = Path(__file__).parent
NAMES = sorted(file.name.removesuffix(".problem.json") for file in FOLDER.glob("*.problem.json"))
SOLVERS = {"HiGHS": Session, "CBC": CbcSession}
TOLERANCE = 1e-6
COST_TOLERANCE = 3e-6
"""The objective's, the rounding in the file, and what one cost may take from another within both."""


def problem(name: str) -> Problem:
    return read_problem((FOLDER / f"{name}.problem.json").read_text(encoding="utf-8"))


def expected(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.expected.json").read_text(encoding="utf-8"))


def test_every_problem_has_an_expectation_and_every_expectation_a_problem():
    assert len(NAMES) >= 12
    assert sorted(file.name.removesuffix(".expected.json") for file in FOLDER.glob("*.expected.json")) == NAMES


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_golden_case_has_its_verdict_money_and_peaks_by_either_solver(name: str, solver: str):
    known = expected(name)

    plan = Planner(SOLVERS[solver]).solve(problem(name))

    assert (plan.solver, str(plan.verdict)) == (solver, known["verdict"])
    assert plan.objective == pytest.approx(known["objective"], rel=TOLERANCE, abs=TOLERANCE)
    assert {cost: plan.costs[cost] for cost in known["costs"]} == pytest.approx(known["costs"], abs=COST_TOLERANCE)
    assert plan.peaks_kw == pytest.approx(known["peaks_kw"], abs=COST_TOLERANCE)
    assert list(deviations(plan)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if expected(name)["confirmed_by"] == "oracle"])
def test_the_oracle_finds_the_same_least_money(name: str):
    assert least_cost(problem(name)) == pytest.approx(expected(name)["objective"], rel=TOLERANCE, abs=TOLERANCE)


def test_only_what_the_oracle_does_not_cover_is_confirmed_by_hand():
    by_hand = [name for name in NAMES if expected(name)["confirmed_by"] != "oracle"]

    assert by_hand == ["contradiction"]
    with pytest.raises(ValueError, match="no least cost"):
        least_cost(problem("contradiction"))
