"""Prices that change with the energy of a billing period."""

import numpy as np

from optimizer.domain.peaks import Direction
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import most_export_kw, most_import_kw, slot_h
from optimizer.lp.charge_variables import TierColumns
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most
from optimizer.lp.terms.netting import matched_before
from optimizer.lp.variables import Variables


def energy_tiers(problem: Problem, at: Variables) -> Contribution:
    """sum(added_price * max(0, counted - above)), less what was due before  [money]; export earns it.

    over >= counted - above, over >= 0 where that costs; where it earns, over <= counted - above + most * (1 - b)
    and over <= most * b, b binary.
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.tiers:
        tiers = columns.tiers
        counted = counted_kwh(problem, at, columns)
        above = np.array(tiers.above_kwh)
        beyond = counted.repeated(len(above)) - above
        rows.append(at_least(f"{tiers.name} over", columns.over_kwh - beyond))
        if len(columns.falling):
            here = columns.falling
            most = most_kwh(problem, columns) + above.max(initial=0.0)
            over = columns.over_kwh[here]
            rows += [
                at_most(f"{tiers.name} over before", over - beyond.at(here) + columns.passed * most, most),
                at_most(f"{tiers.name} passed", over - columns.passed * most),
            ]
        sign = 1.0 if tiers.direction is Direction.IMPORT else -1.0
        before = np.maximum(tiers.so_far_kwh - above, 0.0)
        cost = ((columns.over_kwh - before) * (sign * np.array(tiers.added_price_per_kwh))).sum()
        costs.append(Cost(name=tiers.name, tier=Tier.MONEY, expression=cost))
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def counted_kwh(problem: Problem, at: Variables, columns: TierColumns) -> Linear:
    """The energy of the billing period so far, after netting: one expression."""
    tiers = columns.tiers
    flow_kw = at.import_kw if tiers.direction is Direction.IMPORT else at.export_kw
    counted = (flow_kw * (slot_h(problem) * np.array(tiers.counts, dtype=np.float64))).sum() + tiers.so_far_kwh
    if at.netted is None:
        return counted
    group_of_slot = at.netted.netting.group_of_slot
    first = [group_of_slot.index(group) for group in range(len(at.netted.price_gap_per_kwh))]
    counts = np.array([tiers.counts[slot] for slot in first], dtype=np.float64)
    return counted - ((at.netted.matched_kwh - matched_before(at.netted)) * counts).sum()


def most_kwh(problem: Problem, columns: TierColumns) -> float:
    """What can be counted at most, either way: netting can make it negative."""
    powers = most_import_kw(problem) if columns.tiers.direction is Direction.IMPORT else most_export_kw(problem)
    counts = np.array(columns.tiers.counts, dtype=np.float64)
    most = float(powers @ (slot_h(problem) * counts)) + columns.tiers.so_far_kwh
    if problem.netting is None:
        return most
    so_far_kwh = sum(problem.netting.so_far_import_kwh) + sum(problem.netting.so_far_export_kwh)
    return most + float(most_import_kw(problem) @ slot_h(problem)) + so_far_kwh
