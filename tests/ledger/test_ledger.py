"""The only memory between cycles."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from builders import NOON, SITE_ID

from optimizer.errors import ConfigError
from optimizer.ledger import Ledger, TelemetrySample


def sample(minutes: float, load_kw: float | None = 1.0, soc_percent: float | None = None) -> TelemetrySample:
    return TelemetrySample(
        at=NOON + timedelta(minutes=minutes),
        load_kw=load_kw,
        solar_kw=None,
        heat_kw=None,
        thermal_kw=None,
        outdoor_c=None,
        other_kw=None,
        soc_percent=soc_percent,
    )


@pytest.fixture
def ledger(tmp_path):
    found = Ledger.open(tmp_path / "deep" / "ledger.sqlite3")
    yield found
    found.close()


def test_means_are_taken_per_quarter_hour_and_missing_readings_stay_missing(ledger):
    for each in (sample(0, 1.0), sample(14, 3.0), sample(15, None), sample(30, 5.0)):
        ledger.record_sample(SITE_ID, each)

    starts, columns = ledger.quarter_hour_means(SITE_ID, NOON, NOON + timedelta(minutes=30))

    assert starts == [int(NOON.timestamp()), int(NOON.timestamp()) + 900]
    assert columns["load_kw"] == [2.0, None]
    assert columns["solar_kw"] == [None, None]


def test_power_across_the_connection_is_averaged_per_metering_interval_and_counted(ledger):
    for minutes, import_kw in ((0, 1.0), (14, 3.0), (15, None), (30, 5.0)):
        ledger.record_meter(SITE_ID, NOON + timedelta(minutes=minutes), import_kw=import_kw, export_kw=0.0)

    found = ledger.interval_means(SITE_ID, NOON, NOON + timedelta(minutes=30), 900)

    noon_s = int(NOON.timestamp())
    assert found == [(noon_s, 2.0, 0.0, 2), (noon_s + 900, None, 0.0, 1)]
    assert ledger.interval_means("other", NOON, NOON + timedelta(days=1), 3600) == []


def test_the_newest_state_of_charge_is_sought_in_a_window(ledger):
    ledger.record_sample(SITE_ID, sample(0, soc_percent=40.0))
    ledger.record_sample(SITE_ID, sample(5))

    assert ledger.newest_soc(SITE_ID, NOON, NOON + timedelta(minutes=9)) == (NOON, 40.0)
    assert ledger.newest_soc(SITE_ID, NOON + timedelta(minutes=1), NOON + timedelta(minutes=9)) is None
    assert ledger.newest_soc("other", NOON, NOON + timedelta(minutes=9)) is None


def test_a_cycle_that_never_ended_keeps_its_intent(tmp_path):
    first = Ledger.open(tmp_path / "ledger.sqlite3")
    first.begin_cycle(SITE_ID, NOON, {"batch": [1, 2]})
    first.close()

    again = Ledger.open(tmp_path / "ledger.sqlite3")
    (record,) = again.cycles(SITE_ID)
    again.close()

    assert (record.outcome, record.body) == ("intent", {"batch": [1, 2]})


def test_words_that_no_file_could_hold_are_kept_as_far_as_one_can(ledger):
    cycle_id = ledger.begin_cycle(SITE_ID, NOON, {})
    ledger.end_cycle(cycle_id, outcome="failed", detail="half a letter: \ud800", body={"detail": "\ud800"})

    (record,) = ledger.cycles(SITE_ID)

    assert record.detail == "half a letter: ?"
    assert record.body == {"detail": "\ud800"}


def test_threads_and_a_second_process_s_connection_write_side_by_side(tmp_path):
    ledgers = [Ledger.open(tmp_path / "ledger.sqlite3") for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: ledgers[n % 2].record_sample(SITE_ID, sample(n)), range(200)))
    starts, _ = ledgers[0].quarter_hour_means(SITE_ID, NOON, NOON + timedelta(minutes=200))
    for each in ledgers:
        each.close()

    assert len(starts) == 14


def test_a_ledger_of_another_version_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "ledger.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=7")
    connection.close()
    before = file.read_bytes()

    with pytest.raises(ConfigError, match="version 7"):
        Ledger.open(file)

    assert file.read_bytes()[:100] == before[:100]


def test_a_file_that_is_no_ledger_is_refused_with_its_name(tmp_path):
    file = tmp_path / "ledger.sqlite3"
    file.write_bytes(b"not a database, but something else entirely" * 100)

    with pytest.raises(ConfigError, match=r"ledger\.sqlite3 cannot be opened"):
        Ledger.open(file)
    with pytest.raises(ConfigError, match=r"ledger\.sqlite3 cannot be read"):
        Ledger.open_read_only(file)


def test_reading_where_there_is_no_ledger_finds_nothing_and_makes_none(tmp_path):
    ledger = Ledger.open_read_only(tmp_path / "none.sqlite3")

    assert ledger.cycles(SITE_ID) == []
    assert not (tmp_path / "none.sqlite3").exists()
    ledger.close()
