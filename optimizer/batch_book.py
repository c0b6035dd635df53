"""Batches in the ledger: the intent before the request, the answer after it, and who may write at all."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import structlog

from optimizer.commands_record import commands_document, commands_from
from optimizer.domain.command import Batch, Command, Pair, Receipt
from optimizer.domain.intent import OPEN, BatchKind, BatchState, Intent
from optimizer.errors import LedgerUnavailable, NotInControl
from optimizer.ledger import Ledger, instant_from
from optimizer.ports import RecordedReading

LEASES_LAST = 2
NEWEST = 20
"""How many of a site's batches tell ours from foreign schedules; pruning leaves as many."""
MOST_SENDS = 1000
DAY_S = 86400
FOREIGN = (
    "SELECT content, seen_at, respected_until, times FROM foreign_hands WHERE site_id = ? AND pair = ? "
    "AND typeof(seen_at) = 'integer' AND typeof(respected_until) = 'integer' AND typeof(times) = 'integer'"
)
COLUMNS = "key, site_id, slot, kind, intended_at, commands, state, sends, batch_id, accepted, confirmed_at, detail"


@dataclass(frozen=True, slots=True)
class BatchBook:
    """The batches of one ledger, written by ``holder`` ("machine process"), who alone has the ledger's lock there.

    Every method raises LedgerUnavailable where the ledger fails.
    """

    ledger: Ledger
    holder: str
    lease: timedelta

    def take_over(self, site_id: str, now: datetime) -> int:
        """Hold the site until ``now + lease`` and return the epoch; NotInControl while another process holds it.

        The epoch grows with each change of holder, and an intent of an older epoch is refused: a process that
        slept through the end of its lease cannot write after another has taken over.
        """
        with self._database() as db:
            row = db.execute(
                "SELECT holder, epoch, CASE typeof(until) WHEN 'integer' THEN until ELSE 0 END FROM leases "
                "WHERE site_id = ? AND typeof(epoch) = 'integer'",
                (site_id,),
            ).fetchone()
            if row is not None and row[0] != self.holder and not self._is_gone(row[0], row[2] - now.timestamp()):
                until = datetime.fromtimestamp(row[2], UTC)  # no further off than leases last, else it were gone
                msg = (
                    f"site {site_id} is held by {row[0]} until {until:%Y-%m-%dT%H:%M:%SZ}: one process posts to a site"
                )
                raise NotInControl(msg)
            epoch = 1 if row is None else row[1] + (row[0] != self.holder)
            until_s = int((now + self.lease).timestamp())
            db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", (site_id, self.holder, epoch, until_s))
        return int(epoch)

    def let_go(self, site_id: str) -> None:
        """End our lease, so that the next process need not wait for it."""
        with self._database() as db:
            db.execute("UPDATE leases SET until = 0 WHERE site_id = ? AND holder = ?", (site_id, self.holder))

    def intend(
        self, site_id: str, slot: datetime, batch: Batch, kind: BatchKind, *, epoch: int, now: datetime
    ) -> Intent:
        """Write down what is about to be sent. The same content in the same slot is one intent, sent once more, and
        then the newest.

        Raises NotInControl where the site has another holder meanwhile.
        """
        commands = _document(batch.commands)
        key = f"{site_id} {slot:%Y-%m-%dT%H:%M:%SZ} {sha256(commands.encode()).hexdigest()[:16]}"
        with self._database() as db:
            row = db.execute("SELECT holder, epoch FROM leases WHERE site_id = ?", (site_id,)).fetchone()
            if row is None or row != (self.holder, epoch):
                holder = "nobody" if row is None else row[0]
                msg = f"site {site_id} is held by {holder} now: nothing was sent"
                raise NotInControl(msg)
            before = db.execute("SELECT state FROM batches WHERE key = ?", (key,)).fetchone()
            ends_at = None if batch.end is None else batch.end.isoformat()
            db.execute(
                "INSERT INTO batches (key, site_id, slot, kind, epoch, intended_at, ends_at, commands, state, sends) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET "
                "number = (SELECT max(number) + 1 FROM batches), intended_at = excluded.intended_at, "
                "sends = sends + 1, state = excluded.state, epoch = excluded.epoch, detail = NULL",
                (
                    *(key, site_id, slot.isoformat(), kind.value, epoch, now.isoformat(), ends_at, commands),
                    BatchState.SENT.value,
                ),
            )
            row = db.execute(f"SELECT {COLUMNS} FROM batches WHERE key = ?", (key,)).fetchone()
        return replace(_intent(row), may_stand=before is not None and before[0] in {state.value for state in OPEN})

    def answered(self, key: str, receipt: Receipt, now: datetime) -> None:
        """The cloud took it, with its ``batchId`` and count; both None where only reading back told so."""
        state = BatchState.IN_FORCE if receipt.batch_id is None else BatchState.ACCEPTED
        with self._database() as db:
            db.execute(
                "UPDATE batches SET state = ?, batch_id = coalesce(?, batch_id), accepted = coalesce(?, accepted), "
                "answered_at = ? WHERE key = ?",
                (state.value, receipt.batch_id, receipt.accepted, now.isoformat(), key),
            )

    def judge(self, key: str, state: BatchState, now: datetime, detail: str | None = None) -> None:
        """What was found out about a batch."""
        moment = {BatchState.IN_FORCE: "confirmed_at", BatchState.EFFECTIVE: "effective_at"}.get(state)
        also = f", {moment} = coalesce({moment}, ?)" if moment else ""
        values = [state.value, detail, *([now.isoformat()] if moment else []), key]
        with self._database() as db:
            db.execute(f"UPDATE batches SET state = ?, detail = ?{also} WHERE key = ?", values)

    def newest(self, site_id: str, count: int = NEWEST) -> tuple[Intent, ...]:
        """The newest batches of a site, newest first."""
        query = f"SELECT {COLUMNS} FROM batches WHERE site_id = ? ORDER BY number DESC LIMIT ?"
        return tuple(_sound(site_id, self._rows(query, site_id, count)))

    def sends_between(self, site_id: str, since: datetime, now: datetime) -> int:
        """How many requests that change the site left, or may have left, in that time.

        What was written down by a clock that was ahead of now does not count. Looked at are the newest ``MOST_SENDS``
        batches, for of three months of them each cycle would read them all.
        """
        with self._database() as db:
            (count,) = db.execute(
                "SELECT coalesce(sum(sends), 0) FROM "
                "(SELECT sends, intended_at FROM batches WHERE site_id = ? ORDER BY number DESC LIMIT ?) "
                "WHERE intended_at >= ? AND intended_at <= ?",
                (site_id, MOST_SENDS, since.isoformat(), now.isoformat()),
            ).fetchone()
        return int(count)

    def mark(self, site_id: str, name: str) -> dict[str, Any] | None:
        """What was last found out about a site under this name; nothing where the record of it is damaged."""
        rows = self._rows("SELECT content FROM marks WHERE site_id = ? AND name = ?", site_id, name)
        try:
            return dict(json.loads(rows[0][0])) if rows else None
        except (ValueError, TypeError) as error:
            detail = f"what is on record of '{name}' is damaged: {error}"
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=detail)
            return None

    def set_mark(self, site_id: str, name: str, content: Mapping[str, Any], now: datetime) -> None:
        """Remember it."""
        row = (site_id, name, int(now.timestamp()), json.dumps(content))
        with self._database() as db:
            db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", row)

    def readings(self, site_id: str, since: datetime, until: datetime) -> list[RecordedReading]:
        """When, state of charge (percent), battery power (charge less discharge) and load (kW) of each reading."""
        rows = self._rows(
            "SELECT at, soc_percent, battery_kw, load_kw FROM telemetry WHERE site_id = ? AND at >= ? AND at <= ? "
            "AND typeof(soc_percent) = 'real' AND typeof(battery_kw) IN ('real', 'null') "
            "AND typeof(load_kw) IN ('real', 'null') ORDER BY at",
            site_id,
            int(since.timestamp()),
            int(until.timestamp()),
        )
        return [(datetime.fromtimestamp(at, UTC), *rest) for at, *rest in rows]

    def respect_until(self, site_id: str, foreign: Command, lease: timedelta, now: datetime) -> datetime:
        """Until when a foreign schedule stands: ``lease`` from when it was first seen.

        It is the same while what is left of it is: entries run out and running ones are cut. One that comes back
        within a day of the last has twice the last one's, up to a day, so that nobody is fought over and over.
        """
        until_s, times = lease_of(self.known_foreign(site_id, foreign.pair), foreign, lease, now)
        if times is not None:
            row = (site_id, foreign.pair.label, _document([foreign]), int(now.timestamp()), until_s, min(times, 10))
            with self._database() as db:
                db.execute("INSERT OR REPLACE INTO foreign_hands VALUES (?, ?, ?, ?, ?, ?)", row)
        return datetime.fromtimestamp(until_s, UTC)

    def known_foreign(self, site_id: str, pair: Pair) -> tuple[str, int, int, int] | None:
        """What is on record of the last foreign schedule of a pair: content, when seen, until when, leases before."""
        rows = self._rows(FOREIGN, site_id, pair.label)
        return rows[0] if rows else None

    def respected(self, site_id: str, now: datetime) -> frozenset[Pair]:
        """The pairs in which a foreign schedule was seen whose lease lasts."""
        rows = self._rows(
            "SELECT pair FROM foreign_hands WHERE site_id = ? AND seen_at <= ? AND respected_until > ?",
            site_id,
            int(now.timestamp()),
            int(now.timestamp()),
        )
        labels = {label for (label,) in rows}
        return frozenset(pair for pair in Pair if pair.label in labels)

    def _is_gone(self, holder: str, left_s: float) -> bool:
        """Whether a lease of ``left_s`` more seconds binds nobody: it ended, or its process ran on this machine.

        Here the lock of the ledger's file tells that no other process is alive. A lease that would last for longer
        than leases do was written by a clock that was wrong.
        """
        same_machine = holder.partition(" ")[0] == self.holder.partition(" ")[0]
        return left_s <= 0 or same_machine or left_s > LEASES_LAST * self.lease.total_seconds()

    def _rows(self, query: str, *parameters: Any) -> list[Any]:
        try:
            return self.ledger.rows(query, parameters)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            msg = f"the ledger cannot be used: {error}"
            raise LedgerUnavailable(msg) from error

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.ledger.transaction() as db:
                db.execute("BEGIN IMMEDIATE")
                yield db
        except (sqlite3.Error, OverflowError, UnicodeError) as error:  # the latter: what SQLite has no form for
            msg = f"the ledger cannot be used: {error}"
            raise LedgerUnavailable(msg) from error


