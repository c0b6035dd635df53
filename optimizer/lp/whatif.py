"""What else the battery could do first, and what hangs on the horizon's end: the model solved again, warm."""

from datetime import datetime, timedelta

import numpy as np

from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Alternative
from optimizer.lp.battery_variables import BatteryColumns
from optimizer.lp.engine import Engine
from optimizer.lp.highs import Answer, Basis, Ending
from optimizer.lp.linear import Floats, Ints
from optimizer.lp.model import Model

RUNS_KW = 1e-3
STIR = 0.1
"""A resting battery's alternative moves at least this share of its power."""
QUARTER = 0.25
TOLD_SHARE = 0.02
"""Below this share of the battery's power a change of the first hour is not worth telling."""
FIRST = timedelta(hours=1)


def best_alternative(
    session: Engine, model: Model, weights: Floats, basis: Basis, money: Answer, horizon: Horizon, within_s: float
) -> Alternative | None:
    """The cheapest plan whose first slot does not do what ``money`` does there; None where there is none.

    A battery that charges may not charge then (it rests or discharges), one that discharges may not
    discharge; one that rests must move at least a tenth of its power, whichever way costs less.
    """
    battery = model.variables.batteries[0]
    net = money.values[battery.charge_kw.index] - money.values[battery.discharge_kw.index]
    charge, discharge = battery.charge_kw.index[:1], battery.discharge_kw.index[:1]
    top = model.upper
    if abs(net[0]) > RUNS_KW:
        forced = charge if net[0] > 0 else discharge
        tries = [(forced, 0.0, 0.0)]
    else:
        tries = [(column, STIR * top[column[0]], top[column[0]]) for column in (charge, discharge)]
    best: tuple[Answer, float] | None = None
    for column, low, high in tries:
        if high < low or (low == 0.0 and abs(net[0]) <= RUNS_KW):
            continue
        session.load(model, weights)
        session.start_from(basis)
        session.bound(column, np.array([low]), np.array([high]))
        answer = session.solve(within_s)
        if answer.ending is Ending.PROVED and (best is None or answer.objective < best[0].objective):
            best = (answer, low)
    if best is None:
        return None
    answer = best[0]
    other = answer.values[battery.charge_kw.index] - answer.values[battery.discharge_kw.index]
    return Alternative(
        battery_kw=float(other[0]),
        extra_cost=answer.objective - money.objective,
        made_up_at=_made_up_at(horizon, net, other),
    )


def _made_up_at(horizon: Horizon, net: Floats, other: Floats) -> datetime | None:
    """The first slot in which the alternative does more of what the plan does now."""
    if abs(net[0]) <= RUNS_KW:
        return None
    sign = np.sign(net[0])
    more = np.flatnonzero((sign * other > sign * net + RUNS_KW) & (sign * other > RUNS_KW))
    return horizon.edges[int(more[0])] if len(more) else None


def first_hour_kw(horizon: Horizon, net: Floats) -> float:
    """Mean battery power over the slots that begin in the first hour."""
    here = np.array([start - horizon.start < FIRST for start in horizon.starts])
    h = np.array(horizon.slot_h)[here]
    return float(np.sum(net[here] * h) / np.sum(h))


def end_weights(weights: Floats, battery: BatteryColumns, factor: float) -> Floats:
    """The money weights with what is left at the end worth ``factor`` times as much."""
    changed = weights.copy()
    if battery.left_kwh is not None:
        left: Ints = battery.left_kwh.index
        changed[left] *= factor
    return changed
