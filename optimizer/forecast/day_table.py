"""Habits: a record folded into one row a local day, 96 quarters of an hour wide."""

from dataclasses import dataclass

import numpy as np

from optimizer.forecast.align import Flags, Floats, Ints
from optimizer.forecast.local_days import QUARTERS, LocalStamps

FULL_DAY = 0.8
"""Share of its quarters that a day must show to count as seen."""

HALF_LIFE_DAYS = 7.0
"""A day a week older weighs half as much in a mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTable:
    """``kw[d, q]``: mean in quarter ``q`` of local day ``day[d]``; NaN is missing."""

    day: Ints
    kind: Ints
    kw: Floats

    @property
    def full_days(self) -> int:
        """Number of days of which at least 80 % is known."""
        return int(np.count_nonzero(np.isfinite(self.kw).mean(axis=1) >= FULL_DAY))

    def mean(self, days: Flags | None = None, *, at_least: int = 1) -> Floats:
        """Mean over days by quarter, recent days weighing more; NaN where fewer than ``at_least`` know it."""
        chosen = self.kw if days is None else self.kw[days]
        day = self.day if days is None else self.day[days]
        if day.size == 0:
            return np.full(QUARTERS, np.nan)
        known = np.isfinite(chosen)
        weight = np.where(known, 0.5 ** ((day.max() - day) / HALF_LIFE_DAYS)[:, None], 0.0)
        total = (weight * np.where(known, chosen, 0.0)).sum(axis=0)
        mean = np.full(QUARTERS, np.nan)
        np.divide(total, weight.sum(axis=0), out=mean, where=known.sum(axis=0) >= at_least)
        return mean


def day_table(local: LocalStamps, kw: Floats) -> DayTable:
    """Fold a record into days. A quarter that occurs twice when clocks go back holds the mean of both."""
    day, row = np.unique(local.day, return_inverse=True)
    kind = np.zeros(len(day), dtype=np.int64)
    kind[row] = local.kind
    known = np.isfinite(kw)
    place = (row * QUARTERS + local.quarter)[known]
    size = len(day) * QUARTERS
    count = np.bincount(place, minlength=size)
    folded = np.full(size, np.nan)
    np.divide(np.bincount(place, weights=kw[known], minlength=size), count, out=folded, where=count > 0)
    return DayTable(day=day, kind=kind, kw=folded.reshape(len(day), QUARTERS))


def filled_around(by_quarter: Floats) -> Floats:
    """Unknown quarters drawn straight between their known neighbours, midnight joined to midnight.

    All must not be unknown.
    """
    known = np.flatnonzero(np.isfinite(by_quarter))
    return np.interp(np.arange(QUARTERS), known, by_quarter[known], period=QUARTERS)
