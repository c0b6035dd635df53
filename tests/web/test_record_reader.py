"""The ledger read for the page: rarely, apart from whoever plans, and never in a way that breaks anything."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from optimizer.ledger import Ledger, TelemetrySample
from optimizer.record_reader import READ_AGAIN_S, RecordReader
from optimizer.web.record import load_error_kw, solar_error_kw

NOON = datetime(2021, 4, 14, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Desk:
    """A ledger, a reader of it, and a clock."""

    file: Path
    ledger: Ledger
    seconds: float = 0.0
    now: datetime = NOON + 10 * MINUTE
    reader: RecordReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = RecordReader(lambda: self.file, lambda: self.now, lambda: self.seconds)

    def planned(self, at: datetime, load_kw: float, solar_kw: float) -> None:
        """A cycle that forecast the same for each of six hours from ``at`` on."""
        edges = [(at + number * 15 * MINUTE).isoformat() for number in range(25)]
        body: dict[str, Any] = {
            "problem": {"horizon": {"edges": edges}},
            "forecasts": {"load": {"kw": [load_kw] * 24}, "solar": {"kw": [solar_kw] * 24}},
        }
        self.ledger.end_cycle(
            self.ledger.begin_cycle("home", at, {}), outcome="posted", detail=None, objective=1.0, body=body
        )

    def came(self, at: datetime, load_kw: float | None, solar_kw: float | None, other_kw: float | None = None) -> None:
        """A reading at each quarter of the hour from ``at`` on."""
        for quarter in range(4):
            sample = TelemetrySample(
                at=at + quarter * 15 * MINUTE,
                load_kw=load_kw,
                solar_kw=solar_kw,
                heat_kw=None,
                thermal_kw=None,
                outdoor_c=None,
                other_kw=other_kw,
                soc_percent=None,
            )
            self.ledger.record_sample("home", sample)

    def batch(self, number: int, state: str = "in_force") -> None:
        row = ("home", f"key {number}", "plan", NOON.isoformat(), NOON.isoformat(), "[]", state, 1, f"b-{number}", 1)
        names = "site_id, key, kind, slot, intended_at, commands, state, sends, batch_id, epoch"
        self.ledger.write((f"INSERT INTO batches ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row]))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    file = tmp_path / "ledger.sqlite3"
    ledger = Ledger.open(file)
    try:
        yield Desk(file, ledger)
    finally:
        ledger.close()


def test_each_past_hour_has_what_the_cycle_an_hour_before_expected_and_what_came(desk):
    desk.planned(NOON - 150 * MINUTE, load_kw=9.0, solar_kw=9.0)
    desk.planned(NOON - 120 * MINUTE, load_kw=1.0, solar_kw=3.0)
    desk.planned(NOON - 105 * MINUTE, load_kw=8.0, solar_kw=8.0)
    desk.came(NOON - 60 * MINUTE, load_kw=1.25, solar_kw=2.0, other_kw=0.5)
    hour = desk.reader.record("home").hours[-1]

    assert hour.start == NOON - 60 * MINUTE
    assert (hour.expected_load_kw, hour.expected_solar_kw) == (1.0, 3.0)
    assert (hour.load_kw, hour.solar_kw) == (1.75, 2.0)


def test_the_mean_absolute_error_is_over_the_hours_of_which_both_are_known(desk):
    for hours, load_kw in ((1, 1.5), (2, 0.75), (3, None)):
        desk.planned(NOON - (hours + 1) * 60 * MINUTE, load_kw=1.0, solar_kw=0.0)
        desk.came(NOON - hours * 60 * MINUTE, load_kw=load_kw, solar_kw=None)
    hours = desk.reader.record("home").hours

    assert load_error_kw(hours) == (0.375, 2)
    assert solar_error_kw(hours) == (None, 0)


def test_there_are_24_hours_and_those_without_a_cycle_or_readings_are_not_known(desk):
    desk.came(NOON - 24 * 60 * MINUTE, load_kw=1.0, solar_kw=0.0)
    hours = desk.reader.record("home").hours

    assert len(hours) == 24
    assert (hours[0].load_kw, hours[0].expected_load_kw) == (1.0, None)
    assert {hour.load_kw for hour in hours[1:]} == {None}


def test_the_newest_20_batches_are_told_newest_first(desk):
    for number in range(23):
        desk.batch(number)
    batches = desk.reader.record("home").batches

    assert [batch.batch_id for batch in batches] == [f"b-{number}" for number in range(22, 2, -1)]


def test_it_reads_at_most_once_in_30_seconds(desk):
    assert desk.reader.record("home").batches == ()
    desk.batch(1)
    desk.seconds = READ_AGAIN_S - 0.1
    assert desk.reader.record("home").batches == ()
    desk.seconds = READ_AGAIN_S
    assert len(desk.reader.record("home").batches) == 1


def test_it_waits_for_nobody_who_writes_and_nobody_waits_for_it(desk):
    desk.batch(1)
    with desk.ledger.transaction() as db:
        db.execute("BEGIN IMMEDIATE")
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(desk.reader.record("home")))
        thread.start()
        thread.join(timeout=20)
        assert len(found[0].batches) == 1
        db.execute("UPDATE batches SET state = 'effective'")


def test_a_ledger_that_is_none_is_told_and_so_is_one_that_is_gone(desk, tmp_path):
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    desk.file = broken
    told = desk.reader.record("home")
    desk.file, desk.seconds = tmp_path / "gone.sqlite3", READ_AGAIN_S
    gone = desk.reader.record("home")

    assert "cannot be read" in (told.error or "")
    assert (told.batches, told.hours) == ((), ())
    assert "there is no file" in (gone.error or "")


def test_a_record_that_is_damaged_is_told_and_the_next_reading_is_tried_anew(desk):
    desk.planned(NOON - 120 * MINUTE, load_kw=1.0, solar_kw=3.0)
    desk.ledger.write(("UPDATE cycles SET body = ?", [(sqlite3.Binary(b"damaged"),)]))
    damaged = desk.reader.record("home")
    desk.ledger.write(("DELETE FROM cycles", [()]))
    desk.seconds = READ_AGAIN_S

    assert damaged.error is not None
    assert desk.reader.record("home").error is None


def test_of_many_sites_asked_for_at_once_those_are_read_for_which_there_is_time(desk):
    record = desk.reader.in_turn()
    assert record("home").error is None
    desk.seconds = 2.5
    late = record("other")

    assert "too many sites were asked for at once" in (late.error or "")
    assert record("home").error is None
    assert desk.reader.in_turn()("other").error is None
