"""A damaged ledger is put aside whole and the site is planned; whatever else is wrong is refused and left alone."""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from builders import NOON
from world import World, simulated_world

from optimizer.app import build_dry, build_live
from optimizer.errors import ConfigError
from optimizer.jobs import Jobs
from optimizer.ledger import Ledger
from optimizer.ledger_command import status_text
from optimizer.ledger_rescue import damage_of, open_checked
from optimizer.log import configure_logging

PAGE = 4096
LEAF = 0x0A
"""The first byte of a page that holds rows of a table without rowid."""
RUNBOOK = Path(__file__).parents[2] / "deploy" / "RUNBOOK.md"


@pytest.fixture
def world(tmp_path: Path):
    with simulated_world(tmp_path) as found:
        yield found


def planned_once(world: World) -> Path:
    """A ledger with a cycle in it."""
    world.cycle()
    return world.folder / "ledger.sqlite3"


def damaged(file: Path) -> bytes:
    """Fill every page but the first with noise, as a dying flash card would; returns what is then in the file."""
    content = file.read_bytes()
    file.write_bytes(content[:PAGE] + b"\xa5" * (len(content) - PAGE))
    return file.read_bytes()


def test_a_damaged_ledger_is_put_aside_and_the_site_is_planned_on_a_fresh_one(world):
    file = planned_once(world)
    was = damaged(file)
    outcome = world.cycle()

    told = world.event("ledger_set_aside")
    aside = Path(told["kept_as"])
    assert type(outcome).__name__ in {"Posted", "Held"}
    assert aside.name == "ledger.sqlite3.damaged-20210414T100000Z"
    assert aside.read_bytes() == was, "nothing was changed in it"
    assert (told["level"], told["ledger"]) == ("error", str(file))
    assert "RUNBOOK.md" in told["do"]
    with closing(Ledger.open_read_only(file)) as ledger:
        assert len(ledger.cycles(world.site_id)) == 1


def test_a_file_that_is_no_ledger_is_put_aside_as_well(tmp_path):
    file = tmp_path / "ledger.sqlite3"
    file.write_bytes(b"not a database, but something else entirely" * 100)

    assert damage_of(file) == "file is not a database"
    open_checked(file, NOON).close()
    assert damage_of(file) is None


def test_what_belongs_to_the_file_goes_with_it_and_does_not_come_back_in_the_fresh_one(tmp_path):
    """SQLite would play a write-ahead log that is left behind into the fresh file."""
    file, log = tmp_path / "ledger.sqlite3", tmp_path / "ledger.sqlite3-wal"
    Ledger.open(file).close()
    with closing(Ledger.open(file)) as ledger:
        ledger.begin_cycle("here", NOON, {"old": True})
        written = log.read_bytes()
    damaged(file)
    log.write_bytes(written)
    was = file.read_bytes()

    with closing(open_checked(file, NOON)) as fresh:
        assert fresh.cycles("here") == []
    aside = tmp_path / f"ledger.sqlite3.damaged-{NOON:%Y%m%dT%H%M%SZ}"
    assert aside.read_bytes() == was
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == written


def test_nothing_that_was_put_aside_before_is_overwritten(tmp_path):
    file = tmp_path / "ledger.sqlite3"
    for content in (b"first" * PAGE, b"second" * PAGE, b"third" * PAGE):
        file.write_bytes(content)
        open_checked(file, NOON).close()
        file.unlink()

    assert {path.read_bytes()[:5] for path in tmp_path.glob("*.damaged-*")} == {b"first", b"secon", b"third"}


def test_a_ledger_of_a_later_version_is_refused_and_stays_where_it_is(world):
    file = planned_once(world)
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version=7")

    with pytest.raises(ConfigError, match="version 7"):
        open_checked(file, NOON)
    assert not list(world.folder.glob("*.damaged-*"))


def test_a_path_that_cannot_be_opened_is_refused_and_stays_as_it_is(tmp_path):
    folder = tmp_path / "ledger.sqlite3"
    folder.mkdir()

    assert damage_of(folder) is None
    with pytest.raises(ConfigError, match=r"ledger\.sqlite3 cannot be opened"):
        open_checked(folder, NOON)
    assert folder.is_dir()


