"""What using the battery takes from its life."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def wear(problem: Problem, at: Variables) -> Contribution:
    """wear_cost_per_kwh * (charge + discharge) * h  [money], per kWh of throughput at the AC side."""
    battery = problem.battery
    if battery is None:
        return Contribution()
    slot_h = problem.horizon.slot_h
    terms = [
        (flow, battery.wear_cost_per_kwh * h)
        for flows in (at.charge_kw, at.discharge_kw)
        for flow, h in zip(flows, slot_h, strict=True)
    ]
    return Contribution(costs=(Cost(name="wear", tier=Tier.MONEY, expression=LpAffineExpression.from_list(terms)),))
