"""The columns of a data file: which are read, which are not and why, and the numbers in them."""

import csv
import io
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimizer.backtest.quarters import Floats
from optimizer.errors import ConfigError

TIME = "timestamp_utc"
LOAD = "load_kw"
POWERS = (LOAD, "solar_kw", "heat_pump_kw", "heat_kw", "load_forecast_kw", "solar_forecast_kw")
COLUMNS = (*POWERS, "outdoor_temp_c", "import_price", "export_price")
LARGEST = 1e6
STANDBY_SHARE = 0.02
"""A power below zero by at most this share of the column's highest is what an inverter takes itself at night."""


def frame_of(text: str) -> pd.DataFrame:
    """The rows of a CSV under the names of its first line. Raises ConfigError, and what pandas raises."""
    lines = (line for line in csv.reader(io.StringIO(text)) if line)
    names, first = next(lines, []), next(lines, [])
    doubled = next((name for name in names if name and names.count(name) > 1), None)
    if doubled is not None:
        msg = f"column {doubled} stands there {names.count(doubled)} times: keep one of them, or rename the others"
        raise ConfigError(msg)
    if len(first) > len(names):
        msg = (
            f"row 2: {len(first)} values under {len(names)} names of columns: name every column, "
            "or take the comma off the end of each row"
        )
        raise ConfigError(msg)
    return pd.read_csv(io.StringIO(text), index_col=False)


def notes_on_columns(names: Sequence[str]) -> Iterator[str]:
    """What of a file is not read, with the name that was perhaps meant, and a load that is not there."""
    absent = [name for name in COLUMNS if name not in names]
    unlike = []
    for name in names:
        if name in {TIME, *COLUMNS}:
            continue
        close = get_close_matches(name.strip().lower(), absent, n=1)
        if close:
            yield f"column {name!r} is not read; was {close[0]} meant?"
        else:
            unlike.append(repr(name))
    if unlike:
        yield f"columns that are not known and not read: {', '.join(unlike)}"
    if LOAD in absent:
        yield f"there is no column {LOAD}: the site's load counts as 0"


def numbers_of(column: pd.Series, name: str) -> Floats:
    """Each value, NaN where there is none. Raises ConfigError for what is no number."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    strange = np.flatnonzero(
        np.isnan(numbers) & column.notna().to_numpy() | (np.abs(numbers) >= LARGEST) | _are_truths(column)
    )
    if strange.size:
        msg = f"{name}, row {strange[0] + 2}: {str(column.iloc[strange[0]])!r} is no number below {LARGEST:g} in size"
        raise ConfigError(msg)
    if np.isnan(numbers).all():
        msg = f"{name}: the column is empty"
        raise ConfigError(msg)
    return numbers


def above_zero(numbers: Floats, name: str, told: list[str]) -> Floats:
    """What is next to nothing below zero counts as zero, and is told. Raises ConfigError for more."""
    below = np.flatnonzero(numbers < 0)
    if not below.size:
        return numbers
    far = below[numbers[below] < -STANDBY_SHARE * max(np.nanmax(numbers), 0.0)]
    if far.size:
        row = int(far[0])
        msg = f"{name}, row {row + 2}: {numbers[row]:g} is negative; a power of this column is at least 0"
        raise ConfigError(msg)
    told.append(f"{name}: {below.size} values are just below zero (lowest {np.nanmin(numbers):g}) and count as 0")
    return np.where(numbers < 0, 0.0, numbers)


def _are_truths(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Where pandas has read True or False, which it would take for 1 and 0."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return np.zeros(len(column), dtype=np.bool_)
    return np.array([isinstance(each, bool | np.bool_) for each in column], dtype=np.bool_)
