"""Whether the wall clock jumped: it was set, or the machine slept."""

from collections.abc import Callable
from datetime import datetime, timedelta

SLACK = timedelta(seconds=10)
"""Less than this is a clock being slewed, or a machine too busy to look."""


class ClockWatch:
    """Holds the wall clock against the monotonic one, which neither jumps nor runs while the machine sleeps."""

    def __init__(self, now: Callable[[], datetime], monotonic_s: Callable[[], float]) -> None:
        self._now = now
        self._monotonic_s = monotonic_s
        self._zero = self._offset()

    def jump(self) -> timedelta | None:
        """How far the wall clock moved by itself since the last look, forward or back; None where it did not."""
        offset = self._offset()
        moved = offset - self._zero
        if abs(moved) <= SLACK:
            return None
        self._zero = offset
        return moved

    def _offset(self) -> datetime:
        return self._now() - timedelta(seconds=self._monotonic_s())
