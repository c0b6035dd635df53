"""How large a site's ledger becomes with default settings, and what checking and pruning it then take."""

import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from world import FLAT, simulated_world

from optimizer.jobs import Jobs
from optimizer.ledger import Ledger
from optimizer.ledger_rescue import damage_of
from optimizer.ledger_schema import TELEMETRY_COLUMNS
from optimizer.pruning import prune
from optimizer.settings import LedgerSettings

CYCLE = timedelta(minutes=15)
DAY = timedelta(days=1)
TIME_OF_USE = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.34
export_price = 0.08
periods = [
  {name = "night", import_price = 0.18, start = "00:00", end = "06:00"},
  {name = "evening", import_price = 0.46, start = "17:00", end = "20:00"},
]
"""


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("tariff", [FLAT, TIME_OF_USE], ids=["flat", "time of use"])
def test_the_size_of_a_site_s_ledger(tmp_path: Path, tariff: str):
    keep = LedgerSettings()
    with simulated_world(tmp_path) as world, world.app(tariff=tariff) as app:
        jobs, (site,) = Jobs(app), app.sites
        for _ in range(2 * 96):
            jobs.plan(site)
            world.clock.advance_by(CYCLE)
        now = world.clock.now()
        columns = "site_id, at, outcome, detail, batch_id, accepted, verdict, objective, currency, body"
        second_day = "ORDER BY {} DESC LIMIT 96"
        cycles = app.ledger.rows(f"SELECT {columns} FROM cycles {second_day.format('cycle_id')}", ())
        batches = app.ledger.rows("SELECT * FROM batches WHERE intended_at >= ?", ((now - DAY).isoformat(),))
    file = tmp_path / "year.sqlite3"
    with closing(Ledger.open(file)) as ledger:
        _fill_samples(ledger, now, keep.keep_telemetry_days)
        samples_mb = _size_mb(ledger, file)
        marks = ", ".join("?" * len(cycles[0]))
        for day in range(keep.keep_cycles_days):
            moved = [(each[0], (now - day * DAY).isoformat(), *each[2:]) for each in cycles]
            ledger.write((f"INSERT INTO cycles ({columns}) VALUES ({marks})", moved))
        cycles_mb = _size_mb(ledger, file) - samples_mb
        marks = ", ".join("?" * len(batches[0]))
        for day in range(keep.keep_cycles_days):
            moved = [(None, f"{each[1]} {day}", *each[2:]) for each in batches]
            ledger.write((f"INSERT INTO batches VALUES ({marks})", moved))
        all_mb = _size_mb(ledger, file)
        began = perf_counter()
        prune(ledger, now + DAY, keep_telemetry_days=keep.keep_telemetry_days, keep_cycles_days=keep.keep_cycles_days)
        pruned_s = perf_counter() - began
    began = perf_counter()
    assert damage_of(file) is None
    checked_s = perf_counter() - began
    print(
        f"\n{keep.keep_telemetry_days} days of samples {samples_mb:.0f} MB, {keep.keep_cycles_days} days of cycles "
        f"{cycles_mb:.0f} MB ({len(cycles)} a day), of batches {all_mb - samples_mb - cycles_mb:.1f} MB "
        f"({len(batches)} a day): {all_mb:.0f} MB; checked in {checked_s:.2f} s, pruned in {pruned_s:.2f} s"
    )


def _fill_samples(ledger: Ledger, now, days: int) -> None:
    dice = random.Random(1)
    names = ("at", *TELEMETRY_COLUMNS, "soc_percent", "battery_kw")
    marks = ", ".join("?" * (len(names) + 1))
    for day in range(days):
        start_s = int((now - (day + 1) * DAY).timestamp())
        minutes = [start_s + 60 * minute for minute in range(1440)]
        rows = [("a-site-id-of-36-characters-xxxxxxxxxx", at, *(dice.random() for _ in names[1:])) for at in minutes]
        meter = [(row[0], row[1], row[2], row[3]) for row in rows]
        ledger.write(
            (f"INSERT INTO telemetry (site_id, {', '.join(names)}) VALUES ({marks})", rows),
            ("INSERT INTO meter VALUES (?, ?, ?, ?)", meter),
        )


def _size_mb(ledger: Ledger, file: Path) -> float:
    ledger.rows("PRAGMA wal_checkpoint(TRUNCATE)", ())
    return file.stat().st_size / 1e6
