"""status, batches and backup: what people see of the ledger."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from world import simulated_world

from optimizer.daemon import Jobs
from optimizer.errors import ConfigError
from optimizer.ledger import Ledger
from optimizer.ledger_command import back_up, batches_text, since_of, status_of, status_text
from optimizer.ledger_schema import VERSION_1
from optimizer.simulator import Fault

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_a_site_that_was_just_posted_is_good_and_one_that_was_not_planned_for_long_is_not(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        assert not next(status_of(app))["is_good"], "nothing was planned yet"
        Jobs(app).plan(app.sites[0])
        text, is_good = status_text(app, "table")
        (found,) = json.loads(status_text(app, "json")[0])
        world.clock.advance_by(timedelta(minutes=33))
        late = next(status_of(app))

    assert is_good
    assert f"{world.site_id}: good" in text
    assert world.simulator.posts[0].batch_id in text
    assert (found["outcome"], found["prices"], found["batch"]["state"]) == ("posted", "fresh", "accepted")
    assert found["battery_answers"] == "as told"
    assert (late["is_good"], late["minutes_ago"]) == (False, 33.0)


def test_batches_tell_what_was_sent_and_what_came_of_it(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        jobs, (site,) = Jobs(app), app.sites
        jobs.plan(site)
        world.clock.advance_by(timedelta(hours=3))
        world.simulator.add_fault(Fault(where="POST", status=422))
        jobs.plan(site)
        found = json.loads(batches_text(app, None, "json"))
        recent = json.loads(batches_text(app, "2h", "json"))
        table = batches_text(app, None, "table")

    assert [batch["state"] for batch in found] == ["refused", "in_force"]
    assert [batch["was_taken"] for batch in found] == [False, True]
    assert [batch["state"] for batch in recent] == ["refused"]
    assert "refused" in table


def test_a_backup_is_a_whole_ledger_and_overwrites_nothing(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        Jobs(app).plan(app.sites[0])
        told = back_up(app, tmp_path / "copy.sqlite3")
        with pytest.raises(ConfigError, match="nothing was written"):
            back_up(app, tmp_path / "copy.sqlite3")
        with pytest.raises(ConfigError, match="unable to open"):
            back_up(app, tmp_path / "nowhere" / "copy.sqlite3")

        copy = Ledger.open_read_only(tmp_path / "copy.sqlite3")
        assert len(copy.cycles(world.site_id)) == 1
        copy.close()
    assert "checked" in told


def test_a_ledger_of_the_first_version_is_brought_up_to_date_with_what_it_holds(tmp_path: Path):
    file = tmp_path / "ledger.sqlite3"
    old = sqlite3.connect(file)
    old.executescript(VERSION_1)
    old.execute("INSERT INTO telemetry (site_id, at, load_kw) VALUES ('here', 1780000000, 1.5)")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()

    ledger = Ledger.open(file)
    assert ledger.rows("SELECT load_kw, battery_kw FROM telemetry", ()) == [(1.5, None)]
    assert ledger.rows("SELECT count(*) FROM batches", ()) == [(0,)]
    ledger.close()
    Ledger.open(file).close()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T12:00+02:00", datetime(2026, 5, 1, 10, 0, tzinfo=UTC)),
    ],
)
def test_since_is_a_time_or_a_span(text: str, at: datetime):
    assert since_of(text, NOW) == at


def test_another_since_is_refused():
    with pytest.raises(ConfigError, match="neither a time"):
        since_of("yesterday", NOW)
