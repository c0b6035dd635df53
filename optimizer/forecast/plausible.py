"""Which numbers can be true at all, and how single false ones are kept from poisoning a mean."""

import numpy as np
from numpy.typing import NDArray

MAX_KW = 100_000.0
"""No site of this product moves 100 MW; a larger reading is a unit mistake."""

OUTDOOR_C = (-60.0, 60.0)
"""Air temperatures on Earth stay within; 68 that means Fahrenheit does not."""

WINSOR_QUANTILE = 0.995
"""Seven minutes a day may be cut: kettles hardly matter, a meter's jump no longer does."""


def plausible_kw(kw: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN in place of what is not finite or beyond 100 MW either way."""
    return np.where(np.abs(kw) <= MAX_KW, kw, np.nan)


def plausible_c(celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN in place of what no air temperature can be."""
    low, high = OUTDOOR_C
    return np.where((celsius >= low) & (celsius <= high), celsius, np.nan)


def known_kw(kw: float | None) -> float | None:
    """A single reading, or None where it is absent, not finite or beyond 100 MW."""
    return kw if kw is not None and abs(kw) <= MAX_KW else None


def known_c(celsius: float | None) -> float | None:
    """A single temperature, or None where it is absent or no air temperature."""
    low, high = OUTDOOR_C
    return celsius if celsius is not None and low <= celsius <= high else None


def winsorised(kw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples beyond the 0.5 % and 99.5 % quantiles are pulled back to these (Dixon and Tukey, 1968).

    The quantiles are samples themselves, rounded towards the median, so that a single wild sample is
    cut however short the record is.
    """
    known = kw[np.isfinite(kw)]
    if known.size == 0:
        return kw
    low = float(np.quantile(known, 1 - WINSOR_QUANTILE, method="higher"))
    high = float(np.quantile(known, WINSOR_QUANTILE, method="lower"))
    return np.clip(kw, min(low, high), max(low, high))
