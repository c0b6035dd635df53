"""A provider on loopback: a real HTTP server that answers as a test says, and remembers what it was asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: bytes | str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(kw_only=True)
class Provider:
    base_url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def provider(answer: Callable[[Asked], Answer]) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            url = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=url.path,
                params=dict(parse_qsl(url.query, keep_blank_values=True)),
                headers=dict(self.headers),
                body=self.rfile.read(length),
            )
            found.asked.append(asked)
            given = answer(asked)
            body = given.body.encode() if isinstance(given.body, str) else given.body
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Tests keep their output to themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Provider(base_url=f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
