"""Loads that must run, some time."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import presence, slot_h
from optimizer.lp.flexible_variables import LoadColumns, slot_lengths
from optimizer.lp.linear import Columns, Floats, Linear
from optimizer.lp.running import before
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most, equal, priced
from optimizer.lp.terms.least_power import on_or_off
from optimizer.lp.variables import Variables

WHOLE = 1e-6
"""Of a slot: by how much an on-off load's run stays below the point at which a slot less would do."""


def deferrable_load(problem: Problem, at: Variables) -> Contribution:
    """sum of power * h + short = power * run_h  [kWh] within the load's window.

    An on-off load uses no slot that it could leave out and still reach its hours; a single block starts once.
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    h = slot_h(problem)
    for columns in at.loads:
        load = columns.load
        got_kwh: Linear = (columns.electrical_kw * h).sum()
        if columns.short_kwh is not None:
            got_kwh = got_kwh + columns.short_kwh
            short = columns.short_kwh.sum()
            costs.append(priced(f"{load.name} short kWh", short, load.shortfall_price_per_kwh, Tier.GOAL))
        wanted_kwh = load.power_kw * load.run_h
        if columns.on is None:
            rows.append(equal(f"{load.name} energy", got_kwh, wanted_kwh))
        else:
            rows += _running(problem, columns, got_kwh, h)
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def _running(problem: Problem, columns: LoadColumns, got_kwh: Linear, h: Floats) -> list[Rows]:
    load, on = columns.load, columns.on
    if on is None:
        return []
    here = presence(load, problem)
    wanted_kwh = load.power_kw * load.run_h
    rows = [at_least(f"{load.name} energy", got_kwh, wanted_kwh)]
    if load.is_on_off:
        rows.append(equal(f"{load.name} on", columns.electrical_kw - on * (load.power_kw * here)))
        rows += _no_slot_too_many(problem, columns, on, got_kwh)
    else:
        rows += on_or_off(load.name, columns.electrical_kw, on, load.least_kw, load.power_kw)
        rows.append(at_most(f"{load.name} no more", got_kwh, wanted_kwh))
    if columns.start is not None:
        rows.append(at_least(f"{load.name} start", columns.start - on + before(on, initially=0.0)))
        rows.append(at_most(f"{load.name} starts once", columns.start.sum(), 1.0))
    return rows


def _no_slot_too_many(problem: Problem, columns: LoadColumns, on: Columns, got_kwh: Linear) -> list[Rows]:
    """got < wanted + power * h for every length h of slot that is used."""
    load, uses = columns.load, columns.uses_length
    lengths = slot_lengths(problem, load)
    if uses is None or not lengths:
        return []
    h = slot_h(problem)
    here = np.flatnonzero(presence(load, problem)).astype(np.int32)
    of_length = np.searchsorted(lengths, h[here])
    each_kwh = load.power_kw * np.array(lengths)
    spare_kwh = each_kwh[-1] - each_kwh
    most_kwh = load.power_kw * load.run_h + each_kwh * (1.0 - WHOLE) + spare_kwh
    return [
        at_least(f"{load.name} length used", uses[of_length.astype(np.int32)] - on[here]),
        at_most(f"{load.name} no more", got_kwh.repeated(len(lengths)) + uses * spare_kwh, most_kwh),
    ]
