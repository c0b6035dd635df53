"""Where values and instants lie in a small chart."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

WIDTH, HEIGHT = 340.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 4.0, 8.0, 18.0
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 4
LEAST_SPAN = 1e-3
"""What differs by less is drawn as flat: a solver's dust must not fill a chart."""
MOST_HOURS = 9
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Scale:
    """A plane of ``WIDTH`` by ``HEIGHT`` with room for its labels."""

    start: datetime
    end: datetime
    low: float
    high: float
    step: float

    @classmethod
    def of(cls, start: datetime, end: datetime, values: list[float], *, holds_zero: bool) -> "Scale":
        """Round bounds around the values, of which there must be one."""
        low, high = min(values), max(values)
        if holds_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if high - low < LEAST_SPAN:
            high = low + 1.0
        step = _nice((high - low) / MOST_TICKS)
        return cls(start, end, floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step)

    def x(self, at: datetime) -> float:
        """From the left."""
        share = (at - self.start) / (self.end - self.start)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """From the top."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def levels(self) -> list[float]:
        """Where lines across are drawn."""
        return [self.low + number * self.step for number in range(round((self.high - self.low) / self.step) + 1)]

    def hours(self, zone: ZoneInfo) -> list[datetime]:
        """Round local hours within, few enough that their labels stand apart."""
        length = self.end - self.start
        every = next((hours for hours in (1, 2, 3, 6, 12) if length / timedelta(hours=hours) < MOST_HOURS), 24)
        at = self.start.replace(minute=0, second=0, microsecond=0)
        found = []
        while at < self.end:
            local = at.astimezone(zone)
            if at > self.start and local.minute == 0 and local.hour % every == 0:
                found.append(at)
            at += QUARTER
        return found[:: ceil(len(found) / MOST_HOURS)] if found else found

    def label(self, value: float) -> str:
        """A level with as many decimals as its step needs."""
        digits = len(f"{self.step:.6g}".partition(".")[2])
        text = f"{value:.{digits}f}"
        return text.removeprefix("-") if float(text) == 0 else text


def _nice(step: float) -> float:
    size: float = 10.0 ** floor(log10(step))
    return next(nice * size for nice in NICE if nice * size >= step - 1e-12)
