"""An answer read from a file of eight digits: whether it satisfies the model, and the digits that are missing."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.lp.highs import Arrays
from optimizer.lp.linear import Floats
from optimizer.lp.model import Matrix

SHARP = 1e-6
"""What a row or a bound may be missed by, in its unit."""
BLUR = 1e-7
"""What eight digits may add to that, as a share of what a row adds up."""
WHOLE = 1e-5
"""How near to a whole number a decided column is."""
ENOUGH = 1e-9
MOST_STEPS = 2000
Truths = NDArray[np.bool_]


def satisfies(model: Arrays, values: Floats) -> bool:
    """Whether ``values`` keep every row, bound and whole number, as far as eight digits can tell."""
    matrix = model.matrix
    sums, slack, around = _sums(matrix, values), _slack(matrix, values), SHARP + BLUR * np.abs(values)
    whole = values[model.is_integer == 1]
    return bool(
        np.all((sums >= matrix.lower - slack) & (sums <= matrix.upper + slack))
        and np.all((values >= model.lower - around) & (values <= model.upper + around))
        and np.all(np.abs(whole - np.round(whole)) <= WHOLE)
    )


def row_sums(matrix: Matrix, values: Floats) -> Floats:
    """What the rows amount to; those that miss a bound by no more than the digits left out are at it."""
    sums, slack = _sums(matrix, values), _slack(matrix, values)
    sums = np.where(np.abs(sums - matrix.lower) <= slack, matrix.lower, sums)
    return np.where(np.abs(sums - matrix.upper) <= slack, matrix.upper, sums)


def sharpened(model: Arrays, values: Floats) -> Floats:
    """``values`` with whole numbers whole, what is at a bound there, and rows at a bound keeping it exactly.

    What lies between its bounds is moved as little as that takes: least squares by conjugate gradients (Hestenes
    and Stiefel, Journal of Research of the National Bureau of Standards 49(6), 1952).
    """
    matrix, around = model.matrix, SHARP + BLUR * np.abs(values)
    near_lower, near_upper = np.abs(values - model.lower) <= around, np.abs(values - model.upper) <= around
    sharp = np.where(near_lower, model.lower, np.where(near_upper, model.upper, values))
    sharp = np.where(model.is_integer == 1, np.round(sharp), sharp)
    is_free = ~near_lower & ~near_upper & (model.is_integer == 0)
    target = row_sums(matrix, values)
    is_held = (target == matrix.lower) | (target == matrix.upper)
    missing = np.where(is_held, target - _sums(matrix, sharp), 0.0)
    return np.clip(sharp + _least_step(matrix, is_free, is_held, missing), model.lower, model.upper)


def _least_step(matrix: Matrix, is_free: Truths, is_held: Truths, missing: Floats) -> Floats:
    """The smallest change of the free columns that adds ``missing`` to the held rows."""
    rows = np.repeat(np.arange(len(matrix.lower)), np.diff(matrix.starts))
    used = is_held[rows] & is_free[matrix.columns]
    rows, columns, entries = rows[used], matrix.columns[used], matrix.values[used]

    def back(of: Floats) -> Floats:
        return np.bincount(columns, entries * of[rows], minlength=len(is_free))

    step = np.zeros(len(is_free))
    slope = direction = back(missing)
    size = slope @ slope
    for _ in range(MOST_STEPS):
        if size <= ENOUGH**2 or np.abs(missing).max(initial=0.0) <= ENOUGH:
            break
        gained = np.bincount(rows, entries * direction[columns], minlength=len(missing))
        length = size / (gained @ gained)
        step, missing = step + length * direction, missing - length * gained
        slope = back(missing)
        size, before = slope @ slope, size
        direction = slope + (size / before) * direction
    return step


def _sums(matrix: Matrix, values: Floats) -> Floats:
    rows = np.repeat(np.arange(len(matrix.lower)), np.diff(matrix.starts))
    return np.bincount(rows, matrix.values * values[matrix.columns], minlength=len(matrix.lower))


def _slack(matrix: Matrix, values: Floats) -> Floats:
    """How far each row may be from its bound."""
    return SHARP + BLUR * _sums(replace(matrix, values=np.abs(matrix.values)), np.abs(values))