def test_a_whole_ledger_and_one_that_a_kill_left_are_opened_as_they_are(world):
    file = planned_once(world)
    with closing(Ledger.open(file)) as ledger:
        ledger.begin_cycle(world.site_id, NOON, {})
        beside = [file, file.with_name("ledger.sqlite3-wal")]
        left = [path.read_bytes() for path in beside]
    killed = world.folder / "killed.sqlite3"
    for path, content in zip(beside, left, strict=True):
        path.with_name(path.name.replace("ledger", "killed")).write_bytes(content)

    with closing(open_checked(killed, NOON)) as again:
        assert again.cycles(world.site_id)[0].outcome == "intent"
    assert not list(world.folder.glob("*.damaged-*"))


def test_dry_commands_say_that_the_ledger_is_damaged_and_move_nothing(world):
    file = planned_once(world)
    content = file.read_bytes()
    with closing(sqlite3.connect(file)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'cycles'").fetchone()
    a_part = content[: (root - 1) * PAGE] + b"\xa5" * PAGE + content[root * PAGE :]
    file.write_bytes(a_part)
    app = build_dry(world.settings(), now=world.clock.now, environ=world.environ)
    with closing(app), pytest.raises(ConfigError, match="ledger_set_aside"):
        status_text(app, "table")
    assert file.read_bytes() == a_part

    was = damaged(file)
    with pytest.raises(ConfigError, match="ledger_set_aside"):
        build_dry(world.settings(), now=world.clock.now, environ=world.environ)
    assert file.read_bytes() == was
    assert not list(world.folder.glob("*.damaged-*"))


def test_after_that_signs_are_proved_anew_and_what_is_in_force_is_not_taken_for_a_foreign_hand(world):
    damaged(planned_once(world))
    configure_logging(level="info", style="json", stream=world.log)
    with closing(build_live(world.settings(), now=world.clock.now, environ=world.environ)) as app:
        Jobs(app).plan(app.sites[0])
    sent = world.simulator.posts[-1].body["schedules"]
    powers = [abs(entry["value"]) for command in sent if command["asset"] == "bess" for entry in command["entries"]]

    assert "foreign_schedule" not in {event["event"] for event in world.events}
    assert max(powers) <= 0.5, json.dumps(sent)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3, the command, is not installed here")
def test_the_runbook_s_recipe_gives_back_what_can_still_be_read(world):
    file = planned_once(world)
    readings = [(number, 0.25 * number) for number in range(20_000)]
    with closing(Ledger.open(file)) as ledger:
        ledger.write(("INSERT INTO telemetry (site_id, at, load_kw) VALUES ('here', ?, ?)", readings))
    content = bytearray(file.read_bytes())
    leaves = [at for at in range(0, len(content), PAGE) if content[at] == LEAF]
    hit = leaves[len(leaves) * 3 // 4]
    content[hit : hit + PAGE] = b"\xa5" * PAGE
    file.write_bytes(content)
    with closing(open_checked(file, NOON)):
        aside = Path(min(map(str, world.folder.glob("*.damaged-*")), key=len))

    recipe = RUNBOOK.read_text(encoding="utf-8").split("cd /var/lib/private/heat-optimizer\n")[1]
    lines = [line.strip() for line in recipe.split("rm -f")[0].splitlines()]
    script = "\n".join(lines).replace("heat-optimizer.sqlite3.damaged-TIME", aside.name)
    script = script.replace("heat-optimizer.sqlite3", file.name)
    done = subprocess.run(["sh", "-c", script], cwd=world.folder, capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[0] == "ok", done
    with closing(open_checked(world.folder / "recovered.sqlite3", NOON)) as again:
        (found,) = again.rows("SELECT count(*) FROM telemetry WHERE site_id = 'here'", ())[0]
        assert 10_000 < found < 20_000
        again.begin_cycle(world.site_id, NOON, {})
