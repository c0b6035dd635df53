"""Batches that survive: written down first, found again, confirmed, refreshed, bounded, and never fought over."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest
from world import World

from optimizer.app import build_live, rebuild_live
from optimizer.clients.heat import request_body
from optimizer.daemon import Jobs
from optimizer.domain.command import Batch, Command, Entry, Pair, Receipt
from optimizer.domain.intent import BatchKind, BatchState
from optimizer.domain.outcome import Failed, Held, Posted, Skipped
from optimizer.errors import ConfigError, LedgerUnavailable
from optimizer.simulator import Fault

MINUTE = timedelta(minutes=1)


@contextmanager
def running(world: World, **settings) -> Iterator[Jobs]:
    with world.app(**settings) as app:
        yield Jobs(app)


def plan(jobs: Jobs):
    return jobs.plan(jobs.app.sites[0])


def sample(jobs: Jobs) -> None:
    jobs.sample(jobs.app.sites[0])


def newest(jobs: Jobs, world: World):
    return jobs.app.book.newest(world.site_id)[0]


def write_as_another(world: World, *commands: dict) -> None:
    """Somebody else's request with the same key."""
    answer = httpx.post(
        f"{world.addresses.heat_url}/api/v0/public/sites/{world.site_id}/schedules",
        json={"schedules": list(commands)},
        headers={"Authorization": f"Bearer {world.simulator.options.api_key}"},
    )
    assert answer.is_success, answer.text


def nothing_in_force(world: World) -> None:
    """All schedules are gone, as if the cloud had lost them."""
    in_force = world.simulator.in_force(world.site_id)
    if in_force:
        write_as_another(world, *({**command, "entries": []} for command in in_force))


def test_a_batch_goes_from_sent_to_accepted_to_in_force_to_effective(world):
    with running(world) as jobs:
        assert isinstance(plan(jobs), Posted)
        first = newest(jobs, world)
        assert (first.state, first.batch_id) == (BatchState.ACCEPTED, world.simulator.posts[0].batch_id)

        world.clock.advance_by(MINUTE)
        sample(jobs)
        assert newest(jobs, world).state is BatchState.IN_FORCE
        told = next(command for command in first.commands if command.pair.label == "bess.activePowerkW")
        moves = next((entry for entry in told.entries if abs(entry.value) > 0.5), None)
        if moves is not None:
            world.clock.advance_to(moves.start)
            for _ in range(8):
                world.clock.advance_by(MINUTE)
                sample(jobs)
            assert newest(jobs, world).state is BatchState.EFFECTIVE


def test_a_lost_answer_is_found_in_force_recorded_once_and_not_sent_again(world):
    world.simulator.add_fault(Fault(where="POST", drop=True, apply=True))
    with running(world) as jobs:
        outcome = plan(jobs)
        found = newest(jobs, world)

    assert isinstance(outcome, Posted)
    assert (found.state, found.batch_id, found.sends) == (BatchState.IN_FORCE, None, 1)
    assert len(world.simulator.posts) == 1


def test_a_request_that_never_arrived_is_sent_once_more_under_the_same_key(world):
    world.simulator.add_fault(Fault(where="POST", drop=True))
    with running(world) as jobs:
        assert isinstance(plan(jobs), Posted)
        (only,) = jobs.app.book.newest(world.site_id)

    assert (only.sends, only.state) == (2, BatchState.ACCEPTED)
    assert sum(post.accepted for post in world.simulator.posts) == 1


@pytest.mark.parametrize("status", [400, 429])
def test_a_request_that_arrives_late_is_ours_though_its_repetition_was_refused(world, status):
    world.simulator.add_fault(Fault(where="POST", drop=True))
    world.simulator.add_fault(Fault(where="POST", status=status, headers={"Retry-After": "60"}))
    with running(world) as jobs:
        assert isinstance(plan(jobs), Failed)
        lost = newest(jobs, world)
        write_as_another(world, *request_body(Batch(commands=lost.commands))["schedules"])
        world.clock.advance_by(15 * MINUTE)
        outcome = plan(jobs)

    assert (lost.state, lost.sends) == (BatchState.LOST, 2)
    assert isinstance(outcome, Held | Posted)
    assert not [event for event in world.events if event["event"] == "foreign_schedule"]


