"""What systemd is told of progress."""

import socket
import threading
from dataclasses import dataclass, field, replace

from service_here import NO_PAGE, running

from optimizer.daemon import Service
from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market, Tariff


@dataclass(slots=True)
class Hanging:
    """A strategy that hangs until it is released, as a plugin's author might write one."""

    release: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        self.asked.set()
        self.release.wait(30)
        count = len(horizon)
        return Tariff(import_price_per_kwh=(0.3,) * count, export_price_per_kwh=(0.1,) * count)


def with_strategy(service: Service, strategy: Hanging) -> None:
    """The service's site, priced by this strategy."""
    app = service.jobs.app
    (site,) = app.sites
    prices = replace(site.task.prices, strategy=strategy)
    service.jobs.app = replace(app, sites=(replace(site, task=replace(site.task, prices=prices)),))


def test_a_site_that_hangs_is_not_kept_alive_and_a_site_that_fails_is(world, monkeypatch):
    patience_s = 15 * 60 * 2 + 120
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.tick()
        first = it.notices()
        world.simulator.set_online(it.site_id, False)
        it.service.plan(it.site_id)
        it.service.jobs.last_planned_s[it.site_id] = it.seconds[0]
        it.later(patience_s - 1)
        it.service.tick()
        failing = it.notices()

        world.simulator.set_online(it.site_id, True)
        strategy = Hanging()
        with_strategy(it.service, strategy)
        cycle = threading.Thread(target=it.service.plan, args=[it.site_id])
        cycle.start()
        assert strategy.asked.wait(20)
        it.later(200)
        it.service.tick()
        hanging = it.notices()
        ready = it.service.state().sites[0]
        strategy.release.set()
        cycle.join()
        it.service.jobs.last_planned_s[it.site_id] = it.seconds[0]
        it.later(100)
        it.service.tick()
        released = it.notices()

    assert any("WATCHDOG=1" in notice for notice in first)
    assert any("WATCHDOG=1" in notice and "skipped" in notice for notice in failing)
    assert not any("WATCHDOG=1" in notice for notice in hanging)
    assert any("stalled for 35 min" in notice for notice in hanging)
    assert ready.is_stalled
    assert world.event("planning_stalled")["site_id"] == world.site_id
    assert any("WATCHDOG=1" in notice for notice in released)


def test_the_status_is_told_when_it_changes_and_not_otherwise(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        it.service.tick()
        it.notices()
        it.later(5)
        it.service.tick()
        nothing_new = it.notices()
        it.service.plan(it.site_id)
        it.later(5)
        it.service.tick()
        (posted,) = it.notices()

    assert nothing_new == []
    assert posted.startswith(f"STATUS={world.site_id}: posted 12:00, plan till ")
    assert "WATCHDOG" not in posted


def test_a_systemd_that_reads_no_notices_holds_up_nobody(world, monkeypatch):
    with running(world, monkeypatch, top=NO_PAGE) as it:
        full = fill(it.service.notifier.socket)
        it.service.tick()
        waited = it.notices()
        it.later(100)
        it.service.tick()
        (told,) = it.notices()

    assert len(waited) == full
    assert "WATCHDOG=1" in told


def fill(notify: socket.socket) -> int:
    """Send notices until no more can wait; how many do."""
    count = 0
    while True:
        try:
            notify.send(b"STATUS=before", socket.MSG_DONTWAIT)
        except (BlockingIOError, TimeoutError):
            return count
        count += 1
