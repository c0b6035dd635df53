"""Whatever is on record of a site, sound or damaged, and who holds it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from dispatched import MINUTE, foreign_schedule, nothing_in_force, plan, running

from optimizer.app import build_live, rebuild_live
from optimizer.domain.command import Pair
from optimizer.domain.outcome import Held, Posted, Skipped
from optimizer.errors import ConfigError


def test_a_second_process_on_the_same_ledger_is_refused_by_name(world):
    with running(world) as jobs:
        plan(jobs)
        with pytest.raises(ConfigError, match="in use by another heat-optimizer"):
            build_live(world.folder / "heat-optimizer.toml", now=world.clock.now, environ=world.environ)


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