def test_after_a_crash_between_the_request_and_its_answer_the_next_start_finds_it_in_force(world):
    with running(world) as jobs:
        plan(jobs)
        key = newest(jobs, world).key
        with jobs.app.ledger.transaction() as db:  # as kill -9 before the answer was written leaves it
            db.execute("UPDATE batches SET state = 'sent', batch_id = NULL, accepted = NULL")
    with running(world) as jobs:
        outcome = plan(jobs)
        found = next(intent for intent in jobs.app.book.newest(world.site_id) if intent.key == key)

    assert isinstance(outcome, Held)
    assert (found.state, found.detail) == (BatchState.IN_FORCE, "its answer was lost; found in force")
    assert len(world.simulator.posts) == 1, "what is in force is not sent again"


def test_after_a_crash_before_the_request_the_next_start_sends_anew(world):
    with running(world) as jobs:
        plan(jobs)
        nothing_in_force(world)
        with jobs.app.ledger.transaction() as db:
            db.execute("UPDATE batches SET state = 'sent', batch_id = NULL, accepted = NULL")
    world.clock.advance_by(15 * MINUTE)
    with running(world) as jobs:
        outcome = plan(jobs)
        states = [intent.state for intent in jobs.app.book.newest(world.site_id)]

    assert isinstance(outcome, Posted)
    assert states == [BatchState.ACCEPTED, BatchState.LOST]


def test_an_accepted_batch_that_is_not_in_force_is_reported_and_sent_anew(world):
    with running(world) as jobs:
        plan(jobs)
        nothing_in_force(world)
        world.clock.advance_by(4 * MINUTE)
        sample(jobs)
        assert newest(jobs, world).state is BatchState.NOT_FOUND
        assert world.event("batch_not_in_force")["batch_id"] == world.simulator.posts[0].batch_id
        assert isinstance(plan(jobs), Posted)


def test_where_the_intent_cannot_be_written_nothing_is_sent(world):
    with running(world) as jobs:
        blocker = sqlite3.connect(world.folder / "ledger.sqlite3", timeout=0.1)
        jobs.app.ledger._connection.execute("PRAGMA busy_timeout = 50")
        blocker.execute("BEGIN IMMEDIATE")
        outcome = plan(jobs)
        blocker.rollback()
        blocker.close()
        assert isinstance(outcome, Failed)
        assert outcome.error == "LedgerUnavailable"
        assert world.simulator.posts == []
        assert isinstance(plan(jobs), Posted)


@pytest.mark.parametrize("receipt", [Receipt(batch_id="\ud800", accepted=1), Receipt(batch_id="b", accepted=10**20)])
def test_an_answer_that_the_ledger_cannot_take_is_told_as_its_failure_and_changes_no_batch(world, receipt):
    with running(world) as jobs:
        plan(jobs)
        before = newest(jobs, world)
        with pytest.raises(LedgerUnavailable, match="cannot be used"):
            jobs.app.book.answered(before.key, receipt, world.clock.now())
        assert newest(jobs, world) == before


def test_an_unchanged_schedule_is_refreshed_once_an_hour(world):
    with running(world, top="[planning]\nchange_price_share = 1.0") as jobs:
        sent = []
        for _ in range(9):
            outcome = plan(jobs)
            if isinstance(outcome, Posted):
                sent.append(world.clock.now())
            world.clock.advance_by(15 * MINUTE)

    assert all(later - earlier <= timedelta(hours=1) for earlier, later in pairwise(sent))


def test_no_more_requests_change_a_site_within_an_hour_than_are_allowed(world):
    with running(world, top="[dispatch]\nmost_writes_per_hour = 2") as jobs:
        outcomes = []
        for number in range(4):
            nothing_in_force(world)
            outcomes.append(plan(jobs))
            world.clock.advance_by(MINUTE * (1 + number))

    assert [type(outcome) for outcome in outcomes] == [Posted, Posted, Held, Held]
    assert "the most allowed" in outcomes[2].reason


def foreign_schedule(world: World, pair: Pair, *values: float, each: timedelta) -> None:
    start = world.clock.now()
    entries = tuple(
        Entry(start=start + number * each, end=start + (number + 1) * each, value=value)
        for number, value in enumerate(values)
    )
    write_as_another(world, *request_body(Batch(commands=(Command(pair=pair, entries=entries),)))["schedules"])


