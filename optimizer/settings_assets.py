"""The sections of a site that say what it has and what its contract asks; each knows what it states to the domain."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from optimizer.domain.site import (
    BatterySettings,
    DeferrableLoadSettings,
    DepthCost,
    EvSessionSettings,
    GensetSettings,
    GridSettings,
    HeatStoreSettings,
    LimitWindow,
    NightBand,
    SocTarget,
    SolarSettings,
    TaperStep,
)
from optimizer.domain.windows import LocalWindow
from strategies.charge_options import Days, WindowSection
from strategies.option_types import (
    Efficiency,
    Finite,
    Name,
    NotNegative,
    Percent,
    Positive,
    Section,
    WallTime,
    wall_minute,
)

SHORTEST_H = 1 / 60


def hours_of(window: LocalWindow) -> float:
    """How long a window is open on a day of 24 hours."""
    return ((window.end_min - window.start_min - 1) % (24 * 60) + 1) / 60


def refuse_too_little_time(window: LocalWindow, hours: float, what: str) -> None:
    """Raises ValueError where ``hours`` do not fit into the window."""
    if hours > hours_of(window) + 1e-9:
        msg = f"{what} needs {hours:.2f} h, but from start to end there are {hours_of(window):.2f} h"
        raise ValueError(msg)


class LimitSection(WindowSection):
    """``[[sites.grid.import_limits]]`` and ``[[sites.grid.export_limits]]``."""

    limit_kw: NotNegative

    def stated(self) -> LimitWindow:
        """For the domain."""
        return LimitWindow(window=self.window(), limit_kw=self.limit_kw)


class GridSection(Section):
    """``[sites.grid]``: contract limits in kW, where they are tighter than the connection's ratings, and wishes."""

    import_limit_kw: NotNegative | None = None
    export_limit_kw: NotNegative | None = None
    import_limits: tuple[LimitSection, ...] = ()
    export_limits: tuple[LimitSection, ...] = ()
    import_over_price_per_kwh: NotNegative | None = None
    export_over_price_per_kwh: NotNegative | None = None
    export_ban: bool = False
    export_floor_price_per_kwh: Finite | None = None
    self_consumption_price_per_kwh: NotNegative = 0.0
    co2_price_per_kg: NotNegative = 0.0
    co2_kg_per_kwh: NotNegative = 0.0

    @model_validator(mode="after")
    def _no_price_on_a_ban(self) -> Self:
        if self.export_ban and self.export_over_price_per_kwh is not None:
            msg = "export_ban and export_over_price_per_kwh contradict each other: the price would buy the export"
            raise ValueError(msg)
        if self.co2_price_per_kg and not self.co2_kg_per_kwh:
            msg = "co2_price_per_kg needs co2_kg_per_kwh: what a kWh from the grid emits"
            raise ValueError(msg)
        return self

    def stated(self) -> GridSettings:
        """For the domain."""
        given = dict(self) | {
            "import_limits": tuple(limit.stated() for limit in self.import_limits),
            "export_limits": tuple(limit.stated() for limit in self.export_limits),
        }
        return GridSettings(**given)


class TaperSection(Section):
    """A point of a taper curve."""

    soc_percent: Percent
    limit_kw: NotNegative


class DepthSection(Section):
    """A slice of ``depth_costs``."""

    percent: Annotated[float, Field(gt=0, le=100)]
    cost_per_kwh: NotNegative


class TargetSection(Section):
    """``[[sites.battery.targets]]``: what the battery should hold at a local time."""

    at: WallTime
    soc_percent: Percent
    days: Days | None = None

    def stated(self) -> SocTarget:
        """For the domain."""
        return SocTarget(at_min=wall_minute(self.at), soc_percent=self.soc_percent, days=self.days or ())


