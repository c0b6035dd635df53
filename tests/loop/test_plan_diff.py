"""What a plan would change, and exactly that plan posted once somebody says yes."""

import io
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from world import World

from optimizer.cli import main
from optimizer.daemon import Jobs
from optimizer.diff_command import approve, diff_document, diff_text, plan_to_approve, run_approve, run_diff
from optimizer.errors import StaleData
from optimizer.replay_command import replay_text
from optimizer.simulator import Fault

TIME_OF_USE = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.35
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
start = "22:00"
end = "06:00"
import_price = 0.18
"""


def clear(world: World) -> None:
    """Somebody takes away what is in force."""
    cleared = [{**command, "entries": []} for command in world.simulator.in_force(world.site_id)]
    httpx.post(
        f"{world.addresses.heat_url}/api/v0/public/sites/{world.site_id}/schedules",
        json={"schedules": cleared},
        headers={"Authorization": f"Bearer {world.simulator.options.api_key}"},
    ).raise_for_status()


def test_a_site_with_nothing_in_force_would_get_everything(world):
    with world.app(tariff=TIME_OF_USE) as app:
        found = diff_document(plan_to_approve(app, app.sites[0]), app.now(), 0.0)

    assert {change["kind"] for change in found["changes"]} == {"added"}
    assert {"bess.activePowerkW", "grid.upperLimitkW"} <= {change["pair"] for change in found["changes"]}
    assert found["effect"]["money"] <= 1e-6, "no plan costs more than leaving it"


def test_right_after_a_cycle_nothing_would_change(world, capsys):
    with world.app(tariff=TIME_OF_USE) as app:
        Jobs(app).plan(app.sites[0])
        code = run_diff(app, None, "table")

    assert code == 0
    assert "nothing would change" in capsys.readouterr().out


def test_another_price_moves_commands_and_says_from_what_to_what(world):
    with world.app() as app:
        Jobs(app).plan(app.sites[0])
    with world.app(tariff=TIME_OF_USE) as app:
        planned = plan_to_approve(app, app.sites[0])
        found = diff_document(planned, app.now(), 0.0)
        text, is_any = diff_text([planned], app.now(), 0.0, "table")

    moved = [change for change in found["changes"] if change["kind"] == "moved"]
    assert is_any
    assert moved
    assert all(change["was"] != change["becomes"] for change in moved)
    assert "against what is in force" in text
    assert all(earlier["start"] < earlier["end"] for earlier in moved)


def test_exactly_what_was_shown_is_posted_and_is_in_the_ledger(world):
    with world.app(tariff=TIME_OF_USE) as app:
        (site,) = app.sites
        planned = plan_to_approve(app, site)
        assert world.simulator.posts == []
        receipt = approve(app, site, planned)
        (intent,) = app.book.newest(world.site_id)

    (post,) = world.simulator.posts
    assert receipt.batch_id == post.batch_id == intent.batch_id
    assert intent.commands == tuple(sorted(planned.batch.commands, key=lambda command: command.pair.label))


def test_an_approved_plan_can_be_made_again_and_keeps_to_what_the_battery_has_proved(world):
    with world.app(tariff=TIME_OF_USE, site='dispatch = "per_slot"', answered=False) as app:
        (site,) = app.sites
        receipt = approve(app, site, plan_to_approve(app, site))
        told = replay_text(app, receipt.batch_id)

    kw = [
        abs(entry["value"])
        for post in world.simulator.posts
        for command in post.body["schedules"]
        if command["asset"] == "bess"
        for entry in command["entries"]
    ]
    assert {command["type"] for post in world.simulator.posts for command in post.body["schedules"]} >= {
        "activePowerkW"
    }
    assert max(kw) <= 0.1 * 5.0 + 1e-6
    assert "byte for byte" in told[0]


def test_an_old_plan_and_one_whose_site_has_changed_are_not_posted(world):
    with world.app(tariff=TIME_OF_USE) as app:
        (site,) = app.sites
        Jobs(app).plan(site)
        planned = plan_to_approve(app, site)
        clear(world)
        posts = len(world.simulator.posts)
        with pytest.raises(StaleData, match="changed since the plan was shown"):
            approve(app, site, planned)
        again = plan_to_approve(app, site)
        world.clock.advance_by(timedelta(minutes=16))
        with pytest.raises(StaleData, match="shown 16 min ago"):
            approve(app, site, again)
        assert len(world.simulator.posts) == posts


@pytest.mark.parametrize(("answer", "posts"), [(True, 1), (False, 0)])
def test_nothing_is_posted_without_a_yes(world, capsys, answer, posts):
    with world.app(tariff=TIME_OF_USE) as app:
        code = run_approve(app, None, lambda _: answer)

    assert code == (0 if answer else 10)
    assert len(world.simulator.posts) == posts
    assert ("posted, batchId" in capsys.readouterr().out) == answer


def command(world: World, monkeypatch, *arguments: str) -> int:
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    return main(["plan", "--config", str(world.folder / "heat-optimizer.toml"), *arguments])


def test_where_nobody_can_answer_nothing_is_posted(world, monkeypatch, capsys):
    world.settings()
    world.simulator.set_reported_lag(world.site_id, world.clock.now() - datetime.now(UTC))
    monkeypatch.setattr("sys.stdin", io.StringIO())

    code = command(world, monkeypatch, "--diff", "--approve")

    assert code == 10
    assert "nothing is posted" in capsys.readouterr().err
    assert world.simulator.posts == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--approve",), "give --diff too"),
        (("--diff", "--html", "x.html"), "--html has no part in it"),
        (("--diff", "--format", "csv"), "--format csv has no part in it"),
        (("--diff", "--approve", "--format", "json"), "--format json has no part in it"),
    ],
)
def test_what_a_difference_has_not_is_refused(world, monkeypatch, capsys, arguments, words):
    world.settings()

    assert command(world, monkeypatch, *arguments) == 2
    assert words in capsys.readouterr().err


def test_a_dry_difference_is_that_of_the_service_and_leaves_no_trace(world, capsys):
    with world.app(tariff=TIME_OF_USE, site='dispatch = "per_slot"', answered=False) as app:
        (site,) = app.sites
        Jobs(app).plan(site)
        clear(world)
        world.clock.advance_by(timedelta(minutes=15))
        before = app.ledger.rows("SELECT state, detail FROM batches", ()), app.ledger.rows("SELECT * FROM marks", ())
        code = run_diff(app, None, "json")
        after = app.ledger.rows("SELECT state, detail FROM batches", ()), app.ledger.rows("SELECT * FROM marks", ())
        shown = json.loads(capsys.readouterr().out)
        approved = diff_document(plan_to_approve(app, site), app.now(), site.task.hold_tolerance_kw)

    assert code == 10
    assert before == after
    assert shown["changes"] == approved["changes"]
    assert max(abs(each["becomes"]) for each in shown["changes"] if each["pair"] == "bess.activePowerkW") <= 0.5


def test_a_lost_answer_is_found_out_by_reading_back(world):
    with world.app(tariff=TIME_OF_USE) as app:
        (site,) = app.sites
        planned = plan_to_approve(app, site)
        world.simulator.add_fault(Fault(where="POST", drop=True))
        receipt = approve(app, site, planned)

    assert receipt.batch_id is None or receipt.batch_id == world.simulator.posts[-1].batch_id
