"""The answer held against the question, by arithmetic that shares nothing with the model's rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

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


def _first(where: NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(where)
    return int(found[0]) if len(found) else None


def _balance(plan: Plan) -> Iterator[str]:
    problem, flows = plan.problem, plan.flows
    solar_kw = np.array(problem.solar_kw) - np.array(flows.curtailed_kw)
    imported, exported = np.array(flows.import_kw), np.array(flows.export_kw)
    supply_kw = imported + solar_kw
    use_kw = exported + np.array(problem.load_kw) + np.array(problem.heat_kw)
    for battery, profile in zip(problem.batteries, plan.batteries, strict=True):
        supply_kw = supply_kw + np.array(profile.discharge_kw)
        use_kw = use_kw + np.array(profile.charge_kw) + battery.standby_kw
    for other in plan.others:
        power_kw = np.array(other.electrical_kw)
        supply_kw, use_kw = (supply_kw + power_kw, use_kw) if other.kind == "genset" else (supply_kw, use_kw + power_kw)
    slot = _first(~(np.abs(supply_kw - use_kw) <= TOLERANCE))
    if slot is not None:
        yield f"slot {slot}: supply {supply_kw[slot]:.9f} kW does not meet use {use_kw[slot]:.9f} kW"
    slot = _first(solar_kw < -TOLERANCE)
    if slot is not None:
        yield f"slot {slot}: more sun curtailed than there is"
    slot = _first(np.minimum(imported, exported) > 0)
    if slot is not None:
        yield f"slot {slot}: imports and exports at once"


def _battery(problem: Problem, battery: Battery, profile: BatteryProfile) -> Iterator[str]:
    low_kwh = 0.0 if battery.self_discharge_per_h else min(battery.soc_min_kwh, battery.soc_kwh)
    high_kwh = max(battery.soc_max_kwh, battery.soc_kwh)
    h = np.array(problem.horizon.slot_h)
    charge, discharge = np.array(profile.charge_kw), np.array(profile.discharge_kw)
    soc = np.array(profile.soc_kwh)
    before = np.concatenate(([battery.soc_kwh], soc[:-1])) * np.power(1.0 - battery.self_discharge_per_h, h)
    jump = soc - before - (charge * battery.charge_efficiency - discharge / battery.discharge_efficiency) * h
    least = np.where(charge > TOLERANCE, battery.min_charge_kw, 0.0)
    least = np.where(discharge > TOLERANCE, np.maximum(least, battery.min_discharge_kw), least)
    power = np.maximum(charge, discharge)
    faults = {
        "charges and discharges at once": np.minimum(charge, discharge) > TOLERANCE,
        "power below 0": np.minimum(charge, discharge) < 0,
        "power beyond its limit": (charge > battery.max_charge_kw + TOLERANCE)
        | (discharge > battery.max_discharge_kw + TOLERANCE),
        "power below its least": power < least - TOLERANCE,
        "energy jumps": ~(np.abs(jump) <= TOLERANCE * 10),
        f"energy outside {low_kwh:g} to {high_kwh:g} kWh": (soc < low_kwh - TOLERANCE) | (soc > high_kwh + TOLERANCE),
    }
    for fault, where in faults.items():
        slot = _first(where)
        if slot is not None:
            yield (
                f"slot {slot}: {battery.name} {fault} (charge {charge[slot]} kW, discharge {discharge[slot]} kW, "
                f"{soc[slot]} kWh)"
            )
