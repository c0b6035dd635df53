"""What import and export of one netting interval take off each other."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import most_export_kw, most_import_kw, slot_h
from optimizer.lp.charge_variables import NettedColumns
from optimizer.lp.linear import Floats, Linear
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least
from optimizer.lp.variables import Variables


def netting(problem: Problem, at: Variables) -> Contribution:
    """-sum((import_price - export_price) * matched) of each group  [money]; matched = min(imported, exported).

    What is matched already before the horizon is on the bill already and costs nothing here.
    """
    columns = at.netted
    if columns is None:
        return Contribution()
    imported, exported = group_energy(problem, at, columns)
    rows: list[Rows] = [
        at_least("netting import", imported - columns.matched_kwh),
        at_least("netting export", exported - columns.matched_kwh),
    ]
    if len(columns.costly):
        here, less = columns.costly, columns.import_is_less
        most_in, most_out = _most_kwh(problem, columns)
        matched = columns.matched_kwh[here]
        rows += [
            at_least("netting is import", matched - imported.at(here) - less * most_in[here], -most_in[here]),
            at_least("netting is export", matched - exported.at(here) + less * most_out[here]),
        ]
    cost = ((columns.matched_kwh - matched_before(columns)) * -np.array(columns.price_gap_per_kwh)).sum()
    return Contribution(rows=tuple(rows), costs=(Cost(name="netting", tier=Tier.MONEY, expression=cost),))


def group_energy(problem: Problem, at: Variables, columns: NettedColumns) -> tuple[Linear, Linear]:
    """What each group imports and exports, kWh, with what it did before."""
    group = np.array(columns.netting.group_of_slot, dtype=np.int32)
    count, h = len(columns.price_gap_per_kwh), slot_h(problem)
    imported = (at.import_kw * h).gathered(group, count) + np.array(columns.netting.so_far_import_kwh)
    exported = (at.export_kw * h).gathered(group, count) + np.array(columns.netting.so_far_export_kwh)
    return imported, exported


def matched_before(columns: NettedColumns) -> Floats:
    """What was matched before the horizon."""
    so_far = columns.netting
    least: Floats = np.minimum(np.array(so_far.so_far_import_kwh), np.array(so_far.so_far_export_kwh))
    return least


def _most_kwh(problem: Problem, columns: NettedColumns) -> tuple[Floats, Floats]:
    group = np.array(columns.netting.group_of_slot)
    inside, h = group >= 0, slot_h(problem)
    most = []
    for powers, before in (
        (most_import_kw(problem), columns.netting.so_far_import_kwh),
        (most_export_kw(problem), columns.netting.so_far_export_kwh),
    ):
        added = np.bincount(group[inside], weights=(powers * h)[inside], minlength=len(columns.price_gap_per_kwh))
        most.append(added + np.array(before))
    return most[0], most[1]
