"""The real service as a process, with a notify socket as systemd would give it, and its log as it is written."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from world import World

WITHIN_S = 60.0


@dataclass(slots=True)
class ServiceProcess:
    """A running service: what it logs and what it tells systemd."""

    process: subprocess.Popen[str]
    notify: socket.socket
    lines: "queue.Queue[str | None]"
    events: list[dict[str, Any]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def event(self, name: str) -> dict[str, Any]:
        """The next event of that name, waited for."""
        ends_s = monotonic() + WITHIN_S
        while True:
            line = self.lines.get(timeout=max(ends_s - monotonic(), 0.01))
            assert line is not None, f"the log ended without {name}"
            if line.startswith("{"):
                self.events.append(json.loads(line))
                if self.events[-1]["event"] == name:
                    return self.events[-1]

    def told(self, word: str) -> str:
        """The next notice that holds ``word``, waited for."""
        self.notify.settimeout(WITHIN_S)
        while True:
            self.notices.append(self.notify.recv(8192).decode())
            if word in self.notices[-1]:
                return self.notices[-1]

    def stop(self) -> int:
        """End it, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@contextmanager
def service_process(world: World, file: Path, **environ: str) -> Iterator[ServiceProcess]:
    """Run the service by a settings file until the block ends."""
    address = str(world.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        notify.settimeout(WITHIN_S)
        process = subprocess.Popen(
            [sys.executable, "-m", "optimizer", "run", "--config", str(file)],
            env={**os.environ, **world.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000000", **environ},
            cwd=world.folder,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process.stderr, lines, world), daemon=True)
        reader.start()
        try:
            yield ServiceProcess(process, notify, lines)
        finally:
            process.kill()
            process.wait(timeout=20)
            reader.join(timeout=20)
            process.stderr.close()
            Path(address).unlink()


def _read(stream: Iterator[str], lines: "queue.Queue[str | None]", world: World) -> None:
    for line in stream:
        world.log.write(line)
        lines.put(line)
    lines.put(None)


def until[Found](ask: Callable[[], Found | None], *, within_s: float = WITHIN_S) -> Found:
    """What ``ask`` finds, asked again and again for a while."""
    ends_s = monotonic() + within_s
    pause = threading.Event()
    while True:
        found = ask()
        if found is not None:
            return found
        assert monotonic() < ends_s, "nothing came of it"
        pause.wait(0.05)


def page(url: str, status: int) -> str:
    """The text of a page, once it answers with this status."""

    def ask() -> str | None:
        answer = httpx.get(url, timeout=10)
        return answer.text if answer.status_code == status else None

    return until(ask)
