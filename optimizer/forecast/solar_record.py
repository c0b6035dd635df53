"""A week of solar power beside what a clear sky would have given."""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.site import Location, SolarSettings
from optimizer.forecast.align import Floats
from optimizer.forecast.clear_sky import clear_sky_kw_per_kwp
from optimizer.forecast.local_days import DAY_S, QUARTER_S, QUARTERS
from optimizer.forecast.past import Past

DAYS = 7
HALF_LIFE_DAYS = 3.0
"""After three days a day weighs half as much: weather stays, but not for long."""

HIGH_SUN_KW_PER_KWP = 0.2
"""Only above this do single samples tell an array's size."""

SIZE_QUANTILE = 0.95
SIZE_SAMPLES = 8

_HOURS = 24
_PRIOR_DAYS = 1.0
"""Weight of the ratio of all hours beside an hour's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarRecord:
    """Seven rows of 96 quarters of an hour (UTC), the last row ending with the present.

    ``kw`` is measured (NaN: missing or curtailed), ``clear_kw_per_kwp`` a clear sky's.
    ``quarter_now`` is the UTC quarter in which the last row ends.
    """

    kw: Floats
    clear_kw_per_kwp: Floats
    quarter_now: int

    @property
    def daylight_days(self) -> float:
        """Days of daylight that were seen, each quarter weighing as much as a clear sky would give in it."""
        per_day = self.clear_kw_per_kwp.sum() / DAYS
        seen = self.clear_kw_per_kwp[np.isfinite(self.kw)].sum()
        return float(seen / per_day) if per_day > 0 else 0.0

    def clipped(self, most_kw: float) -> "SolarRecord":
        """The same record with what no array of this size can give cut off."""
        return replace(self, kw=np.minimum(self.kw, most_kw))

    def likely_peak_kw(self) -> float | None:
        """The peak power that clear hours point to, or None where too little sun was recorded.

        The 95 % quantile of measured to clear-sky power under a high sun.
        """
        tells = np.isfinite(self.kw) & (self.clear_kw_per_kwp >= HIGH_SUN_KW_PER_KWP)
        if np.count_nonzero(tells) < SIZE_SAMPLES:
            return None
        sizes = self.kw[tells] / self.clear_kw_per_kwp[tells]
        size_kw = float(np.quantile(sizes, SIZE_QUANTILE, method="lower"))
        return size_kw if size_kw > 0 else None

    def ratio_by_hour(self, peak_kw: float) -> Floats:
        """Measured to clear-sky energy for each UTC hour, recent days weighing more.

        Each hour's own ratio shows shade and orientation; it is shrunk towards the ratio of all hours,
        which weighs like one more day (empirical Bayes; Efron and Morris, 1975).
        """
        weight = np.where(np.isfinite(self.kw), 0.5 ** (np.arange(DAYS)[::-1, None] / HALF_LIFE_DAYS), 0.0)
        measured = self._by_hour(weight * np.where(np.isfinite(self.kw), self.kw, 0.0))
        clear = self._by_hour(weight * self.clear_kw_per_kwp * peak_kw)
        prior = self._by_hour(np.full_like(weight, _PRIOR_DAYS / DAYS) * self.clear_kw_per_kwp * peak_kw)
        overall = measured.sum() / clear.sum()
        ratio = np.full(_HOURS, overall)
        np.divide(measured + overall * prior, clear + prior, out=ratio, where=clear + prior > 0)
        return ratio

    def mean_kw(self) -> Floats:
        """Mean by UTC quarter over the days that know it; unknown quarters lie between their neighbours."""
        known = np.isfinite(self.kw)
        count = known.sum(axis=0)
        mean = np.full(QUARTERS, np.nan)
        np.divide(np.where(known, self.kw, 0.0).sum(axis=0), count, out=mean, where=count > 0)
        mean = np.roll(mean, self.quarter_now)
        seen = np.flatnonzero(np.isfinite(mean))
        filled: Floats = np.interp(np.arange(QUARTERS), seen, mean[seen], period=QUARTERS)
        return filled

    def _by_hour(self, quantity: Floats) -> Floats:
        by_quarter = np.roll(quantity.sum(axis=0), self.quarter_now)
        by_hour: Floats = by_quarter.reshape(_HOURS, 4).sum(axis=1)
        return by_hour


def solar_record(past: Past, location: Location, array: SolarSettings) -> SolarRecord:
    """The last seven days before the present, on a grid without gaps."""
    quarter_end = int(past.at_s // QUARTER_S)
    first_s = quarter_end * QUARTER_S - DAYS * DAY_S
    place = (past.starts_s - first_s) // QUARTER_S
    inside = (place >= 0) & (place < DAYS * QUARTERS)
    kw = np.full(DAYS * QUARTERS, np.nan)
    kw[place[inside]] = past.solar_kw[inside]
    middles_s = first_s + (np.arange(DAYS * QUARTERS, dtype=np.float64) + 0.5) * QUARTER_S
    clear = clear_sky_kw_per_kwp(middles_s, location, array)
    shape = (DAYS, QUARTERS)
    return SolarRecord(kw=kw.reshape(shape), clear_kw_per_kwp=clear.reshape(shape), quarter_now=quarter_end % QUARTERS)
