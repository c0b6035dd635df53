"""Recorded data as the backtest reads it: columns by name on a regular UTC grid, with every gap told."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimizer.backtest.columns import COLUMNS, POWERS, TIME, above_zero, frame_of, notes_on_columns, numbers_of
from optimizer.backtest.gaps import Gap
from optimizer.backtest.quarters import QUARTER, Intervals
from optimizer.backtest.timeline import grid_of, starts_of
from optimizer.errors import ConfigError
from optimizer.simulator.heatpump import electrical_kw
from optimizer.simulator.recording import RecordedState, Recording

DAY = timedelta(days=1)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was recorded, in steps of ``step`` from ``start`` on; each array has one value for each step.

    A step is a whole part of a quarter of an hour or whole quarters, by the UTC clock. What an interval held is known
    when it is over; that falls on the end of a quarter each ``told_every``.

    Powers are means in kW, ``heat_pump_kw`` electrical; prices are per kWh. None: the file has no such column.
    ``gaps`` are what was missing. The same time of the day before stands in, else the value before it; forecasts and
    prices are never made up: NaN where there is none. ``notes`` say what was not read, or not as it stands there.
    """

    start: datetime
    step: timedelta
    told_every: timedelta
    load_kw: Floats
    solar_kw: Floats
    has_solar: bool = True
    heat_pump_kw: Floats | None = None
    heat_kw: Floats | None = None
    outdoor_temp_c: Floats | None = None
    import_price: Floats | None = None
    export_price: Floats | None = None
    load_forecast_kw: Floats | None = None
    solar_forecast_kw: Floats | None = None
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.load_kw)

    @property
    def end(self) -> datetime:
        """Where the last interval ends."""
        return self.start + len(self) * self.step

    def at(self, number: int) -> datetime:
        """The start of an interval."""
        return self.start + number * self.step

    def number_at(self, at: datetime) -> int:
        """The interval that holds an instant, or would."""
        return (at - self.start) // self.step

    def recording(self) -> Recording:
        """The same as the simulator's plant lives it."""
        return Recording(start=self.start, step=self.step, states=tuple(self._states()))

    def _states(self) -> Iterator[RecordedState]:
        heat, electric, outdoor = self.heat_kw, self.heat_pump_kw, self.outdoor_temp_c
        for number in range(len(self)):
            yield RecordedState(
                load_kw=float(self.load_kw[number]),
                solar_kw=float(self.solar_kw[number]),
                heat_thermal_kw=0.0 if heat is None else float(heat[number]),
                outdoor_temp_c=None if outdoor is None else float(outdoor[number]),
                heatpump_kw=0.0 if electric is None else float(electric[number]),
            )


def read_measured(file: Path) -> Measured:
    """Read a CSV, gzip or not. Raises ConfigError that names the file, the column and the row."""
    try:
        raw = file.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        msg = f"{file}: cannot be read: {error}; give CSV in UTF-8, packed with gzip or not"
        raise ConfigError(msg) from None
    try:
        return _measured(frame_of(text))
    except (ConfigError, csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        msg = f"{file}: {error}"
        raise ConfigError(msg) from None


def _measured(frame: pd.DataFrame) -> Measured:
    if TIME not in frame.columns:
        msg = f"no column {TIME} among {', '.join(map(str, frame.columns))} (columns are parted by commas)"
        raise ConfigError(msg)
    starts = starts_of(frame[TIME])
    step, places = grid_of(starts)
    first, count = starts[0].floor("s").to_pydatetime(), int(places[-1]) + 1
    late = Intervals(start=first, step=step, count=count).late
    intervals = Intervals(start=first - late, step=step, count=count)
    notes = list(notes_on_columns([str(name) for name in frame.columns]))
    if late:
        notes.append(f"no row begins with a quarter of an hour: all times are taken {late} earlier")
    columns = {}
    for name in COLUMNS:
        if name in frame.columns:
            numbers = numbers_of(frame[name], name)
            if name in POWERS:
                numbers = above_zero(numbers, name, notes)
            columns[name] = np.full(count, np.nan)
            columns[name][places] = numbers
    per_day = max(round(DAY / step), 1)
    filled = {name: _filled(values, per_day) if _is_filled(name) else values for name, values in columns.items()}
    gaps = tuple(_gaps(intervals, places, columns))
    return _on_the_clock(intervals, _with_heat(filled), gaps, tuple(notes))


def _gaps(intervals: Intervals, places: npt.NDArray[np.int64], columns: Mapping[str, Floats]) -> Iterator[Gap]:
    """Rows that are not there, then each column's values."""
    first, step = intervals.start, intervals.step
    absent = np.setdiff1d(np.arange(intervals.count), places)
    yield Gap(what="{} rows are missing", first=first, step=step, numbers=absent)
    for name, values in columns.items():
        missing, what = np.flatnonzero(np.isnan(values)), f"{name}: {{}} values are missing"
        yield Gap(what=what, first=first, step=step, numbers=missing, instead=_instead(name))


def _on_the_clock(
    intervals: Intervals, columns: dict[str, Floats], gaps: tuple[Gap, ...], notes: tuple[str, ...]
) -> Measured:
    start, step, count = intervals.start, intervals.step, intervals.count
    if not intervals.fit:
        start, step, count = intervals.first_quarter, QUARTER, intervals.quarters
        columns = {name: intervals.on_quarters(values) for name, values in columns.items()}
    nothing = np.zeros(count)
    return Measured(
        start=start,
        step=step,
        told_every=intervals.told_every,
        gaps=gaps,
        notes=notes,
        has_solar="solar_kw" in columns,
        **{"load_kw": nothing, "solar_kw": nothing, **columns},
    )


def _with_heat(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Electricity for heat is what the file says, or what a heat pump takes for its heat at that temperature."""
    heat, outdoor = columns.get("heat_kw"), columns.get("outdoor_temp_c")
    if heat is None or "heat_pump_kw" in columns:
        return columns
    if outdoor is None:
        msg = "heat_kw needs outdoor_temp_c, which decides what a heat pump takes; or give heat_pump_kw (electric)"
        raise ConfigError(msg)
    pairs = zip(heat.tolist(), outdoor.tolist(), strict=True)
    return columns | {"heat_pump_kw": np.array([electrical_kw(kw, outdoor_c) for kw, outdoor_c in pairs])}


def _is_filled(name: str) -> bool:
    """Prices and forecasts are never made up here."""
    return not name.endswith(("_price", "_forecast_kw"))


def _instead(name: str) -> str:
    """What stands in for a missing value."""
    if name.endswith("_price"):
        return "; priced as if they had not been published"
    return "" if _is_filled(name) else "; the built-in forecast stands in"


def _filled(values: Floats, per_day: int) -> Floats:
    """Only what came before fills a gap; a gap at the very start takes the first value there is."""
    missing = np.flatnonzero(np.isnan(values))
    if not missing.size:
        return values
    filled = values.copy()
    known = values[np.flatnonzero(~np.isnan(values))[0]]
    for number in missing.tolist():
        if number >= per_day:
            filled[number] = filled[number - per_day]
        else:
            filled[number] = filled[number - 1] if number else known
    return filled
