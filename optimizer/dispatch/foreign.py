"""Whose schedules are in force: ours, as the ledger remembers them, or somebody else's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from optimizer.dispatch.hold import instants, value_at
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.intent import BatchState, Intent

SAME = 1e-6
UNCERTAIN = frozenset({BatchState.SENT, BatchState.LOST, BatchState.NOT_FOUND})
"""Of these it is not known whether they were taken."""
BATTERY_OR_GRID = frozenset({Pair.BESS_POWER, Pair.BESS_SOC, Pair.GRID_POWER})
"""Pairs that decide what the battery does: while a foreign one stands, ours would fight it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSchedule:
    """What stands in force for a pair and was not written by us."""

    pair: Pair
    entries: tuple[Entry, ...]

    @property
    def end(self) -> datetime:
        """When it ends by itself."""
        return max(entry.end for entry in self.entries)


def foreign_schedules(
    in_force: Sequence[Command], intents: Sequence[Intent], now: datetime
) -> Iterator[ForeignSchedule]:
    """The pairs whose stored entries, from ``now`` on, are none that we sent or may have sent.

    ``intents`` are newest first. At each instant it may be what the newest batch that was taken tells, what any
    later one tells whose answer was lost, or what the newest one tells that says anything about that instant: the
    documents leave open whether a new command replaces a pair's entries or is laid over them. Where no batch of
    ours is known nobody can tell, for the ledger may have been lost; nothing is called foreign then.
    """
    if not intents:
        return
    for command in in_force:
        entries = tuple(entry for entry in command.entries if entry.end > now)
        ours = [
            (intent.state, told.entries)
            for intent in intents
            if intent.state is not BatchState.REFUSED
            for told in intent.commands
            if told.pair is command.pair
        ]
        if entries and not all(_is_ours(value, at, ours) for at, value in _values(entries, ours, now)):
            yield ForeignSchedule(pair=command.pair, entries=entries)


_Told = Sequence[tuple[BatchState, tuple[Entry, ...]]]


def _values(stored: Sequence[Entry], ours: _Told, now: datetime) -> Iterator[tuple[datetime, float]]:
    """What is stored, at every instant at which it or ours can change."""
    until = max(entry.end for entry in stored)
    for at in instants(stored, [entry for _, entries in ours for entry in entries], now, until):
        value = value_at(stored, at)
        if value is not None:
            yield at, value


def _is_ours(value: float, at: datetime, ours: _Told) -> bool:
    """Newest first: a batch that was surely taken and tells of the instant has the last word."""
    for state, entries in ours:
        told = value_at(entries, at)
        if told is None:
            continue
        if abs(told - value) <= SAME:
            return True
        if state not in UNCERTAIN:
            return False
    return False
