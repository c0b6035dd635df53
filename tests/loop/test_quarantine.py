"""Readings that cannot be true are set aside, told, and the plan goes on from the next best."""

from datetime import timedelta

from world import simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.outcome import is_success


def with_soc(percent: float):
    def override(site: dict) -> dict:
        bess = {**site["assets"]["bess"], "soc": percent}
        return {**site, "assets": {**site["assets"], "bess": bess}}

    return override


def test_a_state_of_charge_that_jumps_is_reckoned_until_it_has_stood_for_twenty_minutes(tmp_path):
    with simulated_world(tmp_path, soc_percent=40.0) as world, world.app() as app:
        jobs, (site,) = Jobs(app), app.sites
        for _ in range(10):
            jobs.sample(site)
            world.clock.advance_by(timedelta(minutes=1))
        true_percent = 100 * world.simulator.plant(world.site_id).soc_kwh / world.simulator.options.battery_kwh
        world.simulator.override_site(world.site_id, with_soc(95.0))
        assert is_success(jobs.plan(site))
        record = app.ledger.cycles(world.site_id)[0]
        told = [event["reason"] for event in world.events if event["event"] == "degraded"]

        assert any("jumped from" in reason and "stands in" in reason for reason in told)
        planned_percent = record.body["problem"]["batteries"][0]["soc_kwh"] / 10.0 * 100
        assert abs(planned_percent - true_percent) < 3.0

        for _ in range(25):
            world.clock.advance_by(timedelta(minutes=1))
            jobs.sample(site)
        assert is_success(jobs.plan(site))
        record = app.ledger.cycles(world.site_id)[0]
        assert record.body["problem"]["batteries"][0]["soc_kwh"] > 9.0, "what has stood so long is the new truth"
