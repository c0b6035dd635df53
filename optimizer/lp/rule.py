"""The usual inverter rule: charge from surplus, discharge into deficit, inside the window."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Floats


def follow_the_load(problem: Problem) -> tuple[Floats, Floats, Floats]:
    """Charge, discharge (kW) and stored energy at each slot's end (kWh) of the first battery; the others rest."""
    slots = len(problem.horizon)
    battery = problem.battery
    if battery is None:
        return np.zeros(slots), np.zeros(slots), np.zeros(slots)
    charge_kw, discharge_kw, stored_kwh = [], [], []
    soc_kwh = battery.soc_kwh
    into, out_of = battery.charge_efficiency, battery.discharge_efficiency
    most_kwh, least_kwh, decay = battery.soc_max_kwh, battery.soc_min_kwh, 1.0 - battery.self_discharge_per_h
    series = zip(problem.horizon.slot_h, problem.solar_kw, problem.demand_kw, strict=True)
    for slot_h, solar_kw, demand_kw in series:
        surplus_kw = solar_kw - demand_kw
        if decay < 1.0:
            soc_kwh *= decay**slot_h
        charge = discharge = 0.0
        if surplus_kw > 0:
            charge = min(surplus_kw, battery.max_charge_kw, max(most_kwh - soc_kwh, 0.0) / (into * slot_h))
            soc_kwh += charge * into * slot_h
        elif surplus_kw < 0:
            discharge = min(-surplus_kw, battery.max_discharge_kw, max(soc_kwh - least_kwh, 0.0) * out_of / slot_h)
            soc_kwh -= discharge / out_of * slot_h
        charge_kw.append(charge)
        discharge_kw.append(discharge)
        stored_kwh.append(soc_kwh)
    return np.array(charge_kw), np.array(discharge_kw), np.array(stored_kwh)
