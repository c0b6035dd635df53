"""Whether a batch is worth sending, given what is in force at the site."""

from collections.abc import Sequence
from datetime import datetime

from optimizer.domain.command import Batch, Command, Entry, Pair


def why_send(
    batch: Batch, in_force: Sequence[Command], *, now: datetime, until: datetime, tolerance: float
) -> str | None:
    """The reason to send, or None where the site already does the same from ``now`` to ``until``.

    Compared are the values at every instant, not the entries: the cloud may cut or split what it stores.
    ``tolerance`` is in the value's unit (kW or percent).
    """
    stored = {command.pair: command.entries for command in in_force}
    wanted = {command.pair: command.entries for command in batch.commands}
    for pair in Pair:
        new, old = wanted.get(pair, ()), stored.get(pair, ())
        for at in instants(new, old, now, until):
            new_value, old_value = value_at(new, at), value_at(old, at)
            if new_value is None and old_value is None:
                continue
            if old_value is None:
                return f"{pair.label} has nothing in force at {at:%Y-%m-%dT%H:%M:%SZ}"
            if new_value is None:
                return f"{pair.label} is in force at {at:%Y-%m-%dT%H:%M:%SZ} and no longer planned"
            if abs(new_value - old_value) > tolerance + 1e-9:
                return f"{pair.label} changes from {old_value:g} to {new_value:g} at {at:%Y-%m-%dT%H:%M:%SZ}"
    return None


def in_force_as_sent(batch: Batch, in_force: Sequence[Command], *, now: datetime) -> bool:
    """Whether the site's stored schedule is what this batch asked for, pair by pair, from ``now`` on."""
    end = batch.end
    if end is None:
        cleared = {command.pair for command in batch.commands}
        return not any(command.pair in cleared and command.entries for command in in_force)
    stored = {command.pair: command.entries for command in in_force}
    for command in batch.commands:
        old = stored.get(command.pair, ())
        for at in instants(command.entries, old, now, end):
            new_value, old_value = value_at(command.entries, at), value_at(old, at)
            if (new_value is None) != (old_value is None):
                return False
            if new_value is not None and old_value is not None and abs(new_value - old_value) > 1e-6:
                return False
    return True


def instants(new: Sequence[Entry], old: Sequence[Entry], now: datetime, until: datetime) -> list[datetime]:
    """Every instant in ``[now, until)`` at which one of the two can change."""
    edges = {now} | {at for entry in (*new, *old) for at in (entry.start, entry.end)}
    return sorted(at for at in edges if now <= at < until)


def value_at(entries: Sequence[Entry], at: datetime) -> float | None:
    return next((entry.value for entry in entries if entry.start <= at < entry.end), None)
