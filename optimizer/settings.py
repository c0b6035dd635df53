"""Every setting with its default: TOML file, then environment ``HEAT_OPTIMIZER_…`` (nested with ``__``)."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from optimizer.domain.conventions import (
    AfterLastEntry,
    BatterySign,
    CurtailmentBase,
    CurtailmentPercent,
    FirstEntryStarts,
    GridSign,
    StorageCapacity,
)
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.site import DispatchMode
from optimizer.secret import SecretRef
from optimizer.settings_assets import (
    BatterySection,
    DeferrableLoadSection,
    EvSessionSection,
    GensetSection,
    GridSection,
    HeatStoreSection,
    SolarSection,
    TargetSection,
)
from optimizer.settings_web import WebSettings
from strategies.charge_options import PeakChargeSection, WindowSection
from strategies.option_types import GridMinutes, NotNegative, Positive, Section

ENV_PREFIX = "HEAT_OPTIMIZER_"


def _http_url(url: str) -> str:
    url = url.rstrip("/")
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest or "@" in rest.split("/")[0] or set(rest) & set(" ?#"):
        msg = "an address starts with https:// or http:// and holds no user, password, query or blank"
        raise ValueError(msg)
    return url


def _path(path: str) -> str:
    if path and not path.startswith("/"):
        msg = "a path starts with /"
        raise ValueError(msg)
    return path.rstrip("/")


def _site_path(path: str) -> str:
    if "{site_id}" not in path or path.replace("{site_id}", "").count("{"):
        msg = "this path must hold {site_id} and no other placeholder"
        raise ValueError(msg)
    return _path(path)


def _zone(name: str) -> str:
    if name not in available_timezones():
        msg = f"no time zone {name!r}; use an IANA name such as Europe/Berlin"
        raise ValueError(msg)
    return name


Url = Annotated[str, AfterValidator(_http_url)]
UrlPath = Annotated[str, AfterValidator(_path)]
SitePath = Annotated[str, AfterValidator(_site_path)]


class ConventionSettings(Section):
    """``[heat_cloud.conventions]``: what the vendor's documents leave open."""

    bess_power_positive: BatterySign | None = None
    bess_telemetry_positive: BatterySign | None = None
    curtailment_percent: CurtailmentPercent = CurtailmentPercent.CUT
    curtailment_base: CurtailmentBase = CurtailmentBase.AVAILABLE
    grid_power_positive: GridSign = GridSign.IMPORT
    load_includes_heatpump: bool = False
    load_includes_ev: bool = False
    storage_capacity: StorageCapacity = StorageCapacity.USABLE
    max_entries_per_command: Annotated[int, Field(ge=2)] = 96
    after_last_entry: AfterLastEntry = AfterLastEntry.UNKNOWN
    battery_holds_grid_setpoint: bool = True
    export_limit_cuts_sun: bool = True
    first_entry_starts: FirstEntryStarts = FirstEntryStarts.NOW
    power_step_kw: Positive = 0.01
    percent_step: Annotated[float, Field(gt=0, le=10)] = 0.1
    stale_after_minutes: Positive = 15.0
    unusable_after_minutes: Positive = 60.0

    @model_validator(mode="after")
    def _stale_before_unusable(self) -> "ConventionSettings":
        if self.stale_after_minutes > self.unusable_after_minutes:
            msg = (
                f"stale_after_minutes ({self.stale_after_minutes:g}) exceeds "
                f"unusable_after_minutes ({self.unusable_after_minutes:g})"
            )
            raise ValueError(msg)
        return self


class HeatCloudSettings(Section):
    """``[heat_cloud]``: where the cloud is and how its documents are read."""

    base_url: Url
    api_prefix: UrlPath = "/api/v0/public"
    sites_path: UrlPath = "/sites"
    site_path: SitePath = "/sites/{site_id}"
    schedules_path: SitePath = "/sites/{site_id}/schedules"
    health_path: UrlPath = "/health"
    api_key: SecretRef
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    conventions: ConventionSettings = ConventionSettings()


class FinerSettings(Section):
    """``[[planning.finer]]``: shorter slots for the first hours."""

    slot_minutes: GridMinutes
    until_hours: Annotated[float, Field(gt=0, le=168)]


