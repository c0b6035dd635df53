"""The service: jobs on a scheduler, readiness, watchdog and a quick clean end."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as SchedulerThreads
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sdnotify import SystemdNotifier

from optimizer.app import LiveApplication, SiteRuntime
from optimizer.cycle import read_snapshot, run_cycle
from optimizer.domain.outcome import Failed, Outcome, is_success
from optimizer.errors import HeatOptimizerError, LedgerUnavailable
from optimizer.planning import horizon_from
from optimizer.ports import Deadline
from optimizer.watching import watch

STOP_WITHIN_S = 4.0
SAMPLE_S = 60
HEALTH_S = 60
HEALTH_WITHIN_S = 10.0
SAMPLE_WITHIN_S = 20.0


@dataclass(slots=True)
class Jobs:
    """What the daemon does, each a plain function of the application and a clock.

    A timer or a simulated clock's driver calls them; they never raise.
    """

    app: LiveApplication
    last_planned_s: dict[str, float] = field(default_factory=dict)
    last_outcome: dict[str, Outcome] = field(default_factory=dict)
    cloud_is_up: bool | None = None
    _active: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, site: SiteRuntime) -> Outcome:
        """One cycle of one site."""
        site_id = site.task.site.site_id
        now = self.app.now()
        outcome: Outcome | None = None
        with self._busy("plan", site_id=site_id):
            outcome = run_cycle(site.task, self.app.cycle_ports(site), now, monotonic)
        if outcome is None:
            outcome = Failed(error="InternalError", detail="a defect ended the cycle; see job_crashed in the log")
            with self._busy("record", site_id=site_id):
                recorder = self.app.recorder
                recorder.end(recorder.begin(site_id, now, {}), outcome, None, {"outcome": outcome})
        self.last_planned_s[site_id] = monotonic()
        self.last_outcome[site_id] = outcome
        return outcome

    def sample(self, site: SiteRuntime) -> None:
        """Record one telemetry reading."""
        with self._busy("sample"):
            deadline = Deadline(monotonic=monotonic, ends_at_s=monotonic() + SAMPLE_WITHIN_S)
            log = structlog.get_logger().bind(site_id=site.task.site.site_id)
            try:
                snapshot = read_snapshot(site.task, site.ports, self.app.now(), deadline)
            except HeatOptimizerError as error:
                log.warning("sample_missed", error=error.name, detail=str(error))
                return
            self.app.recorder.record_reading(snapshot, site.task.conventions)
            try:
                watch(site.task, self.app.book, snapshot, self.app.now())
            except LedgerUnavailable as error:
                log.error("ledger_not_written", record="batches", detail=str(error))

    def refresh_tariff(self, site: SiteRuntime) -> None:
        """Fetch prices ahead of the cycle that needs them."""
        with self._busy("refresh_tariff"):
            site.shelf.refresh(horizon_from(self.app.now(), site.task.grid, site.task.site.zone))

    def probe_health(self) -> None:
        """Ask whether the cloud is up; say so when that changes."""
        with self._busy("probe_health"):
            is_up = self.app.heat.is_healthy(within_s=HEALTH_WITHIN_S)
            log = structlog.get_logger()
            if is_up and self.cloud_is_up is False:
                log.info("cloud_is_back")
            elif not is_up and self.cloud_is_up is not False:
                log.warning("cloud_is_down")
            self.cloud_is_up = is_up

    def prune(self) -> None:
        """Drop what is older than the ledger's settings keep."""
        with self._busy("prune"):
            keep = self.app.settings.ledger
            samples, cycles = self.app.ledger.prune(
                self.app.now(),
                keep_telemetry_days=keep.keep_telemetry_days,
                keep_cycles_days=keep.keep_cycles_days,
            )
            structlog.get_logger().info("ledger_pruned", samples=samples, cycles=cycles)

    @property
    def active(self) -> int:
        """How many jobs are running."""
        with self._guard:
            return self._active

    @contextmanager
    def _busy(self, job: str, **context: str) -> Iterator[None]:
        """Count the job as running. A defect in it is logged and must not end the service or other sites."""
        with self._guard:
            self._active += 1
        try:
            yield
        except Exception:  # noqa: BLE001 - see above
            structlog.get_logger().exception("job_crashed", job=job, **context)
        finally:
            with self._guard:
                self._active -= 1


def run_once(app: LiveApplication) -> int:
    """One cycle of every site, side by side. 0 only if each was planned and posted (or held)."""
    jobs = Jobs(app)
    with ThreadPoolExecutor(max_workers=max(1, len(app.sites))) as threads:
        outcomes = list(threads.map(jobs.plan, app.sites))
    app.close()
    return 0 if all(is_success(outcome) for outcome in outcomes) else 1


