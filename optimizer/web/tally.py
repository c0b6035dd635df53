"""Counts what is logged at warning and above, by level and event."""

import threading
from collections import Counter
from collections.abc import Mapping

from structlog.typing import EventDict, WrappedLogger

LOUD = frozenset({"warning", "error", "exception", "critical"})
MOST_EVENTS = 100
OTHER = "other"


class EventTally:
    """A structlog processor that passes every event on unchanged.

    Names of events are constants of the program, so they are few; what a plugin makes up beyond ``MOST_EVENTS``
    counts as ``other``.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._guard = threading.Lock()

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method in LOUD:
            key = (method, str(event.get("event")))
            with self._guard:
                is_known = key in self._counts or len(self._counts) < MOST_EVENTS
                self._counts[key if is_known else (method, OTHER)] += 1
        return event

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How often each event was logged, by level and event."""
        with self._guard:
            return dict(self._counts)
