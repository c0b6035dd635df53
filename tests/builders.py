"""Small makers of domain objects, so that a test states only what it is about."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.limits import SiteLimits
from optimizer.domain.problem import Problem
from optimizer.lp import end_values

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SITE_ID = "123e4567-e89b-12d3-a456-426614174000"
LIMITS = SiteLimits(import_limit_kw=20.0, export_limit_kw=15.0, max_charge_kw=5.0, max_discharge_kw=5.0)


def conventions(**changes: object) -> Conventions:
    given = {"bess_power_positive": BatterySign.CHARGE, "bess_telemetry_positive": BatterySign.CHARGE}
    return Conventions(**(given | changes))  # type: ignore[arg-type]


def battery(**changes: object) -> Battery:
    given: dict[str, object] = {
        "capacity_kwh": 10.0,
        "soc_kwh": 5.0,
        "soc_min_kwh": 1.0,
        "soc_max_kwh": 10.0,
        "reserve_kwh": 1.0,
        "max_charge_kw": 5.0,
        "max_discharge_kw": 5.0,
        "charge_efficiency": 0.95,
        "discharge_efficiency": 0.95,
        "wear_cost_per_kwh": 0.0,
    }
    return Battery(**(given | changes))  # type: ignore[arg-type]


def hours(count: int, start: datetime = NOON, slot_minutes: int = 60, zone: str = "UTC") -> Horizon:
    """``count`` hours of whole slots."""
    return plan_horizon(start, slot_minutes=slot_minutes, horizon_hours=count, zone=zone)


def problem(horizon: Horizon | None = None, **changes: object) -> Problem:
    """A site with 1 kW load, no sun, a 10 kWh battery and a flat tariff; series given as one number are held."""
    over = horizon if horizon is not None else hours(4)
    given: dict[str, object] = {
        "site_id": SITE_ID,
        "horizon": over,
        "load_kw": 1.0,
        "heat_kw": 0.0,
        "solar_kw": 0.0,
        "import_price_per_kwh": 0.30,
        "export_price_per_kwh": 0.08,
        "currency": "EUR",
        "import_limit_kw": 20.0,
        "export_limit_kw": 15.0,
        "battery": battery(),
        "terminal_value_per_kwh": None,
    }
    given |= changes
    for name in ("load_kw", "heat_kw", "solar_kw", "import_price_per_kwh", "export_price_per_kwh"):
        if isinstance(given[name], int | float):
            given[name] = (float(given[name]),) * len(over)  # type: ignore[arg-type]
        else:
            given[name] = tuple(given[name])  # type: ignore[arg-type]
    store, value = given.pop("battery"), given.pop("terminal_value_per_kwh")
    if isinstance(store, Battery):
        given["batteries"] = (_with_end_value(store, value, over, given),)
    return Problem(**given)  # type: ignore[arg-type]


def _with_end_value(store: Battery, value: object, over: Horizon, given: dict[str, object]) -> Battery:
    """What is left is worth ``value`` a kWh; None: what the model makes of the last day."""
    if isinstance(value, int | float):
        return replace(store, end_values=(EndValue(kwh=store.capacity_kwh, value_per_kwh=float(value)),))
    curve = end_values(
        over,
        store,
        demand_kw=given["load_kw"],  # type: ignore[arg-type]
        solar_kw=given["solar_kw"],  # type: ignore[arg-type]
        import_price_per_kwh=given["import_price_per_kwh"],  # type: ignore[arg-type]
        export_price_per_kwh=given["export_price_per_kwh"],  # type: ignore[arg-type]
    )
    return replace(store, end_values=curve)


def data_file(name: str) -> Path:
    """A file of the shared reference data; skips the test where the data are not there."""
    folder = Path(os.environ.get("HEAT_DATA_DIR", Path(__file__).parents[2] / "shared" / "data"))
    file = folder / name
    if not file.exists():
        pytest.skip(f"reference data not present: {name} (set HEAT_DATA_DIR)")
    return file
