"""Machines that start and stop: rows shared by every asset that runs or does not."""

from datetime import timedelta

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Columns, Linear, Part
from optimizer.lp.term import Rows, at_least, at_most


def before(state: Columns, *, initially: float) -> Linear:
    """``state`` in the slot before."""
    slots = len(state)
    constant = np.zeros(slots)
    constant[0] = initially
    later = np.arange(1, slots, dtype=np.int32)
    return Linear((Part(later, state.index[:-1], np.ones(slots - 1)),), constant)


def recent(problem: Problem, within_h: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (slot, earlier or same slot) whose starts lie less than ``within_h`` apart."""
    starts = problem.horizon.starts
    own = np.arange(len(starts))
    starts_s = np.array([(start - starts[0]) / timedelta(seconds=1) for start in starts])
    first = np.minimum(np.searchsorted(starts_s, starts_s - within_h * 3600, side="right"), own)
    counts = own - first + 1
    slots = np.repeat(own, counts)
    earliers = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    return slots.astype(np.int32), earliers.astype(np.int32)


def _in_recent(problem: Problem, of: Linear, within_h: float) -> Linear:
    """The sum of each slot's and the recent slots' expressions."""
    slots, earliers = recent(problem, within_h)
    parts = []
    constant = np.bincount(slots, weights=of.constant[earliers], minlength=len(of)).astype(np.float64)
    for part in of.parts:
        order = np.argsort(part.rows, kind="stable")
        rows = part.rows[order]
        first = np.searchsorted(rows, earliers, side="left")
        last = np.searchsorted(rows, earliers, side="right")
        counts = last - first
        into = np.repeat(slots, counts).astype(np.int32)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen = order[np.repeat(first, counts) + offsets]
        parts.append(Part(into, part.columns[chosen], part.coefficients[chosen]))
    return Linear(tuple(parts), constant)


def stays_on(name: str, problem: Problem, on: Columns, start: Columns, *, min_up_h: float, was_on: bool) -> list[Rows]:
    """start >= on - on before; the starts of the last ``min_up_h`` hours <= on.

    Source: Rajan and Takriti, "Minimum up/down polytopes of the unit commitment problem with start-up costs",
    IBM Research Report RC23628, 2005.
    """
    initially = 1.0 if was_on else 0.0
    rows = [at_least(f"{name} start", start - on + before(on, initially=initially))]
    if min_up_h > 0:
        rows.append(at_most(f"{name} stays on", _in_recent(problem, start, min_up_h) - on))
    return rows


def stays_off(
    name: str, problem: Problem, on: Columns, start: Columns, *, min_down_h: float, was_on: bool
) -> list[Rows]:
    """stop = start - on + on before; the stops of the last ``min_down_h`` hours <= 1 - on."""
    stop = start - on + before(on, initially=1.0 if was_on else 0.0)
    return [at_most(f"{name} stays off", _in_recent(problem, stop, min_down_h) + on, 1.0)]
