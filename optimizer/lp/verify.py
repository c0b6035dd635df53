"""The answer held against the question, by arithmetic that shares nothing with the model's rows."""

from collections.abc import Iterator

from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem

TOLERANCE = 1e-6
"""kW and kWh."""


def deviations(problem: Problem, flows: Flows) -> Iterator[str]:
    """Every way in which ``flows`` breaks physics or a bound that is not soft. None means sound."""
    battery = problem.battery
    before_kwh = battery.soc_kwh if battery else 0.0
    for slot, slot_h in enumerate(problem.horizon.slot_h):
        charge_kw, discharge_kw = flows.charge_kw[slot], flows.discharge_kw[slot]
        solar_kw = problem.solar_kw[slot] - flows.curtailed_kw[slot]
        supply_kw = flows.import_kw[slot] + discharge_kw + solar_kw
        use_kw = flows.export_kw[slot] + charge_kw + problem.load_kw[slot] + problem.heat_kw[slot]
        if abs(supply_kw - use_kw) > TOLERANCE:
            yield f"slot {slot}: supply {supply_kw:.9f} kW does not meet use {use_kw:.9f} kW"
        for name in ("import_kw", "export_kw", "charge_kw", "discharge_kw", "curtailed_kw"):
            if not getattr(flows, name)[slot] >= 0:
                yield f"slot {slot}: {name} is {getattr(flows, name)[slot]}"
        if solar_kw < -TOLERANCE:
            yield f"slot {slot}: more sun curtailed than there is"
        if min(charge_kw, discharge_kw) > TOLERANCE:
            yield f"slot {slot}: charges {charge_kw} kW and discharges {discharge_kw} kW at once"
        if battery is None:
            if max(charge_kw, discharge_kw) > 0:
                yield f"slot {slot}: battery power without a battery"
            continue
        yield from _battery_deviations(problem, flows, slot, slot_h, before_kwh)
        before_kwh = flows.soc_kwh[slot]


def _battery_deviations(problem: Problem, flows: Flows, slot: int, slot_h: float, before_kwh: float) -> Iterator[str]:
    battery = problem.battery
    if battery is None:
        return
    charge_kw, discharge_kw = flows.charge_kw[slot], flows.discharge_kw[slot]
    soc_kwh = flows.soc_kwh[slot]
    gained_kwh = charge_kw * slot_h * battery.charge_efficiency
    spent_kwh = discharge_kw * slot_h / battery.discharge_efficiency
    if abs(before_kwh + gained_kwh - spent_kwh - soc_kwh) > TOLERANCE * 10:
        yield f"slot {slot}: stored energy jumps by {soc_kwh - before_kwh - gained_kwh + spent_kwh} kWh"
    if charge_kw > battery.max_charge_kw + TOLERANCE or discharge_kw > battery.max_discharge_kw + TOLERANCE:
        yield f"slot {slot}: battery power beyond its limit"
    low_kwh = min(battery.soc_min_kwh, battery.soc_kwh)
    high_kwh = max(battery.soc_max_kwh, battery.soc_kwh)
    if not low_kwh - TOLERANCE <= soc_kwh <= high_kwh + TOLERANCE:
        yield f"slot {slot}: stored energy {soc_kwh} kWh outside {low_kwh} to {high_kwh} kWh"
