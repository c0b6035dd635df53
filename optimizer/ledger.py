"""The only memory between cycles: SQLite with telemetry, and one record of every cycle.

A cycle is recorded before its batch is sent (intent) and again with what came of it (outcome), so that a
crash in between leaves a trace of what may be in force. Large values are JSON, compressed.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Self

from optimizer.errors import ConfigError
from optimizer.ledger_schema import MIGRATIONS, SCHEMA_VERSION, TELEMETRY_COLUMNS

BUCKET_S = 900
WAL_BYTES = 16 * 2**20
"""What the write-ahead log may keep on the disk; a long reader makes it grow for as long as it reads."""
HOW_TO_READ = (
    "read it as the service's user (heat-optimizer-as-service); where it is damaged, restart the service: it puts the "
    "file aside (RUNBOOK.md, ledger_set_aside)"
)
MOST_BATCHES = 20
"""No cycle sends so many; older ones need not be looked through."""
MARK_BATCHES = """
UPDATE batches SET cycle_id = :cycle_id FROM (SELECT site_id, at FROM cycles WHERE cycle_id = :cycle_id) AS cycle
WHERE number IN (SELECT number FROM batches WHERE site_id = cycle.site_id ORDER BY number DESC LIMIT :most)
AND batches.cycle_id IS NULL AND batches.intended_at >= cycle.at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySample:
    """One reading of a site at one instant. None: not read, or not to be learnt from.

    ``battery_kw`` is charge less discharge as the telemetry's sign is read.
    """

    at: datetime
    load_kw: float | None
    solar_kw: float | None
    heat_kw: float | None
    thermal_kw: float | None
    outdoor_c: float | None
    other_kw: float | None
    soc_percent: float | None
    battery_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRecord:
    """A cycle as it is stored. ``body`` holds inputs, plan, batch and outcome."""

    cycle_id: int
    site_id: str
    at: datetime
    outcome: str
    detail: str | None
    batch_id: str | None
    verdict: str | None
    objective: float | None
    body: Mapping[str, Any]


