"""What stands at a site and is taken as given during a cycle.

Hours of the day are local wall time. What is stated here for every day is laid onto a horizon by
``optimizer.siting``, which says how clock changes and slots that are partly inside are treated.
"""

from dataclasses import dataclass
from enum import Enum

from optimizer.domain.tariff import PeakCharge
from optimizer.domain.windows import LocalWindow


class DispatchMode(Enum):
    """What carries the plan.

    ``PER_SLOT``: a grid setpoint of zero, which the battery follows, where following the load is what is planned or
    does better than any setpoint; a battery setpoint elsewhere.
    """

    PER_SLOT = "per_slot"
    BATTERY_POWER = "battery_power"
    BATTERY_SOC = "battery_soc"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWindow:
    """No more than ``limit_kw`` while the window is open."""

    window: LocalWindow
    limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperStep:
    """At this state of charge the battery takes (or gives) at most this power."""

    soc_percent: float
    limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthCost:
    """A slice of the capacity, from full downwards; each kWh drawn from it costs this much more."""

    percent: float
    cost_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SocTarget:
    """At ``at_min`` after local midnight of each of ``days`` the battery should hold this much."""

    at_min: int
    soc_percent: float
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """What the operator states about a battery. None means: as the cloud reports it.

    ``reserve_hours``: what load and heat of so many hours to come need is kept. ``goal_price_per_kwh`` is what a
    kWh missing at a target costs; None: targets are kept before money is looked at.
    """

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
    charges_from_grid: bool = True
    discharges_to_grid: bool = True
    min_charge_kw: float = 0.0
    min_discharge_kw: float = 0.0
    self_discharge_percent_per_h: float = 0.0
    standby_kw: float = 0.0
    charge_taper: tuple[TaperStep, ...] = ()
    discharge_taper: tuple[TaperStep, ...] = ()
    depth_costs: tuple[DepthCost, ...] = ()
    reserve_hours: float = 0.0
    targets: tuple[SocTarget, ...] = ()
    goal_price_per_kwh: float | None = None
    is_dc_coupled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSettings:
    """Contract limits in kW, tighter than the connection's ratings. None means: the rating alone.

    ``import_limits`` and ``export_limits`` hold while their windows are open. With an over price, exceeding any
    limit but the rating costs that much a kWh. ``export_floor_price_per_kwh``: nothing is exported in slots whose
    export price is lower. ``self_consumption_price_per_kwh`` and ``co2_price_per_kg`` weigh wishes, not bills.
    """

    import_limit_kw: float | None = None
    export_limit_kw: float | None = None
    import_limits: tuple[LimitWindow, ...] = ()
    export_limits: tuple[LimitWindow, ...] = ()
    import_over_price_per_kwh: float | None = None
    export_over_price_per_kwh: float | None = None
    export_ban: bool = False
    export_floor_price_per_kwh: float | None = None
    self_consumption_price_per_kwh: float = 0.0
    co2_price_per_kg: float = 0.0
    co2_kg_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """The array. Azimuth in degrees clockwise from north (180 is south), tilt from horizontal.

    ``inverter_limit_kw`` bounds the sun and a DC-coupled battery together. ``curtailment_steps``: in how many
    equal steps the sun can be cut; None: to any degree.
    """

    peak_kw: float | None = None
    tilt_deg: float = 30.0
    azimuth_deg: float | None = None
    inverter_limit_kw: float | None = None
    curtailment_steps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferrableLoadSettings:
    """A task of each local day on which ``window`` opens: ``run_hours`` at ``power_kw`` before it closes.

    Whether it ran already in a window that is open now is not known; ``include_open_window`` plans it anyway.
    """

    name: str
    power_kw: float
    run_hours: float
    window: LocalWindow
    is_on_off: bool = True
    is_single_block: bool = True
    include_open_window: bool = False
    shortfall_price_per_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvSessionSettings:
    """A vehicle that arrives when ``window`` opens, leaves when it closes, and then wants ``energy_kwh`` more."""

    name: str
    energy_kwh: float
    max_charge_kw: float
    min_charge_kw: float = 0.0
    efficiency: float = 0.9
    window: LocalWindow
    shortfall_price_per_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GensetSettings:
    """A generator, as ``Genset`` but for what it does now."""

    name: str
    max_kw: float
    min_kw: float = 0.0
    fuel_cost_per_kwh: float
    running_cost_per_h: float = 0.0
    start_cost: float = 0.0
    min_up_hours: float = 0.0
    min_down_hours: float = 0.0
    kg_co2_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NightBand:
    """Another comfort band while the window is open."""

    window: LocalWindow
    min_c: float
    max_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatStoreSettings:
    """A tank or a building's mass and the heat pump that heats it, as ``ThermalStore``.

    ``cop`` None: by the outdoor temperature. ``value_per_k`` None: what a kelvin costs to make at the mean price.
    ``replaces_heat_forecast``: its heat pump is the site's, so that the heat forecast is not counted as well.
    """

    name: str
    kwh_per_k: float
    temperature_c: float
    comfort_min_c: float
    comfort_max_c: float
    night: NightBand | None = None
    loss_kw_per_k: float = 0.0
    surroundings_c: float = 20.0
    draw_kw: float = 0.0
    cop: float | None = None
    max_kw: float
    min_kw: float = 0.0
    is_on_off: bool = False
    min_run_hours: float = 0.0
    value_per_k: float | None = None
    comfort_price_per_kh: float | None = None
    replaces_heat_forecast: bool = False


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
    peak_charges: tuple[PeakCharge, ...] = ()
    deferrable_loads: tuple[DeferrableLoadSettings, ...] = ()
    ev_sessions: tuple[EvSessionSettings, ...] = ()
    gensets: tuple[GensetSettings, ...] = ()
    heat_stores: tuple[HeatStoreSettings, ...] = ()
