"""Raw cells -> instants and numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from math import isfinite, isnan
from zoneinfo import ZoneInfo

import pandas as pd

from optimizer.errors import SourceMalformed
from strategies.feeds.table import Table

YEARS = range(1900, 2200)
EMPTY_WORDS = frozenset(("", "nan", "null", "none", "na", "n/a", "-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """``at`` in UTC; ``exists`` is false for a wall time that the clock skips."""

    at: datetime
    exists: bool


def numbers(table: Table, column: str, decimal: str) -> Iterator[float | None]:
    """The numbers of a column, None where a cell is empty. Raises SourceMalformed naming the line."""
    for line, cell in zip(table.lines, table.cells[column], strict=True):
        try:
            yield number(cell, decimal)
        except (ValueError, TypeError):
            msg = f"{table.origin}: line {line}, column '{column}': {cell!r} is not a number with decimal = {decimal!r}"
            raise SourceMalformed(msg) from None


def number(cell: object, decimal: str) -> float | None:
    """None where the cell is empty or NaN. Raises ValueError or TypeError for no finite number."""
    if cell is None or (isinstance(cell, str) and cell.lower() in EMPTY_WORDS):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise TypeError(cell)
    if isinstance(cell, str) and ("_" in cell or (decimal == "," and "." in cell)):
        raise ValueError(cell)
    found = float(cell.replace(decimal, ".") if isinstance(cell, str) else cell)
    if isnan(found):
        return None
    if not isfinite(found):
        raise ValueError(cell)
    return found


def is_numeric(table: Table, column: str, decimal: str) -> bool:
    """Whether a column holds at least one number and nothing else."""
    try:
        found = [number(cell, decimal) for cell in table.cells[column]]
    except (ValueError, TypeError):
        return False
    return any(value is not None for value in found)


def instants(table: Table, column: str, zone: ZoneInfo, time_format: str | None) -> list[Instant | None]:
    """The instants of a column, None where a cell is empty; naive ones are local to ``zone``.

    Of a wall time that comes twice, the first row is the first pass, in files that begin with the newest
    the last one. Raises SourceMalformed naming the line.
    """
    found = [
        _moment(cell, time_format, f"{table.origin}: line {line}, column '{column}'")
        for line, cell in zip(table.lines, table.cells[column], strict=True)
    ]
    naive = [at for at in found if at is not None and at.tzinfo is None]
    falling = sum(after < before for before, after in pairwise(naive))
    newest_first = falling > len(naive) / 2
    located = _in_utc(found[::-1] if newest_first else found, zone)
    return located[::-1] if newest_first else located


def _moment(cell: object, time_format: str | None, where: str) -> datetime | None:
    """A datetime, aware or naive as the cell says."""
    if cell is None or cell == "":
        return None
    try:
        moment = _parsed(cell, time_format)
    except (ValueError, TypeError):
        wanted = "ISO 8601, e.g. 2026-03-29T01:00Z (or set time_format)" if time_format is None else time_format
        msg = f"{where}: {cell!r} is not a time of the form {wanted}"
        raise SourceMalformed(msg) from None
    if moment.year not in YEARS:
        msg = f"{where}: {cell!r} is outside the years {YEARS.start} to {YEARS.stop - 1}"
        raise SourceMalformed(msg)
    return moment


def _parsed(cell: object, time_format: str | None) -> datetime:
    match cell:
        case pd.Timestamp():
            return cell.to_pydatetime(warn=False)
        case datetime():
            return cell
        case date():
            return datetime.combine(cell, time())
        case str():
            if time_format is None:
                return datetime.fromisoformat(cell)
            return datetime.strptime(cell, time_format)  # noqa: DTZ007 - what has no zone is located by _in_utc
        case _:
            raise TypeError(cell)


def _in_utc(moments: Sequence[datetime | None], zone: ZoneInfo) -> list[Instant | None]:
    """Moments in rising order to UTC; a repeated wall time is the second pass once it cannot be the first."""
    located: list[Instant | None] = []
    seen: set[datetime] = set()
    last_doubtful: datetime | None = None
    for moment in moments:
        if moment is None:
            located.append(None)
            continue
        if moment.tzinfo is not None:
            located.append(Instant(at=moment.astimezone(UTC), exists=True))
            continue
        first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        at = first
        if first < second:
            near = last_doubtful is not None and abs(last_doubtful - first) < timedelta(hours=3)
            if moment in seen or (near and last_doubtful is not None and first <= last_doubtful):
                at = second
            seen.add(moment)
            last_doubtful = at
        located.append(Instant(at=at, exists=first <= second))
    return located
