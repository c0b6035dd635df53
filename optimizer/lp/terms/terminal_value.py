"""What the energy left in the battery is worth when the horizon ends."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def terminal_value(problem: Problem, at: Variables) -> Contribution:
    """-terminal_value_per_kwh * (soc[last] - soc[start])  [money]: a credit for what is stored, a debt for
    what was taken out, so that the horizon's end is no reason to empty the battery."""
    battery = problem.battery
    if battery is None:
        return Contribution()
    credit = LpAffineExpression.from_list(
        [(at.soc_kwh[-1], -problem.terminal_value_per_kwh)],
        constant=problem.terminal_value_per_kwh * battery.soc_kwh,
    )
    return Contribution(costs=(Cost(name="stored_energy", tier=Tier.MONEY, expression=credit),))
