"""How much heat a building wants: a line in the cold outside plus a habit by the hour."""

from dataclasses import dataclass

import numpy as np

from optimizer.forecast.align import Floats, Ints

BASE_C = 15.0
"""The heating limit of older buildings in central Europe (VDI 3807, 2013)."""

PRIOR_K2 = 1.0
"""Spread of temperature (K squared) at which a fitted slope and demand in proportion to cold weigh alike."""

_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatDemand:
    """``thermal_kw = max(0, slope max(0, base - T_out) + by_hour[local hour])``."""

    slope_kw_per_k: float
    by_hour_kw: Floats

    def thermal_kw(self, outdoor_c: Floats, hour: Ints) -> Floats:
        """Expected heat, at least zero."""
        return np.maximum(self.slope_kw_per_k * degrees_below(outdoor_c) + self.by_hour_kw[hour], 0.0)


def degrees_below(outdoor_c: Floats) -> Floats:
    """Kelvin below the heating base, at least zero."""
    return np.maximum(BASE_C - outdoor_c, 0.0)


def fit_heat_demand(thermal_kw: Floats, outdoor_c: Floats, hour: Ints) -> HeatDemand:
    """Least squares with one intercept an hour (analysis of covariance); inputs without NaN, not empty.

    The slope is shrunk towards mean heat / mean cold (ridge; Hoerl and Kennard, 1970), so that two days
    of even weather cannot make it absurd. It is never negative.
    """
    cold = degrees_below(outdoor_c)
    count = np.bincount(hour, minlength=_HOURS)
    mean_heat, mean_cold = _hour_means(thermal_kw, hour, count), _hour_means(cold, hour, count)
    spread = cold - mean_cold[hour]
    prior = float(thermal_kw.mean() / cold.mean()) if cold.mean() > 0 else 0.0
    weight = PRIOR_K2 * cold.size
    slope = float((spread @ (thermal_kw - mean_heat[hour]) + weight * prior) / (spread @ spread + weight))
    slope = max(slope, 0.0)
    by_hour = np.where(count > 0, mean_heat - slope * mean_cold, thermal_kw.mean() - slope * cold.mean())
    return HeatDemand(slope_kw_per_k=slope, by_hour_kw=by_hour)


def _hour_means(quantity: Floats, hour: Ints, count: Ints) -> Floats:
    means = np.zeros(_HOURS)
    np.divide(np.bincount(hour, weights=quantity, minlength=_HOURS), count, out=means, where=count > 0)
    return means
