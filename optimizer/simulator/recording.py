"""Recorded load, sun, heat and weather, readable at any time. Rows hold from their start to the next."""

import csv
import gzip
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from optimizer.simulator.clock import in_utc

BUNDLED = "synpro_excerpt_15min.csv.gz"
DEFAULT_SOLAR_PEAK_KW = 8.0
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
YEAR_OF_WEEKS = timedelta(days=364)
"""52 weeks: a year back on the same weekday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedState:
    """Mean powers of one recorded interval: electrical load, available sun, heat delivered (thermal).

    The outdoor temperature is None where the file has none. ``heatpump_kw`` is what the heat takes of electricity;
    None: what a heat pump takes for it at that temperature.
    """

    load_kw: float
    solar_kw: float
    heat_thermal_kw: float
    outdoor_temp_c: float | None
    heatpump_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Equal intervals of ``step`` from ``start`` on; ``missing_cells`` were empty and hold their neighbour's value."""

    start: datetime
    step: timedelta
    states: tuple[RecordedState, ...]
    missing_cells: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be read at any time of day."""
        if not self.states:
            raise ValueError("the recording is empty")
        if self.step <= timedelta(0) or DAY % self.step:
            raise ValueError(f"the recording's interval {self.step} does not divide a day")

    @property
    def end(self) -> datetime:
        """Where the last interval ends."""
        return self.start + len(self.states) * self.step

    def at(self, at: datetime) -> RecordedState:
        """The state at any instant; outside the span that of whole 364 days, or weeks, before or after."""
        return self.states[(self._inside(at) - self.start) // self.step]

    def next_row(self, at: datetime) -> datetime:
        """The first instant after ``at`` at which another row holds."""
        return at + self.step - (at - self.start) % self.step

    def _inside(self, at: datetime) -> datetime:
        if self.start <= at < self.end:
            return at
        span = self.end - self.start
        for unit in (YEAR_OF_WEEKS, WEEK, DAY):
            if span >= unit:
                return self.start + (in_utc(at) - self.start) % (span // unit * unit)
        raise ValueError(f"the recording spans less than a day and does not hold {at.isoformat()}")


def bundled_recording(*, solar_peak_kw: float = DEFAULT_SOLAR_PEAK_KW) -> Recording:
    """Four spring weeks of a simulated German household, packaged with the simulator."""
    packed = files("optimizer.simulator").joinpath("data", BUNDLED).read_bytes()
    return _parse(gzip.decompress(packed).decode(), Columns(), solar_peak_kw)


def read_recording(
    path: Path | str,
    *,
    load_column: str | None = None,
    solar_column: str | None = None,
    heat_column: str | None = None,
    temperature_column: str | None = None,
    solar_peak_kw: float | None = None,
) -> Recording:
    """Read a csv or csv.gz file with ``timestamp_utc`` (start of interval).

    A column that is not named is found by its usual name; an empty name means that there is none. Columns
    per kWp are multiplied with ``solar_peak_kw``, others are taken as they are.
    """
    raw = Path(path).read_bytes()
    text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
    columns = Columns(load=load_column, solar=solar_column, heat=heat_column, temperature=temperature_column)
    return _parse(text, columns, DEFAULT_SOLAR_PEAK_KW if solar_peak_kw is None else solar_peak_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns: None is to be found, an empty name is absent."""

    load: str | None = None
    solar: str | None = None
    heat: str | None = None
    temperature: str | None = None

    def found_in(self, header: Sequence[str]) -> "Columns":
        """The same with each name looked up; a name that was asked for must exist."""
        load = _pick(self.load, header, ("load_kw", "load_kw_family"), "load_kw_")
        if not load:
            raise ValueError(f"no load column among {', '.join(header)}")
        beside = "solar_kw" + load.removeprefix("load_kw")
        return Columns(
            load=load,
            solar=_pick(self.solar, header, (beside, "solar_kw"), "solar_kw_per_kwp"),
            heat=_pick(self.heat, header, ("heat_kw",), "heat_kw_"),
            temperature=_pick(self.temperature, header, ("outdoor_temp_c",), None),
        )


def _pick(asked: str | None, header: Sequence[str], usual: Sequence[str], prefix: str | None) -> str:
    if asked is not None:
        if asked and asked not in header:
            raise ValueError(f"no column {asked} among {', '.join(header)}")
        return asked
    known = [name for name in usual if name in header]
    similar = [name for name in header if prefix is not None and name.startswith(prefix)]
    return next(iter(known + similar), "")


def _parse(text: str, asked: Columns, solar_peak_kw: float) -> Recording:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = asked.found_in(tuple(reader.fieldnames or ()))
    rows = list(reader)
    if not rows:
        raise ValueError("the recording is empty")
    starts = [in_utc(datetime.fromisoformat(row["timestamp_utc"])) for row in rows]
    step = _step(starts)
    places = [(at - starts[0]) // step for at in starts]
    if any((at - starts[0]) % step for at in starts):
        raise ValueError(f"timestamps do not lie on a grid of {step}")
    load, load_missing = _series(rows, places, columns.load)
    solar, solar_missing = _series(rows, places, columns.solar)
    heat, heat_missing = _series(rows, places, columns.heat)
    outdoor, outdoor_missing = _series(rows, places, columns.temperature)
    if heat and not outdoor:
        raise ValueError("heat without an outdoor temperature: the heat pump's efficiency is unknown")
    scale = solar_peak_kw if columns.solar and "per_kwp" in columns.solar else 1.0
    states = tuple(
        RecordedState(
            load_kw=load[i],
            solar_kw=scale * solar[i] if solar else 0.0,
            heat_thermal_kw=heat[i] if heat else 0.0,
            outdoor_temp_c=outdoor[i] if outdoor else None,
        )
        for i in range(places[-1] + 1)
    )
    missing = load_missing + solar_missing + heat_missing + outdoor_missing
    return Recording(start=starts[0], step=step, states=states, missing_cells=missing)


def _step(starts: Sequence[datetime]) -> timedelta:
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    if not gaps or min(gaps) <= timedelta(0):
        raise ValueError("a recording needs two rows or more, in order of time")
    return min(gaps)


def _series(rows: Sequence[dict[str, str]], places: Sequence[int], column: str | None) -> tuple[list[float], int]:
    """One value for each interval and the number of missing ones; they hold the last value, at the start the first."""
    if not column:
        return [], 0
    known: list[float | None] = [None] * (places[-1] + 1)
    for place, row in zip(places, rows, strict=True):
        cell = row[column].strip()
        number = float(cell) if cell else math.nan
        known[place] = number if math.isfinite(number) else None
    last = next((value for value in known if value is not None), None)
    if last is None:
        raise ValueError(f"column {column} is empty")
    held: list[float] = []
    for value in known:
        last = last if value is None else value
        held.append(last)
    return held, known.count(None)
