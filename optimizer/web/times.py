"""Instants, ages and numbers as the page writes them: local times with UTC behind them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from optimizer.web.html import Markup, el

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Times:
    """How instants read at one moment in one zone."""

    now: datetime
    zone: ZoneInfo

    def text(self, at: datetime, *, seconds: bool = False) -> str:
        """Hours and minutes; with the weekday on another day, with the date beyond six days."""
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        clock = "%H:%M:%S" if seconds else "%H:%M"
        if local.date() == today.date():
            return local.strftime(clock)
        is_far = abs(local.date() - today.date()) > timedelta(days=6)
        return local.strftime(f"%Y-%m-%d {clock}" if is_far else f"%a {clock}")

    def when(self, at: datetime, *, seconds: bool = False) -> Markup:
        """The same with UTC for whoever points at it, and for programs."""
        utc = at.astimezone(UTC)
        return el(
            "time",
            self.text(at, seconds=seconds),
            datetime=f"{utc:%Y-%m-%dT%H:%M:%SZ}",
            title=f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        )

    def ago(self, at: datetime) -> str:
        """How long since."""
        seconds = (self.now - at).total_seconds()
        return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"

    @property
    def name(self) -> str:
        """The zone and what it is called now."""
        return f"{self.zone.key} ({self.now.astimezone(self.zone):%Z})"


def span(seconds: float) -> str:
    """A length of time with the unit that suits it."""
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / HOUR_S:.0f} h"
    return f"{seconds / DAY_S:.0f} days"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals and no minus before a zero; a dash where it is not known."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def money(value: float | None, currency: str) -> str:
    """An amount with its currency."""
    return "–" if value is None else f"{number(value)} {currency}"


def counted(count: int, noun: str) -> str:
    """ "1 hour", "3 hours"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
