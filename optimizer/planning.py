"""From a snapshot in hand to a checked batch: pure, the part of a cycle that can be replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from optimizer.curtailed import is_sun_cut
from optimizer.dispatch import (
    BATTERY_OR_GRID,
    Circumstances,
    ForeignSchedule,
    Publication,
    find_conflicts,
    other_battery_pair,
    publish,
    published_battery_kw,
)
from optimizer.domain.assets import Battery
from optimizer.domain.command import Batch, Command, Pair
from optimizer.domain.conventions import Conventions, FirstEntryStarts
from optimizer.domain.forecast import Forecasts, Issued
from optimizer.domain.horizon import Horizon, Resolution, floor_to_slot, plan_horizon
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import Plan
from optimizer.domain.problem import Problem, Published
from optimizer.domain.series import Series
from optimizer.domain.site import DispatchMode, Site
from optimizer.domain.snapshot import BatteryState, SiteSnapshot
from optimizer.domain.tariff import Tariff
from optimizer.domain.uncertainty import Uncertainty
from optimizer.errors import CommandConflict
from optimizer.forecast import ForecastInputs, Present, error_days, forecast_site, outcomes
from optimizer.lp import Planner, Solving, change_prices, end_values, take_as_inside
from optimizer.reconcile import has_heat, tighter
from optimizer.siting import (
    Moment,
    Priced,
    Stated,
    calendar_of,
    replaces_heat,
    state_site,
    stated_battery,
    without_forecast_heat,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningGrid:
    """How far and how finely is planned and published.

    ``change_price_share``: what a changed kWh of what is published costs, as a share of the mean import price,
    far ahead; near the present four times as much. ``preference_budget``: money that preferences may cost.
    ``accepted_gap``: money that a search may leave unfound. ``scenarios``: days whose forecast errors are minded in
    what is commanded until the next plan, ``replan_minutes`` later; ``risk_weight``, ``risk_tail``: see Uncertainty.
    """

    slot_minutes: int = 15
    horizon_hours: float = 36.0
    publish_hours: float = 24.0
    solver_time_s: float = 8.0
    finer: tuple[Resolution, ...] = ()
    change_price_share: float = 0.02
    lower_peaks: bool = False
    preference_budget: float = 0.0
    accepted_gap: float = 0.01
    replan_minutes: int = 15
    scenarios: int = 20
    risk_weight: float = 0.0
    risk_tail: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Everything that one cycle thought. ``clear`` goes in a request of its own before ``batch``."""

    snapshot: SiteSnapshot
    priced: Priced
    forecasts: Forecasts
    plan: Plan
    batch: Batch
    clear: Batch | None
    publication: Publication
    solving: Solving

    @property
    def limits(self) -> SiteLimits:
        """What the commands may ask for."""
        return self.publication.limits

    @property
    def tariff(self) -> Tariff:
        """The contract that was planned with."""
        return self.priced.tariff


def horizon_from(now: datetime, grid: PlanningGrid, zone: str) -> Horizon:
    """The slots to plan, from ``now`` on."""
    return plan_horizon(
        now, slot_minutes=grid.slot_minutes, horizon_hours=grid.horizon_hours, zone=zone, finer=grid.finer
    )


def days_to_ask(now: datetime, grid: PlanningGrid) -> tuple[datetime, ...]:
    """When the forecasts were made whose errors are minded."""
    return error_days(now, grid.horizon_hours, grid.scenarios)


def plan_snapshot(
    *,
    site: Site,
    conventions: Conventions,
    grid: PlanningGrid,
    horizon: Horizon,
    snapshot: SiteSnapshot,
    priced: Priced,
    history: pd.DataFrame,
    external: Mapping[str, Series],
    issued: Sequence[Issued],
    now: datetime,
    planner: Planner,
    foreign: tuple[ForeignSchedule, ...] = (),
) -> Planned:
    """Forecast, solve, compile and check. ``foreign`` schedules are left alone. Raises PlanError or CommandConflict."""
    snapshot = _under_contract(_beside(foreign, snapshot), priced.tariff)
    forecasts = forecast_site(_forecast_inputs(site, conventions, snapshot, history, external, now), horizon)
    published = published_battery_kw(horizon, snapshot.reading.in_force, conventions)
    stated = stated_problem(site, snapshot, forecasts, priced, horizon, grid, history, published)
    snapshot = snapshot.degraded(*stated.notes)
    uncertainty = _uncertainty(site, forecasts, horizon, grid, issued, history, now)
    problem = replace(stated.problem, uncertainty=uncertainty)
    solving = planner.solving
    plan = planner.consider(planner.solve(problem))
    limits = site_limits(site, snapshot)
    first_start = now.replace(microsecond=0)
    if conventions.first_entry_starts is FirstEntryStarts.SLOT:
        first_start = floor_to_slot(now, grid.slot_minutes)
    in_force = snapshot.reading.in_force
    publication = Publication(
        mode=site.dispatch,
        conventions=conventions,
        limits=limits,
        solar_rated_kw=snapshot.reading.solar_rated_kw or site.solar.peak_kw,
        in_force=in_force,
        theirs=frozenset(each.pair for each in foreign),
        first_start=first_start,
        publish_until=now + timedelta(hours=grid.publish_hours),
    )
    batch = _without_fight(publish(plan, publication), publication.theirs)
    clear = clearing_batch(batch, in_force)
    left = tuple(command for command in in_force if clear is None or command.pair not in clear.pairs)
    if batch.commands:
        check(batch, left, limits, conventions, now)
    if clear is not None:
        check(clear, in_force, limits, conventions, now)
    return Planned(
        snapshot=snapshot,
        priced=priced,
        forecasts=forecasts,
        plan=plan,
        batch=batch,
        clear=clear,
        publication=publication,
        solving=solving,
    )


