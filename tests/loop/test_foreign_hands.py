"""Schedules of others: respected for a lease, never fought over, and left alone by every step down."""

from datetime import timedelta

from dispatched import MINUTE, foreign_battery_schedule, foreign_schedule, plan, running, write_as_another

from optimizer.domain.command import Pair
from optimizer.domain.outcome import Held, Posted, Skipped
from optimizer.simulator import Fault


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
