"""What is due whatever the site does."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def fixed_charge(problem: Problem, at: Variables) -> Contribution:
    """A constant  [money]: nothing hangs on it, but the plan's cost is then the bill's."""
    if not problem.fixed_charge:
        return Contribution()
    constant = Linear((), np.array([problem.fixed_charge]))
    return Contribution(costs=(Cost(name="fixed charges", tier=Tier.MONEY, expression=constant),))
