"""A charge that somebody demands, kept up until the battery is full."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, priced
from optimizer.lp.variables import Variables


def charge_demand(problem: Problem, at: Variables) -> Contribution:
    """charge + short >= demanded * (1 - is_full)  [kW]; is_full (binary) only where soc = soc_max at the slot's end."""
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.batteries:
        battery = columns.battery
        if battery.demanded_charge_kw is None:
            continue
        demanded = np.minimum(series(battery.demanded_charge_kw, problem), battery.max_charge_kw)
        kept: Linear = columns.charge_kw + 0.0
        if columns.demand_short_kw is not None:
            kept = kept + columns.demand_short_kw
            short_kwh = (columns.demand_short_kw * slot_h(problem)).sum()
            name = f"{battery.name} demanded charge short kWh"
            costs.append(priced(name, short_kwh, battery.demand_price_per_kwh, Tier.GOAL))
        here = columns.full_slots
        if len(here):
            excused = (columns.is_full * demanded[here]).gathered(here, len(demanded))
            kept = kept + excused
            full = columns.soc_kwh[here] - columns.is_full * battery.soc_max_kwh
            rows.append(at_least(f"{battery.name} full", full))
        rows.append(at_least(f"{battery.name} demanded charge", kept, demanded))
    return Contribution(rows=tuple(rows), costs=tuple(costs))
