"""Batches that survive: written down first, found again, confirmed, refreshed, bounded, and taken back."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from dispatched import (
    MINUTE,
    newest,
    nothing_in_force,
    plan,
    running,
    sample,
    write_as_another,
)

from optimizer.clients.heat import request_body
from optimizer.domain.command import Batch, Command, Pair, Receipt
from optimizer.domain.intent import BatchKind, BatchState
from optimizer.domain.outcome import Failed, Held, Posted, Skipped
from optimizer.errors import LedgerUnavailable
from optimizer.simulator import Fault


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
