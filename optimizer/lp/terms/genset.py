"""A generator: what its power, its running and its starts cost, and how long it must run or rest."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.flexible_variables import GensetColumns
from optimizer.lp.running import stays_off, stays_on
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most
from optimizer.lp.terms.least_power import on_or_off
from optimizer.lp.variables import Variables


def genset(problem: Problem, at: Variables) -> Contribution:
    """fuel * power * h + running_cost * on * h + start_cost * start  [money]; min * on <= power <= max * on."""
    rows: list[Rows] = []
    costs: list[Cost] = []
    h = slot_h(problem)
    for columns in at.gensets:
        machine = columns.genset
        fuel = (columns.supply_kw * (h * machine.fuel_cost_per_kwh)).sum()
        costs.append(Cost(name=f"{machine.name} fuel", tier=Tier.MONEY, expression=fuel))
        if columns.on is not None:
            rows += on_or_off(machine.name, columns.supply_kw, columns.on, machine.least_kw, machine.max_kw)
            running = (columns.on * (h * machine.running_cost_per_h)).sum()
            costs.append(Cost(name=f"{machine.name} running", tier=Tier.MONEY, expression=running))
        if columns.start is not None:
            starts = (columns.start * machine.start_cost).sum()
            costs.append(Cost(name=f"{machine.name} starts", tier=Tier.MONEY, expression=starts))
            rows += _times(problem, columns)
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def _times(problem: Problem, columns: GensetColumns) -> list[Rows]:
    machine, on, start = columns.genset, columns.on, columns.start
    if on is None or start is None:
        return []
    was_on = machine.is_running
    rows = stays_on(machine.name, problem, on, start, min_up_h=machine.min_up_h, was_on=was_on)
    if machine.min_down_h > 0:
        rows += stays_off(machine.name, problem, on, start, min_down_h=machine.min_down_h, was_on=was_on)
    still_h = (machine.min_up_h if was_on else machine.min_down_h) - machine.state_h
    elapsed_h = np.cumsum(slot_h(problem)) - slot_h(problem)
    bound = np.flatnonzero(elapsed_h < still_h).astype(np.int32)
    if len(bound):
        name = f"{machine.name} not yet"
        rows.append(at_least(name, on[bound], 1.0) if was_on else at_most(name, on[bound], 0.0))
    return rows
