"""One cycle against the simulator: what is posted, held, cleared, sent again, and recorded."""

import json
from datetime import timedelta

import pytest
from world import World, simulated_world

from optimizer.app import build_dry
from optimizer.clients import request_body
from optimizer.cycle import plan_site
from optimizer.daemon import Jobs
from optimizer.domain.command import Receipt
from optimizer.domain.outcome import Failed, Held, Posted
from optimizer.ledger import Ledger
from optimizer.lp import solve
from optimizer.ports import Deadline
from optimizer.problem_file import read_problem
from optimizer.simulator import Fault


def accepted(world: World) -> list[dict]:
    return [post.body for post in world.simulator.posts if post.accepted]


def pairs_of(body: dict) -> set[str]:
    return {f"{command['asset']}.{command['type']}" for command in body["schedules"]}


def test_a_site_without_any_schedule_gets_one_and_its_batch_id_is_logged(world):
    outcome = world.cycle()

    (body,) = accepted(world)
    event = world.event("batch_posted")
    assert isinstance(outcome, Posted)
    assert pairs_of(body) == {"grid.upperLimitkW", "grid.lowerLimitkW", "bess.activePowerkW"}
    assert event["batch_id"] == world.simulator.posts[0].batch_id == outcome.receipt.batch_id
    assert (event["site_id"], event["accepted"], event["commands"]) == (world.site_id, 3, 3)
    assert event["entries"] == sum(len(command["entries"]) for command in body["schedules"])


def test_the_same_plan_in_force_is_held_and_sends_nothing(world):
    with world.app() as app:
        jobs = Jobs(app)
        first = jobs.plan(app.sites[0])
        second = jobs.plan(app.sites[0])

    assert isinstance(first, Posted)
    assert isinstance(second, Held)
    assert len(world.simulator.posts) == 1


def test_each_cycle_is_recorded_with_inputs_plan_batch_and_answer(world):
    outcome = world.cycle()

    ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
    (record,) = ledger.cycles(world.site_id)
    ledger.close()
    assert record.outcome == "posted"
    assert record.batch_id == outcome.receipt.batch_id
    assert {"snapshot", "tariff", "forecasts", "problem", "flows", "batch", "outcome"} <= set(record.body)


def test_a_recorded_problem_is_a_problem_file_and_solves_to_the_recorded_plan(world):
    world.cycle()

    ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
    (record,) = ledger.cycles(world.site_id)
    ledger.close()
    plan = solve(read_problem(json.dumps(record.body["problem"])))

    assert plan.objective == pytest.approx(record.objective, abs=1e-6)
    assert record.body["reasons"][0].startswith(plan.reasons[0])


def test_an_idle_site_still_posts_a_zero(tmp_path):
    with simulated_world(tmp_path, soc_percent=10.0, solar_peak_kw=0.0) as world:
        world.simulator.override_site(world.site_id, lambda site: site | {"assets": {**site["assets"], "solar": None}})
        outcome = world.cycle()

        (body,) = accepted(world)
    (command,) = [each for each in body["schedules"] if each["asset"] == "bess"]
    assert isinstance(outcome, Posted)
    assert [entry["value"] for entry in command["entries"]] == [0.0]


def test_in_soc_mode_the_battery_is_given_targets(world):
    outcome = world.cycle(site='dispatch = "battery_soc"')

    (body,) = accepted(world)
    assert isinstance(outcome, Posted)
    assert "bess.optimalSocPcnt" in pairs_of(body)
    assert "bess.activePowerkW" not in pairs_of(body)


def test_changing_the_mode_clears_the_other_pair_first_in_a_request_of_its_own(world):
    world.cycle(site='dispatch = "battery_soc"')
    world.clock.advance_by(timedelta(minutes=15))

    outcome = world.cycle(site='dispatch = "battery_power"')

    _, clear, main = accepted(world)
    assert isinstance(outcome, Posted)
    assert clear == {"schedules": [{"asset": "bess", "type": "optimalSocPcnt", "entries": []}]}
    assert "bess.activePowerkW" in pairs_of(main)
    assert not any({"bess.activePowerkW", "bess.optimalSocPcnt"} <= pairs_of(body) for body in accepted(world))
    assert world.event("overwrite_confirmed")


def test_a_refused_clear_does_not_keep_the_schedule_from_being_sent(world):
    world.cycle(site='dispatch = "battery_soc"')
    world.clock.advance_by(timedelta(minutes=15))
    world.simulator.add_fault(Fault(where="POST", status=422))

    outcome = world.cycle(site='dispatch = "battery_power"')

    assert isinstance(outcome, Posted)
    assert world.event("clear_failed")["error"] == "DeliveryRejected"
    assert "optimalSocPcnt" not in {each["type"] for each in world.simulator.in_force(world.site_id)}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 500, "body": b'{"error": "\\ud800"}'},
        {"drop": True},
        {"status": 200, "body": b"<html>ok</html>"},
        {"status": 200, "body": b'{"batchId": "\\ud800", "accepted": 1}'},
    ],
    ids=["500", "500 with half a letter", "dropped", "no JSON", "batchId of half a letter"],
)
def test_an_unanswered_post_that_is_in_force_counts_as_posted_and_is_not_repeated(world, fault):
    world.simulator.add_fault(Fault(where="POST", apply=True, **fault))

    outcome = world.cycle()

    assert isinstance(outcome, Posted)
    assert outcome.receipt.batch_id is None
    assert len(world.simulator.posts) == 1
    assert world.event("batch_posted")["confirmed_by"] == "read_back"


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}])
def test_an_unanswered_post_that_is_not_in_force_is_sent_once_more(world, fault):
    world.simulator.add_fault(Fault(where="POST", **fault))

    outcome = world.cycle()

    assert isinstance(outcome, Posted)
    assert outcome.receipt.batch_id is not None
    assert len(world.simulator.posts) == 2