class PlanningSettings(Section):
    """``[planning]``: the grid of time, how often it is planned, and what a change must earn."""

    slot_minutes: GridMinutes = 15
    horizon_hours: Annotated[float, Field(ge=1, le=168)] = 36.0
    publish_hours: Annotated[float, Field(ge=1, le=168)] = 24.0
    replan_minutes: GridMinutes = 15
    solver_time_s: Annotated[float, Field(gt=0, le=8)] = 8.0
    change_price_share: Annotated[float, Field(ge=0, le=1)] = 0.02
    lower_peaks: bool = False
    preference_budget: Annotated[float, Field(ge=0)] = 0.0
    accepted_gap: Annotated[float, Field(ge=0)] = 0.01
    scenarios: Annotated[int, Field(ge=0, le=30)] = 20
    risk_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    risk_tail: Annotated[float, Field(gt=0, le=1)] = 0.1
    finer: tuple[FinerSettings, ...] = ()

    @model_validator(mode="after")
    def _finer_then_coarser(self) -> "PlanningSettings":
        grids = [(finer.slot_minutes, finer.until_hours) for finer in self.finer]
        grids.append((self.slot_minutes, self.horizon_hours))
        for (minutes, until), (next_minutes, next_until) in pairwise(grids):
            if next_minutes % minutes or minutes == next_minutes or until >= next_until:
                msg = (
                    f"finer slots of {minutes} min until {until:g} h do not fit in front of slots of {next_minutes} "
                    f"min until {next_until:g} h: lengths must divide the next and hours must rise"
                )
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _publish_what_is_planned(self) -> "PlanningSettings":
        if self.publish_hours > self.horizon_hours:
            msg = (
                f"publish_hours ({self.publish_hours:g}) exceeds horizon_hours ({self.horizon_hours:g}): "
                "only what is planned can be published"
            )
            raise ValueError(msg)
        return self


class LedgerSettings(Section):
    """``[ledger]``. Without ``path``: heat-optimizer.sqlite3 in $STATE_DIRECTORY, else in the working folder."""

    path: Path | None = None
    keep_telemetry_days: Annotated[int, Field(ge=35)] = 400
    keep_cycles_days: Annotated[int, Field(ge=1)] = 90


class DispatchSettings(Section):
    """``[dispatch]``: how batches are sent and looked after."""

    refresh_minutes: Annotated[int, Field(ge=15, le=1440)] = 60
    most_writes_per_hour: Annotated[int, Field(ge=2, le=1000)] = 20
    confirm_within_minutes: Annotated[int, Field(ge=1, le=60)] = 3
    foreign_lease_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    last_plan_minutes: Annotated[int, Field(ge=30, le=1440)] = 120
    rest_minutes: Annotated[int, Field(ge=15, le=1440)] = 120

    def rules(self) -> DispatchRules:
        """For the cycle."""
        return DispatchRules(
            refresh=timedelta(minutes=self.refresh_minutes),
            most_writes_per_hour=self.most_writes_per_hour,
            confirm_within=timedelta(minutes=self.confirm_within_minutes),
            foreign_lease=timedelta(minutes=self.foreign_lease_minutes),
            last_plan=timedelta(minutes=self.last_plan_minutes),
            rest=timedelta(minutes=self.rest_minutes),
        )


class LogSettings(Section):
    """``[log]``. ``format`` auto: readable on a terminal, JSON otherwise."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class HcuSettings(Section):
    """``[sites.hcu]``: the Aris control unit of the site."""

    base_url: Url
    token: SecretRef
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    is_site_heatpump: bool = True


class LocationSection(Section):
    """``[sites.location]``: degrees north and east."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class ForecastSection(Section):
    """``[sites.forecasts]``: feeds whose series (kW) replace our own forecast where they have values."""

    load: dict[str, Any] | None = None
    solar: dict[str, Any] | None = None
    heat: dict[str, Any] | None = None


class ChallengerSection(Section):
    """``[[sites.challengers]]``: another tariff strategy that plans in shadow and is priced on what happened."""

    name: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 _.-]*$")]
    tariff: dict[str, Any]
    switching_cost: NotNegative = 0.0

    @field_validator("name")
    @classmethod
    def _is_no_champion(cls, name: str) -> str:
        if name == "champion":
            msg = "this is the name of the site's own tariff: choose another"
            raise ValueError(msg)
        return name


