"""The service in this process, on a clock of the test's, with a notify socket that the test reads."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from world import World

from optimizer.daemon import Jobs, Service
from optimizer.service import systemd_notifier

NO_PAGE = '[web]\nlisten = ""'


@dataclass(slots=True)
class Running:
    """A service in this process, on a clock of the test's, with a notify socket that is read here."""

    service: Service
    notify: socket.socket
    seconds: list[float]

    @property
    def site_id(self) -> str:
        return self.service.app.sites[0].task.site.site_id

    def later(self, seconds: float) -> None:
        """Let the clock that never jumps go on."""
        self.seconds[0] += seconds

    def notices(self) -> list[str]:
        """What systemd was told since the last look."""
        return hear_out(self.notify)


def hear_out(notify: socket.socket) -> list[str]:
    """All that waits to be read: some machines let no more than ten notices wait."""
    found = []
    while True:
        try:
            found.append(notify.recv(8192, socket.MSG_DONTWAIT).decode())
        except BlockingIOError:
            return found


@contextmanager
def running(world: World, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Running]:
    address = str(world.folder / "notify-here")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    seconds = [1000.0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, world.app(**settings) as app:
        notify.bind(address)
        service = Service(Jobs(app, clock_s=lambda: seconds[0]), systemd_notifier(), watchdog_s=100.0)
        service.count_events()
        try:
            yield Running(service, notify, seconds)
        finally:
            service.notifier.socket.close()
            service.app.hang_up()


def changed(file: Path, old: str, new: str) -> None:
    """Write another settings file in the place of this one."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def nothing_in_force(world: World) -> None:
    """As if somebody had cleared the site's schedules, so that the next plan is sent."""
    cleared = [{**command, "entries": []} for command in world.simulator.in_force(world.site_id)]
    httpx.post(
        f"{world.addresses.heat_url}/api/v0/public/sites/{world.site_id}/schedules",
        json={"schedules": cleared},
        headers={"Authorization": f"Bearer {world.simulator.options.api_key}"},
    ).raise_for_status()


def build_with_clock(it: Running, now: Callable[[], datetime]) -> Any:
    """The same application on another clock."""
    from optimizer.app import rebuild_live

    app = it.service.app
    rebuilt = rebuild_live(replace(app, around=replace(app.around, now=now)), app.settings)
    app.hang_up()
    return rebuilt
