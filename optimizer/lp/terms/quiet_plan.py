"""Among plans of equal cost, the one that moves least energy, and what it moves sooner rather than later."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables

EXCHANGE_PER_THROUGHPUT = 10.0
"""A kWh kept off the grid connection is worth moving this many kWh through the battery."""
CUT_PER_EXPORT = 1.1
"""A kWh cut weighs so many sold."""
PRIORITY_PER_STEP = 0.01
"""By how much each step of charging priority lightens a kWh charged."""


def quiet_plan(problem: Problem, at: Variables) -> Contribution:
    """10 * (import + export) + 11 * curtailed + (1 + elapsed / horizon) * (charge + discharge), times h  [kWh].

    Uses stored energy rather than imports, keeps sun rather than cutting it (though it sell for nothing: cut sun is
    missing as soon as more is used than was forecast), never cycles the battery for
    nothing, and takes the sun that is there rather than the sun that is forecast. It weighs kWh only: no
    price enters, so nothing turns its sign when prices are negative.
    """
    h = slot_h(problem)
    later = 1.0 + (np.cumsum(h) - h) / h.sum()
    exchanged: Linear = (at.import_kw + at.export_kw + at.curtailed_kw * CUT_PER_EXPORT) * (h * EXCHANGE_PER_THROUGHPUT)
    for columns in at.batteries:
        lighter = 1.0 - PRIORITY_PER_STEP * columns.battery.charge_priority
        exchanged = exchanged + columns.charge_kw * (h * later * lighter) + columns.discharge_kw * (h * later)
    for electrical_kw in at.other_use_kw:
        exchanged = exchanged + electrical_kw * (h * later)
    return Contribution(costs=(Cost(name="quiet", tier=Tier.PREFERENCE, expression=exchanged.sum()),))
