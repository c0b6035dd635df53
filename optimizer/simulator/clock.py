"""The two clocks a simulator can run on. Times are aware and in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows what time it is."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        ...


class RealClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is moved, and never moves backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = in_utc(start)

    def now(self) -> datetime:
        """The moment to which the clock was last moved, aware UTC."""
        return self._now

    def advance_to(self, to: datetime) -> None:
        """Move the clock to a moment not before the present one."""
        target = in_utc(to)
        if target < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()}, {target.isoformat()} lies before it")
        self._now = target

    def advance_by(self, step: timedelta) -> None:
        """Move the clock by a span of zero or more."""
        self.advance_to(self._now + step)


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive time is refused."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return at.astimezone(UTC)
