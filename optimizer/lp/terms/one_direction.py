"""Import or export, charge or discharge, never both at once."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import (
    demand_kw,
    most_export_kw,
    most_import_kw,
    most_supply_kw,
    most_use_kw,
    series,
    solar_kw,
)
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Rows, at_most
from optimizer.lp.variables import Variables


def one_direction(problem: Problem, at: Variables) -> Contribution:
    """flow_in <= most_in * b and flow_out <= most_out * (1 - b), b binary, where the LP needs to be told.

    The big-M of each row is the physical bound of its flow in that slot.
    """
    rows: list[Rows] = []
    if len(at.grid_slots):
        here = at.grid_slots
        most_in, most_out = most_import_kw(problem)[here], most_export_kw(problem)[here]
        rows += [
            at_most("one_direction import", at.import_kw[here] - at.importing * most_in),
            at_most("one_direction export", at.export_kw[here] + at.importing * most_out, most_out),
            *_tightened(problem, at),
        ]
    for columns in at.batteries:
        here, battery = columns.direction_slots, columns.battery
        if len(here):
            charge_kw, discharge_kw = columns.charge_kw[here], columns.discharge_kw[here]
            name, most_out_kw = battery.name, battery.max_discharge_kw
            rows += [
                at_most(f"{name} one_direction charge", charge_kw - columns.charging * battery.max_charge_kw),
                at_most(f"{name} one_direction discharge", discharge_kw + columns.charging * most_out_kw, most_out_kw),
            ]
    return Contribution(rows=tuple(rows))


def _tightened(problem: Problem, at: Variables) -> list[Rows]:
    """Rows that follow from the balance and cut off fractional answers; they make the search 20 times shorter.

    export + use - supply <= surplus * (1 - b) + most_use * b
    import + supply - use - curtailed <= -surplus * b + most_supply * (1 - b)
    import <= demand * b + use, export <= generation * (1 - b) + supply
    curtailed <= solar * b, where exporting is free of charge and of limits: nobody cuts sun that can be sold
    """
    here, importing = at.grid_slots, at.importing
    demand, sun = demand_kw(problem)[here], solar_kw(problem)[here]
    use, supply = at.use_kw.at(here), at.supply_kw.at(here)
    most_use, most_supply = most_use_kw(problem)[here], most_supply_kw(problem)[here]
    surplus, generation = sun - demand, sun + np.maximum(-demand, 0.0)
    imported, exported = at.import_kw[here], at.export_kw[here]
    cut: Linear = at.curtailed_kw[here]
    rows = [
        at_most("surplus_goes_out", exported + use - supply + importing * (surplus - most_use), surplus),
        at_most("deficit_comes_in", imported + supply - use - cut + importing * (surplus + most_supply), most_supply),
        at_most("import_serves", imported - use - importing * np.maximum(demand, 0.0)),
        at_most("export_is_fed", exported - supply + importing * generation, generation),
    ]
    free = _can_always_sell(problem)[here]
    if free.any():
        chosen = np.flatnonzero(free).astype(np.int32)
        rows.append(at_most("sold_not_cut", cut.at(chosen) - (importing * sun).at(chosen)))
    return rows


def _can_always_sell(problem: Problem) -> np.ndarray:
    """Slots in which exporting costs nothing and meets no limit."""
    most_out = most_export_kw(problem)
    pays = np.array(problem.export_price_per_kwh) >= problem.export_extra_cost_per_kwh
    unlimited = most_out <= series(problem.export_limit_kw, problem) if problem.export_limit_kw is not None else True
    has_peak = any(charge.direction.value == "export" for charge in problem.peak_charges)
    is_rated = problem.export_rating_kw is not None or problem.inverter_limit_kw is not None
    return pays & unlimited & (not has_peak) & (not is_rated)
