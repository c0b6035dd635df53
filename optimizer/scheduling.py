"""When each job runs: a scheduler's timetable, and the watchdog's interval."""

from datetime import datetime, timedelta
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor as SchedulerThreads
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from optimizer.app import LiveApplication

SAMPLE_S = 60
HEALTH_S = 60
SPARE_THREADS = 32
"""For sites that a reload adds. A thread is only made when there is work for it."""


class Work(Protocol):
    """What is to be done, by the names of sites."""

    def plan(self, site_id: str) -> None: ...

    def sample(self, site_id: str) -> None: ...

    def refresh_tariff(self, site_id: str) -> None: ...

    def probe_health(self) -> None: ...

    def prune(self) -> None: ...


def build_scheduler(sites: int) -> BackgroundScheduler:
    """An empty timetable: one instance of a job at a time, late runs merged into one."""
    return BackgroundScheduler(
        executors={"default": SchedulerThreads(max_workers=3 * sites + SPARE_THREADS)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 120},
        timezone="UTC",
    )


def schedule(scheduler: BackgroundScheduler, app: LiveApplication, work: Work, now: datetime) -> None:
    """Put everything on the timetable anew. Each site is planned at once, and then by its intervals."""
    scheduler.remove_all_jobs()
    for site in app.sites:
        name = site.task.site.site_id
        minutes = ",".join(str(minute) for minute in range(0, 60, app.settings.planning.replan_minutes))
        replan = CronTrigger(minute=minutes, second=0, timezone="UTC")
        scheduler.add_job(
            work.plan,
            replan,
            [name],
            id=f"plan {name}",
            replace_existing=True,
            next_run_time=now,
            max_instances=2,  # the second waits for the first: one that a reload asks for must not be dropped
        )
        scheduler.add_job(
            work.sample,
            IntervalTrigger(seconds=SAMPLE_S, start_date=now + timedelta(seconds=30)),
            [name],
            id=f"sample {name}",
            replace_existing=True,
        )
        if site.shelf.feeds:
            refresh = CronTrigger(minute="8-59/15", second=20, jitter=90, timezone="UTC")
            scheduler.add_job(work.refresh_tariff, refresh, [name], id=f"tariff {name}", replace_existing=True)
    probe = IntervalTrigger(seconds=HEALTH_S)
    scheduler.add_job(work.probe_health, probe, id="health", replace_existing=True, next_run_time=now)
    nightly = CronTrigger(hour=3, minute=17, timezone="UTC")
    scheduler.add_job(work.prune, nightly, id="prune", replace_existing=True)


def watchdog_interval_s(watchdog_usec: str | None) -> float | None:
    """A third of what systemd waits for, or None where no watchdog is set."""
    if watchdog_usec is None or not watchdog_usec.isdigit() or int(watchdog_usec) == 0:
        return None
    return max(int(watchdog_usec) / 3e6, 0.5)
