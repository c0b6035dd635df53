"""Among plans of equal cost, the one whose highest import and highest export are lowest."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Tier, at_most
from optimizer.lp.variables import Variables

HOURS_PER_PEAK = 10.0
"""A kW off a peak weighs as much as moving this many kWh through the battery."""


def lower_peaks(_: Problem, at: Variables) -> Contribution:
    """10 h * (top import + top export), each import <= top import, each export <= top export  [kWh]."""
    if at.top_kw is None:
        return Contribution()
    slots = len(at.import_kw)
    imported, exported = (at.top_kw[np.array([which], dtype=np.int32)].repeated(slots) for which in (0, 1))
    tops: Linear = at.top_kw.sum()
    return Contribution(
        rows=(
            at_most("top import", at.import_kw - imported),
            at_most("top export", at.export_kw - exported),
        ),
        costs=(Cost(name="peaks", tier=Tier.PREFERENCE, expression=tops * HOURS_PER_PEAK),),
    )
