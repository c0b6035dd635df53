"""Electricity for heat: from the weather where heat is metered, from habit, or held as it is now."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.forecast import Quality
from optimizer.forecast.ahead import Ahead
from optimizer.forecast.align import Floats
from optimizer.forecast.cell_forecast import CellForecast
from optimizer.forecast.cop import TELLING_KW, cop_ratio, radiator_cop
from optimizer.forecast.day_table import day_table, filled_around
from optimizer.forecast.heat_demand import fit_heat_demand
from optimizer.forecast.outdoor import forecast_outdoor_c
from optimizer.forecast.past import Past
from optimizer.forecast.plausible import known_kw, winsorised
from optimizer.forecast.present_hour import blended

WEATHER_DAYS = 2
HABIT_DAYS = 3

HEADROOM = 1.2
"""No forecast exceeds the largest draw seen by more than a fifth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """Expected draw per cell, the largest draw that the record holds, and the operator's words."""

    kw: Floats
    seen_kw: float
    basis: str


def forecast_heat(past: Past, ahead: Ahead, present_kw: float | None, outdoor_c: float | None) -> CellForecast:
    """Expected electrical draw of the heat machine, at least zero."""
    present_kw = known_kw(present_kw)
    present_kw = None if present_kw is None else max(present_kw, 0.0)
    learned = _by_weather(past, ahead, outdoor_c) or _by_habit(past, ahead)
    if learned is None:
        return _held(ahead, present_kw)
    kw, basis = learned.kw, learned.basis
    if present_kw is not None:
        kw = blended(kw, present_kw, ahead.age_s)
        basis = f"{basis}, blended with the present {present_kw:.2f} kW"
    if learned.seen_kw > TELLING_KW:  # a machine that was off for weeks may start
        kw = np.minimum(kw, HEADROOM * learned.seen_kw)
    return CellForecast(kw=kw, quality=Quality.LEARNED, basis=basis)


def _by_weather(past: Past, ahead: Ahead, outdoor_c: float | None) -> _Learned | None:
    """Heat wanted at the expected temperature, divided by the COP there; None before two days of record."""
    pairs = np.isfinite(past.thermal_kw) & np.isfinite(past.outdoor_c)
    days = day_table(past.local, np.where(pairs, past.thermal_kw, np.nan)).full_days
    expected_c = forecast_outdoor_c(past, ahead, outdoor_c)
    if days < WEATHER_DAYS or expected_c is None:
        return None
    thermal_kw = winsorised(past.thermal_kw)[pairs]
    cold_c = past.outdoor_c[pairs]
    demand = fit_heat_demand(thermal_kw, cold_c, past.local.quarter[pairs] // 4)
    ratio = cop_ratio(past.thermal_kw, past.heat_kw, past.outdoor_c)
    kw = demand.thermal_kw(expected_c, ahead.local.quarter // 4) / (ratio * radiator_cop(expected_c))
    seen_kw = float((thermal_kw / (ratio * radiator_cop(cold_c))).max())
    basis = f"heat wanted in {days} days, at {expected_c.mean():.0f} degrees C with a COP {ratio:.2f} x curve"
    return _Learned(kw=kw, seen_kw=seen_kw, basis=basis)


def _by_habit(past: Past, ahead: Ahead) -> _Learned | None:
    """Mean draw by local time of day; None before three days of record."""
    heat_kw = winsorised(past.heat_kw)
    table = day_table(past.local, heat_kw)
    if table.full_days < HABIT_DAYS:
        return None
    kw = filled_around(table.mean())[ahead.local.quarter]
    basis = f"mean draw by time of day of {table.full_days} days"
    return _Learned(kw=kw, seen_kw=float(np.nanmax(heat_kw)), basis=basis)


def _held(ahead: Ahead, present_kw: float | None) -> CellForecast:
    if present_kw is None:
        kw = np.zeros(len(ahead.cells_s))
        return CellForecast(kw=kw, quality=Quality.FALLBACK, basis="heat is unknown: no reading and no record")
    kw = np.full(len(ahead.cells_s), present_kw)
    return CellForecast(kw=kw, quality=Quality.FALLBACK, basis=f"the present {present_kw:.2f} kW held")
