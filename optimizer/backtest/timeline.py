"""When the rows of a data file begin: a regular grid, of which some may be missing."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimizer.backtest.columns import TIME
from optimizer.errors import ConfigError

DAY = timedelta(days=1)
MOST_TIMES = 10
"""A file that lacks more than nine of ten rows holds a wrong time, not a gap."""


def grid_of(starts: pd.DatetimeIndex) -> tuple[timedelta, npt.NDArray[np.int64]]:
    """The commonest step from one row to the next (the shortest of equally common ones), and each row's place.

    Raises ConfigError that names the row which most others are not in step with, or before which most are missing.
    """
    between_s, counts = np.unique(np.diff(starts.as_unit("s").asi8), return_counts=True)
    step = timedelta(seconds=float(between_s[np.argmax(counts)]))
    if step > DAY:
        msg = f"{TIME}: most rows begin {step} after the one before; at most a day is read"
        raise ConfigError(msg)
    late = ((starts - starts[0]) % step).to_numpy()
    found, counts = np.unique(late, return_counts=True)
    off = np.flatnonzero(late != found[np.argmax(counts)])
    if off.size:
        row = int(off[0])
        msg = (
            f"{TIME}, row {row + 2}: {starts[row].isoformat()} is not on a regular grid of {step}, as most rows are: "
            "correct its time, or take the row out"
        )
        raise ConfigError(msg)
    places = ((starts - starts[0].floor("s")) // step).to_numpy()
    if places[-1] >= MOST_TIMES * len(places):
        row = int(np.argmax(np.diff(places))) + 1
        before, at = starts[row - 1].isoformat(), starts[row].isoformat()
        msg = (
            f"{TIME}, row {row + 2}: {at} after {before}: of {places[-1] + 1} rows in steps of {step} only "
            f"{len(places)} are there; is the year right?"
        )
        raise ConfigError(msg)
    return step, places


def starts_of(column: pd.Series) -> pd.DatetimeIndex:
    """The instants of a column, each later than the one before. Raises ConfigError."""
    example = "write each as 2026-01-31T12:00Z"
    try:
        starts = pd.DatetimeIndex(pd.to_datetime(column.astype("string"), utc=True, format="ISO8601"))
    except (ValueError, TypeError) as error:
        msg = f"{TIME}: {str(error).split('. ')[0]}: {example}"
        raise ConfigError(msg) from None
    if len(starts) < 2:
        msg = f"{TIME}: two rows or more are needed, there are {len(starts)}"
        raise ConfigError(msg)
    if starts.hasnans:
        msg = f"{TIME}, row {int(np.flatnonzero(starts.isna())[0]) + 2}: there is no time: {example}"
        raise ConfigError(msg)
    wrong = np.flatnonzero(np.diff(starts.as_unit("s").asi8) < 1)
    if wrong.size:
        row = int(wrong[0]) + 1
        before, at = starts[row - 1].isoformat(), starts[row].isoformat()
        msg = f"{TIME}, row {row + 2}: {at} after {before}; each is at least a second later than the one before"
        raise ConfigError(msg)
    return starts
