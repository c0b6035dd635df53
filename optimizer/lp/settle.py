"""What follows from the flows alone, worked out from them again: the solver's values of these are only near."""

import numpy as np

from optimizer.domain.peaks import SAME_KW, Direction
from optimizer.domain.problem import Problem
from optimizer.lp.linear import Floats
from optimizer.lp.terms.energy_tiers import counted_kwh
from optimizer.lp.terms.least_bill import counted
from optimizer.lp.terms.netting import group_energy
from optimizer.lp.terms.peak_charges import billed_kw, interval_means_kw, ratchet_means_kw
from optimizer.lp.variables import Variables


def settle_charges(problem: Problem, at: Variables, x: Floats) -> None:
    """Set in ``x`` what is billed for the flows in it: matched energy, tiers, peaks and least bills, in this order."""
    if at.netted is not None:
        imported, exported = group_energy(problem, at, at.netted)
        x[at.netted.matched_kwh.index] = np.minimum(imported.values(x), exported.values(x))
    for each in at.tiers:
        kwh = counted_kwh(problem, at, each).values(x)
        x[each.over_kwh.index] = np.maximum(kwh - np.array(each.tiers.above_kwh), 0.0)
    for peak in at.peaks:
        charge = peak.charge
        flow_kw = at.import_kw if charge.direction is Direction.IMPORT else at.export_kw
        kw = billed_kw(charge, interval_means_kw(charge, problem, flow_kw).values(x))
        ratchet = ratchet_means_kw(charge, problem, flow_kw)
        if ratchet is not None:
            kw = max(kw, charge.ratchet_share * float(np.max(ratchet.values(x))))
        x[peak.billed_kw.index] = kw
        if peak.over_kw is not None:
            x[peak.over_kw.index] = np.maximum(kw - np.array([tier.above_kw for tier in charge.tiers]), 0.0)
        if peak.reached is not None:
            x[peak.reached.index] = [float(kw > step.above_kw + SAME_KW) for step in charge.steps]
    for number, bill in enumerate(problem.least_bills):
        if at.top_up is not None:
            lacks = bill.missing - float(counted(problem, at, bill).values(x)[0])
            x[at.top_up.index[number]] = max(lacks, 0.0)
