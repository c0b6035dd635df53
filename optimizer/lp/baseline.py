"""The dumb rules that a plan must beat, and the one function that prices them all."""

from collections.abc import Mapping

from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.lp.model import build_model
from optimizer.lp.read import complete_flows
from optimizer.lp.term import Tier
from optimizer.lp.variables import Exclusive, Variables


def no_battery(problem: Problem) -> Flows:
    """The battery rests: surplus is exported, and cut only beyond the export limit."""
    nothing = [0.0] * len(problem.horizon)
    return complete_flows(problem, nothing, nothing, _cut_beyond_export_limit(problem, nothing, nothing))


def self_consumption(problem: Problem) -> Flows:
    """The usual inverter rule: charge from surplus, discharge into deficit, inside the window."""
    battery = problem.battery
    if battery is None:
        return no_battery(problem)
    charge_kw, discharge_kw = [], []
    soc_kwh, demand_kw = battery.soc_kwh, problem.demand_kw
    for slot, slot_h in enumerate(problem.horizon.slot_h):
        surplus_kw = problem.solar_kw[slot] - demand_kw[slot]
        room_kw = max(battery.soc_max_kwh - soc_kwh, 0.0) / (battery.charge_efficiency * slot_h)
        stock_kw = max(soc_kwh - battery.soc_min_kwh, 0.0) * battery.discharge_efficiency / slot_h
        charge_kw.append(min(max(surplus_kw, 0.0), battery.max_charge_kw, room_kw))
        discharge_kw.append(min(max(-surplus_kw, 0.0), battery.max_discharge_kw, stock_kw))
        soc_kwh += (
            charge_kw[-1] * battery.charge_efficiency - discharge_kw[-1] / battery.discharge_efficiency
        ) * slot_h
    curtailed_kw = _cut_beyond_export_limit(problem, charge_kw, discharge_kw)
    return complete_flows(problem, charge_kw, discharge_kw, curtailed_kw)


def price(problem: Problem, flows: Flows) -> Mapping[str, float]:
    """Each money term for any flows, by the expressions that the model minimises."""
    model = build_model(problem, Exclusive())
    assign(model.variables, flows)
    return model.values(Tier.MONEY)


def assign(at: Variables, flows: Flows) -> None:
    """Set the flow variables to ``flows``."""
    for name in ("import_kw", "export_kw", "charge_kw", "discharge_kw", "curtailed_kw", "soc_kwh"):
        for variable, number in zip(getattr(at, name), getattr(flows, name), strict=True):
            variable.varValue = number


def _cut_beyond_export_limit(problem: Problem, charge_kw: list[float], discharge_kw: list[float]) -> list[float]:
    if problem.export_limit_kw is None or not problem.can_curtail:
        return [0.0] * len(problem.horizon)
    cut_kw, demand_kw = [], problem.demand_kw
    for slot, solar_kw in enumerate(problem.solar_kw):
        export_kw = solar_kw - demand_kw[slot] - charge_kw[slot] + discharge_kw[slot]
        cut_kw.append(min(max(export_kw - problem.export_limit_kw, 0.0), solar_kw))
    return cut_kw
