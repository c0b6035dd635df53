"""The wall clock set, the machine asleep, and the nights of a change of time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from service_here import NO_PAGE, build_with_clock, nothing_in_force, running
from world import simulated_world

from optimizer.clock_watch import ClockWatch
from optimizer.daemon import Jobs
from optimizer.domain.outcome import Skipped, is_success

QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3)])
def test_a_wall_clock_that_is_set_or_that_slept_is_noticed_once(by):
    wall, seconds = [datetime(2021, 4, 14, tzinfo=UTC)], [50.0]
    watch = ClockWatch(lambda: wall[0], lambda: seconds[0])
    wall[0] += timedelta(minutes=5)
    seconds[0] += 300
    steady = watch.jump()
    wall[0] += by

    assert steady is None
    assert watch.jump() == by
    assert watch.jump() is None


def test_a_clock_that_is_slewed_by_seconds_is_no_jump():
    wall = [datetime(2021, 4, 14, tzinfo=UTC)]
    watch = ClockWatch(lambda: wall[0], lambda: 0.0)
    wall[0] += timedelta(seconds=9)

    assert watch.jump() is None


@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(hours=9)], ids=["set back", "slept"])
def test_after_a_jump_every_job_is_put_on_the_timetable_anew_and_each_site_is_planned_at_once(world, monkeypatch, by):
    moment = [world.clock.now()]
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.jobs.app = replace(it.service.app, now=lambda: moment[0])
        it.service._clock_watch = ClockWatch(it.service.app.now, it.service.clock_s)
        it.service.schedule()
        moment[0] += by
        it.service.tick()
        due = {job.id: job.next_run_time for job in it.service.scheduler.get_jobs() if hasattr(job, "next_run_time")}

    assert world.event("clock_jumped")["by_s"] == by.total_seconds()
    assert due[f"plan {world.site_id}"] == moment[0]


@pytest.mark.parametrize("by", [timedelta(hours=3), timedelta(days=2), timedelta(hours=-1)])
def test_what_was_planned_before_the_clock_leapt_is_not_sent(world, by):
    with world.app() as app:
        instants = iter([world.clock.now()])
        jobs = Jobs(replace(app, now=lambda: next(instants, world.clock.now() + by)))
        outcome = jobs.plan(jobs.app.sites[0])

    assert isinstance(outcome, Skipped)
    assert outcome.error == "StaleData"
    assert "within one cycle" in outcome.detail
    assert world.simulator.posts == []


@pytest.mark.parametrize(
    ("wrong_by", "words"),
    [(timedelta(hours=-1), "in our future"), (timedelta(hours=2), "ago")],
    ids=["set back", "set forward"],
)
def test_while_our_clock_is_wrong_nothing_is_told_to_the_site_and_it_recovers_by_itself(
    world, monkeypatch, wrong_by, words
):
    wrong = [timedelta(0)]
    with running(world, monkeypatch, top=NO_PAGE) as it:
        real = world.clock.now
        rebuilt = build_with_clock(it, lambda: real() + wrong[0])
        it.service.jobs.app = rebuilt
        it.service.plan(it.site_id)
        posts = len(world.simulator.posts)
        wrong[0] = wrong_by
        world.clock.advance_by(QUARTER)
        it.service.plan(it.site_id)
        astray = it.service.jobs.witness(rebuilt.sites[0]).state
        (record,) = rebuilt.ledger.cycles(it.site_id, limit=1)
        wrong[0] = timedelta(0)
        world.clock.advance_by(QUARTER)
        nothing_in_force(world)
        it.service.plan(it.site_id)
        (site,) = it.service.state().sites
        rebuilt.hang_up()

    assert astray.error == "StaleData"
    assert words in record.detail
    assert site.outcomes["posted"] == 2
    ours = [post for post in world.simulator.posts[:posts] if post.accepted]
    assert len(ours) == posts


@pytest.mark.parametrize("night", [datetime(2021, 3, 28, 0, 0, tzinfo=UTC), datetime(2021, 10, 31, 0, 0, tzinfo=UTC)])
def test_through_the_night_of_a_change_of_time_every_quarter_is_planned_and_no_batch_is_refused(tmp_path, night):
    tariff = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.35
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
start = "02:00"
end = "03:00"
import_price = 0.10
"""
    with simulated_world(tmp_path, start=night) as world, world.app(tariff=tariff) as app:
        jobs = Jobs(app)
        outcomes = []
        for _ in range(13):
            outcomes.append(jobs.plan(app.sites[0]))
            world.clock.advance_by(QUARTER)

    assert all(is_success(outcome) for outcome in outcomes)
    assert all(post.accepted for post in world.simulator.posts)
