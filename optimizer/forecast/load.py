"""Household load: this home's habits where they are known, else a standard household made to fit."""

import numpy as np

from optimizer.domain.forecast import Quality
from optimizer.forecast.ahead import Ahead
from optimizer.forecast.align import Floats
from optimizer.forecast.cell_forecast import CellForecast
from optimizer.forecast.day_table import DayTable, day_table
from optimizer.forecast.household import TYPICAL_KWH_PER_YEAR, household_kw_per_kwh_year
from optimizer.forecast.past import Past
from optimizer.forecast.plausible import known_kw, winsorised
from optimizer.forecast.present_hour import blended

LEARNED_DAYS = 3
SAME_KIND_DAYS = 2
SCALING_SAMPLES = 16
"""Four hours of record tell the size of a household; less would tell what was on the stove."""

HOUSEHOLDS = (0.1, 20.0)
"""Bounds, in multiples of 3,500 kWh a year, of a household told by one reading: 40 W to 8 kW on average.

Four hours of record may well tell of more than 8 kW: only the lower bound holds there.
"""

BELIEVED_KW = HOUSEHOLDS[1] * TYPICAL_KWH_PER_YEAR / 8760
"""A present reading counts up to 8 kW, or up to the largest on record where that is more."""


def forecast_load(past: Past, ahead: Ahead, present_kw: float | None, annual_kwh: float | None) -> CellForecast:
    """Expected draw without heat machine, EV, wind and genset."""
    measured_kw = winsorised(past.load_kw)
    present_kw = known_kw(present_kw)
    profile = household_kw_per_kwh_year(ahead.local)
    scale = _scale_to_record(measured_kw, household_kw_per_kwh_year(past.local))
    if scale is None:
        return _without_record(profile, present_kw, annual_kwh)
    table = day_table(past.local, measured_kw)
    if table.full_days >= LEARNED_DAYS:
        habit = _habits_kw(table, ahead, scale * profile)
        days = int(np.count_nonzero(table.kind == ahead.local.kind[0]))
        own = CellForecast(kw=habit, quality=Quality.LEARNED, basis=f"mean of up to {days} same-kind days")
    else:
        basis = f"standard household scaled to {_hours(measured_kw):.0f} h of record"
        own = CellForecast(kw=scale * profile, quality=Quality.PROFILE, basis=basis)
    if present_kw is None:
        return own
    present_kw = min(max(present_kw, 0.0), max(BELIEVED_KW, float(np.nanmax(measured_kw))))
    return CellForecast(
        kw=blended(own.kw, present_kw, ahead.age_s),
        quality=own.quality,
        basis=f"{own.basis}, blended with the present {present_kw:.2f} kW",
    )


def _habits_kw(table: DayTable, ahead: Ahead, profile_kw: Floats) -> Floats:
    """Mean of the days of the same kind where two or more know it, else of all days, else profile."""
    any_kind = table.mean()
    habit = np.full(len(ahead.cells_s), np.nan)
    for kind in np.unique(ahead.local.kind):
        same_kind = table.mean(table.kind == kind, at_least=SAME_KIND_DAYS)
        by_quarter = np.where(np.isfinite(same_kind), same_kind, any_kind)
        cells = ahead.local.kind == kind
        habit[cells] = by_quarter[ahead.local.quarter[cells]]
    return np.where(np.isfinite(habit), habit, profile_kw)


def _scale_to_record(measured_kw: Floats, profile: Floats) -> float | None:
    """kWh a year at which the profile has the mean that was measured, over the same intervals."""
    known = np.isfinite(measured_kw)
    if np.count_nonzero(known) < SCALING_SAMPLES:
        return None
    kwh_per_year = float(measured_kw[known].mean() / profile[known].mean())
    return max(kwh_per_year, HOUSEHOLDS[0] * TYPICAL_KWH_PER_YEAR)


def _without_record(profile: Floats, present_kw: float | None, annual_kwh: float | None) -> CellForecast:
    """The profile at the stated annual energy, else meeting the one reading, else at 3,500 kWh a year."""
    if annual_kwh is not None:
        basis = f"standard household of {annual_kwh:.0f} kWh a year"
        return CellForecast(kw=annual_kwh * profile, quality=Quality.PROFILE, basis=basis)
    if present_kw is None:
        basis = f"standard household of {TYPICAL_KWH_PER_YEAR:.0f} kWh a year: no record and no reading"
        return CellForecast(kw=TYPICAL_KWH_PER_YEAR * profile, quality=Quality.FALLBACK, basis=basis)
    low, high = (bound * TYPICAL_KWH_PER_YEAR for bound in HOUSEHOLDS)
    kwh_per_year = min(max(present_kw / float(profile[0]), low), high)
    basis = f"standard household scaled to the present {present_kw:.2f} kW ({kwh_per_year:.0f} kWh a year)"
    return CellForecast(kw=kwh_per_year * profile, quality=Quality.FALLBACK, basis=basis)


def _hours(measured_kw: Floats) -> float:
    return np.count_nonzero(np.isfinite(measured_kw)) / 4