class Ledger:
    """A SQLite file, safe to use from several threads and from several processes.

    ``clean`` takes secrets out of every text that a cycle records.
    """

    def __init__(self, connection: sqlite3.Connection, clean: Callable[[str], str] = str) -> None:
        self._connection = connection
        self._clean = clean
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, clean: Callable[[str], str] = str) -> Self:
        """Open or create the ledger. Raises ConfigError naming the file when that cannot be done."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
        except (sqlite3.Error, OSError) as error:
            raise _not_opened(path, error) from None
        try:
            _prepare(connection, path)
        except sqlite3.Error as error:
            connection.close()
            raise _not_opened(path, error) from None
        except ConfigError:
            connection.close()
            raise
        return cls(connection, clean)

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """Open an existing ledger for reading; an empty one in memory where there is none."""
        if not path.exists():
            connection = sqlite3.connect(":memory:", check_same_thread=False)
            migrate(connection, 0)
            return cls(connection)
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            with ExitStack() as undo:
                connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
                undo.callback(connection.close)
                connection.execute("SELECT 1 FROM telemetry LIMIT 1")
                undo.pop_all()
        except sqlite3.Error as error:
            msg = f"ledger {path} cannot be read: {error}; {HOW_TO_READ}"
            raise ConfigError(msg) from None
        return cls(connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All statements within, or none. Raises sqlite3.Error."""
        with self._lock, self._connection:
            yield self._connection

    def copy_into(self, target: sqlite3.Connection) -> None:
        """The whole ledger as it is now, also while it is in use. Raises sqlite3.Error."""
        with self._lock:
            self._connection.backup(target)

    def rows(self, query: str, parameters: Sequence[Any]) -> list[Any]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def write(self, *statements: tuple[str, Sequence[Sequence[Any]]]) -> None:
        """Each statement with each of its rows, all in one transaction."""
        with self.transaction() as db:
            for statement, rows in statements:
                db.executemany(statement, rows)

    def record_sample(self, site_id: str, sample: TelemetrySample) -> None:
        """Store one reading; a second one of the same second replaces the first."""
        names = ("at", *TELEMETRY_COLUMNS, "soc_percent", "battery_kw")
        values = [int(sample.at.timestamp()), *(getattr(sample, name) for name in names[1:])]
        marks = ", ".join("?" * (len(names) + 1))
        with self.transaction() as db:
            db.execute(
                f"INSERT OR REPLACE INTO telemetry (site_id, {', '.join(names)}) VALUES ({marks})", [site_id, *values]
            )

    def quarter_hour_means(
        self, site_id: str, start: datetime, end: datetime
    ) -> tuple[list[int], dict[str, list[float | None]]]:
        """Mean of each column per 15 minutes of ``[start, end)``: epoch seconds of the starts, and columns."""
        means = ", ".join(f"avg({name})" for name in TELEMETRY_COLUMNS)
        with self._lock:
            rows = self._connection.execute(
                f"SELECT at / {BUCKET_S} * {BUCKET_S} AS bucket, {means} FROM telemetry "
                "WHERE site_id = ? AND at >= ? AND at < ? GROUP BY bucket ORDER BY bucket",
                (site_id, int(start.timestamp()), int(end.timestamp())),
            ).fetchall()
        columns = {name: [row[number + 1] for row in rows] for number, name in enumerate(TELEMETRY_COLUMNS)}
        return [row[0] for row in rows], columns

    def record_meter(self, site_id: str, at: datetime, *, import_kw: float | None, export_kw: float | None) -> None:
        """Store one reading of the connection point; a second one of the same second replaces the first."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO meter (site_id, at, import_kw, export_kw) VALUES (?, ?, ?, ?)",
                (site_id, int(at.timestamp()), import_kw, export_kw),
            )

    def interval_means(
        self, site_id: str, start: datetime, end: datetime, interval_s: int
    ) -> list[tuple[int, float | None, float | None, int]]:
        """For each interval of ``[start, end)``: its start (epoch seconds), mean import and export, readings."""
        with self._lock:
            return self._connection.execute(
                "SELECT at / ? * ? AS bucket, avg(import_kw), avg(export_kw), count(*) FROM meter "
                "WHERE site_id = ? AND at >= ? AND at < ? GROUP BY bucket ORDER BY bucket",
                (interval_s, interval_s, site_id, int(start.timestamp()), int(end.timestamp())),
            ).fetchall()

    def newest_soc(self, site_id: str, since: datetime, until: datetime) -> tuple[datetime, float] | None:
        """The newest recorded state of charge (percent) in ``[since, until]`` and when it was read."""
        with self._lock:
            row = self._connection.execute(
                "SELECT at, soc_percent FROM telemetry WHERE site_id = ? AND at >= ? AND at <= ? "
                "AND soc_percent IS NOT NULL ORDER BY at DESC LIMIT 1",
                (site_id, int(since.timestamp()), int(until.timestamp())),
            ).fetchone()
        return None if row is None else (datetime.fromtimestamp(row[0], UTC), row[1])

    def begin_cycle(self, site_id: str, at: datetime, body: Mapping[str, Any]) -> int:
        """Store what is about to be done; the outcome reads ``intent`` until ``end_cycle``."""
        with self.transaction() as db:
            cursor = db.execute(
                "INSERT INTO cycles (site_id, at, outcome, body) VALUES (?, ?, 'intent', ?)",
                (site_id, at.isoformat(), packed(body, self._clean)),
            )
        return int(cursor.lastrowid or 0)

    def end_cycle(
        self,
        cycle_id: int,
        *,
        outcome: str,
        detail: str | None,
        batch_id: str | None = None,
        accepted: int | None = None,
        verdict: str | None = None,
        objective: float | None = None,
        currency: str | None = None,
        body: Mapping[str, Any],
        issued: bytes | None = None,
    ) -> None:
        """Complete a record with what came of it; ``issued`` is its forecast, for those that learn from its errors.

        The site's batches that were written down since the cycle began are marked as its own.
        """
        said = None if detail is None else self._clean(detail).encode(errors="replace").decode()  # half letters as "?"
        stored = packed(body, self._clean)
        with self.transaction() as db:
            db.execute(
                "UPDATE cycles SET outcome = ?, detail = ?, batch_id = ?, accepted = ?, verdict = ?, "
                "objective = ?, currency = ?, body = ?, issued = ? WHERE cycle_id = ?",
                (outcome, said, batch_id, accepted, verdict, objective, currency, stored, issued, cycle_id),
            )
            db.execute(MARK_BATCHES, {"cycle_id": cycle_id, "most": MOST_BATCHES})

    def cycles(self, site_id: str, *, limit: int = 100) -> list[CycleRecord]:
        """The newest cycles of a site, newest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT cycle_id, site_id, at, outcome, detail, batch_id, verdict, objective, body FROM cycles "
                "WHERE site_id = ? ORDER BY cycle_id DESC LIMIT ?",
                (site_id, limit),
            ).fetchall()
        return [
            CycleRecord(
                cycle_id=row[0],
                site_id=row[1],
                at=datetime.fromisoformat(row[2]),
                outcome=row[3],
                detail=row[4],
                batch_id=row[5],
                verdict=row[6],
                objective=row[7],
                body=unpacked(row[8]),
            )
            for row in rows
        ]

    def planned_at(self, site_id: str, instants: Sequence[datetime], within: timedelta) -> list[Mapping[str, Any]]:
        """What the newest cycle in ``(instant - within, instant]`` recorded, for each instant that has one."""
        return [unpacked(body) for (body,) in self._newest("body", site_id, instants, within)]

    def issued_at(
        self, site_id: str, instants: Sequence[datetime], within: timedelta
    ) -> list[tuple[bytes | None, bytes | None]]:
        """Of the same cycles the forecasts alone, as they were given; else, of an older version, all of its record."""
        return self._newest("issued, CASE WHEN issued IS NULL THEN body END", site_id, instants, within)

    def _newest(self, columns: str, site_id: str, instants: Sequence[datetime], within: timedelta) -> list[Any]:
        found = []
        with self._lock:
            for instant in instants:
                row = self._connection.execute(
                    f"SELECT {columns} FROM cycles WHERE site_id = ? AND at <= ? AND at > ? "
                    "AND objective IS NOT NULL ORDER BY at DESC LIMIT 1",
                    (site_id, instant.isoformat(), (instant - within).isoformat()),
                ).fetchone()
                if row is not None:
                    found.append(row)
        return found


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Write-ahead log, and the tables of this version. Raises ConfigError on a file from a later version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        msg = f"ledger {path} is of version {version}; this program reads up to version {SCHEMA_VERSION}: update it"
        raise ConfigError(msg)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
    migrate(connection, version)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Each step in a transaction of its own: one that is interrupted leaves the version before it."""
    for step in range(version, SCHEMA_VERSION):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[step]} PRAGMA user_version={step + 1}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise


def _not_opened(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"ledger {path} cannot be opened: {error}; check its folder's permissions or set [ledger] path")


def instant_from(stored: str) -> datetime:
    """An instant as the ledger keeps it. Raises ValueError, TypeError where it is none, or has no zone."""
    at = datetime.fromisoformat(stored)
    if at.tzinfo is None:
        msg = f"{stored} has no zone"
        raise ValueError(msg)
    return at


PLAIN = frozenset({float, int, str, bool, type(None)})


def plain(value: Any) -> Any:
    """Dataclasses, enums and times as what JSON knows."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple | frozenset | set):
        return list(value) if PLAIN.issuperset(map(type, value)) else [plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return value


DAMAGED_RECORD = (zlib.error, ValueError, TypeError)
"""How ``unpacked`` ends with a record that is damaged."""


def unpacked(body: bytes) -> dict[str, Any]:
    """A cycle's record as it was packed. Raises one of ``DAMAGED_RECORD``."""
    return dict(json.loads(zlib.decompress(body)))


def packed(body: Mapping[str, Any], clean: Callable[[str], str] = str) -> bytes:
    """A cycle's record as it is stored."""
    return zlib.compress(clean(json.dumps(plain(body))).encode(), level=6)