def _without_fight(batch: Batch, theirs: frozenset[Pair]) -> Batch:
    """``batch`` without what would decide over the battery beside a foreign schedule that does."""
    if not theirs & BATTERY_OR_GRID:
        return batch
    return Batch(commands=tuple(command for command in batch.commands if command.pair not in BATTERY_OR_GRID))


def stated_problem(
    site: Site,
    snapshot: SiteSnapshot,
    forecasts: Forecasts,
    priced: Priced,
    horizon: Horizon,
    grid: PlanningGrid,
    history: pd.DataFrame,
    published: tuple[float | None, ...],
) -> Stated:
    """The question put to the model, but for uncertainty."""
    problem = _problem(site, snapshot, forecasts, priced.tariff, horizon, grid, published)
    return state_site(problem, site, _moment(snapshot, history, priced, horizon.start), priced.tariff)


def check(
    batch: Batch, in_force: tuple[Command, ...], limits: SiteLimits, conventions: Conventions, now: datetime
) -> None:
    """Raises CommandConflict unless ``batch`` keeps every rule of a valid schedule."""
    circumstances = Circumstances(now=now, in_force=in_force, limits=limits, conventions=conventions)
    findings = find_conflicts(batch, circumstances)
    if findings:
        msg = f"{len(findings)} broken rule(s), nothing was sent: {'; '.join(findings[:3])}"
        raise CommandConflict(msg)


def clearing_batch(batch: Batch, in_force: tuple[Command, ...]) -> Batch | None:
    """The request that clears the other battery pair where it is in force; None where it is not."""
    other = other_battery_pair(batch)
    if other is None or not any(command.pair is other and command.entries for command in in_force):
        return None
    return Batch(commands=(Command(pair=other, entries=()),))


def site_limits(site: Site, snapshot: SiteSnapshot) -> SiteLimits:
    """What the site's commands may ask for: up to the connection's rating where a price buys more than the contract."""
    battery, grid = snapshot.battery, snapshot.reading.grid
    rated_in, rated_out = (None, None) if grid is None else (grid.ratings.intake_kw, grid.ratings.output_kw)
    return SiteLimits(
        import_limit_kw=snapshot.import_limit_kw if site.grid.import_over_price_per_kwh is None else rated_in,
        export_limit_kw=snapshot.export_limit_kw if site.grid.export_over_price_per_kwh is None else rated_out,
        max_charge_kw=None if battery is None else battery.max_charge_kw,
        max_discharge_kw=None if battery is None else battery.max_discharge_kw,
    )


def _forecast_inputs(
    site: Site,
    conventions: Conventions,
    snapshot: SiteSnapshot,
    history: pd.DataFrame,
    external: Mapping[str, Series],
    now: datetime,
) -> ForecastInputs:
    hcu = snapshot.hcu
    curtailed = is_sun_cut(snapshot, conventions, snapshot.taken_at)
    return ForecastInputs(
        site=site,
        present=Present(
            at=now,
            load_kw=snapshot.load_kw,
            heat_kw=snapshot.heat_kw,
            solar_kw=None if curtailed else snapshot.reading.solar_kw,
            other_kw=snapshot.other_kw,
            outdoor_c=None if hcu is None else hcu.outdoor_c,
        ),
        history=history,
        solar_rated_kw=snapshot.reading.solar_rated_kw,
        has_solar=snapshot.reading.has_solar,
        has_heat=has_heat(site, snapshot),
        external=external,
    )


def _beside(foreign: tuple[ForeignSchedule, ...], snapshot: SiteSnapshot) -> SiteSnapshot:
    """With foreign limits at the connection point taken for our own, at their tightest."""
    least = {each.pair: min(abs(entry.value) for entry in each.entries) for each in foreign}
    return replace(
        snapshot,
        import_limit_kw=tighter(snapshot.import_limit_kw, least.get(Pair.GRID_UPPER_LIMIT)),
        export_limit_kw=tighter(snapshot.export_limit_kw, least.get(Pair.GRID_LOWER_LIMIT)),
    )


