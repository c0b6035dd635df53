"""The service's state as Prometheus metrics. Labels are settings and closed sets, so their number is bounded."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from optimizer.domain.forecast import Quality
from optimizer.domain.intent import BatchKind, BatchState
from optimizer.web.health import readiness_text
from optimizer.web.state import PlanState, ServiceState, SiteState

PREFIX = "heat_optimizer_"
OUTCOMES = ("posted", "held", "skipped", "failed")
STEPS = ("fresh", "cached", "extended", "fallback")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class StateCollector(Collector):
    """Reads the state once for each scrape."""

    def __init__(self, state: Callable[[], ServiceState]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Every metric, of one and the same moment."""
        state = self._state()
        yield from _service(state)
        yield from _cycles(state.sites, state.at)
        yield from _plans([(site, site.plan) for site in state.sites if site.plan is not None], state.at)
        yield from _trade(state.sites, state.at)


def metrics_text(state: Callable[[], ServiceState]) -> str:
    """The text exposition. A registry of its own: nothing of the interpreter, the process or its paths."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StateCollector(state))
    return generate_latest(registry).decode()


def _service(state: ServiceState) -> Iterator[Metric]:
    build = _gauge("build_info", "Always 1; the version is a label.", "version")
    build.add_metric([state.version], 1)
    ready = _gauge("ready", "1 while every site has had a good cycle and none is stalled.")
    ready.add_metric([], readiness_text(state)[0])
    events = _counter("log_events", "Logged warnings and errors; RUNBOOK.md has a heading for each.", "level", "event")
    for (level, event), count in state.events.items():
        events.add_metric([level, event], count)
    failures = _counter("ledger_write_failures", "Times that the ledger could not be used.")
    failures.add_metric([], state.ledger_failures)
    reloads = _counter("reloads", "Settings or secrets read again while running, and how it ended.", "result")
    for result in ("done", "refused"):
        reloads.add_metric([result], state.reloads.get(result, 0))
    yield from (build, ready, events, failures, reloads)
    if state.cloud_is_up is not None:
        cloud = _gauge("cloud_up", "1 while the cloud's health probe answers.")
        cloud.add_metric([], state.cloud_is_up)
        yield cloud


def _cycles(sites: tuple[SiteState, ...], now: datetime) -> Iterator[Metric]:
    cycles = _counter("cycles", "Cycles by how they ended.", "site_id", "outcome")
    errors = _counter("cycle_errors", "Cycles without success by error, a heading of RUNBOOK.md.", "site_id", "error")
    last = _gauge("last_cycle_outcome", "1 for the way in which the last cycle ended.", "site_id", "outcome")
    ended = _gauge("last_cycle_end_timestamp_seconds", "When the last cycle ended.", "site_id")
    waits = _gauge("since_cycle_end_seconds", "Since the last cycle ended, on a clock that never jumps.", "site_id")
    stalled = _gauge("stalled", "1 while a site is not planned as often as it should be.", "site_id")
    lease = _gauge("lease_held", "1 while this process may post to the site.", "site_id")
    trust = _gauge("battery_trusted_share", "Share of its rating that the battery may be commanded with.", "site_id")
    left = _gauge("schedule_left_seconds", "Until what was last told to the site ends.", "site_id")
    batch = _gauge("batch_state", "1 for the state of the newest batch.", "site_id", "state")
    sent = _gauge("last_batch_sent_timestamp_seconds", "When the newest batch that was taken left.", "site_id")
    kind = _gauge("last_batch_kind", "1 for why it was sent: rest and clear are steps down.", "site_id", "kind")
    for site in sites:
        if site.sent:
            sent.add_metric([site.site_id], site.sent[0].intended_at.timestamp())
            _one_of(kind, site.site_id, [each.value for each in BatchKind], site.sent[0].kind.value)
        for name in OUTCOMES:
            cycles.add_metric([site.site_id, name], site.outcomes.get(name, 0))
        for name, count in site.errors.items():
            errors.add_metric([site.site_id, name], count)
        _one_of(last, site.site_id, OUTCOMES, site.outcome)
        _one_of(batch, site.site_id, [state.value for state in BatchState], site.batch_state)
        waits.add_metric([site.site_id], site.unplanned_s)
        stalled.add_metric([site.site_id], site.is_stalled)
        if site.ended_at is not None:
            ended.add_metric([site.site_id], site.ended_at.timestamp())
        if site.holds_lease is not None:
            lease.add_metric([site.site_id], site.holds_lease)
        if site.trusted_share is not None:
            trust.add_metric([site.site_id], site.trusted_share)
        if site.told_until is not None:
            left.add_metric([site.site_id], max((site.told_until - now).total_seconds(), 0.0))
    yield from (cycles, errors, last, ended, waits, stalled, lease, trust, left, batch, sent, kind)


def _plans(plans: list[tuple[SiteState, PlanState]], now: datetime) -> Iterator[Metric]:
    age = _gauge("plan_age_seconds", "Since the newest plan was made.", "site_id")
    objective = _gauge("plan_objective", "What the newest plan minimised, in money.", "site_id", "currency")
    solve = _gauge("plan_solve_seconds", "What solving it took.", "site_id")
    degraded = _gauge("degradations", "Inputs of the newest plan for which something stood in.", "site_id")
    quality = _gauge("forecast_quality", "1 for where a forecast comes from.", "site_id", "signal", "quality")
    read = _gauge("signal_read", "1 where the newest plan's cycle read this signal.", "site_id", "signal")
    report = _gauge("site_report_age_seconds", "How old the site's report was then.", "site_id")
    for site, plan in plans:
        name = site.site_id
        age.add_metric([name], (now - plan.made_at).total_seconds())
        objective.add_metric([name, plan.currency], plan.objective)
        solve.add_metric([name], plan.solve_s)
        degraded.add_metric([name], plan.degradations)
        for signal, found in plan.quality.items():
            for each in Quality:
                quality.add_metric([name, signal, each.value], each.value == found)
        for signal, was_read in plan.read.items():
            read.add_metric([name, signal], was_read)
        if plan.report_age_s is not None:
            report.add_metric([name], plan.report_age_s)
    yield from (age, objective, solve, degraded, quality, read, report)


def _trade(sites: tuple[SiteState, ...], now: datetime) -> Iterator[Metric]:
    step = _gauge("price_step", "1 for where the newest plan's prices come from.", "site_id", "step")
    steps = _counter("plans_by_price_step", "Plans by where their prices came from.", "site_id", "step")
    feeds = _gauge("feed_age_seconds", "Since a feed last answered without failing.", "site_id", "feed")
    saving = _gauge(
        "challenger_saving_per_day",
        "What a challenger would have saved, in money a day.",
        *("site_id", "challenger", "currency"),
    )
    costs = _gauge("day_cost", "What the newest priced day cost, by way, in money.", "site_id", "way", "currency")
    for site in sites:
        for row in site.savings[:1]:
            for way in ("no_battery", "self_consumption", "daemon", "perfect_foresight"):
                cost = getattr(row, way)
                if cost is not None:
                    costs.add_metric([site.site_id, way, row.currency], cost)
        _one_of(step, site.site_id, STEPS, None if site.plan is None else site.plan.price_step)
        for name in STEPS:
            steps.add_metric([site.site_id, name], site.price_steps.get(name, 0))
        for feed, at in site.feed_answered_at.items():
            feeds.add_metric([site.site_id, feed], (now - at).total_seconds())
        for name, (money, currency) in site.saving_per_day.items():
            saving.add_metric([site.site_id, name, currency], money)
    yield from (step, steps, feeds, saving, costs)


def _one_of(family: GaugeMetricFamily, site_id: str, names: tuple[str, ...] | list[str], found: str | None) -> None:
    """One series for each name, 1 for the one found. None where nothing was found yet."""
    if found is not None:
        for name in names:
            family.add_metric([site_id, name], name == found)


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, told, labels=labels)


def _counter(name: str, told: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, told, labels=labels)


__all__ = ["CONTENT_TYPE", "StateCollector", "metrics_text"]
