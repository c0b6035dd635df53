"""The running service: its jobs, what is changed while they run, and what it tells about itself."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import CLOCK_MONOTONIC, clock_gettime_ns

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sdnotify import SystemdNotifier

from optimizer import __version__
from optimizer.app import LiveApplication, SiteRuntime, ledger_path
from optimizer.clock_watch import ClockWatch
from optimizer.cycle import CYCLE_S
from optimizer.domain.outcome import Outcome, is_success
from optimizer.errors import ConfigError, LedgerUnavailable
from optimizer.gate import Gate
from optimizer.jobs import Jobs
from optimizer.log import REDACT, configure_logging
from optimizer.record_reader import RecordReader
from optimizer.reloading import reloaded, with_new_secrets
from optimizer.scheduling import build_scheduler, schedule
from optimizer.settings import Settings
from optimizer.web import Page, Pages, ServiceState, SiteState, status_line
from optimizer.web.tally import EventTally

CHANGE_WITHIN_S = CYCLE_S + 3.0
"""A cycle that runs for longer than that can send nothing any more, so a change need not wait for it."""
TELL_S = 60.0
"""How often a stalled site is logged where no watchdog sets the pace."""
NOTIFY_WITHIN_S = 1.0
"""A notice that systemd does not take in this time is dropped: the next tick tells what is true then."""


def systemd_notifier() -> SystemdNotifier:
    """Tells systemd, where it listens; one that does not read its notices holds up nobody."""
    notifier = SystemdNotifier()
    if notifier.socket is not None:
        notifier.socket.settimeout(NOTIFY_WITHIN_S)
    return notifier


@dataclass(slots=True)
class Service:
    """One process's work on its sites. ``watchdog_s`` is how often systemd is told."""

    jobs: Jobs
    notifier: SystemdNotifier
    watchdog_s: float | None = None
    tally: EventTally = field(default_factory=EventTally)
    page: Page | None = None
    scheduler: BackgroundScheduler = field(init=False)
    records: RecordReader = field(init=False)
    _clock_watch: ClockWatch = field(init=False)
    _began_s: float = field(init=False)
    _looped_s: float = field(init=False)
    _told_s: float | None = None
    _told_status: str = ""
    _reloads: Counter[str] = field(default_factory=Counter)
    _gate: Gate = field(default_factory=Gate)
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _turns: dict[str, threading.Lock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scheduler = build_scheduler(len(self.jobs.app.sites))
        self._clock_watch = ClockWatch(self.jobs.app.now, self.clock_s)
        self._began_s = self._looped_s = self.clock_s()
        self.records = RecordReader(self._ledger_path, self.app.now, self.clock_s)

    @property
    def app(self) -> LiveApplication:
        """The application as it is wired now."""
        return self.jobs.app

    def clock_s(self) -> float:
        """The clock that never jumps: the jobs' own."""
        return self.jobs.clock_s()

    @property
    def is_changing(self) -> bool:
        """Whether settings or secrets are being read anew."""
        return self._changing.locked()

    def start(self) -> None:
        """Begin to work. What is logged is counted from here on; systemd is told that we are ready."""
        self.count_events()
        self.schedule()
        self.scheduler.start()
        self.listen()
        self.notifier.notify("READY=1\nSTATUS=starting")

    def schedule(self) -> None:
        """All jobs by the present settings and the present time; each site is planned at once."""
        schedule(self.scheduler, self.app, self, self.app.now())

    def plan(self, site_id: str) -> None:
        """One cycle of a site, after any that still runs.

        After a bad one, secrets that were replaced are taken up and it is tried again.
        """
        with self._turns.setdefault(site_id, threading.Lock()):
            outcome = self._at(site_id, self.jobs.plan)
            if outcome is None or not self._asks_for_new_secrets(site_id, outcome):
                return
            if self.renew_secrets() and not is_success(outcome):
                self._at(site_id, self.jobs.plan)

    def sample(self, site_id: str) -> None:
        """One reading of a site."""
        self._at(site_id, self.jobs.sample)

    def refresh_tariff(self, site_id: str) -> None:
        """Fetch a site's prices ahead of need."""
        self._at(site_id, self.jobs.refresh_tariff)

    def probe_health(self) -> None:
        """Ask whether the cloud is up."""
        with self._gate.inside():
            self.jobs.probe_health()

    def prune(self) -> None:
        """Drop what is old."""
        with self._gate.inside():
            self.jobs.prune()

    def reload(self) -> bool:
        """Read settings and secrets anew, as SIGHUP asks; what is wrong with them is logged and changes nothing."""
        self.notifier.notify(f"RELOADING=1\nMONOTONIC_USEC={clock_gettime_ns(CLOCK_MONOTONIC) // 1000}")
        with self._changing:
            was = self.app.settings
            app = self._built(lambda: reloaded(self.app))
            if app is not None:
                self._take(app)
                self._apply(was, app)
        self.notifier.notify(f"READY=1\nSTATUS={status_line(self.state())}")
        return app is not None

    def renew_secrets(self) -> bool:
        """Take up secrets that were replaced since they were read. False where none was, or a reload does it now."""
        if not self._changing.acquire(blocking=False):
            return False
        try:
            found = self._built(lambda: with_new_secrets(self.app))
            if found is None:
                return False
            app, names = found
            self._take(app)
        finally:
            self._changing.release()
        structlog.get_logger().info("secrets_renewed", settings=names)
        return True

    def tick(self) -> None:
        """From time to time: has the clock jumped, does every site make progress, and what is to be told of it."""
        self._looped_s = self.clock_s()
        jump = self._clock_watch.jump()
        if jump is not None:
            structlog.get_logger().warning("clock_jumped", by_s=round(jump.total_seconds(), 1))
            self.schedule()
        every_s = TELL_S if self.watchdog_s is None else self.watchdog_s
        is_due = self._told_s is None or self._looped_s - self._told_s >= every_s
        state = self.state()
        status = status_line(state)
        if not is_due and status == self._told_status:
            return
        stalled = [site for site in state.sites if site.is_stalled]
        if is_due:
            self._told_s = self._looped_s
            for site in stalled:
                structlog.get_logger().error("planning_stalled", site_id=site.site_id)
        self._told_status = status
        self.notifier.notify(f"STATUS={status}" + ("\nWATCHDOG=1" if is_due and not stalled else ""))

    def state(self) -> ServiceState:
        """Everything that is told to the operator, of this moment."""
        app, events = self.app, self.tally.counts()
        sites = tuple(self._site_state(site) for site in app.sites)
        return ServiceState(
            at=app.now(),
            version=__version__,
            scheduler_runs=self.scheduler.running,
            loop_age_s=self.clock_s() - self._looped_s,
            sites=sites,
            events=events,
            ledger_failures=sum(count for (_, event), count in events.items() if event == "ledger_not_written")
            + sum(site.errors.get("LedgerUnavailable", 0) for site in sites),
            cloud_is_up=self.jobs.cloud_is_up,
            reloads=dict(self._reloads),
        )

    def listen(self) -> None:
        """Serve the operator's page where the settings say. A port that is taken is told and changes nothing else."""
        if self.page is not None:
            self.page.close()
            self.page = None
        address = self.app.settings.web.address()
        if address is None:
            return
        log = structlog.get_logger()
        try:
            pages = Pages(state=self.state, clean=REDACT.text, records=self.records)
            names = self.app.settings.web.names or ()
            self.page = Page.open(*address, pages.answers(), below=pages.below(), names=names)
        except OSError as error:
            log.error("web_not_listening", listen=self.app.settings.web.listen, detail=error.strerror or str(error))
            return
        log.info("web_listening", url=self.page.url)

    def _at[Result](self, site_id: str, job: Callable[[SiteRuntime], Result]) -> Result | None:
        """Do it with the site as it is wired now; nothing for a site that a reload has taken away."""
        with self._gate.inside():
            site = next((each for each in self.app.sites if each.task.site.site_id == site_id), None)
            return None if site is None else job(site)

    def _asks_for_new_secrets(self, site_id: str, outcome: Outcome) -> bool:
        """Whatever went wrong or was missing: looking at a few small files is cheaper than telling 401s apart."""
        state = next((site for site in self.state().sites if site.site_id == site_id), None)
        plan = None if state is None else state.plan
        return not is_success(outcome) or (plan is not None and (plan.degradations > 0 or plan.price_step == "cached"))

    def _built[Built](self, build: Callable[[], Built]) -> Built | None:
        """What is built, or None: refused, and told why. A plugin may raise anything."""
        log = structlog.get_logger()
        try:
            return build()
        except ConfigError as error:
            log.error("reload_refused", detail=str(error), kept="the settings in force")
        except Exception:
            log.exception("reload_refused", detail="a defect, see the traceback", kept="the settings in force")
        self._reloads["refused"] += 1
        return None

    def _take(self, app: LiveApplication) -> None:
        """Swap applications between two jobs; whoever comes meanwhile waits, so no cycle is lost."""
        with self._gate.alone(within_s=CHANGE_WITHIN_S) as nobody_left:
            old, self.jobs.app = self.jobs.app, app
            known = {site.task.site.site_id for site in old.sites}
            now_s = self.clock_s()
            for site in app.sites:
                if site.task.site.site_id not in known:
                    self.jobs.last_planned_s[site.task.site.site_id] = now_s
            if nobody_left:
                old.hang_up()
        self._reloads["done"] += 1
        for site_id in known - {site.task.site.site_id for site in app.sites}:
            with suppress(LedgerUnavailable):
                app.book.let_go(site_id)
            structlog.get_logger().warning("site_dropped", site_id=site_id, kept="its schedule, until that ends")

    def _apply(self, before: Settings, app: LiveApplication) -> None:
        """What is not part of the application: log, timetable and web page."""
        if app.settings.log != before.log:
            configure_logging(level=app.settings.log.level, style=app.settings.log.format)
            self.count_events()
        structlog.get_logger().info("reloaded", sites=[site.task.site.site_id for site in app.sites])
        self.schedule()
        if app.settings.web != before.web or self.page is None:
            self.listen()

    def count_events(self) -> None:
        """From now on, count what is logged at warning and above."""
        processors = structlog.get_config()["processors"]
        if self.tally not in processors:
            structlog.configure(processors=[self.tally, *processors])

    def _site_state(self, site: SiteRuntime) -> SiteState:
        site_id = site.task.site.site_id
        unplanned_s = self.clock_s() - self.jobs.last_planned_s.get(site_id, self._began_s)
        patience_s = self.app.settings.planning.replan_minutes * 60 * 2 + 120
        state = self.jobs.witness(site).state
        return replace(
            state,
            zone=site.task.site.zone,
            conventions=site.task.conventions,
            unplanned_s=unplanned_s,
            is_stalled=unplanned_s > patience_s,
        )

    def _ledger_path(self) -> Path:
        return ledger_path(self.app.settings, self.app.file.parent, self.app.around.environ)
