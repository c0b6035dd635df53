"""The battery's energy, carried from slot to slot."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Row
from optimizer.lp.variables import Variables


def storage(problem: Problem, at: Variables) -> Contribution:
    """soc[t] = soc[t-1] + charge * charge_efficiency * h - discharge / discharge_efficiency * h  [kWh].

    An explicit recursion: its nonzeros grow linearly with the horizon.
    """
    battery = problem.battery
    if battery is None:
        return Contribution()
    rows = []
    for slot, slot_h in enumerate(problem.horizon.slot_h):
        terms = [
            (at.soc_kwh[slot], 1.0),
            (at.charge_kw[slot], -battery.charge_efficiency * slot_h),
            (at.discharge_kw[slot], slot_h / battery.discharge_efficiency),
        ]
        if slot > 0:
            terms.append((at.soc_kwh[slot - 1], -1.0))
        carried_kwh = battery.soc_kwh if slot == 0 else 0.0
        rows.append(Row(name=f"storage_{slot}", expression=LpAffineExpression.from_list(terms) == carried_kwh))
    return Contribution(rows=tuple(rows))
