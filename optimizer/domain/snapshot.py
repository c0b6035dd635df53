"""What one cycle read, each reading with its age. Absent is None, never zero."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from optimizer.domain.command import Command


class HeatSource(Enum):
    """Where an HCU takes its heat from."""

    HEAT_PUMP = "heat_pump"
    DISTRICT = "district_interface"


class HcuState(Enum):
    """Operational state of an HCU."""

    RUNNING = "running"
    STANDBY = "standby"
    DEFROST = "defrost"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Rated powers in kW, at least zero each: what the asset can take in and give out."""

    intake_kw: float | None = None
    output_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryReading:
    """The battery as reported. ``soc_percent`` is what came over the wire if plausible."""

    soc_percent: float | None
    reported_capacity_kwh: float | None
    charge_kw: float | None
    discharge_kw: float | None
    ratings: Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class GridReading:
    """The connection point as reported; the ratings are import (intake) and export (output)."""

    import_kw: float | None
    export_kw: float | None
    ratings: Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReading:
    """One answer of the cloud for one site, signs resolved. None for an asset: the site has none now.

    ``solar_stands_in``: the answer had no solar array, an earlier one had; ``grid_stands_in``: the same of a rating.
    """

    site_id: str
    read_at: datetime
    reported_at: datetime | None
    is_online: bool | None
    grid: GridReading | None
    battery: BatteryReading | None
    has_solar: bool
    solar_kw: float | None
    solar_rated_kw: float | None
    load_kw: float | None
    heatpump_kw: float | None
    ev_kw: float | None
    genset_kw: float | None
    wind_kw: float | None
    in_force: tuple[Command, ...]
    remarks: tuple[str, ...] = ()
    solar_stands_in: bool = False
    grid_stands_in: bool = False

    @property
    def age_s(self) -> float | None:
        """Seconds from the gateway's report to our reading of it; None where it was not stated."""
        if self.reported_at is None:
            return None
        return (self.read_at - self.reported_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class HcuReading:
    """One answer of the hydronic control unit. ``read_at`` stands for the absent time stamp."""

    read_at: datetime
    source: HeatSource | None
    mode: str | None
    state: HcuState | None
    thermal_kw: float | None
    electrical_kw: float | None
    cop: float | None
    outdoor_c: float | None
    backup_heater_active: bool | None
    active_faults: tuple[str, ...] = ()

    @property
    def teaches(self) -> bool:
        """Whether forecasts may learn from this sample: not during defrost or fault."""
        return self.state not in {HcuState.DEFROST, HcuState.FAULT} and not self.active_faults

    @property
    def buys_electricity(self) -> bool:
        """A district interface buys heat, not electricity."""
        return self.source is not HeatSource.DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """The battery that the plan may use, readings and settings already reconciled.

    ``soc_kwh`` may lie outside ``[soc_min_kwh, soc_max_kwh]``; it lies in ``[0, capacity_kwh]``.
    """

    capacity_kwh: float
    soc_kwh: float
    soc_min_kwh: float
    soc_max_kwh: float
    reserve_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    charge_efficiency: float
    discharge_efficiency: float
    wear_cost_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """Everything one cycle knows of a site before it forecasts.

    ``degradations`` says, in the operator's words, what was missing and what stood in for it. ``unplannable`` says
    what is missing or impossible for which nothing can stand in: such a snapshot is recorded, and no plan rests on it.
    """

    site_id: str
    taken_at: datetime
    reading: SiteReading
    hcu: HcuReading | None
    battery: BatteryState | None
    import_limit_kw: float | None
    export_limit_kw: float | None
    load_kw: float | None
    heat_kw: float | None
    other_kw: float | None
    degradations: tuple[str, ...] = ()
    unplannable: str | None = None

    def degraded(self, *reasons: str) -> "SiteSnapshot":
        """The same snapshot with further degradations noted."""
        return replace(self, degradations=self.degradations + reasons)
