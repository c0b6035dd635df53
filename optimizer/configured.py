"""Settings to the domain's objects: what is configured, without anything that reaches the world."""

from dataclasses import replace
from datetime import datetime, timedelta

from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.horizon import Resolution
from optimizer.domain.site import Location, Site
from optimizer.errors import ConfigError
from optimizer.planning import PlanningGrid, horizon_from
from optimizer.pricing import PriceSources
from optimizer.settings import Settings, SiteSettings
from optimizer.siting import contradictions
from optimizer.task import SiteTask
from strategies.registry import build_strategy

FIRST_LOOK_H = 72.0
"""Long enough for every daily window to open and close."""
ASSUMED_SIGN = BatterySign.CHARGE
HOW_TO_FIND_THE_SIGN = (
    "heat_cloud.conventions.bess_power_positive: not set. The documents do not say whether a positive "
    "bess.activePowerkW charges or discharges, and a wrong guess moves power the wrong way. Watch the site while a "
    "battery power schedule of known sign runs: if soc rises under a positive value set 'charge', if it falls set "
    "'discharge'. Without such a schedule ask the vendor; telemetry alone tells only bess_telemetry_positive"
)


def conventions_of(settings: Settings, *, assumed: BatterySign | None) -> Conventions:
    """The settings' reading of the documents. Raises ConfigError where the sign is neither set nor assumed."""
    wire = settings.heat_cloud.conventions
    sign = wire.bess_power_positive if wire.bess_power_positive is not None else assumed
    if sign is None:
        raise ConfigError(HOW_TO_FIND_THE_SIGN)
    return Conventions(
        bess_power_positive=sign,
        bess_telemetry_positive=wire.bess_telemetry_positive if wire.bess_telemetry_positive is not None else sign,
        curtailment_percent=wire.curtailment_percent,
        curtailment_base=wire.curtailment_base,
        grid_power_positive=wire.grid_power_positive,
        load_includes_heatpump=wire.load_includes_heatpump,
        load_includes_ev=wire.load_includes_ev,
        storage_capacity=wire.storage_capacity,
        max_entries_per_command=wire.max_entries_per_command,
        after_last_entry=wire.after_last_entry,
        battery_holds_grid_setpoint=wire.battery_holds_grid_setpoint,
        export_limit_cuts_sun=wire.export_limit_cuts_sun,
        first_entry_starts=wire.first_entry_starts,
        power_step_kw=wire.power_step_kw,
        percent_step=wire.percent_step,
    )


def site_of(settings: SiteSettings) -> Site:
    """The domain's view of a site's settings."""
    return Site(
        site_id=settings.site_id,
        zone=settings.timezone,
        dispatch=settings.dispatch,
        battery=settings.battery.stated(),
        grid=settings.grid.stated(),
        solar=settings.solar.stated(),
        location=None if settings.location is None else Location(**settings.location.model_dump()),
        annual_load_kwh=settings.annual_load_kwh,
        holiday_country=settings.holiday_country,
        has_hcu=settings.hcu is not None,
        hcu_is_site_heatpump=settings.hcu is None or settings.hcu.is_site_heatpump,
        peak_charges=tuple(charge.stated() for charge in settings.peak_charges),
        deferrable_loads=tuple(load.stated() for load in settings.deferrable_loads),
        ev_sessions=tuple(session.stated() for session in settings.ev_sessions),
        gensets=tuple(genset.stated() for genset in settings.gensets),
        heat_stores=tuple(store.stated(has_hcu=settings.hcu is not None) for store in settings.heat_stores),
    )


def task_of(path: str, site: SiteSettings, settings: Settings, conventions: Conventions) -> SiteTask:
    """What is configured for the site that stands at ``path`` of the settings. Raises ConfigError."""
    wire = settings.heat_cloud.conventions
    planning = settings.planning
    return SiteTask(
        site=site_of(site),
        conventions=conventions,
        grid=PlanningGrid(
            slot_minutes=planning.slot_minutes,
            horizon_hours=planning.horizon_hours,
            publish_hours=planning.publish_hours,
            solver_time_s=planning.solver_time_s,
            finer=tuple(
                Resolution(slot_minutes=finer.slot_minutes, until_hours=finer.until_hours) for finer in planning.finer
            ),
            change_price_share=planning.change_price_share,
            lower_peaks=planning.lower_peaks,
            preference_budget=planning.preference_budget,
            accepted_gap=planning.accepted_gap,
            replan_minutes=planning.replan_minutes,
            scenarios=planning.scenarios,
            risk_weight=planning.risk_weight,
            risk_tail=planning.risk_tail,
        ),
        prices=PriceSources(
            strategy=build_strategy(site.tariff, path=f"{path}.tariff"),
            fallback=None
            if site.fallback_tariff is None
            else build_strategy(site.fallback_tariff, path=f"{path}.fallback_tariff"),
        ),
        stale_after=timedelta(minutes=wire.stale_after_minutes),
        unusable_after=timedelta(minutes=wire.unusable_after_minutes),
        hold_tolerance_kw=site.hold_tolerance_kw,
        rules=settings.dispatch.rules(),
    )


def refuse_contradictions(path: str, task: SiteTask, now: datetime) -> None:
    """Raises ConfigError where what is stated of a site cannot all be kept."""
    first_look = replace(task.grid, horizon_hours=max(task.grid.horizon_hours, FIRST_LOOK_H))
    for contradiction in contradictions(task.site, horizon_from(now, first_look, task.site.zone)):
        msg = f"{path}: {contradiction}"
        raise ConfigError(msg)
