"""Assets that a site has had and its answer lacks: what is known of them stands in, and is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from site_answers import with_assets
from world import World, simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.outcome import Held, Outcome, Posted, Skipped, is_success


def cycles(world: World, *changes: Callable[[dict], dict] | None, minutes: int = 15, **settings) -> list[Outcome]:
    """One cycle after the other, each with the site's answer changed in its way."""
    found = []
    with world.app(**settings) as app:
        jobs = Jobs(app)
        for change in changes:
            world.simulator.override_site(world.site_id, change)
            found.append(jobs.plan(app.sites[0]))
            world.clock.advance_by(timedelta(minutes=minutes))
    return found


def told(world: World) -> list[str]:
    return [event["reason"] for event in world.events if event["event"] == "degraded"]


@pytest.mark.parametrize("change", [with_assets(grid=None), with_assets(grid={"ratedPowerUpperLimitkW": None})])
def test_a_connection_that_was_rated_keeps_its_limits_while_the_answer_lacks_them(tmp_path, change):
    with simulated_world(tmp_path, grid_import_limit_kw=3.0, soc_percent=5.0) as world:
        cycles(world, None, change, change, site="[sites.battery]\nreserve_percent = 80")
        limits = {
            entry["value"]
            for command in world.simulator.in_force(world.site_id)
            if command["type"] == "upperLimitkW"
            for entry in command["entries"]
        }

    assert limits == {3.0}
    assert any(
        "import rating is missing from the site's answer: the last one, 3 kW" in reason for reason in told(world)
    )
    assert all(post.accepted for post in world.simulator.posts)


def test_a_rating_that_is_gone_for_a_day_makes_room_for_the_limit_of_the_settings(tmp_path):
    lacks = with_assets(grid={"ratedPowerUpperLimitkW": None})
    with simulated_world(tmp_path, grid_import_limit_kw=3.0, soc_percent=50.0) as world:
        limits = []
        for change, hours in ((None, 1), (lacks, 25), (lacks, 1)):
            cycles(world, change, minutes=60 * hours, site="[sites.grid]\nimport_limit_kw = 12")
            limits.append(world.simulator.posts[-1].body["schedules"])
        uppers = [
            {entry["value"] for command in batch if command["type"] == "upperLimitkW" for entry in command["entries"]}
            for batch in limits
        ]

    assert uppers == [{3.0}, {3.0}, {12.0}]


def test_a_site_that_spells_its_name_otherwise_is_the_same_site(world):
    def shouting(site: dict) -> dict:
        return site | {"siteId": site["siteId"].upper()}

    first, second = cycles(world, shouting, lambda site: shouting(with_assets(bess=None)(site)))

    assert isinstance(first, Posted)
    assert isinstance(second, Skipped)
    assert "battery is missing" in second.detail


def test_what_was_seen_by_a_clock_that_was_ahead_binds_nobody(world):
    cycles(world, None)
    with world.app() as app:
        app.ledger.write(("UPDATE marks SET content = replace(content, '2021-', '2024-') WHERE name = 'assets'", [()]))
    (outcome,) = cycles(world, with_assets(bess=None))

    assert is_success(outcome)


def test_without_the_battery_that_was_there_nothing_is_planned_for_a_day_then_it_is_gone(world):
    gone = with_assets(bess=None)
    first, second, *_, last = cycles(world, None, gone, gone, gone, minutes=360)
    with world.app() as app:
        world.clock.advance_by(timedelta(hours=1))
        after = [Jobs(app).plan(app.sites[0]) for _ in range(2)]

    assert isinstance(first, Posted)
    assert isinstance(second, Skipped)
    assert (second.error, last.error) == ("ImplausibleData", "ImplausibleData")
    assert "battery is missing" in second.detail
    assert [event["to"] for event in world.events if event["event"] == "stepped_down"][-1:] == ["clear"]
    assert [type(outcome) for outcome in after] == [Posted, Held], "the limits of the connection stand, once"


@pytest.mark.parametrize("change", [with_assets(bess=None), with_assets(bess={"soc": None})])
def test_while_nothing_can_be_planned_load_and_meter_are_recorded_all_the_same(world, change):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.plan(app.sites[0])
        world.simulator.override_site(world.site_id, change)
        world.clock.advance_by(timedelta(hours=2))
        before = app.ledger.rows("SELECT count(load_kw), count(soc_percent) FROM telemetry", ())[0]
        assert isinstance(jobs.plan(app.sites[0]), Skipped)
        world.clock.advance_by(timedelta(minutes=1))
        jobs.sample(app.sites[0])
        after = app.ledger.rows("SELECT count(load_kw), count(soc_percent) FROM telemetry", ())[0]

    assert (after[0] - before[0], after[1] - before[1]) == (2, 0)


def test_a_solar_array_that_was_there_goes_on_by_its_forecast(world):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.plan(app.sites[0])
        before = app.ledger.cycles(world.site_id)[0].body["problem"]["solar_kw"]
        world.simulator.override_site(world.site_id, with_assets(solar=None))
        world.clock.advance_by(timedelta(minutes=15))
        assert is_success(jobs.plan(app.sites[0]))
        after = app.ledger.cycles(world.site_id)[0].body["problem"]["solar_kw"]

    assert sum(after) > 0.5 * sum(before) > 0
    assert any("solar array is missing" in reason for reason in told(world))


def test_a_site_without_battery_grid_and_sun_has_nothing_to_command(world):
    world.simulator.override_site(world.site_id, with_assets(bess=None, grid=None, solar=None))

    outcome = world.cycle()

    assert outcome == Held(reason="nothing at this site takes commands")
