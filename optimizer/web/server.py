"""A small HTTP server for the operator: GET and HEAD alone, few connections at a time, none for long."""

import socket
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Self

import structlog

from optimizer.web.hosts import may_ask, name_of

MOST_AT_ONCE = 8
REQUEST_S = 5.0
NOWHERE_ELSE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security: our own files alone, nothing inline, in nobody's frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    text: str
    content_type: str = "application/json"


Answers = Mapping[str, Callable[[], Answer]]
AnswersBelow = Mapping[str, Callable[[str], Answer | None]]
"""By what a path begins with; each is given the rest of it, as it came, and None means that there is nothing."""


class Page:
    """The server, running in threads of its own until it is closed."""

    def __init__(self, server: "_Server") -> None:
        self._server = server
        threading.Thread(target=server.serve_forever, name="web", daemon=True).start()

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        answers: Answers,
        *,
        below: AnswersBelow | None = None,
        names: Collection[str] = (),
        request_s: float = REQUEST_S,
    ) -> Self:
        """Listen on an IP address and port (0: any that is free). Raises OSError where that is not to be had.

        ``names`` may be asked for beside localhost and IP addresses. A connection is cut after ``request_s``,
        whatever it is doing.
        """
        return cls(_Server(host, port, answers, below or {}, names, request_s))

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    """Not the library's HTTP server, which looks up its own name when it binds: that hangs where DNS does."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self, host: str, port: int, answers: Answers, below: AnswersBelow, names: Collection[str], request_s: float
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answers = answers
        self.below = below
        self.names = names
        self.request_s = request_s
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Turn away whoever comes while all places are taken."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, cut when its time is over."""
        cut = threading.Timer(self.request_s, _cut, [request])
        cut.daemon = True
        cut.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            cut.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no matter of ours."""


class _Handler(BaseHTTPRequestHandler):
    server_version = "heat-optimizer"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Answer, or say that there is nothing here."""
        host = self.headers.get("Host")
        if not may_ask(host, self.server.names):
            words = (
                f"{name_of(host or '')!r} is no name of this service: ask by IP address or as localhost, "
                "or state the name in [web] names\n"
            )
            self._send(
                Answer(status=HTTPStatus.MISDIRECTED_REQUEST, text=words, content_type="text/plain; charset=utf-8")
            )
            return
        path = self.path.partition("?")[0]
        try:
            answer = self._found(path)
        except Exception:  # noqa: BLE001 - a defect here is told and must not look like a dead service
            structlog.get_logger().exception("page_failed", path=path)
            answer = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, text="a defect; see the log\n")
        if answer is None:
            there = "\n".join(sorted([*self.server.answers, *(f"{start}…" for start in self.server.below)]))
            answer = Answer(
                status=HTTPStatus.NOT_FOUND, text=f"there is:\n{there}\n", content_type="text/plain; charset=utf-8"
            )
        self._send(answer)

    def _found(self, path: str) -> Answer | None:
        make = self.server.answers.get(path)
        if make is not None:
            return make()
        start = next((start for start in self.server.below if path.startswith(start)), None)
        return None if start is None else self.server.below[start](path.removeprefix(start))

    def do_HEAD(self) -> None:
        """The same without the body."""
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        body = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", NOWHERE_ELSE)
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Who asks is not logged."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
