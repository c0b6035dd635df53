"""The ledger read for the operator's page, over a connection of its own: whoever plans never waits for it."""

import sqlite3
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from optimizer.errors import ConfigError
from optimizer.ledger import Ledger
from optimizer.web.record import BatchRow, HourRow, SiteRecord

READ_AGAIN_S = 30.0
"""What is younger is told again."""
MOST_AT_ONCE_S = 2.0
"""So much time is given to sites that were never read, when all are asked for at once."""
BATCHES = 20
HOURS = 24
HOUR = timedelta(hours=1)
CYCLE_MAY_BE = timedelta(minutes=45)
"""How much earlier than an hour before may the cycle be whose forecast is looked at."""
LEAST_QUARTERS = 2
"""An hour with fewer quarters on record is not known."""
BATCH_COLUMNS = (
    "intended_at, kind, state, sends, batch_id, accepted, answered_at, confirmed_at, effective_at, ends_at, detail"
)
UNREADABLE = (ConfigError, sqlite3.Error, zlib.error, OSError, ValueError, KeyError, TypeError)

Expected = tuple[float | None, float | None]
"""Mean kW of load and sun."""


@dataclass(slots=True)
class RecordReader:
    """Reads at most once in ``READ_AGAIN_S`` for each site. ``clock_s`` never jumps."""

    path: Callable[[], Path]
    now: Callable[[], datetime]
    clock_s: Callable[[], float]
    _records: dict[str, tuple[float, SiteRecord]] = field(default_factory=dict)
    _expected: dict[str, dict[datetime, Expected]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def record(self, site_id: str) -> SiteRecord:
        """What the ledger tells of a site. What cannot be read is told as the record's error."""
        with self._guard:
            known = self._records.get(site_id)
            if known is not None and self.clock_s() - known[0] < READ_AGAIN_S:
                return known[1]
            found = self._read(site_id)
            self._records[site_id] = (self.clock_s(), found)
            return found

    def in_turn(self) -> Callable[[str], SiteRecord]:
        """The same for one request that asks for many sites, which must not take for ever."""
        ends_s = self.clock_s() + MOST_AT_ONCE_S

        def record(site_id: str) -> SiteRecord:
            if site_id in self._records or self.clock_s() < ends_s:
                return self.record(site_id)
            words = f"not read yet: too many sites were asked for at once; ask again, or for site {site_id} alone"
            return SiteRecord(read_at=self.now(), error=words)

        return record

    def _read(self, site_id: str) -> SiteRecord:
        now = self.now()
        try:
            path = self.path()
            if not path.exists():
                return SiteRecord(read_at=now, error=f"there is no file {path}")
            ledger = Ledger.open_read_only(path)
            try:
                return SiteRecord(
                    read_at=now, batches=_batches(ledger, site_id), hours=self._hours(ledger, site_id, now)
                )
            finally:
                ledger.close()
        except UNREADABLE as error:
            return SiteRecord(read_at=now, error=f"{type(error).__name__}: {error}")

    def _hours(self, ledger: Ledger, site_id: str, now: datetime) -> tuple[HourRow, ...]:
        """The last whole hours, oldest first. What was expected of them is read but once."""
        end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        starts = [end - number * HOUR for number in range(HOURS, 0, -1)]
        was = self._expected.get(site_id, {})
        expected = {start: was[start] if start in was else _expected(ledger, site_id, start) for start in starts}
        self._expected[site_id] = expected
        came = _recorded(ledger, site_id, starts)
        return tuple(
            HourRow(
                start=start,
                expected_load_kw=expected[start][0],
                load_kw=came[start][0],
                expected_solar_kw=expected[start][1],
                solar_kw=came[start][1],
            )
            for start in starts
        )


def _batches(ledger: Ledger, site_id: str) -> tuple[BatchRow, ...]:
    query = f"SELECT {BATCH_COLUMNS} FROM batches WHERE site_id = ? ORDER BY number DESC LIMIT ?"
    return tuple(
        BatchRow(
            intended_at=datetime.fromisoformat(row[0]),
            kind=row[1],
            state=row[2],
            sends=row[3],
            batch_id=row[4],
            accepted=row[5],
            answered_at=_time(row[6]),
            confirmed_at=_time(row[7]),
            effective_at=_time(row[8]),
            ends_at=_time(row[9]),
            detail=row[10],
        )
        for row in ledger.rows(query, (site_id, BATCHES))
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _expected(ledger: Ledger, site_id: str, start: datetime) -> Expected:
    """What the newest cycle at least an hour before forecast for the hour from ``start`` on."""
    body = next(iter(ledger.planned_at(site_id, [start - HOUR], CYCLE_MAY_BE)), None)
    if body is None or "forecasts" not in body:
        return None, None
    edges = [datetime.fromisoformat(edge) for edge in body["problem"]["horizon"]["edges"]]
    load_kw, solar_kw = (_mean(body["forecasts"][name], edges, start) for name in ("load", "solar"))
    return load_kw, solar_kw


def _mean(forecast: Mapping[str, Any], edges: list[datetime], start: datetime) -> float | None:
    """Mean kW of the hour; None where the slots do not cover it."""
    covered_s = energy_kws = 0.0
    for begin, end, kw in zip(edges, edges[1:], forecast["kw"], strict=False):
        seconds = (min(end, start + HOUR) - max(begin, start)).total_seconds()
        if seconds > 0:
            covered_s += seconds
            energy_kws += seconds * kw
    return energy_kws / covered_s if covered_s >= HOUR.total_seconds() else None


def _recorded(ledger: Ledger, site_id: str, starts: list[datetime]) -> dict[datetime, Expected]:
    """Mean of what was recorded in each hour. The load is all that the load's forecast holds: other assets as well."""
    quarters, columns = ledger.quarter_hour_means(site_id, starts[0], starts[-1] + HOUR)
    found: dict[datetime, Expected] = {}
    for start in starts:
        begin_s = start.timestamp()
        rows = [number for number, at_s in enumerate(quarters) if begin_s <= at_s < begin_s + HOUR.total_seconds()]
        load_kw = [
            kw + (columns["other_kw"][row] or 0.0) for row in rows if (kw := columns["load_kw"][row]) is not None
        ]
        solar_kw = [kw for row in rows if (kw := columns["solar_kw"][row]) is not None]
        found[start] = (_average(load_kw), _average(solar_kw))
    return found


def _average(values: list[float]) -> float | None:
    return sum(values) / len(values) if len(values) >= LEAST_QUARTERS else None
