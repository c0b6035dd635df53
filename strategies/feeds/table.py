"""A table from a file: named columns of raw cells, each row with the line that a person would look up."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from math import isnan
from pathlib import Path

import pandas as pd

from optimizer.errors import ConfigError, SourceMalformed, SourceUnavailable
from strategies.explain import nearest

COLUMNS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``cells[column][i]`` stands in line ``lines[i]`` of ``origin``; text from CSV, typed from parquet."""

    origin: str
    lines: Sequence[int]
    cells: dict[str, list[object]]

    def column(self, name: str, option: str) -> str:
        """``name`` if the table has it. Raises ConfigError naming ``option`` and the columns if not."""
        if name in self.cells:
            return name
        close = nearest(name, self.cells)
        msg = f"{self.origin}: no column '{name}' for {option}; columns: {self.column_list()}" + (
            f" (did you mean '{close}'?)" if close else ""
        )
        raise ConfigError(msg)

    def first_of(self, names: Sequence[str]) -> str | None:
        """The first of the names that heads a column, whatever its case."""
        by_lower = {column.lower(): column for column in reversed(self.cells)}
        return next((by_lower[name] for name in names if name in by_lower), None)

    def column_list(self) -> str:
        shown = list(self.cells)[:COLUMNS_SHOWN]
        return ", ".join(shown) + (", …" if len(self.cells) > COLUMNS_SHOWN else "")


def read_table(path: Path, separator: str) -> Table:
    """Read .csv, .csv.gz or .parquet. Raises SourceUnavailable or SourceMalformed, naming the file."""
    try:
        return _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path, separator)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        msg = f"{path}: not a whole gzip file: {error}"
        raise SourceMalformed(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise SourceUnavailable(msg) from None


def _csv(path: Path, separator: str) -> Table:
    with path.open("rb") as raw:
        binary = gzip.GzipFile(fileobj=raw) if path.suffix.lower() == ".gz" else raw
        with TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, delimiter=separator, strict=True)
            try:
                rows = [(reader.line_num, row) for row in reader if row]
            except (UnicodeDecodeError, csv.Error) as error:
                msg = f"{path}: line {reader.line_num + 1} is not CSV text: {error}"
                raise SourceMalformed(msg) from None
    if not rows:
        msg = f"{path}: the file is empty; its first line must name the columns"
        raise SourceMalformed(msg)
    header = [name.strip() for name in rows[0][1]]
    if len(header) < 2:
        msg = f"{path}: only one column, '{header[0][:40]}'; is the separator another than {separator!r}?"
        raise SourceMalformed(msg)
    _refuse_doubles(path, header)
    body = rows[1:]
    cells: dict[str, list[object]] = {name: [] for name in header}
    for line, row in body:
        for name, cell in zip(header, _as_long_as(header, row, f"{path}: line {line}"), strict=True):
            cells[name].append(cell.strip())
    return Table(origin=str(path), lines=[line for line, _ in body], cells=cells)


def _as_long_as(header: Sequence[str], row: list[str], where: str) -> Iterator[str]:
    """A short row ends in empty cells; a long one is refused unless what is over is empty."""
    if any(cell.strip() for cell in row[len(header) :]):
        msg = f"{where} has {len(row)} cells for {len(header)} columns; is it a decimal comma outside quotes?"
        raise SourceMalformed(msg)
    yield from row[: len(header)]
    yield from [""] * (len(header) - len(row))


def _parquet(path: Path) -> Table:
    with path.open("rb"):
        pass
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        msg = f"{path}: parquet files need the package pyarrow: {error}"
        raise ConfigError(msg) from None
    except (ValueError, KeyError, TypeError, NotImplementedError, OSError) as error:
        msg = f"{path}: not a parquet table: {error}"
        raise SourceMalformed(msg) from None
    if isinstance(frame.index, pd.DatetimeIndex):
        name = "time" if frame.index.name is None else str(frame.index.name)
        if name not in frame.columns:
            frame = frame.rename_axis(index=name).reset_index()
    names = [str(column) for column in frame.columns]
    _refuse_doubles(path, names)
    cells: dict[str, list[object]] = {
        name: [None if _is_missing(cell) else cell for cell in frame.iloc[:, at].tolist()]
        for at, name in enumerate(names)
    }
    return Table(origin=str(path), lines=range(1, len(frame) + 1), cells=cells)


def _is_missing(cell: object) -> bool:
    return cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and isnan(cell))


def _refuse_doubles(path: Path, names: Sequence[str]) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        msg = f"{path}: two columns are named '{doubled[0]}'"
        raise SourceMalformed(msg)
