"""The answer held against the question, by arithmetic that shares nothing with the model's rows."""

from collections.abc import Iterator

from optimizer.domain.assets import Battery
from optimizer.domain.plan import BatteryProfile, Plan
from optimizer.domain.problem import Problem

TOLERANCE = 1e-6
"""kW and kWh."""


def deviations(plan: Plan) -> Iterator[str]:
    """Every way in which ``plan`` breaks physics or a bound that is not soft. None means sound."""
    problem, flows = plan.problem, plan.flows
    for name in ("import_kw", "export_kw", "curtailed_kw"):
        worst = min(getattr(flows, name))
        if not worst >= 0:
            yield f"{name} is {worst}"
    yield from _balance(plan)
    for battery, profile in zip(problem.batteries, plan.batteries, strict=True):
        yield from _battery(problem, battery, profile)
    for name, rating_kw in (("import", problem.import_rating_kw), ("export", problem.export_rating_kw)):
        most_kw = max(getattr(flows, f"{name}_kw"))
        if rating_kw is not None and most_kw > rating_kw + TOLERANCE:
            yield f"{name} {most_kw} kW beyond the rating of {rating_kw} kW"


def _balance(plan: Plan) -> Iterator[str]:
    problem, flows = plan.problem, plan.flows
    for slot, demand_kw in enumerate(problem.demand_kw):
        solar_kw = problem.solar_kw[slot] - flows.curtailed_kw[slot]
        supply_kw = flows.import_kw[slot] + solar_kw
        use_kw = flows.export_kw[slot] + demand_kw
        for profile in plan.batteries:
            supply_kw += profile.discharge_kw[slot]
            use_kw += profile.charge_kw[slot]
        for other in plan.others:
            if other.kind == "genset":
                supply_kw += other.electrical_kw[slot]
            else:
                use_kw += other.electrical_kw[slot]
        if abs(supply_kw - use_kw) > TOLERANCE:
            yield f"slot {slot}: supply {supply_kw:.9f} kW does not meet use {use_kw:.9f} kW"
        if solar_kw < -TOLERANCE:
            yield f"slot {slot}: more sun curtailed than there is"
        if min(flows.import_kw[slot], flows.export_kw[slot]) > 0:
            yield f"slot {slot}: imports and exports at once"


def _battery(problem: Problem, battery: Battery, profile: BatteryProfile) -> Iterator[str]:
    low_kwh = 0.0 if battery.self_discharge_per_h else min(battery.soc_min_kwh, battery.soc_kwh)
    high_kwh = max(battery.soc_max_kwh, battery.soc_kwh)
    before_kwh = battery.soc_kwh
    series = zip(problem.horizon.slot_h, profile.charge_kw, profile.discharge_kw, profile.soc_kwh, strict=True)
    for slot, (slot_h, charge_kw, discharge_kw, soc_kwh) in enumerate(series):
        if charge_kw < 0 or discharge_kw < 0 or min(charge_kw, discharge_kw) > TOLERANCE:
            yield f"slot {slot}: {battery.name} charges {charge_kw} kW and discharges {discharge_kw} kW at once"
        if charge_kw > battery.max_charge_kw + TOLERANCE or discharge_kw > battery.max_discharge_kw + TOLERANCE:
            yield f"slot {slot}: {battery.name} power beyond its limit"
        kept_kwh = before_kwh
        if battery.self_discharge_per_h:
            kept_kwh *= (1.0 - battery.self_discharge_per_h) ** slot_h
        change_kwh = (charge_kw * battery.charge_efficiency - discharge_kw / battery.discharge_efficiency) * slot_h
        if abs(kept_kwh + change_kwh - soc_kwh) > TOLERANCE * 10:
            yield f"slot {slot}: {battery.name} energy jumps by {soc_kwh - kept_kwh - change_kwh} kWh"
        if not low_kwh - TOLERANCE <= soc_kwh <= high_kwh + TOLERANCE:
            yield f"slot {slot}: {battery.name} energy {soc_kwh} kWh outside {low_kwh} to {high_kwh} kWh"
        for least_kw, power_kw in ((battery.min_charge_kw, charge_kw), (battery.min_discharge_kw, discharge_kw)):
            if TOLERANCE < power_kw < least_kw - TOLERANCE:
                yield f"slot {slot}: {battery.name} power {power_kw} kW below its least of {least_kw} kW"
        before_kwh = soc_kwh
