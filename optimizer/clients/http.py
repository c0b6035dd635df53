"""One HTTP request, its failures sorted into our taxonomy; and the retrying of reads."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan
from time import monotonic
from typing import Any

import httpx
import stamina
from pydantic import ValidationError

from optimizer.clients.wire import storable
from optimizer.clients.within import TookTooLong, call_within
from optimizer.domain.secret_forms import without
from optimizer.errors import (
    SourceError,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)

MOST_BYTES = 8 * 1024 * 1024
MOST_WORDS = 300
LEAVING = ("connect_tcp.started", "start_tls.started", "send_request_headers.started", "send_request_body.started")
"""The steps, as httpcore's trace names them, up to which a request can still be stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one read may be tried: each attempt, how many, and for how long a new one may begin."""

    timeout_s: float = 10.0
    attempts: int = 3
    retry_for_s: float = 8.0


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """A system behind HTTP. ``who`` names it in errors; ``token`` is sent as bearer and never shown."""

    who: str
    base_url: str
    token: str | None = field(repr=False)
    patience: Patience = Patience()
    client: httpx.Client = field(default_factory=lambda: httpx.Client(follow_redirects=False), repr=False)

    def get_json(self, path: str, *, within_s: float) -> Any:
        """Parsed JSON of a 2xx answer; retried with jitter while the failure may pass.

        Raises SourceUnavailable, SourceUnauthorized, SourceRejected or SourceMalformed.
        """
        started = monotonic()

        def left_s() -> float:
            return within_s - (monotonic() - started)

        def may_retry(error: Exception) -> bool | float:
            if not isinstance(error, SourceUnavailable) or left_s() < 0.2:
                return False
            if error.retry_after_s is None:
                return True
            return error.retry_after_s if error.retry_after_s < left_s() else False

        retrying = stamina.retry_context(
            on=may_retry,
            attempts=self.patience.attempts,
            timeout=min(self.patience.retry_for_s, within_s),
            wait_initial=0.2,
            wait_max=2.0,
            wait_jitter=0.5,
        )
        for attempt in retrying:
            with attempt:
                response = self.send("GET", path, within_s=min(self.patience.timeout_s, max(left_s(), 0.1)))
                self.judge(response, path)
                return self.parse(response, path)
        msg = f"{self.who}: no attempt was made for {path}"
        raise SourceUnavailable(msg)

    def send(
        self, method: str, path: str, *, within_s: float, body: object | None = None, auth: bool = True
    ) -> httpx.Response:
        """One request, no retry; once ``within_s`` has passed it does not leave any more.

        Raises SourceUnavailable when no complete answer comes in time.
        """
        overdue_at_s = monotonic() + within_s
        headers = {"Accept": "application/json"}
        if auth and self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, allow_nan=False).encode()
        try:
            request = self.client.build_request(
                method,
                self.base_url + path,
                headers=headers,
                content=content,
                timeout=within_s,
                extensions={"trace": _leaving_before(overdue_at_s)},
            )
            return call_within(within_s, lambda: self._receive(request))
        except TookTooLong:
            msg = f"{self.who}: no answer to {method} {path} within {within_s:.1f} s"
            raise SourceUnavailable(msg) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            msg = f"{self.who}: {method} {path} failed: {type(error).__name__}"
            raise SourceUnavailable(msg) from None

    def _receive(self, request: httpx.Request) -> httpx.Response:
        response = self.client.send(request, stream=True)
        try:
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES:
                    msg = f"{self.who}: answer longer than {MOST_BYTES} bytes"
                    raise SourceMalformed(msg)
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=content)

    def judge(self, response: httpx.Response, path: str) -> None:
        """Pass a 2xx answer; raise what any other means, with the vendor's words."""
        status = response.status_code
        if response.is_success:
            return
        words = f"{self.who}: {path} answered {status}{self.vendor_words(response)}"
        if status in {401, 403}:
            raise SourceUnauthorized(words)
        if status in {408, 429} or status >= 500:
            raise SourceUnavailable(words, retry_after_s=retry_after_s(response))
        raise SourceRejected(words)

    def parse(self, response: httpx.Response, path: str) -> Any:
        """The body as JSON. Raises SourceMalformed."""
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            kind = self.shown(response.headers.get("content-type", "no content type"))
            msg = f"{self.who}: {path} is not valid JSON ({kind}, {len(response.content)} bytes)"
            raise SourceMalformed(msg) from None

    def vendor_words(self, response: httpx.Response) -> str:
        """``: error (message)`` from the vendor's error body, shortened, our token taken out."""
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(body, dict):
            return ""
        parts = [str(body[key]) for key in ("error", "message") if isinstance(body.get(key), str | int)]
        words = self.shown(": ".join(parts))
        return f": {words}" if words else ""

    def malformed(self, path: str, error: ValidationError) -> SourceMalformed:
        """What is wrong first with an answer that is JSON, and where in it."""
        first = error.errors(include_input=False, include_url=False)[0]
        place = self.shown(".".join(str(part) for part in first["loc"]))
        return SourceMalformed(f"{self.who}: {path}: {place or 'body'}: {first['msg']}")

    def shown(self, words: str) -> str:
        """Somebody else's words as an error may repeat them: storable, short, and without our token.

        The token goes before anything is cut off that would hide a part of it.
        """
        kept = storable(words)
        return (kept if self.token is None else without(kept, [self.token]))[:MOST_WORDS]


def _leaving_before(overdue_at_s: float) -> Callable[[str, Any], None]:
    """A trace that raises TookTooLong at each step of sending that is begun when nobody waits any more.

    The thread of a call that was given up goes on: a look-up that was slow would else let an old schedule
    arrive after a newer one.
    """

    def trace(step: str, details: Any) -> None:
        if step.endswith(LEAVING) and monotonic() >= overdue_at_s:
            raise TookTooLong

    return trace


def retry_after_s(response: httpx.Response, now: Callable[[], datetime] | None = None) -> float | None:
    """Seconds asked for by ``Retry-After`` (seconds or an HTTP date); None where absent or unreadable."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        at = http_date(text)
        if at is None:
            return None
        seconds = (at - (now() if now is not None else datetime.now(UTC))).total_seconds()
    return None if isnan(seconds) else max(0.0, seconds)


def http_date(text: str) -> datetime | None:
    """The instant that a header names; None where it is unreadable, beyond the calendar, or of no stated zone."""
    try:
        at = parsedate_to_datetime(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Headers without those that describe a transfer that is already undone."""
    dropped = {"content-encoding", "transfer-encoding", "content-length"}
    return {name: value for name, value in headers.items() if name.lower() not in dropped}


__all__ = ["HttpDoor", "Patience", "SourceError", "http_date", "retry_after_s"]