class SiteSettings(Section):
    """``[[sites]]``: one site, with its tariff and whatever is known of its assets."""

    site_id: Annotated[str, Field(min_length=1)]
    timezone: Annotated[str, AfterValidator(_zone)]
    dispatch: DispatchMode = DispatchMode.PER_SLOT
    hold_tolerance_kw: NotNegative = 0.02
    annual_load_kwh: Positive | None = None
    holiday_country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    hcu: HcuSettings | None = None
    battery: BatterySection = BatterySection()
    grid: GridSection = GridSection()
    location: LocationSection | None = None
    solar: SolarSection = SolarSection()
    tariff: dict[str, Any]
    fallback_tariff: dict[str, Any] | None = None
    challengers: tuple[ChallengerSection, ...] = ()
    feeds: dict[str, dict[str, Any]] = Field(default_factory=dict)
    forecasts: ForecastSection = ForecastSection()
    peak_charges: tuple[PeakChargeSection, ...] = ()
    deferrable_loads: tuple[DeferrableLoadSection, ...] = ()
    ev_sessions: tuple[EvSessionSection, ...] = ()
    gensets: tuple[GensetSection, ...] = ()
    heat_stores: tuple[HeatStoreSection, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "SiteSettings":
        if self.battery.is_dc_coupled and self.solar.inverter_limit_kw is None:
            msg = "battery.is_dc_coupled needs solar.inverter_limit_kw: what sun and battery share"
            raise ValueError(msg)
        for path, days in self._days():
            if "holiday" in (days or ()) and self.holiday_country is None:
                msg = f'{path}.days: "holiday" needs holiday_country, e.g. holiday_country = "DE"'
                raise ValueError(msg)
        return self

    def _days(self) -> Iterator[tuple[str, tuple[str, ...] | None]]:
        """Every list of days, with its path."""
        lists: tuple[tuple[str, tuple[WindowSection | TargetSection | EvSessionSection, ...]], ...] = (
            ("grid.import_limits", self.grid.import_limits),
            ("grid.export_limits", self.grid.export_limits),
            ("battery.targets", self.battery.targets),
            ("peak_charges", self.peak_charges),
            ("deferrable_loads", self.deferrable_loads),
            ("ev_sessions", self.ev_sessions),
        )
        for path, sections in lists:
            yield from ((f"{path}[{number}]", section.days) for number, section in enumerate(sections))
        for number, store in enumerate(self.heat_stores):
            if store.night is not None:
                yield f"heat_stores[{number}].night", store.night.days


class Settings(BaseSettings):
    """The whole configuration of one process."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
        nested_model_default_partial_update=True,
    )

    heat_cloud: HeatCloudSettings
    planning: PlanningSettings = PlanningSettings()
    dispatch: DispatchSettings = DispatchSettings()
    ledger: LedgerSettings = LedgerSettings()
    log: LogSettings = LogSettings()
    web: WebSettings = WebSettings()
    sites: tuple[SiteSettings, ...]

    @model_validator(mode="after")
    def _each_site_once(self) -> "Settings":
        if not self.sites:
            msg = "give at least one [[sites]] with site_id, timezone and [sites.tariff]"
            raise ValueError(msg)
        ids = [site.site_id.lower() for site in self.sites]
        doubled = sorted({site_id for site_id in ids if ids.count(site_id) > 1})
        if doubled:
            msg = f"site_id {doubled[0]} stands in two [[sites]]"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _intervals_fit_the_slots(self) -> "Settings":
        lengths = {self.planning.slot_minutes, *(finer.slot_minutes for finer in self.planning.finer)}
        for number, site in enumerate(self.sites):
            for charge in site.peak_charges:
                interval = charge.interval_minutes
                for length in sorted(lengths):
                    if max(length, interval) % min(length, interval):
                        msg = (
                            f"sites[{number}].peak_charges: {charge.name}: interval_minutes {interval} and slots of "
                            f"{length} min do not fit: one must be a multiple of the other"
                        )
                        raise ValueError(msg)
        return self