def foreign_battery_schedule(world: World, kw: float) -> None:
    foreign_schedule(world, Pair.BESS_POWER, kw, each=timedelta(hours=6))


def test_a_foreign_battery_schedule_is_respected_for_its_lease_then_overwritten_once(world):
    with running(world) as jobs:
        plan(jobs)
        world.clock.advance_by(15 * MINUTE)
        foreign_battery_schedule(world, 0.77)
        posts = len(world.simulator.posts)
        outcomes = []
        for _ in range(6):
            outcomes.append(plan(jobs))
            world.clock.advance_by(15 * MINUTE)

    assert [type(outcome) for outcome in outcomes[:5]] == [Held, Held, Held, Held, Posted]
    assert "did not write" in outcomes[0].reason
    assert world.event("foreign_schedule")["pair"] == "bess.activePowerkW"
    assert len([post for post in world.simulator.posts[posts:] if post.accepted]) <= 3


def test_a_foreign_schedule_of_many_entries_has_one_lease_though_they_run_out(world):
    with running(world) as jobs:
        plan(jobs)
        world.clock.advance_by(7 * MINUTE)
        foreign_schedule(world, Pair.BESS_POWER, *(0.5 + number / 100 for number in range(24)), each=15 * MINUTE)
        outcomes = []
        for _ in range(6):
            outcomes.append(type(plan(jobs)))
            world.clock.advance_by(15 * MINUTE)

    assert outcomes[:5] == [Held, Held, Held, Held, Posted]
    assert [event["event"] for event in world.events].count("foreign_schedule") == 4


def test_a_foreign_schedule_that_leaves_the_battery_alone_is_no_reason_to_send_each_cycle(world):
    with running(world) as jobs:
        plan(jobs)
        foreign_schedule(world, Pair.SOLAR_CURTAILMENT, 20.0, each=timedelta(hours=6))
        world.clock.advance_by(MINUTE)
        outcomes = [plan(jobs) for _ in range(3)]

    assert world.event("foreign_schedule")["pair"] == "solar.solarCurtailmentPcnt"
    assert [type(outcome) for outcome in outcomes[1:]] == [Held, Held], "once, as the cut sun changes the plan"


def test_a_foreign_hand_that_comes_back_is_given_twice_the_time(world):
    with running(world) as jobs:
        plan(jobs)
        held = []
        for value in (0.77, 0.78):
            foreign_battery_schedule(world, value)
            count = 0
            while isinstance(plan(jobs), Held):
                count += 1
                world.clock.advance_by(15 * MINUTE)
            held.append(count)

    assert held == [4, 8]


def test_with_no_lease_a_foreign_schedule_is_overwritten_at_once(world):
    with running(world, top="[dispatch]\nforeign_lease_minutes = 0") as jobs:
        plan(jobs)
        foreign_battery_schedule(world, 0.77)
        assert isinstance(plan(jobs), Posted)


def test_a_second_process_on_the_same_ledger_is_refused_by_name(world):
    with running(world) as jobs:
        plan(jobs)
        with pytest.raises(ConfigError, match="in use by another heat-optimizer"):
            build_live(world.folder / "heat-optimizer.toml", now=world.clock.now, environ=world.environ)


def test_a_batch_id_that_is_our_own_key_is_not_kept(world):
    key = world.simulator.options.api_key
    body = f'{{"batchId": "{key}", "accepted": 3}}'.encode()
    world.simulator.add_fault(Fault(where="POST", status=200, body=body, apply=True))
    with running(world) as jobs:
        assert isinstance(plan(jobs), Posted)
        found = newest(jobs, world)

    assert found.batch_id is not None
    assert key not in found.batch_id


def test_an_empty_batch_id_is_no_receipt(world):
    world.simulator.add_fault(Fault(where="POST", status=200, body=b'{"batchId": "", "accepted": 3}', apply=True))
    with running(world) as jobs:
        assert isinstance(plan(jobs), Posted)
        assert (newest(jobs, world).state, newest(jobs, world).batch_id) == (BatchState.IN_FORCE, None)