def _under_contract(snapshot: SiteSnapshot, tariff: Tariff) -> SiteSnapshot:
    """The tighter of the connection's limits and the contract's."""
    return replace(
        snapshot,
        import_limit_kw=tighter(snapshot.import_limit_kw, tariff.import_limit_kw),
        export_limit_kw=tighter(snapshot.export_limit_kw, tariff.export_limit_kw),
    )


def _problem(
    site: Site,
    snapshot: SiteSnapshot,
    forecasts: Forecasts,
    tariff: Tariff,
    horizon: Horizon,
    grid: PlanningGrid,
    published: tuple[float | None, ...],
) -> Problem:
    is_published = any(kw is not None for kw in published)
    return Problem(
        site_id=snapshot.site_id,
        horizon=horizon,
        load_kw=forecasts.load.kw,
        heat_kw=forecasts.heat.kw,
        solar_kw=forecasts.solar.kw,
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
        currency=tariff.currency,
        import_limit_kw=snapshot.import_limit_kw,
        export_limit_kw=snapshot.export_limit_kw,
        batteries=() if snapshot.battery is None else (_battery(site, snapshot.battery, forecasts, tariff, horizon),),
        can_curtail=snapshot.reading.has_solar,
        published=Published(
            battery_kw=published,
            price_per_kw=change_prices(horizon, tariff.import_price_per_kwh, grid.change_price_share),
        )
        if is_published
        else None,
        lowers_peaks=grid.lower_peaks,
        preference_budget=grid.preference_budget,
        accepted_gap=grid.accepted_gap,
        solver_time_s=grid.solver_time_s,
    )


def _moment(snapshot: SiteSnapshot, history: pd.DataFrame, priced: Priced, now: datetime) -> Moment:
    """What the operator's statements need to know of the moment."""
    reading = snapshot.reading
    ratings = None if reading.grid is None else reading.grid.ratings
    return Moment(
        at=now,
        import_rated_kw=None if ratings is None else ratings.intake_kw,
        export_rated_kw=None if ratings is None else ratings.output_kw,
        genset_kw=reading.genset_kw,
        outdoor_c=None if snapshot.hcu is None else snapshot.hcu.outdoor_c,
        history=history,
        metered=priced.metered,
        past=priced.past,
    )


def _uncertainty(
    site: Site,
    forecasts: Forecasts,
    horizon: Horizon,
    grid: PlanningGrid,
    issued: Sequence[Issued],
    history: pd.DataFrame,
    now: datetime,
) -> Uncertainty | None:
    """What earlier forecasts missed, for the slots that begin before the next plan; None: nothing hangs on that."""
    scenarios, may_follow = outcomes(forecasts, horizon, issued, history, now), site.dispatch is DispatchMode.PER_SLOT
    if not scenarios and not may_follow:
        return None
    next_plan = now + timedelta(minutes=grid.replan_minutes)
    uncertainty = Uncertainty(
        scenarios=scenarios,
        shared_slots=max(sum(start < next_plan for start in horizon.starts), 1),
        risk_weight=grid.risk_weight,
        tail=grid.risk_tail,
        may_follow=may_follow,
    )
    return without_forecast_heat(uncertainty) if replaces_heat(site) else uncertainty


def _battery(site: Site, state: BatteryState, forecasts: Forecasts, tariff: Tariff, horizon: Horizon) -> Battery:
    """The battery as it stands, its reading's error allowed for, with what its energy is worth after the horizon."""
    battery = Battery(
        capacity_kwh=state.capacity_kwh,
        soc_kwh=state.soc_kwh,
        soc_min_kwh=state.soc_min_kwh,
        soc_max_kwh=state.soc_max_kwh,
        reserve_kwh=state.reserve_kwh,
        max_charge_kw=state.max_charge_kw,
        max_discharge_kw=state.max_discharge_kw,
        charge_efficiency=state.charge_efficiency,
        discharge_efficiency=state.discharge_efficiency,
        wear_cost_per_kwh=state.wear_cost_per_kwh,
    )
    demand_kw = tuple(load + heat for load, heat in zip(forecasts.load.kw, forecasts.heat.kw, strict=True))
    battery = stated_battery(battery, site.battery, horizon, calendar_of(site), demand_kw)
    values = end_values(
        horizon,
        battery,
        demand_kw=demand_kw,
        solar_kw=forecasts.solar.kw,
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
    )
    error_kwh = site.battery.soc_error_percent / 100 * state.capacity_kwh
    return take_as_inside(replace(battery, end_values=values), error_kwh)
