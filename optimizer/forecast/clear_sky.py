"""What an array would give under a cloudless sky."""

from functools import lru_cache

import numpy as np
import pandas as pd

from optimizer.domain.site import Location, SolarSettings
from optimizer.forecast.align import Floats
from optimizer.forecast.local_days import DAY_S

PERFORMANCE_RATIO = 0.85
"""Share of the nominal power left after heat, dirt, cables and inverter (Fraunhofer ISE: 80 to 90 %)."""

STANDARD_W_PER_M2 = 1000.0
"""The irradiance at which the peak power of a module is stated (IEC 60904-3)."""


CELL_S = 300.0
"""The sky is worked out for the middle of each 5 minutes."""


def clear_sky_kw_per_kwp(middles_s: Floats, location: Location, array: SolarSettings) -> Floats:
    """AC power per kW of peak power in the 5-minute cell of each instant (seconds since 1970), 0 at night.

    Whole days are worked out once and remembered: the sun of last week does not change.
    """
    day = (middles_s // DAY_S).astype(np.int64)
    cell = ((middles_s % DAY_S) // CELL_S).astype(np.int64)
    found: Floats = np.zeros(len(middles_s))
    for number in np.unique(day):
        that_day = day == number
        found[that_day] = _one_day(int(number), location, array)[cell[that_day]]
    return found


@lru_cache(maxsize=512)
def _one_day(day: int, location: Location, array: SolarSettings) -> Floats:
    """All cells of a UTC day (days since 1970), kW per kWp.

    Sun: NREL SPA (Reda and Andreas, 2004). Clear sky: simplified Solis (Ineichen, 2008). Tilted plane:
    Hay and Davies (1980). ``kW = 0.85 * irradiance / 1000``.
    """
    # a quarter of all that is imported, which commands that forecast nothing do without
    from pvlib.clearsky import simplified_solis
    from pvlib.irradiance import get_extra_radiation, get_total_irradiance
    from pvlib.solarposition import get_solarposition

    middles_s = day * DAY_S + (np.arange(DAY_S / CELL_S) + 0.5) * CELL_S
    instants = pd.DatetimeIndex(middles_s.astype(np.int64).astype("datetime64[s]")).tz_localize("UTC")
    sun = get_solarposition(instants, location.latitude, location.longitude, method="nrel_numpy")
    elevation = sun["apparent_elevation"].to_numpy()
    is_up = elevation > 0
    if not is_up.any():
        return np.zeros(len(middles_s))
    sky = simplified_solis(np.where(is_up, elevation, 0.0))
    plane = get_total_irradiance(
        array.tilt_deg,
        _azimuth_deg(array, location),
        sun["apparent_zenith"].to_numpy(),
        sun["azimuth"].to_numpy(),
        sky["dni"],
        sky["ghi"],
        sky["dhi"],
        dni_extra=get_extra_radiation(_day_of_year(middles_s)),
        model="haydavies",
    )
    kw = PERFORMANCE_RATIO * np.asarray(plane["poa_global"]) / STANDARD_W_PER_M2
    return np.where(is_up & np.isfinite(kw), np.maximum(kw, 0.0), 0.0)


def _azimuth_deg(array: SolarSettings, location: Location) -> float:
    """As configured, else towards the equator."""
    if array.azimuth_deg is not None:
        return array.azimuth_deg
    return 180.0 if location.latitude >= 0 else 0.0


def _day_of_year(middles_s: Floats) -> Floats:
    date = (middles_s // DAY_S).astype(np.int64).astype("datetime64[D]")
    day_of_year: Floats = (date - date.astype("datetime64[Y]")).astype(np.float64) + 1
    return day_of_year
