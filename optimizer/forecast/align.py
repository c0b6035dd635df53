"""Put anything that is constant on intervals onto slots, as time-weighted means."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.forecast.plausible import plausible_kw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CELL_S = 300
"""Own forecasts are made in cells of five minutes and averaged onto the slots from there."""

FULL_COVER = 0.999
"""A slot counts as covered from this share of its length on: leaves room for rounding only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """The mean over each slot (NaN where nothing is known) and whether the whole slot is covered."""

    mean: Floats
    covered: Flags

    @property
    def uncovered(self) -> tuple[int, ...]:
        """Numbers of the slots that are not wholly covered."""
        return tuple(int(slot) for slot in np.flatnonzero(~self.covered))


@lru_cache(maxsize=4096)
def seconds(instants: tuple[datetime, ...]) -> Floats:
    """Seconds since 1970 UTC, in an array that nobody may change: the same edges are asked for many times."""
    found = np.array([instant.timestamp() for instant in instants], dtype=np.float64)
    found.flags.writeable = False
    return found


def cell_starts(horizon: Horizon) -> Ints:
    """Starts, in seconds since 1970, of the five-minute cells that cover the horizon."""
    first = int(horizon.start.timestamp() // CELL_S) * CELL_S
    return np.arange(first, horizon.end.timestamp(), CELL_S, dtype=np.int64)


def means_on_edges(edges_s: Floats, starts_s: Floats, ends_s: Floats, values: Floats) -> Aligned:
    """Time-weighted mean over each ``[edges_s[t], edges_s[t + 1])``; values that are not finite are gaps.

    The integral of a step function is linear between its steps, so its value at each edge is an
    interpolation between the steps, and a mean is a difference of two of them.
    """
    known = np.isfinite(values)
    slots = len(edges_s) - 1
    if not known.any():
        return Aligned(mean=np.full(slots, np.nan), covered=np.zeros(slots, dtype=np.bool_))
    starts_s, ends_s, values = starts_s[known], ends_s[known], values[known]
    lengths_s = ends_s - starts_s
    if np.array_equal(starts_s[1:], ends_s[:-1]):
        return _means_of_unbroken(edges_s, starts_s, ends_s[-1], values, lengths_s)
    knots, first = np.unique(np.column_stack((starts_s, ends_s)).ravel(), return_index=True)

    def integral(rates: Floats) -> Floats:
        steps = np.concatenate(([0.0], np.cumsum(rates * lengths_s)))
        at_knots = np.column_stack((steps[:-1], steps[1:])).ravel()[first]
        return np.diff(np.interp(edges_s, knots, at_knots))

    known_s = integral(np.ones_like(values))
    mean = np.full(slots, np.nan)
    np.divide(integral(values), known_s, out=mean, where=known_s > 0)
    return Aligned(mean=mean, covered=known_s >= FULL_COVER * np.diff(edges_s))


def _means_of_unbroken(edges_s: Floats, starts_s: Floats, end_s: float, values: Floats, lengths_s: Floats) -> Aligned:
    """The usual case of ``means_on_edges``: each interval begins where the one before it ends."""
    knots = np.append(starts_s, end_s)
    integral = np.append(0.0, np.cumsum(values * lengths_s))
    known_s = np.diff(np.clip(edges_s, knots[0], knots[-1]))
    mean = np.full(len(known_s), np.nan)
    np.divide(np.diff(np.interp(edges_s, knots, integral)), known_s, out=mean, where=known_s > 0)
    return Aligned(mean=mean, covered=known_s >= FULL_COVER * np.diff(edges_s))


def series_on_horizon(series: Series, horizon: Horizon) -> Aligned:
    """A feed's series in kW on the horizon; values that no site can have are gaps."""
    values = plausible_kw(np.array(series.values, dtype=np.float64))
    return means_on_edges(seconds(horizon.edges), seconds(series.starts), seconds(series.ends), values)


def cells_on_horizon(cells_s: Ints, values: Floats, horizon: Horizon) -> Floats:
    """Values in five-minute cells, as ``cell_starts`` laid them, averaged over each slot."""
    starts_s = cells_s.astype(np.float64)
    return means_on_edges(seconds(horizon.edges), starts_s, starts_s + CELL_S, values).mean