def run_forever(app: LiveApplication) -> int:
    """Serve until SIGTERM or SIGINT; the process then ends within a few seconds, whatever is running."""
    jobs = Jobs(app)
    notifier = SystemdNotifier()
    log = structlog.get_logger()
    with stop_signals() as told_to_stop:
        scheduler = build_scheduler(jobs, notifier)
        scheduler.start()
        log.info("started", sites=[site.task.site.site_id for site in app.sites], pid=os.getpid())
        notifier.notify("READY=1")
        told_to_stop()
        notifier.notify("STOPPING=1")
        scheduler.shutdown(wait=False)
        gave_up_s = monotonic() + STOP_WITHIN_S
        idle = threading.Event()
        while jobs.active and monotonic() < gave_up_s:
            idle.wait(0.05)
        log.info("stopped", unfinished_jobs=jobs.active)
        if jobs.active:
            os._exit(0)  # a thread may hang in a socket until its time-out; the ledger is safe at any moment
        app.close()
    return 0


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """From here on SIGTERM and SIGINT are only noted; the function given waits until one was.

    Blocking them would not do: libraries own threads that started earlier and would still take a signal, fatally.
    Python's wake-up descriptor is written by whichever thread the kernel picks.
    """
    receiver, sender = socket.socketpair()
    with receiver, sender:
        sender.settimeout(0)
        previous_fd = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, _note) for number in (signal.SIGTERM, signal.SIGINT)}

        def wait() -> None:
            while not {signal.SIGTERM, signal.SIGINT}.intersection(receiver.recv(64)):
                pass

        try:
            yield wait
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)


def _note(_number: int, _frame: object) -> None:
    """The wake-up descriptor has told it already."""


def build_scheduler(jobs: Jobs, notifier: SystemdNotifier) -> BackgroundScheduler:
    """All jobs, one instance each at a time, late runs merged into one."""
    app = jobs.app
    threads = SchedulerThreads(max_workers=3 * len(app.sites) + 3)
    scheduler = BackgroundScheduler(
        executors={"default": threads},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 120},
        timezone="UTC",
    )
    started = app.now()
    for site in app.sites:
        name = site.task.site.site_id
        minutes = ",".join(str(minute) for minute in range(0, 60, app.settings.planning.replan_minutes))
        replan = CronTrigger(minute=minutes, second=0, timezone="UTC")
        scheduler.add_job(jobs.plan, replan, [site], id=f"plan {name}", next_run_time=started)
        scheduler.add_job(
            jobs.sample,
            IntervalTrigger(seconds=SAMPLE_S, start_date=started + timedelta(seconds=30)),
            [site],
            id=f"sample {name}",
        )
        if site.shelf.feeds:
            refresh = CronTrigger(minute="8-59/15", second=20, jitter=90, timezone="UTC")
            scheduler.add_job(jobs.refresh_tariff, refresh, [site], id=f"tariff {name}")
    scheduler.add_job(jobs.probe_health, IntervalTrigger(seconds=HEALTH_S), id="health", next_run_time=started)
    scheduler.add_job(jobs.prune, CronTrigger(hour=3, minute=17, timezone="UTC"), id="prune")
    interval_s = watchdog_interval_s(os.environ.get("WATCHDOG_USEC"))
    if interval_s is not None:
        began_s = monotonic()
        scheduler.add_job(
            lambda: feed_watchdog(jobs, notifier, began_s=began_s, clock_s=monotonic),
            IntervalTrigger(seconds=interval_s),
            id="watchdog",
            next_run_time=started,
        )
    return scheduler


def watchdog_interval_s(watchdog_usec: str | None) -> float | None:
    """A third of what systemd waits for, or None where no watchdog is set."""
    if watchdog_usec is None or not watchdog_usec.isdigit() or int(watchdog_usec) == 0:
        return None
    return max(int(watchdog_usec) / 3e6, 0.5)


def feed_watchdog(jobs: Jobs, notifier: SystemdNotifier, *, began_s: float, clock_s: Callable[[], float]) -> bool:
    """Tell systemd that we are alive, but only while every site is planned about as often as it should be."""
    patience_s = jobs.app.settings.planning.replan_minutes * 60 * 2 + 120
    for site in jobs.app.sites:
        planned_s = jobs.last_planned_s.get(site.task.site.site_id, began_s)
        if clock_s() - planned_s > patience_s:
            structlog.get_logger().error("planning_stalled", site_id=site.task.site.site_id)
            return False
    words = ", ".join(f"{site_id}: {type(outcome).__name__.lower()}" for site_id, outcome in jobs.last_outcome.items())
    notifier.notify(f"WATCHDOG=1\nSTATUS={words or 'starting'}")
    return True
