"""Coefficient of performance of an air-source heat pump on radiators."""

import numpy as np

from optimizer.forecast.align import Floats

MEASURED_RATIO = (0.4, 2.0)
"""A measured COP is believed up to these multiples of the curve."""

TELLING_KW = 0.1
"""Below 0.1 kW on either side a quotient of powers tells nothing."""

_LOW_LIFT_K = 15.0
_HIGH_LIFT_K = 100.0


def radiator_cop(outdoor_c: Floats) -> Floats:
    """``0.85 (6.08 - 0.0941 dT + 0.000464 dT^2)``, ``dT = 40 - 2 T_out`` within 15 and 100 K.

    Air source, radiators at ``40 - T_out`` degrees (When2Heat, Ruhnau et al., 2019). Above 100 K the
    parabola would rise again.
    """
    lift_k = np.clip(40.0 - 2.0 * outdoor_c, _LOW_LIFT_K, _HIGH_LIFT_K)
    cop: Floats = 0.85 * (6.08 - 0.0941 * lift_k + 0.000464 * lift_k**2)
    return cop


def cop_ratio(thermal_kw: Floats, electrical_kw: Floats, outdoor_c: Floats) -> float:
    """Median of measured COP to the curve, within 0.4 and 2; 1 where nothing tells."""
    tells = (thermal_kw > TELLING_KW) & (electrical_kw > TELLING_KW) & np.isfinite(outdoor_c)
    if not tells.any():
        return 1.0
    measured = thermal_kw[tells] / electrical_kw[tells]
    return float(np.clip(np.median(measured / radiator_cop(outdoor_c[tells])), *MEASURED_RATIO))
