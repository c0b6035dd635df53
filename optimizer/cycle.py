"""The corridor: one cycle of one site, and the only place where errors become outcomes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from optimizer.acting import act, step_site_down, take_back, when
from optimizer.dispatch import ForeignSchedule
from optimizer.domain.outcome import Failed, Held, Outcome, Posted, Skipped
from optimizer.domain.plan import USUAL_SOLVER
from optimizer.domain.snapshot import HcuReading, SiteReading, SiteSnapshot
from optimizer.errors import (
    DeliveryRejected,
    ForecastGap,
    HeatOptimizerError,
    ImplausibleData,
    NotInControl,
    SignContradiction,
    SourceError,
    StaleData,
)
from optimizer.planning import Planned, days_to_ask, horizon_from, plan_snapshot
from optimizer.ports import (
    Deadline,
)
from optimizer.pricing import price_site
from optimizer.quarantining import believed
from optimizer.reconcile import reconcile
from optimizer.siting import Priced, PriceStep
from optimizer.standing import look
from optimizer.task import CyclePorts, PlanPorts, SiteTask
from optimizer.trusting import as_trusted, held_to, trust_of

CYCLE_S = 27.0
"""Within this many seconds a cycle is done with the network, whatever the network does."""
READ_SITE_S = 10.0
READ_HCU_S = 5.0
MOST_AHEAD = timedelta(minutes=2)
"""A report may be this far in our future before its age is called unknown."""
OTHER_TIME = timedelta(minutes=10)
"""Further ahead our clock must be wrong, and a schedule would be told for the wrong hours."""
HOUR = timedelta(hours=1)
INPUT_ERRORS = (SourceError, StaleData, ImplausibleData, ForecastGap, NotInControl)


def run_cycle(task: SiteTask, ports: CyclePorts, now: datetime, monotonic: Callable[[], float]) -> Outcome:
    """Read, plan, check, send if it is worth it, record. Never raises a HeatOptimizerError."""
    site_id = task.site.site_id
    log = structlog.get_logger().bind(site_id=site_id)
    deadline = Deadline(monotonic=monotonic, ends_at_s=monotonic() + CYCLE_S)
    planned: Planned | None = None
    cycle_id: int | None = None
    seen: dict[str, Any] = {}
    epoch: int | None = None
    try:
        epoch = ports.book.take_over(site_id, now)
        snapshot = read_snapshot(task, ports.plan, now, deadline)
        seen["snapshot"] = snapshot
        ports.recorder.record_reading(snapshot, task.conventions)
        snapshot = believed(snapshot, ports.book, now)
        standing = look(site_id, snapshot.reading.in_force, ports.book, task.rules, now)
        trust = trust_of(task.site, task.conventions, snapshot, ports.book, standing.intents, now)
        if trust.blocked is not None:
            take_back(task, ports, standing, snapshot.reading.in_force, epoch, deadline)
            raise SignContradiction(trust.blocked)
        planned = plan_from(
            as_trusted(task, trust),
            ports.plan,
            held_to(snapshot, trust),
            now,
            standing.foreign,
        )
        log_plan(planned)
        cycle_id = ports.recorder.begin(site_id, now, body_of(planned))
        outcome = act(task, ports, planned, now, deadline, standing, epoch)
    except INPUT_ERRORS as error:
        outcome = Skipped(error=error.name, detail=str(error))
    except HeatOptimizerError as error:
        if isinstance(error, DeliveryRejected):
            log.error("batch_rejected", detail=str(error))
        outcome = Failed(error=error.name, detail=str(error))
    if planned is None and epoch is not None:
        step_site_down(task, ports, epoch, now, deadline)
    _log_outcome(log, outcome, planned)
    if cycle_id is None:
        cycle_id = ports.recorder.begin(site_id, now, {})
    ports.recorder.end(cycle_id, outcome, planned, seen | body_of(planned) | {"outcome": outcome})
    if planned is not None:
        ports.shadows.observe(task.site, task.grid, planned, now)
    return outcome


def read_snapshot(task: SiteTask, ports: PlanPorts, now: datetime, deadline: Deadline) -> SiteSnapshot:
    """Read site and HCU and reconcile them.

    Raises SourceError when the site cannot be read, StaleData when its report is too old or it is offline, and what
    ``reconcile`` raises.
    An HCU that cannot be read is a degradation, not an end.
    """
    reading = ports.site.read_site(task.site.site_id, within_s=deadline.within_s(READ_SITE_S))
    refuse_unusable(task, reading)
    hcu, hcu_problem = _read_hcu(ports, deadline)
    last_soc = ports.soc.last_soc(task.site.site_id, now)
    last_assets = ports.assets.last_assets(task.site.site_id)
    snapshot = reconcile(task.site, task.conventions, reading, hcu, hcu_problem, last_soc, last_assets)
    age_s = reading.age_s
    if age_s is None:
        return snapshot.degraded("the site does not state when it reported")
    if age_s < -MOST_AHEAD.total_seconds():
        return snapshot.degraded(f"the site reported {-age_s / 60:.0f} min in the future: check the clocks")
    if age_s > task.stale_after.total_seconds():
        return snapshot.degraded(f"the site reported {age_s / 60:.0f} min ago")
    return snapshot


def plan_site(task: SiteTask, ports: PlanPorts, now: datetime, deadline: Deadline) -> Planned:
    """Everything up to the checked batch; changes nothing at the site. Raises HeatOptimizerError."""
    return plan_from(task, ports, read_snapshot(task, ports, now, deadline), now)


def plan_from(
    task: SiteTask,
    ports: PlanPorts,
    snapshot: SiteSnapshot,
    now: datetime,
    foreign: tuple[ForeignSchedule, ...] = (),
) -> Planned:
    """From a snapshot to the checked batch, foreign schedules left alone. Raises HeatOptimizerError."""
    if snapshot.unplannable is not None:
        raise ImplausibleData(snapshot.unplannable)
    horizon = horizon_from(now, task.grid, task.site.zone)
    priced = price_site(task.site, task.prices, ports.market, ports.meter, horizon, now)
    return plan_snapshot(
        site=task.site,
        conventions=task.conventions,
        grid=task.grid,
        horizon=horizon,
        snapshot=snapshot.degraded(*priced.tariff.notes),
        priced=priced,
        history=ports.history.history(task.site.site_id, now),
        external=ports.external.external(horizon),
        issued=ports.forecasts.issued(task.site.site_id, days_to_ask(now, task.grid)),
        now=now,
        planner=ports.planner,
        foreign=foreign,
    )


def refuse_unusable(task: SiteTask, reading: SiteReading) -> None:
    """Raises StaleData when planning on this reading would be planning on the past."""
    if reading.is_online is False:
        msg = f"site {reading.site_id} is offline (last report {when(reading.reported_at)})"
        raise StaleData(msg)
    age_s = reading.age_s
    if age_s is not None and age_s < -OTHER_TIME.total_seconds():
        msg = (
            f"site {reading.site_id} reported {-age_s / 60:.0f} min in our future ({when(reading.reported_at)}): one "
            "of the two clocks is wrong; nothing is told to a site at the wrong time"
        )
        raise StaleData(msg)
    if age_s is not None and age_s > task.unusable_after.total_seconds():
        msg = (
            f"site {reading.site_id} reported {age_s / 60:.0f} min ago ({when(reading.reported_at)}), "
            f"older than the {task.unusable_after.total_seconds() / 60:.0f} min that a plan may rest on"
        )
        raise StaleData(msg)


def _read_hcu(ports: PlanPorts, deadline: Deadline) -> tuple[HcuReading | None, str | None]:
    if ports.hcu is None:
        return None, None
    try:
        return ports.hcu.read_hcu(within_s=deadline.within_s(READ_HCU_S)), None
    except SourceError as error:
        return None, f"{error.name}: {error}"


def log_plan(planned: Planned) -> None:
    """One line for the plan, and one for each thing that stood in for a missing input."""
    log = structlog.get_logger().bind(site_id=planned.snapshot.site_id)
    for reason in planned.snapshot.degradations:
        log.warning("degraded", reason=reason)
    _log_prices(log, planned.priced)
    forecasts = planned.forecasts
    for name in ("load", "heat", "solar"):
        forecast = getattr(forecasts, name)
        level = log.warning if forecast.quality.value == "fallback" else log.debug
        level("forecast", series=name, quality=forecast.quality.value, basis=forecast.basis)
    if planned.snapshot.hcu is None and not any("HCU" in text for text in planned.snapshot.degradations):
        log.info("heat_source", source="heatpump asset" if planned.snapshot.heat_kw is not None else "none")
    if planned.plan.solver != USUAL_SOLVER:
        log.warning("second_solver_took_over", solver=planned.plan.solver, failed=USUAL_SOLVER)
    battery = planned.snapshot.battery
    end, caution = planned.plan.end_effect, planned.plan.caution
    log.info(
        "planned",
        verdict=str(planned.plan.verdict),
        objective=round(planned.plan.objective, 4),
        currency=planned.plan.problem.currency,
        soc_kwh=None if battery is None else round(battery.soc_kwh, 3),
        solver=planned.plan.solver,
        solve_ms=round(planned.plan.solve_s * 1000, 1),
        prices=planned.priced.step.value,
        known_prices_until=when(planned.tariff.known_until),
        why=planned.plan.reasons[0],
        caution=None if caution is None else round(caution.price, 4),
        hangs_on_the_end=None if end is None or not end.matters else True,
    )


def _log_prices(log: structlog.typing.FilteringBoundLogger, priced: Priced) -> None:
    """Published prices that end within the horizon are every morning's case; the rest is worth a warning."""
    match priced.step:
        case PriceStep.FRESH:
            log.debug("prices", step=priced.step.value)
        case PriceStep.EXTENDED:
            log.info("prices", step=priced.step.value, why=priced.why)
        case PriceStep.CACHED | PriceStep.FALLBACK:
            log.warning("prices", step=priced.step.value, why=priced.why)


