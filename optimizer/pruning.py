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

    Samples are counted back from the newest one, so that a clock that is years ahead for a night takes none. A batch
    stays while it may be in force, and so do each site's newest ones, by which foreign schedules are told from ours.
    """
    with ledger.transaction() as db:
        samples = _prune_samples(db, now, timedelta(days=keep_telemetry_days))
        since = (now - timedelta(days=keep_cycles_days)).isoformat()
        cycles = db.execute("DELETE FROM cycles WHERE at < ?", (since,)).rowcount
        batches = db.execute(OLD_BATCHES, {"since": since, "now": now.isoformat(), "newest": NEWEST}).rowcount
    return Pruned(samples=samples, cycles=cycles, batches=batches)


def _prune_samples(db: sqlite3.Connection, now: datetime, keep: timedelta) -> int:
    (newest_s,) = db.execute("SELECT max(at) FROM telemetry").fetchone()
    newest = now if newest_s is None else min(now, datetime.fromtimestamp(newest_s, UTC))
    since = newest - keep
    gone = [db.execute(f"DELETE FROM {table} WHERE at < ?", (int(since.timestamp()),)).rowcount for table in SAMPLES]
    gone.append(db.execute("DELETE FROM shadow_day WHERE day < ?", (since.date().isoformat(),)).rowcount)
    return sum(gone)
