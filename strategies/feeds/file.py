"""The feed "file": prices (or any other series) from a CSV or parquet file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from optimizer.domain.series import Series
from optimizer.errors import ConfigError, SourceMalformed
from strategies.contract import FeedContext
from strategies.feeds.cells import instants, is_numeric, numbers
from strategies.feeds.table import Table, read_table
from strategies.local_time import zone_named
from strategies.options import FeedOptions

ENDINGS = (".csv", ".csv.gz", ".parquet")
TIME_COLUMNS = ("start", "time", "timestamp", "timestamp_utc", "datetime")
VALUE_COLUMNS = (
    "price",
    "value",
    "import_price",
    "import_price_per_kwh",
    "import_price_eur_per_kwh",
    "price_per_kwh",
    "marketprice",
    "day_ahead_price",
)


def _known_ending(path: str) -> str:
    if not path.lower().endswith(ENDINGS) or "\0" in path:
        msg = f"the name must end in one of {', '.join(ENDINGS)}"
        raise ValueError(msg)
    return path


def _known_zone(name: str) -> str:
    try:
        zone_named(name)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return name


def _known_directives(time_format: str) -> str:
    try:
        datetime.strptime(datetime(2026, 3, 29, tzinfo=UTC).strftime(time_format), time_format)  # noqa: DTZ007
    except ValueError as error:
        msg = f"not a format of strptime: {error}"
        raise ValueError(msg) from None
    return time_format


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    start: datetime
    end: datetime | None
    value: float


class FileFeed:
    """Values times ``unit_factor`` on the intervals of a file, read anew at each fetch.

    An interval ends at its ``end_column``, else one step after its start; the step is the most common distance
    of two starts, or less where the next row comes sooner. So a missing row stays a gap. A row without value is
    a gap as well, and so is one at a local time that the clock skips. Files that change their
    resolution need an ``end_column``.
    """

    class Options(FeedOptions):
        """Column names as in the file's first line."""

        path: Annotated[
            str,
            AfterValidator(_known_ending),
            Field(description='a file, relative to the settings, e.g. path = "prices.csv"'),
        ]
        time_column: Annotated[str | None, Field(description="the column of the interval's start")] = None
        end_column: Annotated[str | None, Field(description="the column of the interval's end")] = None
        value_column: Annotated[str | None, Field(description="the column of the price")] = None
        timezone: Annotated[
            Annotated[str, AfterValidator(_known_zone)] | None,
            Field(description='the zone of times without one, e.g. timezone = "Europe/Berlin"'),
        ] = None
        time_format: Annotated[
            Annotated[str, AfterValidator(_known_directives)] | None,
            Field(description='how times are written, e.g. time_format = "%d.%m.%Y %H:%M"'),
        ] = None
        unit_factor: Annotated[float, Field(strict=True, description="e.g. 0.001 from EUR/MWh to EUR/kWh")] = 1.0
        decimal: Annotated[Literal[".", ","], Field(description='decimal = "," or "."')] = "."
        separator: Annotated[
            str, Field(min_length=1, max_length=1, pattern=r'^[^\r\n" ]$', description='e.g. separator = ";"')
        ] = ","

        @model_validator(mode="after")
        def _tell_comma_from_comma(self) -> "FileFeed.Options":
            if self.separator == self.decimal == ".":
                msg = "separator and decimal are both a point"
                raise ValueError(msg)
            return self

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._path = context.base_folder / options.path
        self._zone = zone_named(context.zone if options.timezone is None else options.timezone)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The intervals that overlap ``[start, end)``.

        Raises SourceUnavailable when the file cannot be read, SourceMalformed for what is in it, ConfigError
        for columns that it lacks.
        """
        table = read_table(self._path, self._options.separator)
        rows = _without_doubles(sorted(self._rows(table), key=lambda row: row.start), table.origin)
        ended = [(row, until) for row, until in _with_ends(rows, table.origin) if row.start < end and until > start]
        return Series(
            starts=tuple(row.start for row, _ in ended),
            ends=tuple(until for _, until in ended),
            values=tuple(row.value for row, _ in ended),
        )

    def _rows(self, table: Table) -> Iterator[_Row]:
        options = self._options
        time_column, end_column, value_column = self._columns(table)
        starts = instants(table, time_column, self._zone, options.time_format)
        values = numbers(table, value_column, options.decimal)
        ends = (
            [None] * len(starts) if end_column is None else instants(table, end_column, self._zone, options.time_format)
        )
        for line, start, end, value in zip(table.lines, starts, ends, values, strict=True):
            if value is None or (start is not None and not start.exists):
                continue
            if start is None or (end is None and end_column is not None):
                msg = f"{table.origin}: line {line} has a value but no time"
                raise SourceMalformed(msg)
            scaled = value * options.unit_factor
            if not isfinite(scaled):
                msg = f"{table.origin}: line {line}: {value:g} times unit_factor is not finite"
                raise SourceMalformed(msg)
            yield _Row(line=line, start=start.at, end=None if end is None else end.at, value=scaled)

    def _columns(self, table: Table) -> tuple[str, str | None, str]:
        """The columns of start, end and value, named by the options or found by their usual names."""
        options = self._options
        time_column = (
            table.first_of(TIME_COLUMNS)
            if options.time_column is None
            else table.column(options.time_column, "time_column")
        )
        if time_column is None:
            msg = f"{table.origin}: set time_column to one of: {table.column_list()}"
            raise ConfigError(msg)
        end_column = None if options.end_column is None else table.column(options.end_column, "end_column")
        if options.value_column is not None:
            return time_column, end_column, table.column(options.value_column, "value_column")
        value_column = table.first_of(VALUE_COLUMNS)
        if value_column is None:
            others = [name for name in table.cells if name not in (time_column, end_column)]
            numeric = [name for name in others if is_numeric(table, name, options.decimal)]
            if len(numeric) != 1:
                msg = f"{table.origin}: set value_column to one of: {', '.join(numeric) or table.column_list()}"
                raise ConfigError(msg)
            value_column = numeric[0]
        return time_column, end_column, value_column


def _without_doubles(rows: list[_Row], origin: str) -> list[_Row]:
    """One row for each start. Raises SourceMalformed when two differ."""
    kept: list[_Row] = []
    for row in rows:
        if kept and kept[-1].start == row.start:
            if (kept[-1].value, kept[-1].end) != (row.value, row.end):
                msg = (
                    f"{origin}: lines {kept[-1].line} and {row.line} both start at {row.start.isoformat()} "
                    f"and differ: {kept[-1].value:g} and {row.value:g}"
                )
                raise SourceMalformed(msg)
            continue
        kept.append(row)
    return kept


def _with_ends(rows: list[_Row], origin: str) -> list[tuple[_Row, datetime]]:
    """Each row with the end of its interval; see the class."""
    steps = Counter(after.start - before.start for before, after in pairwise(rows))
    usual = min(steps, key=lambda step: (-steps[step], step), default=None)
    following = [*(row.start for row in rows[1:]), None]
    return [(row, _end(row, after, usual, origin)) for row, after in zip(rows, following, strict=False)]


def _end(row: _Row, after: datetime | None, usual: timedelta | None, origin: str) -> datetime:
    if row.end is None:
        if usual is None:
            msg = f"{origin}: line {row.line} is the only one, so how long it holds is unknown; name an end_column"
            raise SourceMalformed(msg)
        return row.start + usual if after is None else min(row.start + usual, after)
    if row.end <= row.start or (after is not None and row.end > after):
        msg = f"{origin}: line {row.line} runs from {row.start.isoformat()} to {row.end.isoformat()}, " + (
            "which is no time" if row.end <= row.start else f"into the next one at {after}"
        )
        raise SourceMalformed(msg)
    return row.end
