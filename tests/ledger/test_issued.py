"""Forecasts as they were made, read back from the ledger."""

import zlib
from datetime import timedelta

import pytest
import structlog
from builders import NOON, SITE_ID, problem
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.forecast import Issued
from optimizer.domain.outcome import Held
from optimizer.issued_record import packed_issued, unpacked_issued
from optimizer.ledger import Ledger
from optimizer.memory import LedgerHistory, LedgerRecorder

kw = st.floats(allow_nan=False, allow_infinity=False)


@given(st.integers(1, 200).flatmap(lambda n: st.lists(st.tuples(kw, kw, kw), min_size=n, max_size=n)))
def test_a_packed_forecast_comes_back_to_the_last_bit(rows: list[tuple[float, float, float]]):
    edges = tuple(NOON + number * timedelta(minutes=15) for number in range(len(rows) + 1))
    load_kw, heat_kw, solar_kw = (tuple(column) for column in zip(*rows, strict=True))
    made = Issued(at=NOON, edges=edges, load_kw=load_kw, heat_kw=heat_kw, solar_kw=solar_kw)

    assert unpacked_issued(packed_issued(made)) == made


@pytest.mark.parametrize("is_old", [False, True])
def test_the_forecast_of_the_newest_cycle_before_an_instant_is_found_in_records_of_all_versions(tmp_path, is_old):
    ledger = Ledger.open(tmp_path / "ledger.sqlite3")
    recorder, asked = LedgerRecorder(ledger, timedelta(minutes=30)), problem()
    cycle_id = recorder.begin(SITE_ID, NOON, {"problem": asked})
    recorder.end(cycle_id, Held(reason="nothing changed"), None, {"problem": asked})
    with ledger.transaction() as db:
        db.execute("UPDATE cycles SET objective = 0")
        if is_old:
            db.execute("UPDATE cycles SET issued = NULL")
    instants = (NOON - timedelta(minutes=1), NOON, NOON + timedelta(minutes=44), NOON + timedelta(minutes=46))

    found = LedgerHistory(ledger).issued(SITE_ID, instants)
    ledger.close()

    edges = asked.horizon.edges
    made = Issued(at=edges[0], edges=edges, load_kw=asked.load_kw, heat_kw=asked.heat_kw, solar_kw=asked.solar_kw)
    assert found == (made, made)


def test_a_cycle_without_a_problem_has_no_forecast(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.sqlite3")
    recorder = LedgerRecorder(ledger, timedelta(minutes=30))
    recorder.end(recorder.begin(SITE_ID, NOON, {}), Held(reason="no input"), None, {})
    with ledger.transaction() as db:
        db.execute("UPDATE cycles SET objective = 0")

    found = LedgerHistory(ledger).issued(SITE_ID, [NOON])
    ledger.close()

    assert found == ()


@pytest.mark.parametrize(
    "damage", [b"", b"no zlib", zlib.compress(b"12345"), zlib.compress(b""), zlib.compress(b"\xff" * 40)]
)
@pytest.mark.parametrize("column", ["issued", "body"])
def test_a_damaged_record_is_left_out_and_told_and_the_others_are_found(tmp_path, damage, column):
    ledger = Ledger.open(tmp_path / "ledger.sqlite3")
    recorder, asked = LedgerRecorder(ledger, timedelta(minutes=30)), problem()
    for at in (NOON, NOON + timedelta(hours=1)):
        cycle_id = recorder.begin(SITE_ID, at, {"problem": asked})
        recorder.end(cycle_id, Held(reason="nothing changed"), None, {"problem": asked})
    with ledger.transaction() as db:
        db.execute("UPDATE cycles SET objective = 0")
        db.execute("UPDATE cycles SET issued = NULL WHERE ? = 'body'", (column,))
        db.execute(f"UPDATE cycles SET {column} = ? WHERE cycle_id = 1", (damage,))

    with structlog.testing.capture_logs() as log:
        found = LedgerHistory(ledger).issued(SITE_ID, (NOON, NOON + timedelta(hours=1)))
    ledger.close()

    assert [issued.load_kw for issued in found] == [asked.load_kw]
    assert [(each["event"], each["log_level"]) for each in log] == [("ledger_not_read", "error")]
