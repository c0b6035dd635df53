"""What is gone for long: names, the network, room on the disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from service_here import NO_PAGE, changed, running

from optimizer.simulator import Fault

QUARTER = timedelta(minutes=15)


PLACES = ("GET sites", "GET site", "POST", "GET health", "GET hcu")


def test_a_name_that_cannot_be_resolved_is_a_cycle_that_is_skipped_and_a_service_that_lives(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        file = world.folder / "heat-optimizer.toml"
        changed(file, world.addresses.heat_url, "https://heat-cloud.invalid")
        it.service.reload()
        it.service.plan(it.site_id)
        it.service.probe_health()
        lost = it.service.state()
        changed(file, "https://heat-cloud.invalid", world.addresses.heat_url)
        it.service.reload()
        it.service.plan(it.site_id)
        it.service.probe_health()
        back = it.service.state()

    assert (lost.sites[0].outcome, lost.sites[0].error) == ("skipped", "SourceUnavailable")
    assert (lost.cloud_is_up, back.cloud_is_up) == (False, True)
    assert back.sites[0].outcome == "posted"


def test_a_health_answer_beyond_all_size_is_a_cloud_that_is_down(world, monkeypatch):
    world.simulator.add_fault(Fault(where="GET health", status=503, body=b"x" * 9_000_000))
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.probe_health()
        assert it.service.state().cloud_is_up is False


def test_a_network_that_is_gone_for_a_day_costs_its_cycles_and_nothing_else(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.plan(it.site_id)
        for place in PLACES:
            world.simulator.add_fault(Fault(where=place, drop=True, times=None))
        for _ in range(24):
            world.clock.advance_by(timedelta(hours=1))
            it.service.sample(it.site_id)
            it.service.plan(it.site_id)
        gone = it.service.state()
        in_force_until = gone.sites[0].told_until
        world.simulator.clear_faults()
        world.clock.advance_by(QUARTER)
        it.service.plan(it.site_id)
        back = it.service.state().sites[0]

    assert gone.sites[0].outcomes == {"posted": 1, "skipped": 24}
    assert gone.sites[0].errors == {"SourceUnavailable": 24}
    assert in_force_until <= world.clock.now(), "what the site had ended by itself"
    assert back.outcome == "posted"
    assert sum(post.accepted for post in world.simulator.posts) == 2


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow beyond a few bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_on_a_full_disk_nothing_is_posted_the_service_lives_and_recovers_when_there_is_room(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        with full_disk():
            for _ in range(4):
                it.service.sample(it.site_id)
                it.service.plan(it.site_id)
                it.service.prune()
                it.service.tick()
                world.clock.advance_by(QUARTER)
        full = it.service.state()
        posts = len(world.simulator.posts)
        it.service.plan(it.site_id)
        back = it.service.state().sites[0]

    assert posts == 0
    assert full.sites[0].errors == {"LedgerUnavailable": 4}
    assert full.ledger_failures >= 8, "cycles and samples"
    assert back.outcome == "posted"
