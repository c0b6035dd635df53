"""What is measured now holds for a while: its weight halves every 20 minutes and ends after an hour."""

import numpy as np

from optimizer.forecast.align import Floats

HALF_LIFE_S = 1200.0
LAST_S = 3600.0


def blended(expected_kw: Floats, present_kw: float, age_s: Floats) -> Floats:
    """``expected + w (present - expected)`` with ``w = 0.5^(age / 20 min)``, 0 from one hour on."""
    weight = np.where(age_s < LAST_S, 0.5 ** (age_s / HALF_LIFE_S), 0.0)
    mixed: Floats = expected_kw + weight * (present_kw - expected_kw)
    return mixed
