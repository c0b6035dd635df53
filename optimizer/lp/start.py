"""Where the simplex begins: at the usual rule's plan, or at the last plan moved along by what has passed."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.horizon import Horizon
from optimizer.domain.problem import Problem
from optimizer.lp.highs import BASIC, LOWER, UPPER, Basis
from optimizer.lp.linear import Floats, Ints
from optimizer.lp.model import Model
from optimizer.lp.rule import follow_the_load

NEAR = 1e-9


def rule_basis(problem: Problem, model: Model) -> Basis:
    """The basis at which the first battery follows the load and all else that moves rests.

    In every slot two variables stand between their bounds, one for the balance and one for the stored
    energy; from there the optimum is a few pivots away instead of hundreds.
    """
    at = model.variables
    columns = np.full(len(model.lower), LOWER, dtype=np.int32)
    rows = np.full(len(model.matrix.lower), BASIC, dtype=np.int32)
    charge_kw, discharge_kw, soc_kwh = follow_the_load(problem)
    surplus_kw = np.array(problem.solar_kw) - np.array(problem.demand_kw)
    rest_kw = surplus_kw - charge_kw + discharge_kw
    rows[model.row_range("power_balance")] = LOWER
    for number, battery in enumerate(at.batteries):
        rows[model.row_range(f"{battery.battery.name} storage")] = LOWER
        if number:
            columns[battery.soc_kwh.index] = BASIC
    columns[at.import_kw.index] = np.where(rest_kw < -NEAR, BASIC, LOWER)
    columns[at.export_kw.index] = np.where(rest_kw > NEAR, BASIC, LOWER)
    if at.batteries:
        _follow(model, surplus_kw, charge_kw, discharge_kw, soc_kwh, columns)
    else:
        columns[at.export_kw.index] = np.where(rest_kw >= 0, BASIC, LOWER)
    return Basis(columns=columns, rows=rows)


def _follow(
    model: Model, surplus_kw: Floats, charge_kw: Floats, discharge_kw: Floats, soc_kwh: Floats, columns: Ints
) -> None:
    """Which of flow, exchange and stored energy stand between their bounds in each slot."""
    at = model.variables
    battery = at.batteries[0]
    charging = surplus_kw >= 0
    flow = np.where(charging, charge_kw, discharge_kw)
    index = np.where(charging, battery.charge_kw.index, battery.discharge_kw.index)
    exchange = np.where(charging, at.export_kw.index, at.import_kw.index)
    serves_all = np.abs(np.abs(surplus_kw) - flow) <= NEAR
    at_most = flow >= model.upper[index] - NEAR
    is_stopped = ~serves_all & ~at_most & (flow > NEAR)
    columns[exchange] = np.where(serves_all, LOWER, BASIC)
    columns[index] = np.where(serves_all | is_stopped, BASIC, np.where(at_most, UPPER, LOWER))
    soc = battery.soc_kwh.index
    nearer_top = np.abs(model.upper[soc] - soc_kwh) < np.abs(soc_kwh - model.lower[soc])
    columns[soc] = np.where(is_stopped, np.where(nearer_top, UPPER, LOWER), BASIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A basis by family, so that it can be moved to another horizon."""

    horizon: Horizon
    columns: dict[str, Ints]
    rows: dict[str, Ints]


def keep(model: Model, horizon: Horizon, basis: Basis) -> Kept:
    """The basis of ``model`` taken apart by family."""
    rows, start = {}, 0
    for family in model.rows:
        rows[family.name] = basis.rows[start : start + len(family.expression)]
        start += len(family.expression)
    columns = {name: basis.columns[family.index] for name, family, _ in model.families}
    return Kept(horizon=horizon, columns=columns, rows=rows)


def moved_basis(kept: Kept, model: Model, horizon: Horizon) -> Basis:
    """Each slot begins as the slot that stood at its time; slots beyond the old horizon as the last one."""
    old_ends = [edge.timestamp() for edge in kept.horizon.edges[1:]]
    starts = [start.timestamp() for start in horizon.starts]
    source = np.minimum(np.searchsorted(old_ends, starts, side="right"), len(old_ends) - 1)

    def moved(old: Ints | None, length: int, default: int) -> Ints:
        if old is not None and len(old) == len(old_ends) and length == len(starts):
            return old[source]
        if old is not None and len(old) == length:
            return old
        return np.full(length, default, dtype=np.int32)

    columns = [moved(kept.columns.get(name), len(family), LOWER) for name, family, _ in model.families]
    rows = [moved(kept.rows.get(family.name), len(family.expression), BASIC) for family in model.rows]
    return Basis(columns=np.concatenate(columns), rows=np.concatenate(rows))