DAMAGES = [
    "UPDATE batches SET commands = '[{'",
    'UPDATE batches SET commands = \'[{"pair": "of socks"}]\'',
    "UPDATE batches SET state = 'xx'",
    "UPDATE batches SET intended_at = 'nonsense'",
    "UPDATE batches SET intended_at = '2021-04-14T10:00:00'",
    "UPDATE telemetry SET soc_percent = 'much'",
    "UPDATE leases SET until = 'soon', holder = 'elsewhere 1'",
    "UPDATE leases SET epoch = 'new'",
    """UPDATE marks SET content = '{"signature": "charge/charge"}' WHERE name = 'signs'""",
    """UPDATE marks SET content = '{"signature": "charge/charge", "since": "x", "answer": "as told", "evidence": 1}'""",
    """UPDATE marks SET content = '{"grid": 5}' WHERE name = 'assets'""",
    "UPDATE foreign_hands SET content = '['",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_ends_no_cycle_and_no_step_down(world, damage):
    with running(world) as jobs:
        plan(jobs)
        world.clock.advance_by(MINUTE)
        foreign_schedule(world, Pair.SOLAR_CURTAILMENT, 20.0, each=timedelta(hours=6))
        plan(jobs)
    with running(world, answered=False) as jobs:
        with jobs.app.ledger.transaction() as db:
            db.execute(damage)
        world.clock.advance_by(15 * MINUTE)
        outcomes = [plan(jobs)]
        world.clock.advance_by(timedelta(hours=2))
        outcomes.append(plan(jobs))

    assert all(isinstance(outcome, Held | Posted) for outcome in outcomes), outcomes
    assert isinstance(outcomes[1], Posted)
    assert not [event for event in world.events if event["event"] == "job_crashed"]


def test_another_machine_s_lease_holds_until_it_ends(world):
    with running(world) as jobs:
        with jobs.app.ledger.transaction() as db:
            until_s = int((world.clock.now() + timedelta(minutes=20)).timestamp())
            db.execute("INSERT INTO leases VALUES (?, 'elsewhere 1', 4, ?)", (world.site_id, until_s))
        refused = plan(jobs)
        world.clock.advance_by(21 * MINUTE)
        taken = plan(jobs)
        (row,) = jobs.app.ledger.rows("SELECT epoch FROM leases", ())

    assert isinstance(refused, Skipped)
    assert refused.error == "NotInControl"
    assert "elsewhere 1" in refused.detail
    assert isinstance(taken, Posted)
    assert row == (5,)


def test_one_whose_lease_was_taken_cannot_write_any_more(world):
    with running(world) as jobs:
        plan(jobs)
        nothing_in_force(world)
        posts = len(world.simulator.posts)
        site = jobs.app.sites[0]
        read_site = site.ports.site.read_site

        class StolenMeanwhile:
            """Reads the site while another machine takes it over."""

            def read_site(self, site_id, *, within_s):
                with jobs.app.ledger.transaction() as db:
                    db.execute("UPDATE leases SET holder = 'elsewhere 1', epoch = epoch + 1")
                return read_site(site_id, within_s=within_s)

        outcome = jobs.plan(replace(site, ports=replace(site.ports, site=StolenMeanwhile())))

    assert outcome.error == "NotInControl"
    assert len(world.simulator.posts) == posts


def test_without_plans_the_battery_rests_and_then_all_is_taken_back(world):
    with running(world) as jobs:
        plan(jobs)
        world.simulator.override_site(world.site_id, lambda site: site | {"isOnline": False})
        for _ in range(18):
            world.clock.advance_by(15 * MINUTE)
            assert isinstance(plan(jobs), Skipped)
        bodies = [post.body["schedules"] for post in world.simulator.posts if post.accepted][1:]

    assert len(bodies) == 2
    (rest,) = bodies[0]
    assert (rest["asset"], [entry["value"] for entry in rest["entries"]]) == ("bess", [0.0])
    assert all(command["entries"] == [] for command in bodies[1])
    assert [event["to"] for event in world.events if event["event"] == "stepped_down"] == ["rest", "clear"]
    assert world.simulator.in_force(world.site_id) == []


def test_a_site_that_follows_the_grid_rests_too_before_all_is_taken_back(world):
    with running(world, site='dispatch = "per_slot"') as jobs:
        plan(jobs)
        world.simulator.override_site(world.site_id, lambda site: site | {"isOnline": False})
        for _ in range(18):
            world.clock.advance_by(15 * MINUTE)
            plan(jobs)

    assert [event["to"] for event in world.events if event["event"] == "stepped_down"] == ["rest", "clear"]
    assert all(post.accepted for post in world.simulator.posts)
    assert world.simulator.in_force(world.site_id) == []


def test_a_reading_that_fails_while_a_foreign_schedule_is_respected_touches_it_not(world):
    with running(world, top="[dispatch]\nforeign_lease_minutes = 600") as jobs:
        plan(jobs)
        world.clock.advance_by(15 * MINUTE)
        foreign_battery_schedule(world, 0.77)
        for _ in range(20):
            assert isinstance(plan(jobs), Held)
            world.clock.advance_by(15 * MINUTE)
        before = world.simulator.in_force(world.site_id)
        world.simulator.add_fault(Fault(where="GET site", status=503, times=5))

        assert isinstance(plan(jobs), Skipped)
        assert world.simulator.in_force(world.site_id) == before


def test_a_foreign_grid_setpoint_is_respected_like_one_of_the_battery(world):
    with running(world) as jobs:
        plan(jobs)
        now = world.clock.now()
        theirs = {"startAt": f"{now:%FT%TZ}", "endAt": f"{now + 60 * MINUTE:%FT%TZ}", "value": 1.0}
        battery = next(each for each in world.simulator.in_force(world.site_id) if each["asset"] == "bess")
        write_as_another(
            world,
            {**battery, "entries": []},
            {"asset": "grid", "type": "activePowerkW", "entries": [theirs]},
        )
        outcome = plan(jobs)

    assert isinstance(outcome, Held)
    assert "grid.activePowerkW" in outcome.reason


def test_what_a_clock_that_was_ahead_wrote_down_holds_nothing_back(world):
    world.simulator.override_site(world.site_id, lambda site: site | {"reportedAt": None})
    ahead = [timedelta(hours=20)]
    with running(world, top="[dispatch]\nmost_writes_per_hour = 3") as jobs:
        app = replace(jobs.app, around=replace(jobs.app.around, now=lambda: world.clock.now() + ahead[0]))
        jobs.app = rebuild_live(app, app.settings)
        for _ in range(4):
            plan(jobs)
            nothing_in_force(world)
            world.clock.advance_by(15 * MINUTE)
        ahead[0] = timedelta(0)
        outcome = plan(jobs)
        jobs.app.hang_up()

    assert isinstance(outcome, Posted)


def test_a_batch_that_was_over_before_it_could_be_found_is_lost(world):
    with running(world) as jobs:
        plan(jobs)
        intent = newest(jobs, world)
        jobs.app.book.judge(intent.key, BatchState.SENT, world.clock.now())
        world.clock.advance_by(timedelta(hours=30))
        nothing_in_force(world)
        plan(jobs)
        states = {each.key: each.state for each in jobs.app.book.newest(world.site_id)}

    assert states[intent.key] is BatchState.LOST


def test_the_same_clearing_again_in_one_slot_is_the_newest_batch(world):
    clear = Batch(commands=(Command(pair=Pair.BESS_SOC, entries=()),))
    with running(world) as jobs:
        book, now = jobs.app.book, world.clock.now()
        epoch = book.take_over(world.site_id, now)
        for each in (clear, Batch(commands=(Command(pair=Pair.BESS_POWER, entries=()),)), clear):
            book.intend(world.site_id, now, each, BatchKind.CLEAR, epoch=epoch, now=world.clock.now())
            world.clock.advance_by(MINUTE)
        first, second = book.newest(world.site_id)

    assert (first.commands, first.sends, second.sends) == (clear.commands, 2, 1)
    assert first.intended_at > second.intended_at


def test_a_cycle_that_crashes_steps_the_site_down_like_one_without_a_plan(world):
    with running(world) as jobs:
        plan(jobs)
        (site,) = jobs.app.sites
        broken = replace(site, task=replace(site.task, stale_after=None))
        for _ in range(18):
            world.clock.advance_by(15 * MINUTE)
            assert jobs.plan(broken).error == "InternalError"

    assert [event["to"] for event in world.events if event["event"] == "stepped_down"] == ["rest", "clear"]
