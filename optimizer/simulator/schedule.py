"""The six kinds of schedule, how they are stored and how a new one meets the stored ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from optimizer.simulator.options import ReplaceRule


class Pair(Enum):
    """The supported (asset, type) combinations, by the vendor's names."""

    GRID_UPPER = ("grid", "upperLimitkW")
    GRID_LOWER = ("grid", "lowerLimitkW")
    GRID_POWER = ("grid", "activePowerkW")
    SOLAR_CURTAILMENT = ("solar", "solarCurtailmentPcnt")
    BESS_POWER = ("bess", "activePowerkW")
    BESS_SOC = ("bess", "optimalSocPcnt")

    @property
    def label(self) -> str:
        """Asset and type as one word."""
        return ".".join(self.value)


OVERWRITES = {Pair.BESS_POWER: Pair.BESS_SOC, Pair.BESS_SOC: Pair.BESS_POWER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value as sent (kW or percent) that holds on ``[start, end)``, UTC."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCommand:
    """All entries of one pair, in order of time; none clears the pair."""

    pair: Pair
    entries: tuple[Entry, ...]


type Schedules = Mapping[Pair, tuple[Entry, ...]]


def apply(stored: Schedules, commands: Iterable[ScheduleCommand], rule: ReplaceRule) -> dict[Pair, tuple[Entry, ...]]:
    """What is stored afterwards. Pairs that are not sent stay.

    Entries for one battery pair drop what was stored for the other.
    """
    commands = tuple(commands)
    after = dict(stored)
    for command in commands:
        if command.entries and command.pair in OVERWRITES:
            after.pop(OVERWRITES[command.pair], None)
    for command in commands:
        kept = after.pop(command.pair, ()) if rule == "merge" and command.entries else ()
        entries = (*_outside(kept, command.entries), *command.entries)
        after[command.pair] = tuple(sorted(entries, key=lambda entry: entry.start))
    return {pair: entries for pair, entries in after.items() if entries}


def not_ended(stored: Schedules, now: datetime) -> dict[Pair, tuple[Entry, ...]]:
    """The running and the pending entries; pairs without any are left out. Ordered as the documents list them."""
    alive = {pair: tuple(entry for entry in stored.get(pair, ()) if entry.end > now) for pair in Pair}
    return {pair: entries for pair, entries in alive.items() if entries}


def running(stored: Schedules, at: datetime) -> dict[Pair, Entry]:
    """The entry of each pair that holds at an instant."""
    return {pair: entry for pair, entries in stored.items() for entry in entries if entry.start <= at < entry.end}


def edges(stored: Schedules) -> tuple[datetime, ...]:
    """Every instant at which an entry begins or ends, in order."""
    return tuple(sorted({at for entries in stored.values() for entry in entries for at in (entry.start, entry.end)}))


def coincidences(first: Iterable[Entry], second: Iterable[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Each two entries of two ordered lists that share an instant, found in one walk."""
    left, right = list(first), list(second)
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        if a.start < b.end and b.start < a.end:
            yield a, b
        if a.end <= b.end:
            i += 1
        else:
            j += 1


def _outside(kept: Iterable[Entry], windows: Iterable[Entry]) -> list[Entry]:
    """What remains of entries after the windows of others are cut out of them."""
    parts = list(kept)
    for window in windows:
        cut: list[Entry] = []
        for part in parts:
            if part.start < window.start:
                cut.append(replace(part, end=min(part.end, window.start)))
            if part.end > window.end:
                cut.append(replace(part, start=max(part.start, window.end)))
        parts = cut
    return parts
