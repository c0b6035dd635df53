"""The list of a model's variables while it is being drawn up."""

import numpy as np

from optimizer.lp.linear import Columns, Floats, Numbers, filled


class ColumnList:
    """Families of variables in their order, each with its bounds; a family is a run of neighbours."""

    def __init__(self) -> None:
        self.count = 0
        self.families: list[tuple[str, Columns, bool]] = []
        self._lower: list[Floats] = []
        self._upper: list[Floats] = []

    def add(self, name: str, length: int, *, lower: Numbers = 0.0, upper: Numbers = np.inf) -> Columns:
        """``length`` continuous variables."""
        return self._append(name, length, lower, upper, is_integer=False)

    def binary(self, name: str, length: int) -> Columns:
        """``length`` variables that are 0 or 1."""
        return self._append(name, length, 0.0, 1.0, is_integer=True)

    def integer(self, name: str, length: int, *, upper: float) -> Columns:
        """``length`` whole numbers from 0 to ``upper``."""
        return self._append(name, length, 0.0, upper, is_integer=True)

    def _append(self, name: str, length: int, lower: Numbers, upper: Numbers, *, is_integer: bool) -> Columns:
        columns = Columns(np.arange(self.count, self.count + length, dtype=np.int32))
        self.count += length
        self.families.append((name, columns, is_integer))
        self._lower.append(filled(lower, length))
        self._upper.append(filled(upper, length))
        return columns

    @property
    def lower(self) -> Floats:
        """The least value of each variable."""
        return np.concatenate(self._lower)

    @property
    def upper(self) -> Floats:
        """The largest value of each variable."""
        return np.concatenate(self._upper)