def _document(commands: Sequence[Command]) -> str:
    return json.dumps(commands_document(commands), separators=(",", ":"))


def lease_of(
    row: tuple[str, int, int, int] | None, foreign: Command, lease: timedelta, now: datetime
) -> tuple[int, int | None]:
    """Until when a foreign schedule is respected, and how many leases it had before; None: the one on record lasts."""
    now_s, times = int(now.timestamp()), 0
    if row is not None:
        known, seen_s, until_s, times = row
        is_recent = abs(now_s - until_s) < DAY_S
        if (now_s < until_s or _is_left_of(known, foreign, now)) and seen_s <= now_s and is_recent:
            return until_s, None
        times = times + 1 if is_recent else 0
    return now_s + int(min(lease.total_seconds() * 2**times, DAY_S)), times


def _is_left_of(known: str, foreign: Command, now: datetime) -> bool:
    """Whether ``foreign`` is what is still to come of the schedule on record."""
    try:
        (before,) = _commands(known)
    except (ValueError, TypeError, KeyError):
        return False
    left, stands = (
        {(entry.end, entry.value) for entry in each.entries if entry.end > now} for each in (before, foreign)
    )
    return left == stands


@lru_cache(maxsize=256)
def _commands(document: str) -> tuple[Command, ...]:
    """Each cycle looks at the same few batches again."""
    return commands_from(json.loads(document))


def _sound(site_id: str, rows: Sequence[Sequence[Any]]) -> Iterator[Intent]:
    """The batches whose records can be read; the others are reported, and stand in nobody's way."""
    for row in rows:
        try:
            yield _intent(row)
        except (ValueError, TypeError, KeyError) as error:
            detail = f"the record of batch {row[0]} is damaged: {error}"
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=detail)


def _intent(row: Sequence[Any]) -> Intent:
    key, site_id, slot, kind, intended_at, commands, state, sends, batch_id, accepted, confirmed_at, detail = row
    return Intent(
        key=key,
        site_id=site_id,
        slot=instant_from(slot),
        kind=BatchKind(kind),
        intended_at=instant_from(intended_at),
        commands=_commands(commands),
        state=BatchState(state),
        sends=int(sends),
        batch_id=batch_id,
        accepted=accepted,
        confirmed_at=None if confirmed_at is None else instant_from(confirmed_at),
        detail=detail,
    )
