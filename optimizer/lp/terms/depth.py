"""Cycle depth: the deeper a kWh lies, the more its use wears the battery."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import BatteryColumns, depth_slices
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import Floats, Linear, Part, total
from optimizer.lp.term import Contribution, Cost, Rows, Tier, equal
from optimizer.lp.variables import Variables


def depth(problem: Problem, at: Variables) -> Contribution:
    """Each slice of the capacity keeps its own energy; a kWh drawn from it costs the slice's price  [money].

    Costs rise with depth, so the shallowest energy is used first by itself. Source: Xu, Zhao, Zheng, Litvinov
    and Kirschen, "Factoring the cycle aging cost of batteries participating in electricity markets", IEEE
    Trans. Power Systems 33(2), 2018.
    """
    h = slot_h(problem)
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.batteries:
        if columns.slices:
            rows += _rows(columns, h)
            prices = [price for _, price in depth_slices(columns.battery)]
            drawn = [each.discharge_kw * (h * price) for each, price in zip(columns.slices, prices, strict=True)]
            name = f"{columns.battery.name} depth"
            costs.append(Cost(name=name, tier=Tier.MONEY, expression=total(drawn, len(h)).sum()))
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def _rows(columns: BatteryColumns, h: Floats) -> list[Rows]:
    battery, slots = columns.battery, len(h)
    charges = total([each.charge_kw for each in columns.slices], slots)
    discharges = total([each.discharge_kw for each in columns.slices], slots)
    rows = [
        equal(f"{battery.name} slices charge", charges - columns.charge_kw),
        equal(f"{battery.name} slices discharge", discharges - columns.discharge_kw),
    ]
    below_kwh = battery.capacity_kwh
    kept = np.power(1.0 - battery.self_discharge_per_h, h)
    for number, (each, (kwh, _)) in enumerate(zip(columns.slices, depth_slices(battery), strict=True)):
        below_kwh -= kwh
        constant = np.zeros(slots)
        constant[0] = min(max(battery.soc_kwh - below_kwh, 0.0), kwh)
        later = np.arange(1, slots, dtype=np.int32)
        start = Linear((Part(later, each.stored_kwh.index[:-1], np.ones(slots - 1)),), constant)
        gained_kwh = each.charge_kw * (h * battery.charge_efficiency)
        spent_kwh = each.discharge_kw * (h / battery.discharge_efficiency)
        rows.append(equal(f"{battery.name} slice{number}", each.stored_kwh - start * kept - gained_kwh + spent_kwh))
    return rows
