"""How prices go on where none is published: beyond the last known one, and in gaps. Pure, and pluggable by name.

``weekday_profile``: the mean price of the same local time on the same weekday of the last four weeks, or else of
the same kind of day (weekday or weekend), brought to the level of the newest known day. ``day_before``: the price
of the same local time a day before, else of the days before that. Where neither knows anything, the mean of all.

The level: true is the mean of the newest 24 h on record, expected the mean of the same profile for the same times.
Where expected is well above zero (at least half the mean size of its prices, so that they hardly turn negative) and
true is not negative, the profile is multiplied by true / expected, held within 0.5 and 2; else true - expected is
added to it. So the end of what is known is no step that a plan could live on: the shape of a day goes on, at the
level that the market has now.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from optimizer.domain.horizon import Slot
from optimizer.domain.series import Series
from strategies.coverage import mean_of_all, mean_over
from strategies.local_time import same_wall_time

WEEKS = 4
SATURDAY = 5
NEWEST = timedelta(hours=24)
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
WELL_ABOVE_ZERO = 0.5
"""The least mean of a profile, in mean sizes of its prices, for which a factor on it means anything."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A value, in the unit of its series, for a slot that is not published; and where it is from, in words."""

    value: float
    told: str


Extension = Callable[[Series, Sequence[Slot], ZoneInfo], list[StandIn]]
"""A stand-in for each of the slots, from what is known (at least one interval)."""


def weekday_profile(known: Series, slots: Sequence[Slot], zone: ZoneInfo) -> list[StandIn]:
    """See the module. The level is that of the newest day on record, against the profile of the same times."""
    level = _level(known, zone)
    found = []
    for slot in slots:
        expected = _expected(known, slot, zone)
        if expected is None:
            found += day_before(known, [slot], zone)
        else:
            found.append(StandIn(value=level.of(expected.value), told=f"{expected.told}, {level.told}"))
    return found


def day_before(known: Series, slots: Sequence[Slot], zone: ZoneInfo) -> list[StandIn]:
    """The same local time a day before, else two to seven days before, else a day after, else the mean of all."""
    return [_of_nearest_day(known, slot, zone) for slot in slots]


EXTENSIONS: Mapping[str, Extension] = {"weekday_profile": weekday_profile, "day_before": day_before}

NEAREST_DAYS = (
    (1, "same time of the day before"),
    *((days, "same time of an earlier day of the week before") for days in range(2, 8)),
    (-1, "same time of the day after"),
)


def _of_nearest_day(known: Series, slot: Slot, zone: ZoneInfo) -> StandIn:
    for days, told in NEAREST_DAYS:
        value = _days_earlier(known, slot, days, zone)
        if value is not None:
            return StandIn(value=value, told=told)
    return StandIn(value=mean_of_all(known), told="mean of all known prices")


def _days_earlier(known: Series, slot: Slot, days: int, zone: ZoneInfo) -> float | None:
    start = same_wall_time(slot.start, days, zone)
    return mean_over(known, start, start + (slot.end - slot.start))


def _same_weekdays(_: date) -> Sequence[int]:
    return [7 * week for week in range(1, WEEKS + 1)]


def _same_kind(day: date) -> Sequence[int]:
    is_weekend = day.weekday() >= SATURDAY
    return [
        back for back in range(1, 7 * WEEKS + 1) if ((day - timedelta(days=back)).weekday() >= SATURDAY) == is_weekend
    ]


PROFILES = ((_same_weekdays, "same weekday of recent weeks"), (_same_kind, "like days of recent weeks"))


def _expected(known: Series, slot: Slot, zone: ZoneInfo) -> StandIn | None:
    """What the profile says of a slot, at its own level."""
    for days, told in PROFILES:
        value = _profile(known, slot, zone, days)
        if value is not None:
            return StandIn(value=value, told=told)
    return None


def _profile(known: Series, slot: Slot, zone: ZoneInfo, days: Callable[[date], Sequence[int]]) -> float | None:
    """The mean over the days that are known."""
    day = slot.start.astimezone(zone).date()
    values = [value for back in days(day) if (value := _days_earlier(known, slot, back, zone)) is not None]
    return sum(values) / len(values) if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """value = factor * profile + shift."""

    factor: float = 1.0
    shift: float = 0.0

    def of(self, value: float) -> float:
        return self.factor * value + self.shift

    @property
    def told(self) -> str:
        if self.shift:
            return f"shifted by {self.shift:+.3f}"
        return f"scaled by {self.factor:.2f}"


def _level(known: Series, zone: ZoneInfo) -> _Level:
    """What the newest known day is, against what the profile says of it."""
    begins = known.ends[-1] - NEWEST
    pairs = []
    for number in range(bisect_right(known.ends, begins), len(known)):
        slot = Slot(start=max(known.starts[number], begins), end=known.ends[number])
        expected = _expected(known, slot, zone)
        if expected is not None:
            hours = (slot.end - slot.start) / HOUR
            pairs.append((hours, known.values[number], expected.value))
    if not pairs:
        return _Level()
    all_h = sum(hours for hours, _, _ in pairs)
    true_mean = sum(hours * true for hours, true, _ in pairs) / all_h
    expected_mean = sum(hours * expected for hours, _, expected in pairs) / all_h
    mean_size = sum(hours * abs(expected) for hours, _, expected in pairs) / all_h
    if true_mean < 0 or expected_mean <= 0 or expected_mean < WELL_ABOVE_ZERO * mean_size:
        return _Level(shift=true_mean - expected_mean)
    return _Level(factor=min(max(true_mean / expected_mean, LEAST_FACTOR), MOST_FACTOR))
