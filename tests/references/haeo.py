"""Scenarios of hass-energy/haeo: sun and battery on a DC bus behind an inverter, limits that are hard.

What is left in the battery at the end is worth nothing.
The battery's charge limit is at the cell, so ours at the AC side is higher by the efficiency; its discharge limit
is at the AC side. Their linear program may import and export at once, ours may not: the same wherever a kWh sold
never pays more than a kWh bought costs. A case in which it does is skipped.

Policies price the flow between two kinds of elements per kWh. Those that name the battery, the grid or the load on
one side and everything on the other are ours (see ``battery_prices`` for the battery); others, which need
to know where each kWh came from, are skipped by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from references.evcc import skip_unknown

from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Plan
from optimizer.domain.problem import Problem

INPUTS = {"import_price_per_kwh", "export_price_per_kwh", "solar_kw", "load_kw", "solar_curtailable", "battery"}
INPUTS |= {"inverter_max_kw_each_way", "grid_import_limit_kw", "grid_export_limit_kw", "policies_per_kwh"}
BATTERY = {"capacity_kwh", "soc_start_pct", "soc_min_pct", "soc_max_pct", "efficiency_each_way_pct"}
BATTERY |= {"max_charge_kw_cell_side", "max_discharge_kw_ac_side"}
RELATIVE = 0.005
SAME_INPUTS_RELATIVE = 2e-5
EVERYTHING = {"any", "all", "*"}
NAMED = {
    "battery_charge": "into_battery",
    "battery_discharge": "out_of_battery",
    "grid_import": "from_grid",
    "grid_export": "to_grid",
}

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Money per kWh for what passes from anywhere into an element, or out of it to anywhere."""

    into_battery: float = 0.0
    out_of_battery: float = 0.0
    from_grid: float = 0.0
    to_grid: float = 0.0
    to_load: float = 0.0


def problem(case: Fields) -> Problem:
    """The scenario as our Problem; its limits are ratings."""
    given = case["inputs"]
    skip_unknown("inputs", given, INPUTS)
    horizon, told = _horizon(case), policies(given.get("policies_per_kwh") or {})
    bought = tuple(price + told.from_grid for price in given["import_price_per_kwh"])
    sold = tuple(price - told.to_grid for price in given["export_price_per_kwh"])
    if any(out > into for into, out in zip(bought, sold, strict=True)):
        pytest.skip("export_price_per_kwh above import_price_per_kwh: their linear program would do both at once")
    battery = given.get("battery")
    return Problem(
        site_id=str(case["id"]),
        horizon=horizon,
        load_kw=tuple(given["load_kw"]),
        heat_kw=(0.0,) * len(horizon),
        solar_kw=tuple(given["solar_kw"]),
        import_price_per_kwh=bought,
        export_price_per_kwh=sold,
        currency=case.get("currency", "AUD"),
        import_rating_kw=given.get("grid_import_limit_kw"),
        export_rating_kw=given.get("grid_export_limit_kw"),
        can_curtail=given["solar_curtailable"],
        inverter_limit_kw=given.get("inverter_max_kw_each_way"),
        batteries=(battery_prices(_battery(battery), told),) if battery else (),
        solver_time_s=100.0,
    )


def figures(case: Fields, plan: Plan) -> dict[str, float]:
    """Their figures of cost, of the flows that we planned: what the optimizer minimises, and what the grid takes."""
    told = policies(case["inputs"].get("policies_per_kwh") or {})
    given, hours, flows = case["inputs"], plan.problem.horizon.slot_h, plan.flows

    def money(kw: tuple[float, ...], prices: tuple[float, ...]) -> float:
        return sum(each * price * h for each, price, h in zip(kw, prices, hours, strict=True))

    def kwh(kw: tuple[float, ...]) -> float:
        return money(kw, (1.0,) * len(kw))

    grid = money(flows.import_kw, given["import_price_per_kwh"]) - money(flows.export_kw, given["export_price_per_kwh"])
    extra = told.from_grid * kwh(flows.import_kw) + told.to_grid * kwh(flows.export_kw)
    extra += told.to_load * kwh(tuple(given["load_kw"]))
    extra += told.into_battery * kwh(flows.charge_kw) + told.out_of_battery * kwh(flows.discharge_kw)
    return {"optimizer_cost": grid + extra, "grid_net_cost": grid}


