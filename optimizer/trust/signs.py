"""The signs of battery power, held against the one thing that cannot be signed wrongly: the state of charge.

Two questions. Does the telemetry's sign fit: does the state of charge rise while it says "charging"? And does the
plant answer a command in the told direction?
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from math import inf

HOUR, NO_TIME = timedelta(hours=1), timedelta(0)
RUNS_SHARE = 0.05
"""Below this share of the rating a battery counts as resting: its own consumption decides what its energy does."""
LONG_ENOUGH = timedelta(minutes=30)
STEPS = 2
"""A change of fewer steps of the reading may be its rounding."""
FINEST_STEP_PERCENT = 0.05
LARGEST_GAP = timedelta(minutes=20)
"""What happened between two samples further apart is not known."""
DENSE = timedelta(minutes=10)
"""Readings further apart do not show which way the power ran between them: one at the edge of each quarter of an hour
may find the load that has just come, and not what the battery was told for the rest of it."""
TAKES_HOLD = timedelta(minutes=1)
"""A command is looked at from this long after its beginning."""
LEAST_OF_TOLD, MOST_OF_TOLD = 0.3, 2.0
"""An answer moves the energy that was told, by these shares of it; anything else is something else's doing."""
RATING_SLACK = 1.3
SHOWS_BY_POWER = timedelta(minutes=25)
"""So long the state of charge alone is asked; then a power that reads as the contrary of what is told is enough."""
SHOWS_BY_SAMPLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading: state of charge, and charge less discharge as the telemetry's sign is read; None: not read."""

    at: datetime
    soc_percent: float
    battery_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """On ``[start, end)`` the battery was told ``battery_kw``, charge less discharge by the settings' sign."""

    start: datetime
    end: datetime
    battery_kw: float


class Answer(Enum):
    """How a plant answered commands."""

    NONE_YET = "none yet"
    AS_TOLD = "as told"
    CONTRARY = "contrary"


def soc_step(samples: Sequence[Sample]) -> float:
    """The smallest change that the reading of the state of charge has shown, percent: its resolution."""
    changes = (abs(later.soc_percent - earlier.soc_percent) for earlier, later in pairwise(samples))
    return max(min((change for change in changes if change > 1e-9), default=1.0), FINEST_STEP_PERCENT)


def telemetry_contradiction(samples: Sequence[Sample], rated_kw: float, capacity_kwh: float) -> str | None:
    """How the telemetry's sign contradicts the state of charge, or None.

    Looked at are stretches of at least ``LONG_ENOUGH`` with power above ``RUNS_SHARE`` of the rating, always the
    same way, in which the state of charge moves by ``STEPS`` of its steps or more, never by more at once than the
    battery can, and in all by no more than what was read may come to: what moved it further ran between the readings,
    and perhaps the other way. The newest has the last word.
    """
    step = soc_step(samples)
    verdict: str | None = None
    for stretch in _stretches(samples, RUNS_SHARE * rated_kw, _Leap.of(samples, rated_kw, capacity_kwh)):
        moved = stretch[-1].soc_percent - stretch[0].soc_percent
        length = stretch[-1].at - stretch[0].at
        power_kw = stretch[0].battery_kw or 0.0
        if length < LONG_ENOUGH or abs(moved) < STEPS * step - 1e-9:
            continue
        if capacity_kwh > 0 and abs(moved) > MOST_OF_TOLD * _read_kwh(stretch) / capacity_kwh * 100 + STEPS * step:
            continue
        verdict = None
        if (moved > 0) != (power_kw > 0):
            does = "charging" if power_kw > 0 else "discharging"
            verdict = (
                f"telemetry read as {does} for {length.total_seconds() / 60:.0f} min while the state of charge went "
                f"from {stretch[0].soc_percent:g} to {stretch[-1].soc_percent:g} %"
            )
    return verdict


