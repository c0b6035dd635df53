"""A month's bill that must come to something."""

import numpy as np

from optimizer.domain.charges import LeastBill
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import Linear, total
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least
from optimizer.lp.terms.energy_tiers import energy_tiers
from optimizer.lp.terms.netting import matched_before
from optimizer.lp.terms.peak_charges import peak_charges
from optimizer.lp.variables import Variables


def least_bill(problem: Problem, at: Variables) -> Contribution:
    """top_up - max(0, missing)  [money]; top_up >= missing - what the slots and charges counted come to, and >= 0."""
    rows: list[Rows] = []
    costs: list[Cost] = []
    if at.top_up is None:
        return Contribution()
    for number, bill in enumerate(problem.least_bills):
        top_up = at.top_up[number : number + 1]
        rows.append(at_least(f"{bill.name} kept", top_up + counted(problem, at, bill), bill.missing))
        costs.append(Cost(name=bill.name, tier=Tier.MONEY, expression=top_up - max(bill.missing, 0.0)))
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def counted(problem: Problem, at: Variables, bill: LeastBill) -> Linear:
    """What counts towards a month's least bill: energy, netting, tiers and peaks."""
    within = np.zeros(len(problem.horizon))
    within[bill.first_slot : bill.end_slot] = 1.0
    h = slot_h(problem) * within
    parts: list[Linear] = [
        (at.import_kw * (h * np.array(problem.import_price_per_kwh))).sum(),
        (at.export_kw * (h * -np.array(problem.export_price_per_kwh))).sum(),
    ]
    if at.netted is not None:
        group_of_slot = at.netted.netting.group_of_slot
        gaps = np.array(at.netted.price_gap_per_kwh)
        first = [group_of_slot.index(group) for group in range(len(gaps))]
        parts.append(((at.netted.matched_kwh - matched_before(at.netted)) * (-gaps * within[first])).sum())
    charged = (*energy_tiers(problem, at).costs, *peak_charges(problem, at).costs)
    parts += [cost.expression for cost in charged if cost.name in bill.charges]
    return total(parts, 1)
