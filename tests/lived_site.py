"""A site that the real jobs have looked after for a day of simulated time, and its page on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from page_reading import Element, PageReader
from service_here import hear_out
from world import World, simulated_world

from optimizer.daemon import Jobs, Service
from optimizer.service import systemd_notifier

PAGE = '[web]\nlisten = "127.0.0.1:0"'
NIGHT_AND_DAY = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
import_price = 0.21
start = "00:00"
end = "06:00"
[[sites.tariff.periods]]
name = "evening"
import_price = 0.44
start = "17:00"
end = "21:00"
"""
STEP = timedelta(minutes=15)


@dataclass(slots=True)
class LivedSite:
    """The service in this process, its clock that never jumps in ``seconds``."""

    world: World
    service: Service
    notify: socket.socket
    seconds: list[float]

    @property
    def url(self) -> str:
        assert self.service.page is not None
        return self.service.page.url

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def plan(self) -> None:
        self.service.plan(self.world.site_id)

    def sample(self) -> None:
        self.service.sample(self.world.site_id)

    def later(self, step: timedelta) -> None:
        """Both clocks go on."""
        self.world.clock.advance_by(step)
        self.seconds[0] += step.total_seconds()
        self.service.tick()
        hear_out(self.notify)

    def page(self, path: str = "/") -> Element:
        answer = httpx.get(f"{self.url}{path}")
        assert answer.status_code == 200, answer.text
        return PageReader.read(answer.text)

    def facts(self) -> dict:
        """What ``/state.json`` tells of the site."""
        (site,) = httpx.get(f"{self.url}/state.json").json()["sites"]
        return site


@contextmanager
def lived_site(folder: Path, *, hours: int = 0, tariff: str = NIGHT_AND_DAY, **settings: str) -> Iterator[LivedSite]:
    """Planned each hour and sampled each quarter for so many hours; then planned once more."""
    seconds = [1000.0]
    with (
        systemd(folder) as notify,
        simulated_world(folder) as world,
        world.app(top=PAGE, tariff=tariff, **settings) as app,
    ):
        service = Service(Jobs(app, clock_s=lambda: seconds[0]), systemd_notifier())
        lived = LivedSite(world, service, notify, seconds)
        service.count_events()
        service.scheduler.start(paused=True)
        service.listen()
        try:
            for quarter in range(4 * hours):
                lived.plan() if quarter % 4 == 0 else lived.sample()
                lived.later(STEP)
            lived.plan()
            yield lived
        finally:
            service.scheduler.shutdown(wait=False)
            assert service.page is not None
            service.page.close()
            service.notifier.socket.close()
            service.app.hang_up()


@contextmanager
def systemd(folder: Path) -> Iterator[socket.socket]:
    """Somebody who is told."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        pytest.MonkeyPatch.context() as patch,
    ):
        notify.bind(str(folder / "notify"))
        patch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        yield notify
