"""Many linear expressions at once: one per slot (or interval, or day), written like the formula.

PuLP builds one expression at a time; a site's laws hold in every slot, so here a law is one line over all
slots and reaches PuLP and the solver in bulk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Numbers = float | Sequence[float] | Floats


def filled(given: Numbers, length: int) -> Floats:
    """``given`` as an array: one number is repeated."""
    if isinstance(given, int | float):
        return np.full(length, float(given))
    return np.asarray(given, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Part:
    """``coefficients[k]`` times column ``columns[k]``, added to expression ``rows[k]``."""

    rows: Ints
    columns: Ints
    coefficients: Floats


class Linear:
    """``len(constant)`` expressions: the sum of parts, plus a constant each."""

    __slots__ = ("constant", "parts")

    def __init__(self, parts: tuple[Part, ...], constant: Floats) -> None:
        self.parts = parts
        self.constant = constant

    def __len__(self) -> int:
        return len(self.constant)

    def __add__(self, other: "Linear | Numbers") -> "Linear":
        if isinstance(other, Linear):
            return Linear(self.parts + other.parts, self.constant + other.constant)
        return Linear(self.parts, self.constant + np.asarray(other, dtype=np.float64))

    __radd__ = __add__

    def __neg__(self) -> "Linear":
        return self * -1.0

    def __sub__(self, other: "Linear | Numbers") -> "Linear":
        if isinstance(other, Linear):
            return self + other * -1.0
        return Linear(self.parts, self.constant - np.asarray(other, dtype=np.float64))

    def __rsub__(self, other: Numbers) -> "Linear":
        return self * -1.0 + other

    def __mul__(self, factor: Numbers) -> "Linear":
        """Each expression times its factor, or all times the one factor."""
        if isinstance(factor, int | float):
            parts = tuple(Part(part.rows, part.columns, part.coefficients * factor) for part in self.parts)
            return Linear(parts, self.constant * factor)
        factors = np.asarray(factor, dtype=np.float64)
        parts = tuple(Part(part.rows, part.columns, part.coefficients * factors[part.rows]) for part in self.parts)
        return Linear(parts, self.constant * factors)

    __rmul__ = __mul__

    def sum(self) -> "Linear":
        """All of them added up: one expression."""
        parts = tuple(Part(np.zeros_like(part.rows), part.columns, part.coefficients) for part in self.parts)
        return Linear(parts, np.array([self.constant.sum()]))

    def gathered(self, group: Ints, groups: int) -> "Linear":
        """Expression ``k`` added into ``group[k]``; left out where that is negative."""
        parts = []
        for part in self.parts:
            into = group[part.rows]
            kept = into >= 0
            parts.append(Part(into[kept], part.columns[kept], part.coefficients[kept]))
        kept = group >= 0
        constant = np.bincount(group[kept], weights=self.constant[kept], minlength=groups)
        return Linear(tuple(parts), constant.astype(np.float64))

    def at(self, chosen: Ints) -> "Linear":
        """The chosen ones, in their order (each at most once)."""
        place = np.full(len(self), -1, dtype=np.int32)
        place[chosen] = np.arange(len(chosen), dtype=np.int32)
        return self.gathered(place, len(chosen))

    def repeated(self, length: int) -> "Linear":
        """The one expression that this is, ``length`` times."""
        parts = tuple(
            Part(
                np.repeat(np.arange(length, dtype=np.int32), len(part.rows)),
                np.tile(part.columns, length),
                np.tile(part.coefficients, length),
            )
            for part in self.parts
        )
        return Linear(parts, np.repeat(self.constant, length))

    def values(self, at: Floats) -> Floats:
        """What the expressions amount to where the columns have the values ``at``."""
        total = self.constant.copy()
        for part in self.parts:
            total += np.bincount(part.rows, weights=part.coefficients * at[part.columns], minlength=len(total))
        return total


class Columns(Linear):
    """A family of variables, and at once the expressions that are just these variables."""

    __slots__ = ("index",)

    def __init__(self, index: Ints) -> None:
        rows = np.arange(len(index), dtype=np.int32)
        super().__init__((Part(rows, index, np.ones(len(index))),), np.zeros(len(index)))
        self.index = index

    def __getitem__(self, chosen: slice | Ints) -> "Columns":
        return Columns(self.index[chosen])


def nothing(length: int) -> Linear:
    """Expressions that are all zero."""
    return Linear((), np.zeros(length))


def total(expressions: Sequence[Linear], length: int) -> Linear:
    """Their sum, zero where there are none."""
    summed = nothing(length)
    for expression in expressions:
        summed = summed + expression
    return summed
