"""The batteries' energy, carried from slot to slot."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.term import Contribution, equal
from optimizer.lp.variables import Variables

NAME = "storage"


def storage(problem: Problem, at: Variables) -> Contribution:
    """soc[t] = soc[t-1] * (1 - self_discharge)^h + (charge * into - discharge / out_of) * h  [kWh].

    ``into`` and ``out_of`` are the efficiencies. An explicit recursion: its nonzeros grow linearly with the horizon.
    """
    h = slot_h(problem)
    rows = []
    for columns in at.batteries:
        battery = columns.battery
        kept = columns.start_kwh
        if battery.self_discharge_per_h:
            kept = kept * np.power(1.0 - battery.self_discharge_per_h, h)
        gained_kwh = columns.charge_kw * (h * battery.charge_efficiency)
        spent_kwh = columns.discharge_kw * (h / battery.discharge_efficiency)
        rows.append(equal(f"{battery.name} {NAME}", columns.soc_kwh - kept - gained_kwh + spent_kwh))
    return Contribution(rows=tuple(rows))
