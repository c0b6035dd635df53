"""The one HTTP door of all feeds: a request, its failures sorted into our taxonomy, secrets kept out of every word."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from math import isfinite
from typing import Any

import httpx
import stamina

from optimizer.domain.secret_forms import without
from optimizer.domain.series import Series
from optimizer.errors import SourceMalformed, SourceRejected, SourceUnauthorized, SourceUnavailable

USER_AGENT = f"heat-optimizer/{version('heat-optimizer')}"
CONNECT_S = 5.0
MOST_BYTES = 16 * 1024 * 1024
MOST_WORDS = 300
TRIES = 2
NOTHING: Mapping[str, str] = {}


class WebDoor:
    """A provider behind HTTP. ``source`` names it in errors; ``secrets`` appear in none, wherever they are sent."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] = NOTHING,
        secrets: Sequence[str] = (),
        timeout_s: float = 30.0,
    ) -> None:
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._secrets = tuple(secret for secret in secrets if secret)
        self._longest = timedelta(seconds=timeout_s + CONNECT_S)
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", **headers},
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            follow_redirects=False,
        )

    def get(
        self, path: str, params: Mapping[str, str] = NOTHING, *, absent: frozenset[int] = frozenset()
    ) -> bytes | None:
        """The body of a 2xx answer; None where the status is one of ``absent``.

        Raises SourceUnavailable, SourceUnauthorized, SourceRejected or SourceMalformed.
        """
        return self._ask("GET", path, absent, params=dict(params))

    def post_json(self, path: str, body: object) -> bytes:
        """The body of a 2xx answer to ``body``; raises as ``get`` does."""
        return self._ask("POST", path, frozenset(), json=body) or b""

    def _ask(self, method: str, path: str, absent: frozenset[int], **sent: Any) -> bytes | None:
        try:
            response, content = self._receive(self._client.build_request(method, self._base_url + path, **sent))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            kind = SourceMalformed if isinstance(error, httpx.DecodingError) else SourceUnavailable
            raise kind(self._clean(f"{self._source}: {method} {path} failed: {type(error).__name__}")) from None
        if response.status_code in absent:
            return None
        if response.is_success:
            return content
        said = _shortened(self._clean(content.decode("utf-8", errors="replace")))
        words = self._clean(f"{self._source}: {path} answered {response.status_code}{said}")
        if response.status_code in {401, 403}:
            raise SourceUnauthorized(words)
        if response.status_code in {408, 429} or response.status_code >= 500:
            raise SourceUnavailable(words, retry_after_s=_retry_after_s(response))
        raise SourceRejected(words)

    def _receive(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Status and body. A connection that was not made is tried once more."""
        for attempt in stamina.retry_context(on=httpx.ConnectError, attempts=TRIES, wait_initial=0.2, wait_max=1.0):
            with attempt:
                response = self._client.send(request, stream=True)
                try:
                    return response, self._content_of(response)
                finally:
                    response.close()
        msg = f"{self._source}: no attempt was made"
        raise SourceUnavailable(msg)

    def _content_of(self, response: httpx.Response) -> bytes:
        """The body, which may neither grow nor drip for ever."""
        content, give_up_at = bytearray(), datetime.now(UTC) + self._longest
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                msg = f"{self._source}: an answer of more than {MOST_BYTES} bytes"
                raise SourceMalformed(msg)
            if datetime.now(UTC) > give_up_at:
                msg = f"{self._source}: an answer that was not complete after {self._longest.total_seconds():g} s"
                raise SourceUnavailable(msg)
        return bytes(content)

    def _clean(self, words: str) -> str:
        return without(words, self._secrets)


def _shortened(text: str) -> str:
    """The provider's own words on one line; secrets are gone before anything is cut off."""
    words = " ".join(text.split())[:MOST_WORDS]
    return f": {words}" if words else ""


def _retry_after_s(response: httpx.Response) -> float | None:
    """What ``Retry-After`` asks for, seconds or an HTTP date."""
    text = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else max(0.0, (at - datetime.now(UTC)).total_seconds())


def parsed_json(source: str, content: bytes | None) -> Any:
    """The body as JSON. Raises SourceMalformed."""
    try:
        return json.loads(content or b"")
    except (ValueError, RecursionError):
        msg = f"{source}: the answer is not valid JSON ({len(content or b'')} bytes)"
        raise SourceMalformed(msg) from None


def series_of(rows: Iterable[tuple[datetime, datetime, float | None]]) -> Series:
    """Rows (start, end, value) in any order as a series; what has no value is a gap, never zero.

    A row that comes twice counts once. Raises SourceMalformed where rows are empty or overlap.
    """
    known = sorted({(start, end, value) for start, end, value in rows if value is not None and isfinite(value)})
    try:
        return Series(
            starts=tuple(start for start, _, _ in known),
            ends=tuple(end for _, end, _ in known),
            values=tuple(value for _, _, value in known),
        )
    except ValueError as error:
        raise SourceMalformed(str(error)) from None
