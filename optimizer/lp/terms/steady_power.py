"""Among plans of equal cost, the one whose battery power changes least from slot to slot."""

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least
from optimizer.lp.variables import Variables

HOURS_PER_STEP = 0.1
"""A kW of change weighs as much as moving this many kWh through the battery."""


def steady_power(_: Problem, at: Variables) -> Contribution:
    """0.5 h * sum of |power[t] - power[t-1]|, power = charge - discharge  [kWh]."""
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.batteries:
        power: Linear = columns.charge_kw[1:] - columns.discharge_kw[1:]
        before: Linear = columns.charge_kw[:-1] - columns.discharge_kw[:-1]
        name = columns.battery.name
        rows.append(at_least(f"{name} step up", columns.step_kw - power + before))
        rows.append(at_least(f"{name} step down", columns.step_kw + power - before))
        costs.append(
            Cost(name=f"{name} steady", tier=Tier.PREFERENCE, expression=columns.step_kw.sum() * HOURS_PER_STEP)
        )
    return Contribution(rows=tuple(rows), costs=tuple(costs))
