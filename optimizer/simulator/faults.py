"""Faults on order: what an unreliable network, proxy or service does to an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

type Where = Literal["GET sites", "GET site", "POST", "GET health", "GET hcu", "GET aris health"]
PLACES: tuple[str, ...] = get_args(Where.__value__)
NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer before it is sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault at one place, for ``times`` requests (None: for all that come).

    ``status`` or ``body`` replaces the answer; ``drop`` closes the connection without one. With ``apply`` such a
    request is carried out nevertheless, which matters for a POST: it is in force, yet not confirmed. Faults
    without replacement or drop let the request through and disturb the way back: ``delay_s`` before the answer,
    ``drip_s`` between its bytes, ``truncate`` for half a body, other ``content_type`` or more ``headers``.
    ``twice``: a proxy delivers the request again; the client sees the second answer.
    """

    where: Where
    times: int | None = 1
    status: int | None = None
    body: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    truncate: bool = False
    drop: bool = False
    apply: bool = False
    twice: bool = False

    def __post_init__(self) -> None:
        """Refuse a fault that could never happen."""
        if self.where not in PLACES:
            raise ValueError(f"no place {self.where!r}, there are {', '.join(PLACES)}")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault happens once or more often")

    @property
    def replaces(self) -> bool:
        """Whether the true answer never reaches the client."""
        return self.drop or self.status is not None or self.body is not None

    @property
    def carries_out(self) -> bool:
        """Whether the request takes effect."""
        return self.apply or not self.replaces

    def distort(self, true: Answer) -> Answer:
        """The answer as the client sees it."""
        answer = self._replacement() if self.replaces else true
        body = answer.body[: len(answer.body) // 2] if self.truncate else answer.body
        return Answer(
            status=answer.status,
            body=body,
            content_type=answer.content_type if self.content_type is None else self.content_type,
            headers={**answer.headers, **self.headers},
        )

    def _replacement(self) -> Answer:
        status = 200 if self.status is None else self.status
        if self.body is not None:
            return Answer(status=status, body=self.body)
        if status in NO_BODY:
            return Answer(status=status)
        return Answer(status=status, body=json.dumps(ordered_error(status)).encode())


def ordered_error(status: int) -> dict[str, str]:
    """The error body for a status that was asked for, in the vendor's shape."""
    if status >= 500:
        return {"error": "internal_server_error", "message": "An unexpected error occurred"}
    return {"error": f"http_{status}", "message": "This answer was ordered as a fault"}


class FaultBook:
    """The faults still to happen, at each place in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def take(self, where: Where) -> Fault | None:
        """The fault for the next request at a place; it counts as having happened."""
        for index, (fault, left) in enumerate(self._waiting):
            if fault.where != where:
                continue
            if left == 1:
                del self._waiting[index]
            elif left is not None:
                self._waiting[index] = (fault, left - 1)
            return fault
        return None
