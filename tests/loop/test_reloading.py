"""Settings and secrets read anew while the service runs."""

import socket
import threading

from service_here import NO_PAGE, changed, running
from service_process import until
from world import FLAT, simulated_world

from optimizer.simulator import Fault


def test_a_site_that_a_reload_adds_or_takes_away_begins_or_ends(tmp_path, monkeypatch):
    other = "00000000-0000-4000-8000-000000000002"
    with simulated_world(tmp_path, extra_site_ids=(other,)) as world, running(world, monkeypatch, top=NO_PAGE) as it:
        file = world.folder / "heat-optimizer.toml"
        alone = file.read_text()
        it.service.plan(world.site_id)
        file.write_text(f'{alone}[[sites]]\nsite_id = "{other}"\ntimezone = "Europe/Berlin"\n{FLAT}')
        assert it.service.reload()
        it.service.plan(other)
        both = it.service.state().sites
        file.write_text(alone)
        assert it.service.reload()
        posts = len(world.simulator.posts)
        it.service.plan(other)

        assert [site.outcome for site in both] == ["posted", "posted"]
        assert [site.site_id for site in it.service.state().sites] == [world.site_id]
        assert world.event("site_dropped")["site_id"] == other
        assert len(world.simulator.posts) == posts, "who is taken away is left alone"
        assert it.service.app.ledger.rows("SELECT until FROM leases WHERE site_id = ?", (other,)) == [(0,)]


def test_what_was_known_of_a_site_outlives_a_reload(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.plan(it.site_id)
        epochs = it.service.app.ledger.rows("SELECT holder, epoch FROM leases", ())
        it.service.reload()
        it.service.plan(it.site_id)

        (site,) = it.service.state().sites
        assert site.outcomes == {"posted": 1, "held": 1}
        assert it.service.app.ledger.rows("SELECT holder, epoch FROM leases", ()) == epochs


def test_a_port_that_was_taken_is_tried_again_by_a_reload(world, monkeypatch):
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, running(world, monkeypatch, top=f'[web]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"') as it:
        it.service.listen()
        before = it.service.page
        taken.close()
        assert it.service.reload()
        after = it.service.page
        if after is not None:
            after.close()

    assert before is None
    assert after is not None


def test_a_challenger_that_a_reload_takes_away_saves_nothing_any_more(world, monkeypatch):
    other = """
[[sites.challengers]]
name = "other"
[sites.challengers.tariff]
strategy = "flat"
import_price = 0.2
export_price = 0.05
"""
    with running(world, monkeypatch, top=NO_PAGE, tariff=FLAT + other) as it:
        it.service.plan(it.site_id)
        it.service.jobs.witness(it.service.app.sites[0]).saved({"other": (1.5, "EUR")})
        it.service.plan(it.site_id)
        with_it = it.service.state().sites[0].saving_per_day
        changed(world.folder / "heat-optimizer.toml", other, "")
        assert it.service.reload()
        it.service.plan(it.site_id)
        without = it.service.state().sites[0].saving_per_day

    assert (with_it, without) == ({"other": (1.5, "EUR")}, {})


def test_the_ledger_is_not_moved_by_a_reload(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        changed(world.folder / "heat-optimizer.toml", 'path = "ledger.sqlite3"', 'path = "other.sqlite3"')

        assert not it.service.reload()
        assert "the ledger is moved by a restart" in world.event("reload_refused")["detail"]
        it.service.plan(it.site_id)
        assert it.service.state().sites[0].outcome == "posted"
        assert not (world.folder / "other.sqlite3").exists()


def test_a_cycle_that_is_under_way_ends_on_its_settings_before_they_are_swapped(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        world.simulator.add_fault(Fault(where="GET site", delay_s=1.0))
        before = it.service.app
        cycle = threading.Thread(target=it.service.plan, args=[it.site_id])
        cycle.start()
        until(lambda: it.service.jobs.active or None)
        assert it.service.reload()

        assert it.service.jobs.last_planned_s, "the cycle ended before the reload did"
        assert it.service.app is not before
        cycle.join()
        assert it.service.state().sites[0].outcome == "posted"


def test_a_key_that_is_replaced_while_the_service_runs_is_taken_up_by_the_very_cycle_that_was_refused(
    world, monkeypatch
):
    key = world.folder / "key"
    key.write_text("agk_old.ags_revoked")
    with running(world, monkeypatch, top=NO_PAGE) as it:
        file = world.folder / "heat-optimizer.toml"
        changed(file, '{env = "TEST_HEAT_KEY"}', '{file = "key"}')
        it.service.reload()
        it.service.plan(it.site_id)
        refused = it.service.state().sites[0]
        key.write_text(world.simulator.options.api_key)
        it.service.plan(it.site_id)
        renewed = it.service.state().sites[0]

    assert refused.error == "SourceUnauthorized"
    assert renewed.outcomes == {"skipped": 2, "posted": 1}
    assert world.event("secrets_renewed")["settings"] == ["heat_cloud.api_key"]


def test_an_hcu_token_is_taken_up_as_well_and_no_cycle_is_lost_meanwhile(world, monkeypatch):
    token = world.folder / "token"
    token.write_text("an-old-token")
    with running(world, monkeypatch, top=NO_PAGE) as it:
        changed(world.folder / "heat-optimizer.toml", '{env = "TEST_ARIS_TOKEN"}', '{file = "token"}')
        it.service.reload()
        it.service.plan(it.site_id)
        without = it.service.state().sites[0].plan
        token.write_text(world.simulator.options.hcu_token)
        it.service.plan(it.site_id)
        it.service.plan(it.site_id)
        (site,) = it.service.state().sites

    assert without is not None
    assert without.degradations == site.plan.degradations + 1
    assert set(site.outcomes) <= {"posted", "held"}
    assert world.event("secrets_renewed")["settings"] == ["sites[0].hcu.token"]


def test_a_key_file_that_is_empty_for_a_moment_changes_nothing(world, monkeypatch):
    key = world.folder / "key"
    key.write_text(world.simulator.options.api_key)
    with running(world, monkeypatch, top=NO_PAGE) as it:
        changed(world.folder / "heat-optimizer.toml", '{env = "TEST_HEAT_KEY"}', '{file = "key"}')
        it.service.reload()
        key.write_text("")
        world.simulator.set_online(it.site_id, False)
        it.service.plan(it.site_id)
        world.simulator.set_online(it.site_id, True)
        it.service.plan(it.site_id)

        assert it.service.state().sites[0].outcomes == {"skipped": 1, "posted": 1}
