"""The JSON shapes of both vendors, made from readings and schedules."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from optimizer.simulator.heatpump import SPREAD_K, flow_litres_per_minute, supply_temp_c
from optimizer.simulator.meter import Meter
from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.plant import Reading
from optimizer.simulator.schedule import Schedules

type Json = dict[str, Any]
CLOUD_DECIMALS = 3
HCU_DECIMALS = 1


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def schedules_json(schedules: Schedules) -> list[Json]:
    """Schedules as the cloud lists them."""
    return [
        {
            "asset": pair.value[0],
            "type": pair.value[1],
            "entries": [
                {"startAt": timestamp(entry.start), "endAt": timestamp(entry.end), "value": entry.value}
                for entry in entries
            ],
        }
        for pair, entries in schedules.items()
    ]


def assets_json(reading: Reading, options: SimulatorOptions) -> Json:
    """The asset groups of a site with ratings and telemetry, signed by the simulator's conventions."""
    flows = reading.flows
    charge_kw = flows.charge_kw - flows.discharge_kw
    telemetry_sign = options.bess_telemetry_positive or options.bess_power_positive
    upper_kw, lower_kw = options.max_charge_kw, -options.max_discharge_kw
    if options.bess_power_positive == "discharge":
        upper_kw, lower_kw = options.max_discharge_kw, -options.max_charge_kw
    load_kw = flows.load_kw + (flows.heatpump_kw if options.load_includes_heatpump else 0.0)
    grid_kw = flows.grid_kw if options.grid_power_positive == "import" else -flows.grid_kw
    assets = [
        _asset("grid", options.grid_import_limit_kw, -options.grid_export_limit_kw, grid_kw),
        _asset("solar", options.solar_peak_kw, 0.0, flows.solar_kw),
        _asset("bess", upper_kw, lower_kw, charge_kw if telemetry_sign == "charge" else -charge_kw)
        | {
            "availableStorageCapacitykWh": options.battery_kwh,
            "soc": round(100.0 * reading.soc_kwh / options.battery_kwh, CLOUD_DECIMALS),
        },
    ]
    if options.hcu_source_type == "heat_pump":
        assets.append(_asset("heatpump", options.heatpump_rating_kw, 0.0, flows.heatpump_kw))
    assets.append(_asset("load", options.load_rating_kw, 0.0, load_kw))
    return _keyed(assets)


def hcu_json(reading: Reading, meter: Meter, options: SimulatorOptions) -> Json:
    """The status of the hydronic unit; what has no meaning at the moment is left out."""
    thermal_kw = reading.thermal_kw
    electrical_kw = reading.flows.heatpump_kw
    runs = thermal_kw > 0.0
    status: Json = {
        "hcuId": "hcu_main",
        "sourceType": options.hcu_source_type,
        "mode": "heat" if runs else "idle",
        "state": "running" if runs else "standby",
        "flowRateLpm": _tenth(flow_litres_per_minute(thermal_kw)),
        "thermalPowerKw": _tenth(thermal_kw),
        "electricalPowerKw": _tenth(electrical_kw),
        "lifetimeThermalKwh": _tenth(meter.heat_thermal_kwh),
        "lifetimeElecKwh": _tenth(meter.heat_kwh),
        "backupHeaterActive": False,
        "activeFaults": [],
    }
    if reading.outdoor_temp_c is not None:
        status["outdoorTempC"] = _tenth(reading.outdoor_temp_c)
        if runs:
            supply_c = supply_temp_c(reading.outdoor_temp_c)
            status |= {"supplyTempC": _tenth(supply_c), "returnTempC": _tenth(supply_c - SPREAD_K)}
    if electrical_kw > 0.0:
        status["copInstant"] = _tenth(thermal_kw / electrical_kw)
    return status


def _asset(kind: str, upper_kw: float, lower_kw: float, active_kw: float) -> Json:
    return {
        "id": f"0-{kind}",
        "type": kind,
        "ratedPowerUpperLimitkW": upper_kw,
        "ratedPowerLowerLimitkW": lower_kw,
        "activePowerkW": round(active_kw, CLOUD_DECIMALS),
    }


def _keyed(assets: Iterable[Json]) -> Json:
    return {asset["type"]: asset for asset in assets}


def _tenth(number: float) -> float:
    return round(number, HCU_DECIMALS)
