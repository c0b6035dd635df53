"""What the service does, each job a plain function of the application and a clock."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from time import monotonic
from zoneinfo import ZoneInfo

import structlog

from optimizer.acting import step_site_down
from optimizer.app import LiveApplication, SiteRuntime
from optimizer.challengers_command import comparisons
from optimizer.cycle import CYCLE_S, read_snapshot, run_cycle
from optimizer.domain.outcome import Failed, Outcome
from optimizer.errors import HeatOptimizerError, LedgerUnavailable
from optimizer.planning import horizon_from
from optimizer.ports import Deadline
from optimizer.pruning import prune
from optimizer.savings import SavingsStore
from optimizer.savings_job import price_days
from optimizer.watching import watch
from optimizer.web.state import SiteState
from optimizer.witness import Witness

HEALTH_WITHIN_S = 10.0
SAMPLE_WITHIN_S = 20.0
PRICED_FROM_HOUR = 2
"""Local: later than any change of time, and than the last samples of the day."""
SHOWN_DAYS = 31


@dataclass(slots=True)
class Jobs:
    """The jobs of one application. A timer or a simulated clock's driver calls them; they never raise.

    ``clock_s`` never jumps; ``last_planned_s`` is when each site's last cycle ended on it.
    """

    app: LiveApplication
    clock_s: Callable[[], float] = monotonic
    last_planned_s: dict[str, float] = field(default_factory=dict)
    cloud_is_up: bool | None = None
    _witnesses: dict[str, Witness] = field(default_factory=dict)
    _compared: dict[str, tuple[date, tuple[str, ...]]] = field(default_factory=dict)
    _priced: dict[str, date] = field(default_factory=dict)
    _active: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, site: SiteRuntime) -> Outcome:
        """One cycle of one site."""
        site_id = site.task.site.site_id
        now = self.app.now()
        witness = self.witness(site)
        outcome: Outcome | None = None
        with self._busy("plan", site_id=site_id):
            outcome = run_cycle(site.task, witness.watched(self.app.cycle_ports(site)), now, monotonic)
        if outcome is None:
            outcome = Failed(error="InternalError", detail="a defect ended the cycle; see job_crashed in the log")
            with self._busy("record", site_id=site_id):
                recorder = self.app.recorder
                recorder.end(recorder.begin(site_id, now, {}), outcome, None, {"outcome": outcome})
            with self._busy("step_down", site_id=site_id):
                ports, deadline = (
                    self.app.cycle_ports(site),
                    Deadline(monotonic=monotonic, ends_at_s=monotonic() + CYCLE_S),
                )
                step_site_down(site.task, ports, ports.book.take_over(site_id, now), now, deadline)
        self.last_planned_s[site_id] = self.clock_s()
        witness.ended(outcome, now)
        self._look_at_batches(site)
        self._look_at_challengers(site)
        self._price_days(site)
        return outcome

    def sample(self, site: SiteRuntime) -> None:
        """Record one telemetry reading, and see whether what we sent is in force and done."""
        with self._busy("sample"):
            deadline = Deadline(monotonic=monotonic, ends_at_s=monotonic() + SAMPLE_WITHIN_S)
            log = structlog.get_logger().bind(site_id=site.task.site.site_id)
            try:
                snapshot = read_snapshot(site.task, site.ports, self.app.now(), deadline)
            except HeatOptimizerError as error:
                log.warning("sample_missed", error=error.name, detail=str(error))
                return
            self.app.recorder.record_reading(snapshot, site.task.conventions)
            self.witness(site).sampled(snapshot)
            try:
                watch(site.task, self.app.book, snapshot, self.app.now())
            except LedgerUnavailable as error:
                log.error("ledger_not_written", record="batches", detail=str(error))
            self._look_at_batches(site)

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
            try:
                gone = prune(
                    self.app.ledger,
                    self.app.now(),
                    keep_telemetry_days=keep.keep_telemetry_days,
                    keep_cycles_days=keep.keep_cycles_days,
                )
            except sqlite3.Error as error:
                structlog.get_logger().error("ledger_not_written", record="pruning", detail=str(error))
                return
            structlog.get_logger().info("ledger_pruned", samples=gone.samples, cycles=gone.cycles, batches=gone.batches)

    def witness(self, site: SiteRuntime) -> Witness:
        """What is noted of a site, since the process began."""
        stated = site.task.site
        with self._guard:
            if stated.site_id not in self._witnesses:
                state = SiteState(site_id=stated.site_id, zone=stated.zone, conventions=site.task.conventions)
                self._witnesses[stated.site_id] = Witness(state)
            return self._witnesses[stated.site_id]

    @property
    def active(self) -> int:
        """How many jobs are running."""
        with self._guard:
            return self._active

    def _look_at_batches(self, site: SiteRuntime) -> None:
        """For the operator alone, so a ledger that fails now has been told elsewhere."""
        with self._busy("look_at_batches"):
            try:
                self.witness(site).told(self.app.book.newest(site.task.site.site_id))
            except LedgerUnavailable:
                return

    def _look_at_challengers(self, site: SiteRuntime) -> None:
        """Once each local day, since their costs are those of whole days, and when there are others."""
        site_id = site.task.site.site_id
        today = self.app.now().astimezone(ZoneInfo(site.task.site.zone)).date()
        asked = today, tuple(contender.name for contender in site.contenders)
        if self._compared.get(site_id) == asked:
            return
        with self._busy("look_at_challengers", site_id=site_id):
            found = {each.name: (-each.mean, currency) for each, currency in comparisons(self.app, site) if each.days}
            self.witness(site).saved(found)
            self._compared[site_id] = asked

    def _price_days(self, site: SiteRuntime) -> None:
        """Once each local day, some hours after midnight: what yesterday cost, in four ways."""
        site_id = site.task.site.site_id
        local = self.app.now().astimezone(ZoneInfo(site.task.site.zone))
        if local.hour < PRICED_FROM_HOUR or self._priced.get(site_id) == local.date():
            return
        self._priced[site_id] = local.date()
        with self._busy("price_days", site_id=site_id):
            for bills in price_days(self.app, site, self.app.now()):
                structlog.get_logger().info(
                    "day_priced",
                    site_id=site_id,
                    day=bills.day.isoformat(),
                    saved=round(bills.saved, 4),
                    regret=round(bills.regret, 4),
                    currency=bills.currency,
                )
            self.witness(site).priced(SavingsStore(self.app.ledger).days(site_id, SHOWN_DAYS))

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