def policies(given: Fields | list[Fields]) -> Policies:
    """Each policy by its name ("battery->any", "any_to_battery", "battery_discharge") or by its source and target."""
    told = Policies()
    for name, value in given.items() if isinstance(given, Mapping) else enumerate(given):
        if isinstance(value, Mapping):
            skip_unknown(f"policies_per_kwh: {name}", value, {"name", "source", "target", "price"})
            key, price = _priced_as((str(value["source"]).lower(), str(value["target"]).lower())), value["price"]
        else:
            key, price = NAMED.get(str(name)) or _priced_as(_ends(str(name))), value
        if key is None or not isinstance(price, int | float):
            pytest.skip(f"policies_per_kwh: no adapter knows the meaning of {name}: {value}")
        told = replace(told, **{key: getattr(told, key) + price})
    return told


def battery_prices(battery: Battery, told: Policies) -> Battery:
    """``a`` for each kWh in and ``b`` for each kWh out, said by one wear price and a value of what is left at the end.

    With k = charge efficiency * discharge efficiency, w = (a + k * b) / (1 + k) leaves (a - w) * in + (b - w) * out =
    (a - w) / charge efficiency * (stored at the end - stored now), because in * charge efficiency - out / discharge
    efficiency is what the stored energy gains.
    """
    into, out = told.into_battery, told.out_of_battery
    if not into and not out:
        return battery
    kept = battery.charge_efficiency * battery.discharge_efficiency
    wear = (into + kept * out) / (1.0 + kept)
    value = (wear - into) / battery.charge_efficiency
    return replace(
        battery,
        wear_cost_per_kwh=wear,
        end_values=(EndValue(kwh=battery.capacity_kwh, value_per_kwh=value),),
    )


def _battery(given: Fields) -> Battery:
    skip_unknown("battery", given, BATTERY)
    capacity_kwh, efficiency = given["capacity_kwh"], given["efficiency_each_way_pct"] / 100.0
    return Battery(
        capacity_kwh=capacity_kwh,
        soc_kwh=capacity_kwh * given["soc_start_pct"] / 100.0,
        soc_min_kwh=capacity_kwh * given["soc_min_pct"] / 100.0,
        soc_max_kwh=capacity_kwh * given["soc_max_pct"] / 100.0,
        max_charge_kw=given["max_charge_kw_cell_side"] / efficiency,
        max_discharge_kw=given["max_discharge_kw_ac_side"],
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        is_dc_coupled=True,
    )


def _horizon(case: Fields) -> Horizon:
    starts = [datetime.fromisoformat(text) for text in case["period_start_utc"]]
    edges = (*starts, starts[-1] + timedelta(minutes=case["period_minutes"][-1]))
    minutes = [(end - start).total_seconds() / 60.0 for start, end in pairwise(edges)]
    assert minutes == pytest.approx(case["period_minutes"]), "period_start_utc and period_minutes disagree"
    return Horizon(edges)


def _ends(name: str) -> tuple[str, str] | None:
    found = re.fullmatch(r"\s*([a-z*]+?)\s*(?:->|→|_to_| to )\s*([a-z*]+)\s*", name.lower())
    return (found[1], found[2]) if found else None


def _priced_as(pair: tuple[str, str] | None) -> str | None:
    """The price that a policy from one element to another is; None where it needs to know whose kWh it was."""
    if pair is None:
        return None
    source, target = ("any" if end in EVERYTHING else end for end in pair)
    known = {
        ("any", "battery"): "into_battery",
        ("battery", "any"): "out_of_battery",
        ("grid", "any"): "from_grid",
        ("any", "grid"): "to_grid",
        ("any", "load"): "to_load",
    }
    return known.get((source, target))
