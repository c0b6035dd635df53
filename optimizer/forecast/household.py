"""The standard household: what it draws when nothing is known of this one."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
from oemof.demand.bdew import H25

from optimizer.forecast.align import Floats
from optimizer.forecast.local_days import QUARTERS, LocalStamps

TYPICAL_KWH_PER_YEAR = 3500.0
"""A household of three to four people (BDEW, electricity use of private households, 2023)."""

_KINDS = 3
_KWH_PER_GWH = 1e6


def household_kw_per_kwh_year(local: LocalStamps) -> Floats:
    """Draw in kW of a household that uses 1 kWh a year, by the H25 profile (BDEW, 2025)."""
    date = local.day.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64) % 12
    day_of_year = (date - date.astype("datetime64[Y]")).astype(np.int64)
    kw: Floats = _shape_kw()[month, local.kind, local.quarter] * _season()[day_of_year]
    return kw


@cache
def _shape_kw() -> Floats:
    """``[month, kind, quarter]`` for 1 kWh a year, before the factor of the season."""
    year = pd.date_range("2026-01-01", "2026-12-31 23:45", freq="15min")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # oemof-demand 0.2.3a3 uses ``inplace=``
        profile_kw = np.asarray(H25(year))
    kw = profile_kw / _season()[np.asarray(year.day_of_year) - 1] / _KWH_PER_GWH
    kind = np.clip(np.asarray(year.day_of_week) - 4, 0, _KINDS - 1)
    quarter = np.asarray(year.hour) * 4 + np.asarray(year.minute) // 15
    shape = np.zeros((12, _KINDS, QUARTERS))
    shape[np.asarray(year.month) - 1, kind, quarter] = kw
    return shape


@cache
def _season() -> Floats:
    """The factor of the season for each of 366 days of a year."""
    leap_year = pd.date_range("2024-01-01", "2024-12-31", freq="D")
    return np.asarray(H25.dynamisation_function(leap_year), dtype=np.float64)
