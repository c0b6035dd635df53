"""What stands at a site and is taken as given during a cycle."""

from dataclasses import dataclass
from enum import Enum


class DispatchMode(Enum):
    """Which battery pair carries the plan."""

    BATTERY_POWER = "battery_power"
    BATTERY_SOC = "battery_soc"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """What the operator states about a battery. None means: as the cloud reports it."""

    capacity_kwh: float | None = None
    max_charge_kw: float | None = None
    max_discharge_kw: float | None = None
    soc_min_percent: float = 10.0
    soc_max_percent: float = 100.0
    reserve_percent: float | None = None
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    wear_cost_per_kwh: float = 0.01
    soc_error_percent: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSettings:
    """Contract limits in kW, tighter than the connection's ratings. None means: the rating alone."""

    import_limit_kw: float | None = None
    export_limit_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """The array. Azimuth in degrees clockwise from north (180 is south), tilt from horizontal."""

    peak_kw: float | None = None
    tilt_deg: float = 30.0
    azimuth_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site as the operator configured it."""

    site_id: str
    zone: str
    dispatch: DispatchMode = DispatchMode.BATTERY_POWER
    battery: BatterySettings = BatterySettings()
    grid: GridSettings = GridSettings()
    solar: SolarSettings = SolarSettings()
    location: Location | None = None
    annual_load_kwh: float | None = None
    holiday_country: str | None = None
    has_hcu: bool = False
    hcu_is_site_heatpump: bool = True
