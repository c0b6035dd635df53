"""A problem's terms gathered into one model: arrays for the solver, the same in PuLP for everything else."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns, Floats, Ints, Linear, total
from optimizer.lp.term import Cost, Rows, Tier
from optimizer.lp.terms import PREFERENCES, TERMS
from optimizer.lp.variables import Exclusive, Variables, create_variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Sparse rows: row ``r`` holds ``values[starts[r]:starts[r + 1]]`` in ``columns`` of the same places."""

    starts: Ints
    columns: Ints
    values: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A built model. ``costs`` are the very expressions that are minimised and later reported."""

    variables: Variables
    families: tuple[tuple[str, Columns, bool], ...]
    lower: Floats
    upper: Floats
    is_integer: Ints
    rows: tuple[Rows, ...]
    matrix: Matrix
    costs: tuple[Cost, ...]

    def total(self, tier: Tier) -> Linear:
        """The sum of all costs of one tier."""
        return total([cost.expression for cost in self.costs if cost.tier is tier], 1)

    def weights(self, of: Linear) -> Floats:
        """The one expression's coefficient of each column."""
        weights = np.zeros(len(self.lower))
        for part in of.parts:
            np.add.at(weights, part.columns, part.coefficients)
        return weights

    def amounts(self, tier: Tier, at: Floats) -> Mapping[str, float]:
        """Each cost of one tier by name, where the columns have the values ``at``."""
        return {cost.name: float(cost.expression.values(at)[0]) for cost in self.costs if cost.tier is tier}

    def row_range(self, name: str) -> slice:
        """Where the rows of a family stand. Raises KeyError where there is none of that name."""
        start = 0
        for rows in self.rows:
            if rows.name == name:
                return slice(start, start + len(rows.expression))
            start += len(rows.expression)
        raise KeyError(name)


def build_model(problem: Problem, exclusive: Exclusive, *, is_strict: bool) -> Model:
    """Every term's rows and costs over one set of variables."""
    listed = ColumnList()
    variables = create_variables(listed, problem, exclusive, is_strict=is_strict)
    rows: list[Rows] = []
    costs: list[Cost] = []
    for term in TERMS:
        contribution = term(problem, variables)
        rows += contribution.rows
        costs += contribution.costs
    is_integer = np.zeros(listed.count, dtype=np.int32)
    for _, columns, whole in listed.families:
        if whole:
            is_integer[columns.index] = 1
    return Model(
        variables=variables,
        families=tuple(listed.families),
        lower=listed.lower,
        upper=listed.upper,
        is_integer=is_integer,
        rows=tuple(rows),
        matrix=assemble(rows),
        costs=tuple(costs),
    )


def preferences(problem: Problem, model: Model) -> tuple[Matrix, Floats]:
    """The rows that preferences add to ``model``, and their weights."""
    contributions = [term(problem, model.variables) for term in PREFERENCES]
    costs = [cost.expression for contribution in contributions for cost in contribution.costs]
    rows = [rows for contribution in contributions for rows in contribution.rows]
    return assemble(rows), model.weights(total(costs, 1))


def assemble(rows: list[Rows]) -> Matrix:
    """The families below each other, each row's entries in order of column, entries of the same place added."""
    offset = 0
    row_parts, column_parts, value_parts, constants = [], [], [], []
    for family in rows:
        for part in family.expression.parts:
            row_parts.append(part.rows + offset)
            column_parts.append(part.columns)
            value_parts.append(part.coefficients)
        constants.append(family.expression.constant)
        offset += len(family.expression)
    if not row_parts:
        nothing_there = np.zeros(0)
        return Matrix(
            starts=np.zeros(1, dtype=np.int32),
            columns=np.zeros(0, dtype=np.int32),
            values=nothing_there,
            lower=nothing_there,
            upper=nothing_there,
        )
    at_row, at_column = np.concatenate(row_parts), np.concatenate(column_parts)
    values = np.concatenate(value_parts)
    key = at_row.astype(np.int64) * (int(at_column.max(initial=0)) + 1) + at_column
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    values = np.add.reduceat(values[order], first) if len(first) else values
    at_row, at_column = at_row[order][first], at_column[order][first]
    starts = np.zeros(offset + 1, dtype=np.int32)
    np.cumsum(np.bincount(at_row, minlength=offset), out=starts[1:])
    constant = np.concatenate(constants)
    return Matrix(
        starts=starts,
        columns=at_column.astype(np.int32),
        values=values,
        lower=np.concatenate([family.lower for family in rows]) - constant,
        upper=np.concatenate([family.upper for family in rows]) - constant,
    )