def _log_outcome(log: structlog.typing.FilteringBoundLogger, outcome: Outcome, planned: Planned | None) -> None:
    match outcome:
        case Posted():
            log.info("cycle_done", outcome="posted")
        case Held(reason=reason):
            log.info("cycle_done", outcome="held", reason=reason)
        case Skipped(error=error, detail=detail):
            log.error("cycle_skipped", error=error, detail=detail, kept="the schedule in force")
        case Failed(error=error, detail=detail):
            log.error("cycle_failed", error=error, detail=detail, kept="the schedule in force")


def body_of(planned: Planned | None) -> dict[str, Any]:
    """What a cycle's record holds of its plan."""
    if planned is None:
        return {}
    return {
        "snapshot": planned.snapshot,
        "tariff": planned.tariff,
        "prices": {"step": planned.priced.step, "why": planned.priced.why},
        "forecasts": planned.forecasts,
        "problem": planned.plan.problem,
        "flows": planned.plan.flows,
        "verdict": str(planned.plan.verdict),
        "solver": planned.plan.solver,
        "costs": planned.plan.costs,
        "reasons": planned.plan.reasons,
        "alternative": planned.plan.alternative,
        "end_effect": planned.plan.end_effect,
        "caution": planned.plan.caution,
        "batch": planned.batch,
        "clear": planned.clear,
        "replay": planned,
    }
