"""Cases of Akkudoktor-EOS: what its genetic algorithm found is an upper bound, on the plant that its simulation knows.

Assumed, as EOS simulates: hours of 1 h from ``start_hour`` on; the battery stores 0.88 of what it takes and gives
0.88 of what it draws, takes and gives at most 5 kW where no power is stated, may take from the grid but covers
only the site's own demand; the inverter sends out at most its power, all sun is taken. The vehicle must have
``min_soc_percentage`` by the end and is never emptied; in EOS its charging loss does not reach the meter (the load of
an hour rises by what the vehicle stores), so it reaches none here. The dishwasher runs once, in one block. EOS
charges battery and vehicle in fixed shares of their power; ours may choose any.

Energy left in the battery is worth ``preis_euro_pro_wh_akku`` per Wh that can be drawn, on both sides. What EOS calls
its balance (Gesamtbilanz) leaves it out; the reported SoC is that at the start of each hour, so the last hour's is
worked out from its flows.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from builders import NOON
from references.evcc import skip_unknown

from optimizer.domain.assets import Battery, DeferrableLoad, EndValue, EvSession
from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Plan
from optimizer.domain.problem import Problem

EFFICIENCY = 0.88
BATTERY_W = 5000.0
FULL = 100.0
INPUT = {"ems", "pv_akku", "inverter", "eauto", "dishwasher", "temperature_forecast", "start_solution"}
EMS = {"preis_euro_pro_wh_akku", "einspeiseverguetung_euro_pro_wh", "gesamtlast", "pv_prognose_wh"}
EMS |= {"strompreis_euro_pro_wh"}
INVERTER = {"device_id", "max_power_wh", "battery_id"}
DISHWASHER = {"device_id", "consumption_wh", "duration_h"}
STORE = {"device_id", "capacity_wh", "charging_efficiency", "discharging_efficiency", "max_charge_power_w"}
STORE |= {"initial_soc_percentage", "min_soc_percentage", "max_soc_percentage"}

Fields = Mapping[str, Any]


def problem(case: Fields) -> Problem:
    """The case from ``start_hour`` to its end."""
    given = case["input"]
    for place, known in (("ems", EMS), ("pv_akku", STORE), ("inverter", INVERTER), ("eauto", STORE)):
        skip_unknown(place, given.get(place) or {}, known)
    skip_unknown("input", given, INPUT)
    skip_unknown("dishwasher", given.get("dishwasher") or {}, DISHWASHER)
    ems = given["ems"]
    load_kw = _ahead(case, "gesamtlast")
    slots = len(load_kw)
    inverter, battery = given.get("inverter") or {}, given.get("pv_akku")
    return Problem(
        site_id=str(case["id"]),
        horizon=Horizon(tuple(NOON + timedelta(hours=hour) for hour in range(slots + 1))),
        load_kw=load_kw,
        heat_kw=(0.0,) * slots,
        solar_kw=_ahead(case, "pv_prognose_wh"),
        import_price_per_kwh=_ahead(case, "strompreis_euro_pro_wh", 1000.0),
        export_price_per_kwh=_ahead(case, "einspeiseverguetung_euro_pro_wh", 1000.0),
        currency="EUR",
        export_rating_kw=inverter["max_power_wh"] / 1000.0 if "max_power_wh" in inverter else None,
        can_curtail=False,
        batteries=(_battery(battery, ems["preis_euro_pro_wh_akku"]),) if battery else (),
        ev_sessions=tuple(_vehicle(given["eauto"])) if given.get("eauto") else (),
        deferrable_loads=(_dishwasher(given["dishwasher"]),) if given.get("dishwasher") else (),
        solver_time_s=100.0,
    )


def our_cost(case: Fields, plan: Plan) -> float:
    """Our grid cost less the worth of what is left in the battery."""
    stored_wh = plan.flows.soc_kwh[-1] * 1000.0 if plan.batteries else 0.0
    return plan.energy_cost - _worth(case, stored_wh)


def genetic_costs(case: Fields) -> dict[str, float]:
    """The same of each genetic result that the case holds."""
    return {
        name: result["Gesamtbilanz_Euro"] - _worth(case, _stored_at_end_wh(case["input"], result))
        for name, result in case.items()
        if name.startswith("genetic_result")
    }


def _worth(case: Fields, stored_wh: float) -> float:
    given = case["input"]
    battery = given.get("pv_akku") or {}
    floor_wh = battery.get("capacity_wh", 0.0) * battery.get("min_soc_percentage", 0.0) / 100.0
    usable_wh = (stored_wh - floor_wh) * battery.get("discharging_efficiency", EFFICIENCY)
    return float(usable_wh * given["ems"]["preis_euro_pro_wh_akku"])


def _stored_at_end_wh(given: Fields, result: Fields) -> float:
    battery = given.get("pv_akku")
    if not battery:
        return 0.0
    hours = len(result["akku_soc_pro_stunde"])
    net_wh = result["Netzbezug_Wh_pro_Stunde"][-1] - result["Netzeinspeisung_Wh_pro_Stunde"][-1]
    net_wh += given["ems"]["pv_prognose_wh"][-1] - result["Last_Wh_pro_Stunde"][hours - 1]
    gained_wh = net_wh * battery.get("charging_efficiency", EFFICIENCY)
    if net_wh < 0:
        gained_wh = net_wh / battery.get("discharging_efficiency", EFFICIENCY)
    before_wh = result["akku_soc_pro_stunde"][-1] / 100.0 * battery["capacity_wh"]
    return float(min(before_wh + gained_wh, battery["capacity_wh"]))


def _ahead(case: Fields, name: str, factor: float = 0.001) -> tuple[float, ...]:
    """From ``start_hour`` on; Wh of an hour are kW / 1000, and one number holds for all hours."""
    ems = case["input"]["ems"]
    given, hours = ems[name], len(ems["gesamtlast"])
    series = given if isinstance(given, list) else [given] * hours
    return tuple(value * factor for value in series[case.get("start_hour", 0) :])


def _battery(given: Fields, price_per_wh: float) -> Battery:
    capacity_kwh = given["capacity_wh"] / 1000.0
    most_kw = (given.get("max_charge_power_w") or BATTERY_W) / 1000.0
    draws = given.get("discharging_efficiency", EFFICIENCY)
    return Battery(
        capacity_kwh=capacity_kwh,
        soc_kwh=capacity_kwh * given["initial_soc_percentage"] / 100.0,
        soc_min_kwh=capacity_kwh * given.get("min_soc_percentage", 0.0) / 100.0,
        soc_max_kwh=capacity_kwh * given.get("max_soc_percentage", FULL) / 100.0,
        max_charge_kw=most_kw,
        max_discharge_kw=most_kw,
        charge_efficiency=given.get("charging_efficiency", EFFICIENCY),
        discharge_efficiency=draws,
        discharges_to_grid=False,
        end_values=(EndValue(kwh=capacity_kwh, value_per_kwh=price_per_wh * 1000.0 * draws),),
    )


def _vehicle(given: Fields) -> Iterator[EvSession]:
    missing = max(given.get("min_soc_percentage", 0.0) - given["initial_soc_percentage"], 0.0) / 100.0
    if missing > 0:
        stored_share = given.get("charging_efficiency", EFFICIENCY)
        yield EvSession(
            energy_kwh=missing * given["capacity_wh"] / 1000.0,
            max_charge_kw=given["max_charge_power_w"] / 1000.0 * stored_share,
        )


def _dishwasher(given: Fields) -> DeferrableLoad:
    return DeferrableLoad(
        name="dishwasher",
        power_kw=given["consumption_wh"] / 1000.0 / given["duration_h"],
        run_h=given["duration_h"],
        is_on_off=True,
        is_single_block=True,
    )
