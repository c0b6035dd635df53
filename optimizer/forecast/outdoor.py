"""Outdoor temperature: tomorrow like the last 24 hours, shifted to what the thermometer says now."""

import numpy as np

from optimizer.forecast.ahead import Ahead
from optimizer.forecast.align import Floats
from optimizer.forecast.local_days import DAY_S, QUARTER_S, QUARTERS
from optimizer.forecast.past import Past
from optimizer.forecast.plausible import known_c

_NOW_S = 3600.0


def forecast_outdoor_c(past: Past, ahead: Ahead, present_c: float | None) -> Floats | None:
    """Degrees Celsius per cell, or None where no temperature of the last seven days is known.

    The shape is the newest known temperature at each time of day; gaps are drawn straight. The shift
    is the present reading less the mean of the last hour's shape.
    """
    known = np.isfinite(past.outdoor_c) & (past.starts_s >= past.at_s - 7 * DAY_S)
    if not known.any():
        return None
    shape = np.full(QUARTERS, np.nan)
    shape[past.starts_s[known] // QUARTER_S % QUARTERS] = past.outdoor_c[known]
    seen = np.flatnonzero(np.isfinite(shape))
    shape = np.interp(np.arange(QUARTERS), seen, shape[seen], period=QUARTERS)
    present_c = known_c(present_c)
    hour = np.arange(past.at_s - _NOW_S, past.at_s, QUARTER_S)
    now_c = float(shape[(hour // QUARTER_S % QUARTERS).astype(np.int64)].mean())
    shift_k = 0.0 if present_c is None else present_c - now_c
    outdoor_c: Floats = shape[ahead.cells_s // QUARTER_S % QUARTERS] + shift_k
    return outdoor_c
