"""The recorded past as clean arrays: what cannot be true is gone, nothing lies in the future."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from optimizer.forecast.align import Floats, Ints
from optimizer.forecast.local_days import DAY_S, LocalStamps, local_stamps
from optimizer.forecast.plausible import plausible_c, plausible_kw

WINDOW_DAYS = 28
"""Four weeks: four of each weekday, and still the same season."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Up to 28 days of 15-minute means; NaN is missing. ``at_s`` is the present, in seconds since 1970."""

    at_s: float
    starts_s: Ints
    local: LocalStamps
    load_kw: Floats
    solar_kw: Floats
    heat_kw: Floats
    thermal_kw: Floats
    outdoor_c: Floats
    other_kw: Floats


def read_past(history: pd.DataFrame, at: datetime, zone: str, holiday_country: str | None) -> Past:
    """The last 28 days before ``at``. Raises ValueError where a filled history has no aware, rising index."""
    at_s = at.timestamp()
    starts_s = _starts_s(history)
    recent = (starts_s < at_s) & (starts_s >= at_s - WINDOW_DAYS * DAY_S)
    starts_s = starts_s[recent]

    def column(name: str) -> Floats:
        if name not in history.columns:
            return np.full(len(starts_s), np.nan)
        return history[name].to_numpy(dtype=np.float64, na_value=np.nan)[recent]

    def flow_kw(name: str) -> Floats:
        return np.maximum(plausible_kw(column(name)), 0.0)

    return Past(
        at_s=at_s,
        starts_s=starts_s,
        local=local_stamps(starts_s, zone, holiday_country),
        load_kw=flow_kw("load_kw"),
        solar_kw=flow_kw("solar_kw"),
        heat_kw=flow_kw("heat_kw"),
        thermal_kw=flow_kw("thermal_kw"),
        outdoor_c=plausible_c(column("outdoor_c")),
        other_kw=plausible_kw(column("other_kw")),
    )


def _starts_s(history: pd.DataFrame) -> Ints:
    if history.empty:
        return np.zeros(0, dtype=np.int64)
    index = history.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        msg = "the history's index must hold aware times"
        raise ValueError(msg)
    if not index.is_monotonic_increasing or not index.is_unique:
        msg = "the history's index must rise"
        raise ValueError(msg)
    return index.tz_convert("UTC").as_unit("s").asi8
