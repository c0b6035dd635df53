"""Batteries that may not be charged from the grid, or not discharged into it."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import demand_kw, most_export_kw, solar_kw
from optimizer.lp.linear import total
from optimizer.lp.term import Contribution, Rows, at_most
from optimizer.lp.variables import Variables


def grid_bans(problem: Problem, at: Variables) -> Contribution:
    """No charging while the site imports, no discharging while it exports; ``importing`` decides which  [kW].

    charge <= most * (1 - importing), discharge <= most * importing. Where one battery could feed another while
    the site exchanges nothing, ``at_home`` stands in for ``importing`` in the second; export <= most * (1 -
    at_home). The rows below them follow from the balance: such charging can only come from surplus and other
    supply, such discharging only meet demand and other use.
    """
    rows: list[Rows] = []
    slots = len(problem.horizon)
    surplus = solar_kw(problem) - demand_kw(problem)
    kept_in = [columns for columns in at.batteries if not columns.battery.charges_from_grid]
    kept_home = [columns for columns in at.batteries if not columns.battery.discharges_to_grid]
    for columns in kept_in:
        most = columns.battery.max_charge_kw
        rows.append(at_most(f"{columns.battery.name} not from grid", columns.charge_kw + at.importing * most, most))
    at_home = at.importing if at.at_home is None else at.at_home
    for columns in kept_home:
        most = columns.battery.max_discharge_kw
        rows.append(at_most(f"{columns.battery.name} not to grid", columns.discharge_kw - at_home * most))
    if at.at_home is not None:
        most_out = most_export_kw(problem)
        rows.append(at_most("nothing to grid", at.export_kw + at.at_home * most_out, most_out))
    if kept_in:
        charged = total([columns.charge_kw for columns in kept_in], slots)
        rows.append(at_most("charged from surplus", charged - at.supply_kw, np.maximum(surplus, 0.0)))
    if kept_home:
        discharged = total([columns.discharge_kw for columns in kept_home], slots)
        rows.append(at_most("discharged at home", discharged - at.use_kw, np.maximum(-surplus, 0.0) + _cut(problem)))
    return Contribution(rows=tuple(rows))


def _cut(problem: Problem) -> np.ndarray:
    """Sun that may be cut makes room for a discharge."""
    return solar_kw(problem) if problem.can_curtail else np.zeros(len(problem.horizon))