class BatterySection(Section):
    """``[sites.battery]``: values given here override what the cloud reports."""

    capacity_kwh: Positive | None = None
    max_charge_kw: NotNegative | None = None
    max_discharge_kw: NotNegative | None = None
    soc_min_percent: Percent = 10.0
    soc_max_percent: Percent = 100.0
    reserve_percent: Percent | None = None
    charge_efficiency: Efficiency = 0.95
    discharge_efficiency: Efficiency = 0.95
    wear_cost_per_kwh: NotNegative = 0.01
    soc_error_percent: Annotated[float, Field(ge=0, le=20)] = 2.0
    charges_from_grid: bool = True
    discharges_to_grid: bool = True
    min_charge_kw: NotNegative = 0.0
    min_discharge_kw: NotNegative = 0.0
    self_discharge_percent_per_h: Annotated[float, Field(ge=0, le=10)] = 0.0
    standby_kw: NotNegative = 0.0
    charge_taper: tuple[TaperSection, ...] = ()
    discharge_taper: tuple[TaperSection, ...] = ()
    depth_costs: tuple[DepthSection, ...] = ()
    reserve_hours: Annotated[float, Field(ge=0, le=48)] = 0.0
    targets: tuple[TargetSection, ...] = ()
    goal_price_per_kwh: NotNegative | None = None
    is_dc_coupled: bool = False

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.soc_min_percent >= self.soc_max_percent:
            msg = f"soc_min_percent ({self.soc_min_percent:g}) must be below soc_max_percent ({self.soc_max_percent:g})"
            raise ValueError(msg)
        if self.reserve_percent is not None and self.reserve_percent > self.soc_max_percent:
            msg = f"reserve_percent ({self.reserve_percent:g}) exceeds soc_max_percent ({self.soc_max_percent:g})"
            raise ValueError(msg)
        for least, most in (("min_charge_kw", "max_charge_kw"), ("min_discharge_kw", "max_discharge_kw")):
            low_kw, high_kw = getattr(self, least), getattr(self, most)
            if high_kw is not None and low_kw > high_kw:
                msg = f"{least} ({low_kw:g}) exceeds {most} ({high_kw:g})"
                raise ValueError(msg)
        if sum(slice_.percent for slice_ in self.depth_costs) > 100 + 1e-9:
            msg = "depth_costs: the slices' percent add up to more than 100"
            raise ValueError(msg)
        return self

    def stated(self) -> BatterySettings:
        """For the domain."""
        given = dict(self) | {
            "charge_taper": tuple(TaperStep(**dict(step)) for step in self.charge_taper),
            "discharge_taper": tuple(TaperStep(**dict(step)) for step in self.discharge_taper),
            "depth_costs": tuple(DepthCost(**dict(slice_)) for slice_ in self.depth_costs),
            "targets": tuple(target.stated() for target in self.targets),
        }
        return BatterySettings(**given)


class SolarSection(Section):
    """``[sites.solar]``: azimuth in degrees clockwise from north (180 is south)."""

    peak_kw: NotNegative | None = None
    tilt_deg: Annotated[float, Field(ge=0, le=90)] = 30.0
    azimuth_deg: Annotated[float, Field(ge=0, lt=360)] | None = None
    inverter_limit_kw: Positive | None = None
    curtailment_steps: Annotated[int, Field(ge=1, le=1000)] | None = None

    def stated(self) -> SolarSettings:
        """For the domain."""
        return SolarSettings(**dict(self))


class DeferrableLoadSection(WindowSection):
    """``[[sites.deferrable_loads]]``: a task that must run once in its window on each of its days."""

    name: Name
    power_kw: Positive
    run_hours: Annotated[float, Field(ge=SHORTEST_H, le=24)]
    is_on_off: bool = True
    is_single_block: bool = True
    include_open_window: bool = False
    shortfall_price_per_kwh: NotNegative | None = None

    @model_validator(mode="after")
    def _has_time(self) -> Self:
        refuse_too_little_time(self.window(), self.run_hours, f"{self.name}: run_hours")
        return self

    def stated(self) -> DeferrableLoadSettings:
        """For the domain."""
        return DeferrableLoadSettings(window=self.window(), **_without_window(self))


