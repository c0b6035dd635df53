"""What the ledger lets go of: whatever grows, once it is older than the settings keep it.

The file is never made smaller, on purpose: what a night frees is taken again the next day, so that its size comes to
rest where a day adds as much as a night frees. Moving pages to the file's front (auto_vacuum) would write every page
once more each night, wear a flash card out and gain nothing. ``VACUUM`` by hand shrinks it after a change of settings.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from optimizer.batch_book import NEWEST
from optimizer.ledger import Ledger

SAMPLES = ("telemetry", "meter", "shadow_meter")
OLD_CYCLES = "DELETE FROM cycles WHERE at < :since OR (at < :by_now AND objective IS NULL)"
OLD_BATCHES = """
DELETE FROM batches WHERE intended_at < :since AND coalesce(ends_at, intended_at) < :now AND number NOT IN (
    SELECT number FROM (
        SELECT number, row_number() OVER (PARTITION BY site_id ORDER BY number DESC) AS place FROM batches)
    WHERE place <= :newest)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows went. ``samples``: of telemetry, of the meter and of challengers' meters and days."""

    samples: int
    cycles: int
    batches: int


def prune(ledger: Ledger, now: datetime, *, keep_telemetry_days: int, keep_cycles_days: int) -> Pruned:
    """Delete what is older than said, all in one transaction. Raises sqlite3.Error.

    All is counted back from the newest sample, so that a clock that is years ahead for a night takes nothing; but for
    cycles that made no plan, for there are such while nothing can be read for months. A batch stays while it may be
    in force, and so do each site's newest ones, by which foreign schedules are told from ours.
    """
    with ledger.transaction() as db:
        newest = _newest_sample(db, now)
        samples = _prune_samples(db, newest - timedelta(days=keep_telemetry_days))
        keep = timedelta(days=keep_cycles_days)
        moments = {"since": (newest - keep).isoformat(), "by_now": (now - keep).isoformat(), "now": now.isoformat()}
        cycles = db.execute(OLD_CYCLES, moments).rowcount
        batches = db.execute(OLD_BATCHES, moments | {"newest": NEWEST}).rowcount
    return Pruned(samples=samples, cycles=cycles, batches=batches)


def _newest_sample(db: sqlite3.Connection, now: datetime) -> datetime:
    (newest_s,) = db.execute("SELECT max(at) FROM telemetry").fetchone()
    return now if newest_s is None else min(now, datetime.fromtimestamp(newest_s, UTC))


def _prune_samples(db: sqlite3.Connection, since: datetime) -> int:
    gone = [db.execute(f"DELETE FROM {table} WHERE at < ?", (int(since.timestamp()),)).rowcount for table in SAMPLES]
    gone.append(db.execute("DELETE FROM shadow_day WHERE day < ?", (since.date().isoformat(),)).rowcount)
    return sum(gone)
