"""Local hours of the day on a horizon in UTC, right on the days when clocks change.

Whether an instant lies in a window is asked of its wall time, as a clock on the wall would be read: an hour that
does not exist has no instants, one that occurs twice has twice as many. Where a window must be one stretch of
time it runs from the first instant at which the wall shows its start to the first at which it shows its end; a
wall time that is skipped is the instant at which clocks jump over it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.domain.horizon import Horizon
from optimizer.domain.windows import DAY_MIN, LocalWindow, Windows
from strategies.day_kinds import public_holidays, words_for
from strategies.local_time import zone_named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MINUTE_S = 60
ONE_DAY = timedelta(days=1)
FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A site's zone, and whose public holidays its days follow: nobody's where ``holiday_country`` is None or ""."""

    zone: str
    holiday_country: str | None = None

    def fits(self, day: date, days: Sequence[str], months: Sequence[int] = ()) -> bool:
        """Whether a local day is one of ``days`` in one of ``months``; () is all."""
        if months and day.month not in months:
            return False
        if not days:
            return True
        country = self.holiday_country
        public = public_holidays(country, None, day.year) if country else frozenset()
        return not words_for(day, public).isdisjoint(days)

    def instant(self, day: date, minute: int) -> datetime:
        """The first instant at which the wall shows ``minute`` after midnight of ``day``, or has passed it."""
        zone = zone_named(self.zone)
        wall = datetime.combine(day + (minute // DAY_MIN) * ONE_DAY, time(minute % DAY_MIN // 60, minute % 60))
        at = wall.replace(tzinfo=zone).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == wall:
            return at
        at = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # skipped: with fold 1 this lies before the jump
        while at.astimezone(zone).replace(tzinfo=None) < wall:
            at += timedelta(minutes=1)
        return at

    def day_of(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(zone_named(self.zone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTimes:
    """Local day (days since 1970) and minutes after its midnight, for each instant."""

    day: Ints
    minute: Ints

    @property
    def dates(self) -> list[date]:
        """The local days as dates."""
        return [FIRST_DAY + timedelta(days=int(day)) for day in self.day]


def wall_times(instants_s: Ints, zone: str) -> WallTimes:
    """What the wall clock shows at instants in seconds since 1970 UTC."""
    utc = pd.DatetimeIndex(instants_s.astype("datetime64[s]")).tz_localize("UTC")
    wall_min = utc.tz_convert(zone_named(zone)).tz_localize(None).as_unit("s").asi8 // MINUTE_S
    return WallTimes(day=wall_min // DAY_MIN, minute=wall_min % DAY_MIN)


def each_of(windows: Windows) -> tuple[LocalWindow, ...]:
    """The stretches that are meant."""
    return windows if isinstance(windows, tuple) else (windows,)


def are_inside(windows: Windows, walls: WallTimes, calendar: Calendar) -> Flags:
    """Whether each wall time lies in any of the windows."""
    inside = np.zeros(len(walls.day), dtype=np.bool_)
    for window in each_of(windows):
        inside |= _are_inside_one(window, walls, calendar)
    return inside


def _are_inside_one(window: LocalWindow, walls: WallTimes, calendar: Calendar) -> Flags:
    began_today = _begins(window, walls.day, calendar)
    if window.start_min < window.end_min:
        return began_today & (window.start_min <= walls.minute) & (walls.minute < window.end_min)
    began_before = _begins(window, walls.day - 1, calendar)
    return (began_today & (walls.minute >= window.start_min)) | (began_before & (walls.minute < window.end_min))


def _begins(window: LocalWindow, days: Ints, calendar: Calendar) -> Flags:
    distinct, which = np.unique(days, return_inverse=True)
    fits = [calendar.fits(FIRST_DAY + timedelta(days=int(day)), window.days, window.months) for day in distinct]
    return np.array(fits, dtype=np.bool_)[which]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHorizon:
    """A horizon cut into minutes of local time."""

    horizon: Horizon
    calendar: Calendar
    minutes_s: Ints
    walls: WallTimes

    def shares(self, windows: Windows) -> Floats:
        """Which part of each slot lies in any of the windows, 0 to 1."""
        return self.means(are_inside(windows, self.walls, self.calendar).astype(np.float64))

    def means(self, of_minutes: Floats) -> Floats:
        """The mean over each slot of what has a value in each minute."""
        cells_s = np.append(self.minutes_s, self.minutes_s[-1] + MINUTE_S).astype(np.float64)
        sums = np.concatenate(([0.0], np.cumsum(of_minutes * float(MINUTE_S))))
        edges_s = np.array([edge.timestamp() for edge in self.horizon.edges])
        means: Floats = np.diff(np.interp(edges_s, cells_s, sums)) / np.diff(edges_s)
        return means

    def openings(self, window: LocalWindow) -> Iterator[tuple[date, datetime, datetime]]:
        """Each time that the window is open within the horizon: the day on which it began, start and end."""
        end_min = window.end_min + (DAY_MIN if window.end_min <= window.start_min else 0)
        for day in self.days:
            if not self.calendar.fits(day, window.days, window.months):
                continue
            start, end = self.calendar.instant(day, window.start_min), self.calendar.instant(day, end_min)
            if start < end and end > self.horizon.start and start < self.horizon.end:
                yield day, start, end

    @property
    def days(self) -> list[date]:
        """The local days that the horizon touches, and the one before, on which an open window may have begun."""
        first = self.calendar.day_of(self.horizon.start) - ONE_DAY
        last = self.calendar.day_of(self.horizon.end)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@lru_cache(maxsize=16)
def local_horizon(horizon: Horizon, calendar: Calendar) -> LocalHorizon:
    """Cut a horizon into minutes."""
    first = int(horizon.start.timestamp()) // MINUTE_S * MINUTE_S
    minutes_s = np.arange(first, horizon.end.timestamp(), MINUTE_S, dtype=np.int64)
    return LocalHorizon(
        horizon=horizon, calendar=calendar, minutes_s=minutes_s, walls=wall_times(minutes_s, calendar.zone)
    )
