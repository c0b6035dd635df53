"""status, batches and backup: what people see of the ledger."""

import json
import resource
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from world import World, simulated_world

from optimizer.app import build_dry
from optimizer.cli import main
from optimizer.daemon import Jobs
from optimizer.errors import ConfigError
from optimizer.ledger import Ledger
from optimizer.ledger_command import back_up, batches_text, since_of, status_of, status_text
from optimizer.ledger_schema import VERSION_1
from optimizer.replay_command import replay_text
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


@contextmanager
def files_end_at(octets: int) -> Iterator[None]:
    """As if the disk were full: no file of this process grows beyond."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_for_which_there_is_no_room_leaves_nothing(tmp_path: Path):
    backups = tmp_path / "backups"
    backups.mkdir()
    with simulated_world(tmp_path) as world, world.app() as app:
        Jobs(app).plan(app.sites[0])
        with files_end_at(16 * 1024), pytest.raises(ConfigError, match=r"backup .*/copy\.sqlite3: "):
            back_up(app, backups / "copy.sqlite3")
        assert list(backups.iterdir()) == []

        back_up(app, backups / "copy.sqlite3")
    assert [file.name for file in backups.iterdir()] == ["copy.sqlite3"]


def test_a_backup_of_a_damaged_ledger_is_refused_and_leaves_nothing(tmp_path: Path):
    backups = tmp_path / "backups"
    backups.mkdir()
    with simulated_world(tmp_path) as world:
        world.cycle()
        file = tmp_path / "ledger.sqlite3"
        with closing(sqlite3.connect(file)) as db:
            (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'cycles'").fetchone()
        content = file.read_bytes()
        file.write_bytes(content[: (page - 1) * 4096] + b"\xa5" * 4096 + content[page * 4096 :])
        app = build_dry(world.settings(), now=world.clock.now, environ=world.environ)
        with closing(app), pytest.raises(ConfigError, match=r"damaged|malformed"):
            back_up(app, backups / "copy.sqlite3")
    assert list(backups.iterdir()) == []


def test_what_a_killed_backup_left_does_not_keep_the_next_from_its_work(tmp_path: Path):
    (tmp_path / "copy.sqlite3.partial").write_bytes(b"the first half of something")
    with simulated_world(tmp_path) as world, world.app() as app:
        back_up(app, tmp_path / "copy.sqlite3")

    assert not (tmp_path / "copy.sqlite3.partial").exists()
    Ledger.open_read_only(tmp_path / "copy.sqlite3").close()


def said(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What a command that ends with exit code 2 says, in one line."""
    for name, secret in world.environ.items():
        monkeypatch.setenv(name, secret)
    code = main([*words, "--config", str(world.settings())])
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    return line


def test_a_backup_where_there_is_no_ledger_makes_none(tmp_path: Path, capsys, monkeypatch):
    with simulated_world(tmp_path) as world:
        line = said(world, capsys, monkeypatch, "backup", str(tmp_path / "copy.sqlite3"))

    assert f"there is no ledger at {tmp_path / 'ledger.sqlite3'}" in line
    assert not (tmp_path / "copy.sqlite3").exists()


@pytest.mark.parametrize("span", ["9999999d", "99999999999999999999h", "9" * 5000 + "m"])
def test_a_span_that_reaches_back_beyond_the_calendar_is_refused(tmp_path: Path, capsys, monkeypatch, span: str):
    with simulated_world(tmp_path) as world:
        assert "beyond the calendar" in said(world, capsys, monkeypatch, "batches", "--since", span)


@pytest.mark.parametrize("body", [b"no zlib", zlib.compress(b'{"a":'), zlib.compress(b"3")])
def test_the_status_of_a_site_whose_newest_record_is_damaged_says_so(tmp_path: Path, body: bytes):
    with simulated_world(tmp_path) as world, world.app() as app:
        Jobs(app).plan(app.sites[0])
        app.ledger.write(("UPDATE cycles SET body = ?", [(body,)]))
        with pytest.raises(ConfigError, match="record of its newest cycle is damaged"):
            status_text(app, "table")


ODD = [
    "UPDATE leases SET until = 'soon'",
    "UPDATE leases SET until = 1000000000000000000",
    "INSERT INTO foreign_hands VALUES ((SELECT site_id FROM leases), 'bess.activePowerkW', '', 0, 'late', 0)",
    "UPDATE cycles SET at = '2021-04-14T10:00:00'",
    "UPDATE batches SET intended_at = 'nonsense'",
    "UPDATE batches SET intended_at = '2021-04-14T10:00:00'",
    "UPDATE batches SET sends = 9e999",
    "UPDATE batches SET detail = x'00ff'",
    "UPDATE batches SET kind = 'zz'",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("style", ["table", "json"])
def test_a_value_that_is_none_of_its_kind_is_told_or_shown_and_ends_no_command_in_a_traceback(
    tmp_path: Path, odd: str, style: str
):
    with simulated_world(tmp_path) as world, world.app() as app:
        Jobs(app).plan(app.sites[0])
        (batch,) = app.ledger.rows("SELECT batch_id FROM batches", ())[0]
        app.ledger.write((odd, [()]))
        for command in (
            lambda: status_text(app, style),
            lambda: batches_text(app, "2021-01-01", style),
            lambda: replay_text(app, batch),
        ):
            with suppress(ConfigError):
                assert command()


def test_a_ledger_that_is_a_folder_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"ledger .* cannot be read"):
        Ledger.open_read_only(tmp_path)


def test_a_backup_whose_unfinished_copy_would_be_the_ledger_is_refused(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        Jobs(app).plan(app.sites[0])
        app.ledger_file.with_name("copy.partial").hardlink_to(app.ledger_file)
        with pytest.raises(ConfigError, match="which is the ledger"):
            back_up(app, app.ledger_file.with_name("copy"))
        assert app.ledger_file.exists()


@pytest.mark.parametrize("mark", ["{", "", "3", "null"])
def test_a_damaged_mark_of_the_batterys_answer_is_told_and_the_battery_tried_anew(tmp_path: Path, mark: str):
    with simulated_world(tmp_path) as world, world.app() as app:
        jobs, (site,) = Jobs(app), app.sites
        jobs.plan(site)
        app.ledger.write(("UPDATE marks SET content = ?", [(mark,)]))
        text, _ = status_text(app, "table")
        world.clock.advance_by(timedelta(minutes=15))
        jobs.plan(site)
        after = next(status_of(app))

    assert "has answered unknown: what is on record is damaged" in text
    assert (after["is_good"], after["battery_answers"]) == (True, "none yet")
    assert "what is on record of 'signs' is damaged" in world.log.getvalue()


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