class EvSessionSection(Section):
    """``[[sites.ev_sessions]]``: a vehicle that stands at the charger between two local times."""

    name: Name
    arrives: WallTime
    leaves: WallTime
    days: Days | None = None
    energy_kwh: Positive
    max_charge_kw: Positive
    min_charge_kw: NotNegative = 0.0
    efficiency: Efficiency = 0.9
    shortfall_price_per_kwh: NotNegative | None = None

    @model_validator(mode="after")
    def _has_time(self) -> Self:
        if self.min_charge_kw > self.max_charge_kw:
            msg = f"{self.name}: min_charge_kw ({self.min_charge_kw:g}) exceeds max_charge_kw ({self.max_charge_kw:g})"
            raise ValueError(msg)
        if self.arrives in {self.leaves, "24:00"}:
            msg = f'{self.name}: arrives "{self.arrives}" leaves no time before leaves "{self.leaves}"'
            raise ValueError(msg)
        hours = self.energy_kwh / self.efficiency / self.max_charge_kw
        refuse_too_little_time(self.window(), hours, f"{self.name}: energy_kwh at max_charge_kw")
        return self

    def window(self) -> LocalWindow:
        """When the vehicle is there."""
        return LocalWindow(start_min=wall_minute(self.arrives), end_min=wall_minute(self.leaves), days=self.days or ())

    def stated(self) -> EvSessionSettings:
        """For the domain."""
        return EvSessionSettings(window=self.window(), **_without_window(self))


class GensetSection(Section):
    """``[[sites.gensets]]``: a generator."""

    name: Name
    max_kw: Positive
    min_kw: NotNegative = 0.0
    fuel_cost_per_kwh: NotNegative
    running_cost_per_h: NotNegative = 0.0
    start_cost: NotNegative = 0.0
    min_up_hours: Annotated[float, Field(ge=0, le=168)] = 0.0
    min_down_hours: Annotated[float, Field(ge=0, le=168)] = 0.0
    kg_co2_per_kwh: NotNegative = 0.0

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.min_kw > self.max_kw:
            msg = f"{self.name}: min_kw ({self.min_kw:g}) exceeds max_kw ({self.max_kw:g})"
            raise ValueError(msg)
        return self

    def stated(self) -> GensetSettings:
        """For the domain."""
        return GensetSettings(**dict(self))


Celsius = Annotated[float, Field(ge=-50, le=150)]


class NightSection(WindowSection):
    """``[sites.heat_stores.night]``: another comfort band for some hours."""

    min_c: Celsius
    max_c: Celsius

    @model_validator(mode="after")
    def _band(self) -> Self:
        _refuse_upside_down("min_c", self.min_c, "max_c", self.max_c)
        return self

    def stated(self) -> NightBand:
        """For the domain."""
        return NightBand(window=self.window(), min_c=self.min_c, max_c=self.max_c)


class HeatStoreSection(Section):
    """``[[sites.heat_stores]]``: a tank or a building's mass, and the heat pump that heats it."""

    name: Name
    kwh_per_k: Annotated[float, Field(ge=0.001, allow_inf_nan=False)]
    temperature_c: Celsius
    comfort_min_c: Celsius
    comfort_max_c: Celsius
    loss_kw_per_k: NotNegative = 0.0
    surroundings_c: Celsius = 20.0
    draw_kw: NotNegative = 0.0
    cop: Annotated[float, Field(gt=0, le=20)] | None = None
    max_kw: Positive
    min_kw: NotNegative = 0.0
    is_on_off: bool = False
    min_run_hours: Annotated[float, Field(ge=0, le=24)] = 0.0
    value_per_k: Finite | None = None
    comfort_price_per_kh: NotNegative | None = None
    replaces_heat_forecast: bool | None = None
    night: NightSection | None = None

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        _refuse_upside_down("comfort_min_c", self.comfort_min_c, "comfort_max_c", self.comfort_max_c)
        if self.min_kw > self.max_kw:
            msg = f"{self.name}: min_kw ({self.min_kw:g}) exceeds max_kw ({self.max_kw:g})"
            raise ValueError(msg)
        return self

    def stated(self, *, has_hcu: bool) -> HeatStoreSettings:
        """For the domain. Where nothing else is said, the store behind an HCU is what the heat forecast is about."""
        replaces = has_hcu if self.replaces_heat_forecast is None else self.replaces_heat_forecast
        given = dict(self) | {
            "night": None if self.night is None else self.night.stated(),
            "replaces_heat_forecast": replaces,
        }
        return HeatStoreSettings(**given)


def _refuse_upside_down(low_name: str, low_c: float, high_name: str, high_c: float) -> None:
    if low_c > high_c:
        msg = f"{low_name} ({low_c:g}) exceeds {high_name} ({high_c:g})"
        raise ValueError(msg)


WINDOW_KEYS = {"start", "end", "arrives", "leaves", "days"}


def _without_window(section: Section) -> dict[str, Any]:
    return {key: value for key, value in dict(section).items() if key not in WINDOW_KEYS}
