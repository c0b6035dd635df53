"""Heat kept in a tank or in a building, and the heat pump that brings it there."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.flexible_variables import HeatColumns
from optimizer.lp.linear import Linear, Part
from optimizer.lp.running import stays_on
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most, equal, priced
from optimizer.lp.terms.least_power import on_or_off
from optimizer.lp.variables import Variables


def heat_store(problem: Problem, at: Variables) -> Contribution:
    """C * (T[t] - T[t-1]) = h * (cop * power - loss * (T[t-1] - surroundings) - draw)  [kWh].

    The band comfort_min - cold <= T <= comfort_max + hot is kept first; what is left at the end is worth
    ``value_per_k`` for each degree.
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.heat_stores:
        rows.append(_energy(problem, columns))
        rows += _heat_pump(problem, columns)
        _comfort(problem, columns, rows, costs)
        store = columns.store
        last = columns.temperature_c[-1:]
        credit = (last - store.temperature_c) * -store.value_per_k
        costs.append(Cost(name=f"{store.name} stored heat", tier=Tier.MONEY, expression=credit.sum()))
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def _energy(problem: Problem, columns: HeatColumns) -> Rows:
    store, h = columns.store, slot_h(problem)
    slots = len(h)
    constant = np.zeros(slots)
    constant[0] = store.temperature_c
    later = np.arange(1, slots, dtype=np.int32)
    start_c = Linear((Part(later, columns.temperature_c.index[:-1], np.ones(slots - 1)),), constant)
    lost_kw = (start_c - series(store.surroundings_c, problem)) * store.loss_kw_per_k
    gained_kw = columns.electrical_kw * series(store.cop, problem) - lost_kw - series(store.draw_kw, problem)
    return equal(f"{store.name} energy", (columns.temperature_c - start_c) * store.kwh_per_k - gained_kw * h)


def _heat_pump(problem: Problem, columns: HeatColumns) -> list[Rows]:
    store, on = columns.store, columns.on
    if on is None:
        return []
    rows = on_or_off(store.name, columns.electrical_kw, on, store.least_kw, store.max_kw)
    if columns.start is not None:
        rows += stays_on(store.name, problem, on, columns.start, min_up_h=store.min_run_h, was_on=False)
    return rows


def _comfort(problem: Problem, columns: HeatColumns, rows: list[Rows], costs: list[Cost]) -> None:
    store, h = columns.store, slot_h(problem)
    price = store.comfort_price_per_kh
    if columns.cold_k is not None:
        low = series(store.comfort_min_c, problem)
        rows.append(at_least(f"{store.name} warm enough", columns.temperature_c + columns.cold_k, low))
        costs.append(priced(f"{store.name} too cold K h", (columns.cold_k * h).sum(), price, Tier.GOAL))
    if columns.hot_k is not None:
        high = series(store.comfort_max_c, problem)
        rows.append(at_most(f"{store.name} not too warm", columns.temperature_c - columns.hot_k, high))
        costs.append(priced(f"{store.name} too warm K h", (columns.hot_k * h).sum(), price, Tier.GOAL))
