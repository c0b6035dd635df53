"""Among plans of equal cost, the one that moves least energy, and what it moves sooner rather than later."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables

EXCHANGE_PER_THROUGHPUT = 10.0
"""A kWh kept off the grid connection is worth moving this many kWh through the battery."""


def quiet_plan(problem: Problem, at: Variables) -> Contribution:
    """10 * (import + export + curtailed) + (1 + elapsed / horizon) * (charge + discharge), times h  [kWh].

    Uses stored energy rather than imports, keeps sun rather than cutting it, never cycles the battery for
    nothing, and takes the sun that is there rather than the sun that is forecast. It weighs kWh only: no
    price enters, so nothing turns its sign when prices are negative.
    """
    slot_h = problem.horizon.slot_h
    total_h = sum(slot_h)
    terms = [
        (flow, EXCHANGE_PER_THROUGHPUT * h)
        for flows in (at.import_kw, at.export_kw, at.curtailed_kw)
        for flow, h in zip(flows, slot_h, strict=True)
    ]
    elapsed_h = 0.0
    for slot, h in enumerate(slot_h):
        later = 1.0 + elapsed_h / total_h
        terms += [(at.charge_kw[slot], later * h), (at.discharge_kw[slot], later * h)]
        elapsed_h += h
    return Contribution(
        costs=(Cost(name="quiet", tier=Tier.PREFERENCE, expression=LpAffineExpression.from_list(terms)),)
    )
