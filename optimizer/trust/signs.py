"""The signs of battery power, held against the one thing that cannot be signed wrongly: the state of charge.

Two questions. Does the telemetry's sign fit: does the state of charge rise while it says "charging"? And does the
plant answer a command in the told direction?
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise

RUNS_SHARE = 0.05
"""Below this share of the rating a battery counts as resting: its own consumption decides what its energy does."""
LONG_ENOUGH = timedelta(minutes=30)
STEPS = 2
"""A change of fewer steps of the reading may be its rounding."""
FINEST_STEP_PERCENT = 0.05
LARGEST_GAP = timedelta(minutes=20)
"""What happened between two samples further apart is not known."""
TAKES_HOLD = timedelta(minutes=1)
"""A command is looked at from this long after its beginning."""


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


def telemetry_contradiction(samples: Sequence[Sample], rated_kw: float) -> str | None:
    """How the telemetry's sign contradicts the state of charge, or None.

    Looked at are stretches of at least ``LONG_ENOUGH`` with power above ``RUNS_SHARE`` of the rating, always the
    same way, in which the state of charge moves by ``STEPS`` of its steps or more. The newest has the last word.
    """
    step = soc_step(samples)
    verdict: str | None = None
    for stretch in _stretches(samples, RUNS_SHARE * rated_kw):
        moved = stretch[-1].soc_percent - stretch[0].soc_percent
        length = stretch[-1].at - stretch[0].at
        power_kw = stretch[0].battery_kw or 0.0
        if length < LONG_ENOUGH or abs(moved) < STEPS * step - 1e-9:
            continue
        verdict = None
        if (moved > 0) != (power_kw > 0):
            does = "charging" if power_kw > 0 else "discharging"
            verdict = (
                f"telemetry read as {does} for {length.total_seconds() / 60:.0f} min while the state of charge went "
                f"from {stretch[0].soc_percent:g} to {stretch[-1].soc_percent:g} %"
            )
    return verdict


def _stretches(samples: Sequence[Sample], least_kw: float) -> Iterator[list[Sample]]:
    """Runs of samples with power of one sign above ``least_kw`` and no large gap."""
    run: list[Sample] = []
    for sample in samples:
        power_kw = sample.battery_kw or 0.0
        runs = abs(power_kw) > least_kw
        if run and (
            not runs or (power_kw > 0) != ((run[-1].battery_kw or 0.0) > 0) or sample.at - run[-1].at > LARGEST_GAP
        ):
            yield run
            run = []
        if runs:
            run.append(sample)
    if run:
        yield run


def answer_of(samples: Sequence[Sample], told: Sequence[Told], rated_kw: float) -> tuple[Answer, str | None]:
    """How the state of charge answered what was told, and the evidence in words.

    ``told`` is in order of time. Within each stretch in which the battery is told the same direction by more than
    ``RUNS_SHARE`` of the rating, the state of charge must move by ``STEPS`` of its steps. The newest that did has
    the last word. A battery that is full or empty does not move, and that is no answer.
    """
    step = soc_step(samples)
    found, evidence = Answer.NONE_YET, None
    for direction, start, end in _directions(told, RUNS_SHARE * rated_kw):
        within = [sample for sample in samples if start + TAKES_HOLD <= sample.at <= end]
        for first, last in _connected(within):
            moved = last.soc_percent - first.soc_percent
            if abs(moved) < STEPS * step - 1e-9:
                continue
            verb = "charge" if direction > 0 else "discharge"
            evidence = (
                f"told to {verb} from {first.at:%Y-%m-%dT%H:%MZ} to {last.at:%H:%MZ}, the state of charge went from "
                f"{first.soc_percent:g} to {last.soc_percent:g} %"
            )
            found = Answer.AS_TOLD if (moved > 0) == (direction > 0) else Answer.CONTRARY
    return found, evidence


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


def _connected(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """First and last sample of each run without a large gap."""
    first: Sample | None = None
    previous: Sample | None = None
    for sample in samples:
        if first is not None and previous is not None and sample.at - previous.at > LARGEST_GAP:
            yield first, previous
            first = None
        first, previous = first or sample, sample
    if first is not None and previous is not None:
        yield first, previous


HAS_EFFECT_AFTER = timedelta(minutes=2)
LOOKED_AT = 3
FAR_OFF_SHARE = 0.5
FULL_PERCENT, EMPTY_PERCENT = 99.0, 1.0


def effect_of(samples: Sequence[Sample], told: Sequence[Told], rated_kw: float) -> tuple[bool | None, str | None]:
    """Whether the newest samples show the battery doing what it is told; None: cannot be told.

    Looked at are the last ``LOOKED_AT`` samples, if the same has been told since ``HAS_EFFECT_AFTER`` before them.
    It diverges where all of them miss more than half of what was told, and has effect where one does not. A full
    battery need not charge and an empty one need not discharge. The words say what was told and what happened.
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
        return True, None
    does = ", ".join(f"{kw:+.2f}" for kw in powers)
    return False, f"told {now_told.battery_kw:+.2f} kW (charge positive), but the battery did {does} kW"
