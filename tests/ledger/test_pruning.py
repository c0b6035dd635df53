"""Whatever grows in the ledger is bounded, and nothing goes that is still needed."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOON, SITE_ID

from optimizer.batch_book import NEWEST, BatchBook
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.intent import BatchKind
from optimizer.ledger import WAL_BYTES, Ledger, TelemetrySample
from optimizer.ledger_schema import TELEMETRY_COLUMNS
from optimizer.pruning import Pruned, prune
from optimizer.shadow.store import ShadowDay, ShadowStore

DAY = timedelta(days=1)
KEEP = {"keep_telemetry_days": 40, "keep_cycles_days": 7}
GROWING = {"telemetry", "meter", "shadow_meter", "shadow_day", "cycles", "batches"}
BOUNDED = {"leases", "marks", "foreign_hands", "shadow_standing", "savings_day"}
"""One row for each site, name or pair; a day's savings stay, some 40 kB a year."""


@pytest.fixture
def ledger(tmp_path: Path):
    found = Ledger.open(tmp_path / "ledger.sqlite3")
    yield found
    found.close()


def send(ledger: Ledger, at: datetime, end: datetime, site_id: str = SITE_ID) -> None:
    """A batch that rules from ``at`` to ``end``."""
    book = BatchBook(ledger, holder="here 1", lease=DAY)
    told = Command(pair=Pair.BESS_POWER, entries=(Entry(start=at, end=end, value=1.0),))
    epoch = book.take_over(site_id, at)
    book.intend(site_id, at, Batch(commands=(told,)), BatchKind.PLAN, epoch=epoch, now=at)


def sample(at: datetime) -> TelemetrySample:
    return TelemetrySample(at=at, soc_percent=50.0, **dict.fromkeys(TELEMETRY_COLUMNS))


def count(ledger: Ledger, table: str) -> int:
    return int(ledger.rows(f"SELECT count(*) FROM {table}", ())[0][0])


def test_what_is_too_old_is_pruned_and_the_rest_stays(ledger):
    for days in (50, 0):
        ledger.record_sample(SITE_ID, sample(NOON - days * DAY))
        ledger.record_meter(SITE_ID, NOON - days * DAY, import_kw=1.0, export_kw=0.0)
        ledger.write(
            (
                "INSERT INTO shadow_meter (site_id, name, at) VALUES ('here', 'flat', ?)",
                [(int((NOON - days * DAY).timestamp()),)],
            )
        )
        day = ShadowDay(name="flat", day=(NOON - days * DAY).date(), cost=1.0, currency="EUR", quarters=96)
        ShadowStore(ledger).record_day(SITE_ID, day)
    for days in (8, 0):
        ledger.begin_cycle(SITE_ID, NOON - days * DAY, {})

    assert prune(ledger, NOON, **KEEP) == Pruned(samples=4, cycles=1, batches=0)
    for table in ("telemetry", "meter", "shadow_meter", "shadow_day", "cycles"):
        assert count(ledger, table) == 1, table


def test_a_clock_that_is_ahead_for_a_night_takes_no_plan_and_no_sample(ledger):
    ledger.record_sample(SITE_ID, sample(NOON))
    for objective in (1.0, None):
        number = ledger.begin_cycle(SITE_ID, NOON, {})
        ledger.write(("UPDATE cycles SET objective = ? WHERE cycle_id = ?", [(objective, number)]))

    gone = prune(ledger, NOON + 800 * DAY, **KEEP)

    assert gone == Pruned(samples=0, cycles=1, batches=0)
    assert ledger.rows("SELECT objective FROM cycles", ()) == [(1.0,)]


def test_every_table_is_either_pruned_or_bounded_by_itself(ledger):
    tables = {name for (name,) in ledger.rows("SELECT name FROM sqlite_master WHERE type = 'table'", ())}

    assert tables == GROWING | BOUNDED


def test_old_batches_go_but_never_one_that_may_be_in_force_nor_a_site_s_newest(ledger):
    send(ledger, NOON - 30 * DAY, NOON + DAY)
    for number in range(3 * NEWEST):
        at = NOON - 20 * DAY + number * timedelta(minutes=15)
        send(ledger, at, at + DAY)
    send(ledger, NOON - 25 * DAY, NOON - 24 * DAY, site_id="other")

    gone = prune(ledger, NOON, **KEEP)

    left = ledger.rows("SELECT site_id, intended_at, ends_at FROM batches ORDER BY number", ())
    assert gone.batches == 2 * NEWEST
    assert [site for site, _, _ in left].count("other") == 1, "the newest of its site"
    assert left[0][2] > NOON.isoformat(), "still in force"
    assert len(left) == 1 + NEWEST + 1
    assert len(BatchBook(ledger, holder="here 1", lease=DAY).newest(SITE_ID)) == NEWEST


def test_a_clock_that_is_years_ahead_for_a_night_takes_no_samples(ledger):
    ledger.record_sample(SITE_ID, sample(NOON - 39 * DAY))
    ledger.record_sample(SITE_ID, sample(NOON))

    assert prune(ledger, NOON + 3000 * DAY, **KEEP).samples == 0
    assert count(ledger, "telemetry") == 2


def test_what_a_night_frees_is_taken_again_so_the_file_stops_growing(ledger, tmp_path):
    file = tmp_path / "ledger.sqlite3"
    body = {"noise": [f"{number * 0.123456789:.9f}" for number in range(3000)]}
    sizes = []
    for day in range(30):
        now = NOON + day * DAY
        for hour in range(0, 24, 4):
            ledger.begin_cycle(SITE_ID, now + timedelta(hours=hour), body)
        prune(ledger, now + DAY, **KEEP)
        ledger.rows("PRAGMA wal_checkpoint(TRUNCATE)", ())
        sizes.append(file.stat().st_size)

    assert count(ledger, "cycles") == 7 * 6
    assert max(sizes[10:]) == sizes[10], "a week is full, and from then on nothing is added"


def test_the_write_ahead_log_is_cut_again_after_a_long_reader(ledger, tmp_path):
    log = tmp_path / "ledger.sqlite3-wal"
    reader = sqlite3.connect(tmp_path / "ledger.sqlite3")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM cycles").fetchone()
    ledger.write(("INSERT INTO marks VALUES (?, 'big', 0, ?)", [(str(n), "x" * 2**20) for n in range(24)]))
    while_read = log.stat().st_size
    reader.rollback()
    reader.close()
    for name in ("first", "second"):
        ledger.write(("INSERT INTO marks VALUES ('here', ?, 0, '')", [(name,)]))

    assert while_read > WAL_BYTES
    assert log.stat().st_size <= WAL_BYTES
