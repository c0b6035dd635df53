"""``heat-optimizer replay``: a batch's commands made again from the ledger, and compared with what was sent."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.app import Application
from optimizer.domain.intent import BatchKind
from optimizer.errors import ConfigError
from optimizer.ledger import DAMAGED_RECORD, unpacked
from optimizer.ledger_command import damage_told
from optimizer.replay import Replayed, replayed

MOST_TOLD = 20
FIND_BATCH = (
    "SELECT key, site_id, kind, intended_at, cycle_id, commands FROM batches WHERE batch_id = ?1 OR key = ?1 "
    "ORDER BY number DESC"
)
FIND_CYCLE = "SELECT body FROM cycles WHERE site_id = ? AND cycle_id = ?"
FIND_CYCLE_BEFORE = "SELECT body FROM cycles WHERE site_id = ? AND at <= ? ORDER BY at DESC, cycle_id DESC LIMIT 1"
"""For a batch that names no cycle: an older version sent it, or the cycle never ended."""


@damage_told
def replay_text(app: Application, batch: str) -> tuple[str, bool]:
    """What came of it, and whether the commands are the same. Raises ConfigError, or PlanError."""
    found = _rows(app, FIND_BATCH, batch)
    if not found:
        msg = f"replay {batch}: no batch of this ledger; heat-optimizer batches lists them"
        raise ConfigError(msg)
    key, site_id, kind, intended_at, cycle_id, sent = found[0]
    if kind != BatchKind.PLAN.value:
        purpose = _PURPOSE.get(kind, kind)
        msg = f"replay {batch}: it was sent to {purpose}, not to carry out a plan: there is nothing to make again"
        raise ConfigError(msg)
    query, which = (FIND_CYCLE_BEFORE, intended_at) if cycle_id is None else (FIND_CYCLE, cycle_id)
    cycles = _rows(app, query, site_id, which)
    if not cycles:
        msg = f"replay {batch}: the cycle that made it is not on record any more ([ledger] keep_cycles_days)"
        raise ConfigError(msg)
    try:
        body = unpacked(cycles[0][0])
    except DAMAGED_RECORD as error:
        msg = f"replay {batch}: the record of its cycle is damaged: {error}; other batches may still be made again"
        raise ConfigError(msg) from None
    try:
        told = json.loads(sent)
    except ValueError as error:
        msg = f"replay {batch}: what is recorded of it is damaged: {error}; other batches may still be made again"
        raise ConfigError(msg) from None
    result = replayed(body)
    if told != result.recorded:
        msg = f"replay {batch}: the cycle on record before it made another batch; its own record is gone"
        raise ConfigError(msg)
    return "\n".join(_lines(key, result)), result.is_same


_PURPOSE = {BatchKind.REST.value: "let the battery rest", BatchKind.CLEAR.value: "take back what we had told"}


def _lines(key: str, result: Replayed) -> Iterator[str]:
    yield key
    if result.is_same:
        entries = sum(len(command["entries"]) for command in result.made)
        yield f"the same: {len(result.made)} commands with {entries} entries, byte for byte"
    else:
        told = list(_differences(result))
        yield f"NOT the same, {len(told)} differences"
        yield from (f"  {each}" for each in told[:MOST_TOLD])
        if not result.changed:
            yield "nothing on record explains it: please report this as a defect"
    yield from (f"  {each}" for each in result.changed)


def _differences(result: Replayed) -> Iterator[str]:
    """Each entry that one of the two has and the other has not."""
    was, made = _by_entry(result.recorded), _by_entry(result.made)
    for entry in sorted({*was, *made}):
        if was.get(entry) != made.get(entry):
            pair, start, end = entry
            yield f"{pair} {start} to {end}: sent {_shown(was, entry)}, made now {_shown(made, entry)}"


def _by_entry(commands: list[dict[str, Any]]) -> dict[tuple[str, str, str], float | None]:
    return {
        (command["pair"], start, end): value
        for command in commands
        for start, end, value in command["entries"] or [["", "", None]]
    }


def _shown(entries: Mapping[tuple[str, str, str], float | None], entry: tuple[str, str, str]) -> str:
    if entry not in entries:
        return "nothing"
    value = entries[entry]
    return "a clearing" if value is None else f"{value:g}"


def _rows(app: Application, query: str, *parameters: Any) -> list[Any]:
    try:
        return app.ledger.rows(query, parameters)
    except sqlite3.Error as error:
        msg = f"the ledger cannot be read: {error}"
        raise ConfigError(msg) from None
