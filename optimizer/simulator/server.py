"""Runs both web faces on the loopback interface, in one thread beside the caller's."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from optimizer.simulator.http import Backend, Line, aris_app, heat_app

HOST = "127.0.0.1"
START_TIMEOUT_S = 10.0
GRACE_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the two servers listen."""

    heat_url: str
    aris_url: str


@contextmanager
def serve(backend: Backend, *, port: int, aris_port: int) -> Iterator[Addresses]:
    """Serve until the with-block ends; a port that is taken raises OSError at once."""
    with _listening(port) as heat_socket, _listening(aris_port) as aris_socket:
        house = _House(backend, heat_socket, aris_socket)
        addresses = Addresses(heat_url=_url(heat_socket), aris_url=_url(aris_socket))
        house.start()
        try:
            yield addresses
        finally:
            house.stop()


class _House:
    """The thread with both servers in one event loop."""

    def __init__(self, backend: Backend, heat_socket: socket.socket, aris_socket: socket.socket) -> None:
        self._backend = backend
        self._sockets = (heat_socket, aris_socket)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: tuple[Line, ...] = ()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise RuntimeError("the simulator's servers did not start")

    def stop(self) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._close)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines = (Line(), Line())
        apps = zip((heat_app, aris_app), self._lines, self._sockets, strict=True)
        servers = [(_Server(app(self._backend, line), line), listener) for app, line, listener in apps]
        running = [asyncio.create_task(server.serve([listener])) for server, listener in servers]
        for server, _ in servers:
            await server.up.wait()
        self._ready.set()
        await asyncio.gather(*running)

    def _close(self) -> None:
        for line in self._lines:
            line.closing.set()


class _Server(uvicorn.Server):
    """A server that says when it is up and ends as soon as its line closes, where the original looks at intervals."""

    def __init__(self, app: Starlette, line: Line) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        self.up = asyncio.Event()
        self._line = line
        line.cut = _cutter(self)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._line.closing.wait()
        self.should_exit = True


def _cutter(server: uvicorn.Server) -> Callable[[Request], None]:
    """Closes the connection on which a request came."""

    def cut(request: Request) -> None:
        for connection in list(server.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == request.client:
                connection.transport.close()

    return cut


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
