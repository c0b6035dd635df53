"""The model against the dense oracle: the same least money for all problems that the generator makes of 500 seeds."""

import pytest
from lp.generate import small_problem
from lp.oracle import least_cost

from optimizer.errors import PlanError
from optimizer.lp import solve

SEEDS = 500
CHUNK = 25
TOLERANCE = 1e-6


def deviation(seed: int) -> str | None:
    """What is different for ``seed``, or None where the money is the same."""
    problem = small_problem(seed)
    least = least_cost(problem)
    try:
        plan = solve(problem)
    except PlanError as error:
        return f"seed {seed}: oracle {least:.9g}, but {error}"
    if plan.objective == pytest.approx(least, rel=TOLERANCE, abs=TOLERANCE):
        return None
    return f"seed {seed}: solve {plan.objective:.9g}, oracle {least:.9g}, {plan.verdict}"


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_solve_finds_the_least_cost_that_the_oracle_finds(first: int) -> None:
    deviations = [found for seed in range(first, first + CHUNK) if (found := deviation(seed)) is not None]
    assert not deviations, "\n".join(deviations)
