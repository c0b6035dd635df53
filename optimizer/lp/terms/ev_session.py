"""Vehicles that want energy by the time they leave."""

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Rows, Tier, equal, priced
from optimizer.lp.terms.least_power import on_or_off
from optimizer.lp.variables import Variables


def ev_session(problem: Problem, at: Variables) -> Contribution:
    """sum of power * h * efficiency + short = energy  [kWh], while the vehicle is there."""
    rows: list[Rows] = []
    costs: list[Cost] = []
    for columns in at.sessions:
        session = columns.session
        got_kwh: Linear = (columns.electrical_kw * (slot_h(problem) * session.efficiency)).sum()
        if columns.short_kwh is not None:
            got_kwh = got_kwh + columns.short_kwh
            short = columns.short_kwh.sum()
            costs.append(priced(f"{session.name} short kWh", short, session.shortfall_price_per_kwh, Tier.GOAL))
        rows.append(equal(f"{session.name} energy", got_kwh, session.energy_kwh))
        if columns.on is not None:
            power = columns.electrical_kw
            rows += on_or_off(session.name, power, columns.on, session.min_charge_kw, session.max_charge_kw)
    return Contribution(rows=tuple(rows), costs=tuple(costs))