def _read_kwh(stretch: Sequence[Sample]) -> float:
    """What the readings come to, each pair of them standing for the time between."""
    return sum(
        (abs(before.battery_kw or 0.0) + abs(after.battery_kw or 0.0)) / 2 * ((after.at - before.at) / HOUR)
        for before, after in pairwise(stretch)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leap:
    """From one sample to the next the state of charge went further than the battery can take it."""

    percent_per_h: float
    slack_percent: float

    @classmethod
    def of(cls, samples: Sequence[Sample], rated_kw: float, capacity_kwh: float) -> "_Leap":
        able = RATING_SLACK * rated_kw / capacity_kwh * 100 if capacity_kwh > 0 else inf
        return cls(percent_per_h=able, slack_percent=STEPS * soc_step(samples))

    def parts(self, before: Sample, after: Sample) -> bool:
        """Whether what is known of the battery breaks off between the two: a leap, or a large gap."""
        gap = after.at - before.at
        most = self.percent_per_h * (gap / HOUR) + self.slack_percent
        return gap > LARGEST_GAP or abs(after.soc_percent - before.soc_percent) > most


def _stretches(samples: Sequence[Sample], least_kw: float, leap: _Leap) -> Iterator[list[Sample]]:
    """Runs of samples with power of one sign above ``least_kw``, without a gap or a leap."""
    run: list[Sample] = []
    for sample in samples:
        power_kw = sample.battery_kw or 0.0
        runs = abs(power_kw) > least_kw
        if run and (
            not runs
            or (power_kw > 0) != ((run[-1].battery_kw or 0.0) > 0)
            or sample.at - run[-1].at > DENSE
            or leap.parts(run[-1], sample)
        ):
            yield run
            run = []
        if runs:
            run.append(sample)
    if run:
        yield run


def answer_of(
    samples: Sequence[Sample], told: Sequence[Told], rated_kw: float, capacity_kwh: float
) -> tuple[Answer, str | None]:
    """How the battery answered what was told, and the evidence in words.

    ``told`` is in order of time, and nothing but it may have moved the battery. Within each stretch in which the
    battery is told the same direction by more than ``RUNS_SHARE`` of the rating, the state of charge must move by
    ``STEPS`` of its steps, and by about the energy told. The newest that did has the last word. A battery that is
    full or empty does not move, and that is no answer.

    Where a coarse reading has not moved after ``SHOWS_BY_POWER``, a telemetry that says the contrary of what is told
    is an answer as well: one of the two signs is wrong then.
    """
    step, leap = soc_step(samples), _Leap.of(samples, rated_kw, capacity_kwh)
    slack_percent = STEPS * step
    found, evidence = Answer.NONE_YET, None
    for direction, start, end in _directions(told, RUNS_SHARE * rated_kw):
        verb = "charge" if direction > 0 else "discharge"
        for run in _connected([sample for sample in samples if start + TAKES_HOLD <= sample.at <= end], leap):
            first, last = run[0], run[-1]
            moved = last.soc_percent - first.soc_percent
            span = f"told to {verb} from {first.at:%Y-%m-%dT%H:%MZ} to {last.at:%H:%MZ}"
            told_percent = _told_kwh(told, first.at, last.at) / capacity_kwh * 100 if capacity_kwh > 0 else abs(moved)
            least = LEAST_OF_TOLD * told_percent - slack_percent
            most = MOST_OF_TOLD * told_percent + slack_percent
            if abs(moved) >= STEPS * step - 1e-9 and least <= abs(moved) <= most:
                evidence = f"{span}, the state of charge went from {first.soc_percent:g} to {last.soc_percent:g} %"
                found = Answer.AS_TOLD if (moved > 0) == (direction > 0) else Answer.CONTRARY
            elif last.at - first.at >= SHOWS_BY_POWER and _reads_contrary(run, told):
                reads = f"{last.battery_kw or 0.0:+.2f} kW (charge positive), if its own sign is right"
                evidence = f"{span}, the telemetry reads {reads}"
                found = Answer.CONTRARY
    return found, evidence


def _told_kwh(told: Sequence[Told], start: datetime, end: datetime) -> float:
    overlaps = ((each, min(each.end, end) - max(each.start, start)) for each in told)
    return sum(abs(each.battery_kw) * (overlap / HOUR) for each, overlap in overlaps if overlap > NO_TIME)


def _reads_contrary(run: Sequence[Sample], told: Sequence[Told]) -> bool:
    """Whether every reading of the power is about what is told with the other sign."""
    read = [sample for sample in run if sample.battery_kw is not None]
    pairs = [
        (sample.battery_kw or 0.0, each.battery_kw)
        for sample in read
        for each in told
        if each.start + TAKES_HOLD <= sample.at < each.end
    ]
    return len(pairs) >= SHOWS_BY_SAMPLES and all(
        LEAST_OF_TOLD * abs(told_kw) <= -kw * (1 if told_kw > 0 else -1) <= MOST_OF_TOLD * abs(told_kw)
        for kw, told_kw in pairs
    )


def _directions(told: Sequence[Told], least_kw: float) -> Iterator[tuple[int, datetime, datetime]]:
    """Stretches of one told direction: +1 charge, -1 discharge."""
    running: tuple[int, datetime, datetime] | None = None
    for each in told:
        direction = 0 if abs(each.battery_kw) <= least_kw else (1 if each.battery_kw > 0 else -1)
        if running is not None and direction == running[0] and each.start <= running[2]:
            running = (direction, running[1], max(each.end, running[2]))
            continue
        if running is not None:
            yield running
        running = (direction, each.start, each.end) if direction else None
    if running is not None:
        yield running


def _connected(samples: Sequence[Sample], leap: _Leap) -> Iterator[list[Sample]]:
    """Runs of samples without a gap or a leap."""
    run: list[Sample] = []
    for sample in samples:
        if run and leap.parts(run[-1], sample):
            yield run
            run = []
        run.append(sample)
    if run:
        yield run


HAS_EFFECT_AFTER = timedelta(minutes=2)
LOOKED_AT = 3
FAR_OFF_SHARE = 0.5
FULL_PERCENT, EMPTY_PERCENT = 99.0, 1.0


class Effect(Enum):
    """What a battery does of what it is told."""

    AS_TOLD = "as told"
    ELSE = "something else"
    CONTRARY = "the contrary"


def effect_of(samples: Sequence[Sample], told: Sequence[Told], rated_kw: float) -> tuple[Effect | None, str | None]:
    """Whether the newest samples show the battery doing what it is told; None: cannot be told.

    Looked at are the last ``LOOKED_AT`` samples, if the same has been told since ``HAS_EFFECT_AFTER`` before them.
    It does something else where all of them miss more than half of what was told, the contrary where all run the
    other way. A full battery need not charge and an empty one need not discharge. The words say what was told and
    what happened.
    """
    newest = [sample for sample in samples if sample.battery_kw is not None][-LOOKED_AT:]
    if len(newest) < LOOKED_AT:
        return None, None
    first, last = newest[0].at - HAS_EFFECT_AFTER, newest[-1].at
    now_told = next((each for each in told if each.start <= first and last < each.end), None)
    if now_told is None or abs(now_told.battery_kw) <= RUNS_SHARE * rated_kw:
        return None, None
    charges = now_told.battery_kw > 0
    if any(sample.soc_percent >= FULL_PERCENT if charges else sample.soc_percent <= EMPTY_PERCENT for sample in newest):
        return None, None
    powers = [sample.battery_kw or 0.0 for sample in newest]
    if any(abs(kw - now_told.battery_kw) <= FAR_OFF_SHARE * abs(now_told.battery_kw) for kw in powers):
        return Effect.AS_TOLD, None
    does = ", ".join(f"{kw:+.2f}" for kw in powers)
    runs_back = all(abs(kw) > RUNS_SHARE * rated_kw and (kw > 0) != charges for kw in powers)
    words = f"told {now_told.battery_kw:+.2f} kW (charge positive), but the battery did {does} kW"
    return Effect.CONTRARY if runs_back else Effect.ELSE, words
