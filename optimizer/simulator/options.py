"""What the simulated site is, and how it reads what the vendor's documents leave open."""

from dataclasses import dataclass, field, fields
from typing import Literal, get_args

type BatterySign = Literal["charge", "discharge"]
type GridSign = Literal["import", "export"]
type CurtailmentPercent = Literal["cut", "allow"]
type CurtailmentBase = Literal["available", "rated"]
type ReplaceRule = Literal["replace_pair", "merge"]
type HcuSource = Literal["heat_pump", "district_interface"]

CLOSED_SETS: dict[str, tuple[str, ...]] = {
    "bess_power_positive": get_args(BatterySign.__value__),
    "grid_power_positive": get_args(GridSign.__value__),
    "curtailment_percent": get_args(CurtailmentPercent.__value__),
    "curtailment_base": get_args(CurtailmentBase.__value__),
    "replace_rule": get_args(ReplaceRule.__value__),
    "hcu_source_type": get_args(HcuSource.__value__),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """One plant behind one gateway. Powers in kW at the alternating-current side, energies in kWh.

    ``bess_power_positive`` holds for commands, ratings and telemetry; ``bess_telemetry_positive``, if given, for
    telemetry instead. ``grid_power_positive`` holds for telemetry and the setpoint; the grid limits and ratings
    are always import-positive, as documented. With ``curtailment_base`` "rated" the percentage sets a
    ceiling in percent of ``solar_peak_kw``. ``load_includes_heatpump`` concerns the reported load only.
    ``soc_min_percent`` and ``soc_max_percent`` are what the battery's own management keeps.
    ``replace_rule`` "merge" keeps stored entries where the new ones of the same pair leave room.
    ``report_interval_s`` 0 means that each answer is fresh. ``extra_site_ids`` adds equal, separate plants.
    """

    site_id: str = "123e4567-e89b-12d3-a456-426614174000"
    site_name: str = "Demo site"
    extra_site_ids: tuple[str, ...] = ()
    api_key: str = field(default="agk_demo.ags_demo-secret", repr=False)
    hcu_token: str = field(default="aris_tok_demo", repr=False)

    api_prefix: str = "/api/v0/public"
    sites_path: str = "/sites"
    site_path: str = "/sites/{site_id}"
    schedules_path: str = "/sites/{site_id}/schedules"
    health_path: str = "/health"

    battery_kwh: float = 10.0
    max_charge_kw: float = 5.0
    max_discharge_kw: float = 5.0
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_percent: float = 50.0
    soc_min_percent: float = 0.0
    soc_max_percent: float = 100.0
    grid_import_limit_kw: float = 20.0
    grid_export_limit_kw: float = 15.0
    solar_peak_kw: float = 8.0
    load_rating_kw: float = 15.0
    heatpump_rating_kw: float = 6.0

    bess_power_positive: BatterySign = "charge"
    bess_telemetry_positive: BatterySign | None = None
    grid_power_positive: GridSign = "import"
    curtailment_percent: CurtailmentPercent = "cut"
    curtailment_base: CurtailmentBase = "available"
    load_includes_heatpump: bool = False
    replace_rule: ReplaceRule = "replace_pair"
    reject_past: bool = True
    max_entries_per_command: int | None = None

    has_hcu: bool = True
    hcu_source_type: HcuSource = "heat_pump"
    report_interval_s: float = 0.0
    integration_step_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what no plant can be."""
        for name, allowed in CLOSED_SETS.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}, allowed are {', '.join(allowed)}")
        if self.bess_telemetry_positive not in (None, *CLOSED_SETS["bess_power_positive"]):
            raise ValueError(f"bess_telemetry_positive is {self.bess_telemetry_positive!r}")
        for name in ("charge_efficiency", "discharge_efficiency"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie above 0 and not above 1")
        for option in fields(self):
            if option.name.endswith(("_kw", "_kwh")) and getattr(self, option.name) < 0.0:
                raise ValueError(f"{option.name} must not be negative")
        if not 0.0 <= self.soc_percent <= 100.0:
            raise ValueError("soc_percent must lie within 0 to 100")
        if not 0.0 <= self.soc_min_percent < self.soc_max_percent <= 100.0:
            raise ValueError("soc_min_percent must lie below soc_max_percent, both within 0 to 100")
        if self.battery_kwh == 0.0 or self.integration_step_s <= 0.0 or self.report_interval_s < 0.0:
            raise ValueError("battery_kwh and integration_step_s must be positive, report_interval_s not negative")
        if len(set(self.site_ids)) != len(self.site_ids):
            raise ValueError("each site id must be given once")

    @property
    def site_ids(self) -> tuple[str, ...]:
        """Every site of the cloud, the main one first."""
        return (self.site_id, *self.extra_site_ids)

    @property
    def conventions(self) -> dict[str, str]:
        """Each open point of the documents with the reading assumed here."""
        names = (
            "bess_power_positive",
            "bess_telemetry_positive",
            "grid_power_positive",
            "curtailment_percent",
            "curtailment_base",
            "load_includes_heatpump",
            "replace_rule",
            "reject_past",
            "max_entries_per_command",
        )
        assumed = {name: str(getattr(self, name)) for name in names}
        if self.bess_telemetry_positive is None:
            assumed["bess_telemetry_positive"] = self.bess_power_positive
        return assumed
