"""What using the batteries takes from their life."""

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import total
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def wear(problem: Problem, at: Variables) -> Contribution:
    """wear_cost_per_kwh * (charge + discharge) * h  [money], per kWh of throughput at the AC side."""
    if not at.batteries:
        return Contribution()
    h = slot_h(problem)
    worn = [
        (columns.charge_kw + columns.discharge_kw) * (h * columns.battery.wear_cost_per_kwh) for columns in at.batteries
    ]
    return Contribution(costs=(Cost(name="wear", tier=Tier.MONEY, expression=total(worn, len(h)).sum()),))
