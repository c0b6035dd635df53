"""Recorded intervals that quarters of an hour do not fit, as means over quarters."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd, lcm

import numpy as np
import numpy.typing as npt

QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """``count`` intervals of ``step``, whole seconds, one after the other from ``start`` on."""

    start: datetime
    step: timedelta
    count: int

    @property
    def fit(self) -> bool:
        """Whether each quarter of the UTC clock is made of whole intervals, or each interval of whole quarters."""
        if self.step < QUARTER:
            return not QUARTER % self.step and not (self.start - EPOCH) % self.step
        return not self.step % QUARTER and not (self.start - EPOCH) % QUARTER

    @property
    def told_every(self) -> timedelta:
        """From one quarter that ends together with an interval to the next such.

        By then no quarter that is over hangs on an interval that is not.
        """
        return lcm(self.step // SECOND, QUARTER // SECOND) * SECOND

    @property
    def late(self) -> timedelta:
        """By how much all intervals begin too late for any of them to begin with a quarter."""
        return (self.start - EPOCH) % (gcd(self.step // SECOND, QUARTER // SECOND) * SECOND)

    @property
    def first_quarter(self) -> datetime:
        """The first that begins with an interval; where none does, the first of all."""
        together = lcm(self.step // SECOND, QUARTER // SECOND) * SECOND // self.step
        starts = (self.start + number * self.step for number in range(min(together, self.count)))
        first = self.start + (EPOCH - self.start) % QUARTER
        return next((at for at in starts if not (at - EPOCH) % QUARTER), first)

    @property
    def quarters(self) -> int:
        """How many whole ones there are from ``first_quarter`` on."""
        return max((self.start + self.count * self.step - self.first_quarter) // QUARTER, 0)

    def on_quarters(self, values: Floats) -> Floats:
        """Time-weighted means on them; NaN where a part of a quarter is unknown.

        An integral of what is constant in steps is linear between them, so that it can be read at any edge.
        """
        step_s = self.step / SECOND
        knots_s = step_s * np.arange(self.count + 1)
        quarters_s = QUARTER / SECOND * np.arange(self.quarters + 1)
        edges_s = (self.first_quarter - self.start) / SECOND + quarters_s
        known = np.isfinite(values)

        def means(rates: Floats) -> Floats:
            integral: Floats = np.interp(edges_s, knots_s, np.concatenate(([0.0], np.cumsum(rates * step_s))))
            return np.diff(integral) / (QUARTER / SECOND)

        is_whole = means(known.astype(np.float64)) > 1 - 1 / (2 * QUARTER / SECOND)
        found: Floats = np.where(is_whole, means(np.where(known, values, 0.0)), np.nan)
        return found
