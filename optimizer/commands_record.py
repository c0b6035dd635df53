"""Commands as plain data for the ledger, and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from optimizer.domain.command import Command, Entry, Pair


def commands_document(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Commands as plain data, in a fixed order: the same content gives the same text."""
    return [
        {
            "pair": command.pair.label,
            "entries": [[entry.start.isoformat(), entry.end.isoformat(), entry.value] for entry in command.entries],
        }
        for command in sorted(commands, key=lambda command: command.pair.label)
    ]


def commands_from(document: Sequence[Mapping[str, Any]]) -> tuple[Command, ...]:
    """The commands of ``commands_document``."""
    pairs = {pair.label: pair for pair in Pair}
    return tuple(
        Command(
            pair=pairs[command["pair"]],
            entries=tuple(
                Entry(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end), value=value)
                for start, end, value in command["entries"]
            ),
        )
        for command in document
    )
