"""The model in PuLP: its problem is built once in bulk, kept, and changed in place from cycle to cycle.

This is the one file that speaks to PuLP's Rust core directly (``LpProblem.toRustModel``): its public
functions take one expression at a time, which costs more than solving.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from pulp import LpProblem, LpSolver, _rustcore
from pulp.apis.core import clocks
from pulp.constants import LpSolveStatus
from pulp.core.lp_stats import LpSolveStats

from optimizer.lp.highs import Answer, Arrays, Ending
from optimizer.lp.linear import Floats
from optimizer.lp.model import Matrix, Model

_PLAIN = str.maketrans("-+[] ", "_____")
_STATUS = {
    Ending.PROVED: LpSolveStatus.Optimal,
    Ending.STOPPED: LpSolveStatus.TimeLimit,
    Ending.INFEASIBLE: LpSolveStatus.Infeasible,
}


@dataclass(slots=True)
class Program:
    """A PuLP problem, handles to its parts, and the arrays that it holds now."""

    problem: LpProblem
    core: _rustcore.Model
    variables: list[_rustcore.Variable]
    constraints: list[_rustcore.Constraint]
    shape: tuple[tuple[str, int], ...]
    is_mip: bool
    lower: Floats
    upper: Floats
    matrix: Matrix
    right: Floats


def _shape(model: Model) -> tuple[tuple[str, int], ...]:
    columns = tuple((name, len(family)) for name, family, _ in model.families)
    return columns + tuple((family.name, len(family.expression)) for family in model.rows)


def _right(matrix: Matrix) -> Floats:
    """The right-hand side of each row: its one finite bound, or both where they are equal."""
    return np.where(np.isfinite(matrix.upper), matrix.upper, matrix.lower)


def create_program(model: Model, weights: Floats) -> Program:
    """Every variable and row of ``model`` in a PuLP problem that minimises ``weights``."""
    problem = LpProblem("site")
    core = problem.toRustModel()
    variables: list[_rustcore.Variable] = []
    lower, upper = np.zeros(len(model.lower)), np.zeros(len(model.lower))
    for name, family, is_whole in model.families:
        if not len(family):
            continue
        category = _rustcore.Category.Integer if is_whole else _rustcore.Category.Continuous
        plain = name.translate(_PLAIN)
        names = [f"{plain}_{number}" for number in range(len(family))]
        last = family.index[-1]
        low, high = float(model.lower[last]), float(model.upper[last])
        variables += core.add_variables_batch(names, low, high, category)
        lower[family.index], upper[family.index] = low, high
    program = Program(
        problem=problem,
        core=core,
        variables=variables,
        constraints=_add_rows(core, model.matrix, _row_names(model)),
        shape=_shape(model),
        is_mip=bool(model.is_integer.any()),
        lower=lower,
        upper=upper,
        matrix=model.matrix,
        right=_right(model.matrix),
    )
    _set_bounds(program, model)
    _minimise(program.core, weights)
    return program


def _row_names(model: Model) -> list[str]:
    names = [(family.name.translate(_PLAIN), len(family.expression)) for family in model.rows]
    return [f"{plain}_{number}" for plain, count in names for number in range(count)]


def _add_rows(core: _rustcore.Model, matrix: Matrix, names: Iterable[str]) -> list[_rustcore.Constraint]:
    sense = _rustcore.Sense
    identifiers = matrix.columns.astype(np.uint64)
    starts, right = matrix.starts.tolist(), _right(matrix).tolist()
    is_equal = (matrix.lower == matrix.upper).tolist()
    has_upper = np.isfinite(matrix.upper).tolist()
    constraints = []
    for row, name in enumerate(names):
        first, last = starts[row], starts[row + 1]
        expression = _rustcore.AffineExpr()
        expression.add_term_ids_coeffs(core, identifiers[first:last], matrix.values[first:last])
        expression.set_constant(-right[row])
        expression.set_sense(
            sense.Equal if is_equal[row] else sense.LessEqual if has_upper[row] else sense.GreaterEqual
        )
        expression.set_name(name)
        constraints.append(core.add_constraint(expression))
    return constraints


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameless:
    """A PuLP problem of numbered columns and rows, for a solver that is to be asked once."""

    problem: LpProblem
    variables: list[_rustcore.Variable]
    constraints: list[_rustcore.Constraint]


def nameless_program(arrays: Arrays, weights: Floats) -> Nameless:
    """Every column and row of ``arrays`` in a PuLP problem that minimises ``weights``."""
    problem = LpProblem("site")
    core = problem.toRustModel()
    variables = []
    bounds = zip(arrays.lower.tolist(), arrays.upper.tolist(), arrays.is_integer.tolist(), strict=True)
    for column, (low, high, is_whole) in enumerate(bounds):
        category = _rustcore.Category.Integer if is_whole else _rustcore.Category.Continuous
        variables.append(core.add_variable(f"column_{column}", low, high, category))
    constraints = _add_rows(core, arrays.matrix, (f"row_{row}" for row in range(len(arrays.matrix.lower))))
    _minimise(core, weights)
    return Nameless(problem=problem, variables=variables, constraints=constraints)


def _set_bounds(program: Program, model: Model) -> None:
    for column in np.flatnonzero(program.lower != model.lower).tolist():
        program.variables[column].set_lb(float(model.lower[column]))
    for column in np.flatnonzero(program.upper != model.upper).tolist():
        program.variables[column].set_ub(float(model.upper[column]))
    program.lower, program.upper = model.lower, model.upper


def _minimise(core: _rustcore.Model, weights: Floats) -> None:
    used = np.flatnonzero(weights)
    objective = _rustcore.AffineExpr()
    objective.add_term_ids_coeffs(core, used.astype(np.uint64), weights[used])
    core.set_objective(objective)


def update_program(program: Program, model: Model, weights: Floats) -> bool:
    """Change ``program`` in place to ``model``; False, and untouched, where their structures differ."""
    old, new = program.matrix, model.matrix
    is_alike = program.shape == _shape(model) and len(old.columns) == len(new.columns)
    if not is_alike or not np.array_equal(old.starts, new.starts) or not np.array_equal(old.columns, new.columns):
        return False
    changed = np.flatnonzero(old.values != new.values)
    rows = np.searchsorted(new.starts, changed, side="right") - 1
    for row, place in zip(rows.tolist(), changed.tolist(), strict=True):
        variable = program.variables[int(new.columns[place])]
        program.constraints[row].set_coefficient(variable, float(new.values[place]))
    right = _right(new)
    for row in np.flatnonzero(program.right != right).tolist():
        program.constraints[row].set_rhs(float(right[row]))
    _set_bounds(program, model)
    _minimise(program.core, weights)
    program.matrix, program.right = new, right
    return True


class ArraySolver(LpSolver):
    """A PuLP solver that hands a model over as arrays and takes the answer back as arrays.

    ``solve`` does the work; ``answer`` holds what came of it, beyond what PuLP's own result can say.
    """

    name = "ArraySolver"

    def __init__(self, program: Program, solve: Callable[[], Answer]) -> None:
        super().__init__(msg=False)
        self._program = program
        self._solve = solve
        self.answer: Answer | None = None

    def available(self) -> bool:
        """Always: the solver comes with the package."""
        return True

    def actualSolve(self, lp: LpProblem, **_: object) -> LpSolveStats:  # noqa: N802 - PuLP's signature
        """Solve, and give PuLP's variables their values."""
        wall_s, cpu_s = clocks()
        answer = self._solve()
        self.answer = answer
        has_solution = answer.ending is not Ending.INFEASIBLE
        if has_solution:
            self._program.core.set_variable_values(list(enumerate(answer.values.tolist())))
        ended_wall_s, ended_cpu_s = clocks()
        return LpSolveStats(
            solver=self.name,
            status=_STATUS[answer.ending],
            has_solution=has_solution,
            time=ended_wall_s - wall_s,
            cpu_time=ended_cpu_s - cpu_s,
            objective=answer.objective if has_solution else None,
            num_variables=len(self._program.variables),
            num_constraints=len(self._program.constraints),
            is_mip=self._program.is_mip,
        )