def test_never_more_than_two_sends_a_cycle(world):
    world.simulator.add_fault(Fault(where="POST", status=500, times=None))

    outcome = world.cycle()

    assert isinstance(outcome, Failed)
    assert outcome.error == "DeliveryUnconfirmed"
    assert len(world.simulator.posts) == 2


def test_a_rejection_is_logged_in_the_vendor_s_words_and_leaves_the_former_schedule(world):
    world.cycle()
    before = world.simulator.in_force(world.site_id)
    world.clock.advance_by(timedelta(hours=13))
    words = b'{"error": "too_many", "message": "come back with fewer"}'
    world.simulator.add_fault(Fault(where="POST", status=422, body=words))

    outcome = world.cycle()

    assert isinstance(outcome, Failed)
    assert outcome.error == "DeliveryRejected"
    assert "too_many: come back with fewer" in world.event("batch_rejected")["detail"]
    assert {each["type"] for each in world.simulator.in_force(world.site_id)} == {each["type"] for each in before}


def test_a_batch_that_was_taken_with_a_count_beyond_all_counting_is_posted(world):
    body = b'{"batchId": "b-1", "accepted": 99999999999999999999}'
    world.simulator.add_fault(Fault(where="POST", apply=True, status=200, body=body))

    outcome = world.cycle()

    assert isinstance(outcome, Posted)
    assert outcome.receipt == Receipt(batch_id="b-1", accepted=None)
    assert len(world.simulator.posts) == 1


@pytest.mark.parametrize("wait", ["0.05", "Mon, 20 Nov 1995 19:12:08 GMT"])
def test_a_post_told_to_wait_is_sent_again_after_the_wait(world, wait):
    world.simulator.add_fault(Fault(where="POST", status=429, headers={"Retry-After": wait}))

    outcome = world.cycle()

    assert isinstance(outcome, Posted)
    assert len(world.simulator.posts) == 2


def test_a_foreign_grid_setpoint_is_cleared_so_that_one_owner_remains(world):
    now = world.clock.now()
    body = {
        "schedules": [
            {
                "asset": "grid",
                "type": "activePowerkW",
                "entries": [
                    {
                        "startAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                        "endAt": f"{now + timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}",
                        "value": 1.0,
                    }
                ],
            }
        ]
    }
    world.simulator.post_schedules(world.site_id, str(body).replace("'", '"').encode(), lambda answer: answer.status)

    outcome = world.cycle()

    assert isinstance(outcome, Posted)
    assert ("grid", "activePowerkW") not in {
        (each["asset"], each["type"]) for each in world.simulator.in_force(world.site_id)
    }


def test_a_dry_run_is_built_without_anything_that_can_post(world):
    file = world.settings()
    app = build_dry(file, now=world.clock.now, environ=world.environ)
    site = app.sites[0]

    planned = plan_site(site.task, site.ports, world.clock.now(), Deadline(monotonic=lambda: 0.0, ends_at_s=20.0))

    reachable = _reachable(app)
    app.close()
    assert not any("Poster" in type(each).__name__ or hasattr(each, "post_batch") for each in reachable)
    assert request_body(planned.batch)["schedules"]
    assert world.simulator.posts == []
    assert not (world.folder / "ledger.sqlite3").exists()


def _reachable(root: object) -> list[object]:
    """Every object of ours that can be reached from ``root`` by attributes and containers."""
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        if isinstance(each, tuple | list):
            todo += each
        elif isinstance(each, dict):
            todo += each.values()
        elif type(each).__module__.split(".")[0] in {"optimizer", "strategies"}:
            names = [*getattr(type(each), "__slots__", ()), *getattr(each, "__dict__", {})]
            todo += [getattr(each, name) for name in names if hasattr(each, name)]
        else:
            continue
        seen[id(each)] = each
    return list(seen.values())


def test_live_posting_refuses_to_start_without_the_battery_s_sign(world):
    with pytest.raises(Exception, match="bess_power_positive: not set") as caught, world.app(sign=None):
        pass

    assert type(caught.value).__name__ == "ConfigError"


@pytest.mark.parametrize("sign", ["charge", "discharge"])
def test_the_battery_moves_the_way_that_was_planned_under_either_sign(tmp_path, sign):
    """Cheap now, dear later: the plant's battery must fill, whatever a positive number means."""
    tariff = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.50
[[sites.tariff.periods]]
name = "cheap"
import_price = 0.05
start = "12:00"
end = "13:00"
"""
    with simulated_world(tmp_path, bess_power_positive=sign, solar_peak_kw=0.0) as world:
        assert isinstance(world.cycle(sign=sign, tariff=tariff), Posted)
        before_kwh = world.simulator.plant(world.site_id).soc_kwh
        world.clock.advance_by(timedelta(hours=1))

        assert world.simulator.plant(world.site_id).soc_kwh > before_kwh + 1.0
