"""A model handed to HiGHS as arrays, and its answer read back as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import highspy
import numpy as np

from optimizer.errors import SolverFailed
from optimizer.lp.linear import Floats, Ints
from optimizer.lp.model import Matrix, Model

PROVED_GAP = 1e-7
"""The absolute gap, in the objective's unit, at which a mixed-integer answer counts as proved."""

_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "mip_rel_gap": 0.0,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_pool_age_limit": 5,
}
"""With some dozens of binaries the search itself ends sooner than these two heuristics that would shorten it, and
sooner with few cuts kept: on days of negative prices six times sooner than with the solver's own settings."""
_DUAL_SIMPLEX, _PRIMAL_SIMPLEX = 1, 4
LOWER, BASIC, UPPER = 0, 1, 2
NEAR = 1e-9
_NAMED = (highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kUpper)


class Ending(Enum):
    """How a solve ended."""

    PROVED = "proved"
    STOPPED = "stopped with an answer"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What each column and row is in a simplex basis: LOWER, BASIC or UPPER."""

    columns: Ints
    rows: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Values and duals; ``gap`` is what a stopped search may have left, None where that is not known.

    Duals are empty where the solver has none, as after a search.
    """

    ending: Ending
    values: Floats
    reduced_costs: Floats
    row_duals: Floats
    row_values: Floats
    objective: float
    gap: float | None


def basis_at(model: Model, answer: Answer) -> Basis:
    """The basis that ``answer`` stands for: what lies between its bounds is basic.

    Asking the solver takes ten times as long; where an answer is degenerate it is mended by the solver.
    """
    rows = len(model.matrix.lower)
    return Basis(
        columns=_codes(answer.values, model.lower, model.upper),
        rows=_codes(answer.row_values[:rows], model.matrix.lower, model.matrix.upper),
    )


def _codes(values: Floats, lower: Floats, upper: Floats) -> Ints:
    codes = np.where(values <= lower + NEAR, LOWER, np.where(values >= upper - NEAR, UPPER, BASIC))
    return codes.astype(np.int32)


def _new_solver() -> Any:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy has no types
    for name, setting in _OPTIONS.items():
        solver.setOptionValue(name, setting)
    return solver


class Arrays(Protocol):
    """What a session needs of a model."""

    @property
    def lower(self) -> Floats: ...
    @property
    def upper(self) -> Floats: ...
    @property
    def is_integer(self) -> Ints: ...
    @property
    def matrix(self) -> Matrix: ...


class Session:
    """One HiGHS with one model in it; its statuses are judged here and nowhere else.

    ``cuts`` counts the solves that the clock ended: only those could end otherwise on another day.
    """

    name = "HiGHS"
    version: str = highspy.Highs().version()  # type: ignore[no-untyped-call]  # highspy has no types
    options: Mapping[str, object] = {**_OPTIONS, "proved_gap": PROVED_GAP, "near": NEAR}

    def __init__(self) -> None:
        self._highs: Any = None
        self._columns = 0
        self._searches = False
        self.cuts = 0

    def load(self, model: Arrays, weights: Floats) -> None:
        """Begin anew with ``model`` and the costs ``weights``; nothing of an earlier model is left.

        A solver that held another model before takes fifty times as long to take the next one.
        """
        self._highs = _new_solver()
        matrix = model.matrix
        self._columns = len(model.lower)
        self._searches = bool(model.is_integer.any())
        status = self._highs.passModel(
            self._columns,
            len(matrix.lower),
            len(matrix.values),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            weights,
            model.lower,
            model.upper,
            matrix.lower,
            matrix.upper,
            matrix.starts[:-1],
            matrix.columns,
            matrix.values,
            model.is_integer,
        )
        if status == highspy.HighsStatus.kError:
            msg = "the solver did not take the model"
            raise SolverFailed(msg)
        self._highs.setOptionValue("presolve", "choose" if self._searches else "off")
        self._highs.setOptionValue("simplex_strategy", _DUAL_SIMPLEX if self._searches else _PRIMAL_SIMPLEX)

    def start_from(self, basis: Basis) -> None:
        """Begin the next solve at ``basis``; one that does not fit is mended or ignored by the solver."""
        given = highspy.HighsBasis()
        given.col_status = [_NAMED[code] for code in basis.columns.tolist()]
        given.row_status = [_NAMED[code] for code in basis.rows.tolist()]
        given.valid = True
        given.alien = True
        self._highs.setBasis(given)

    def search_plainly(self) -> None:
        """Until the next model: without the reductions that come before a search, which may err."""
        self._highs.setOptionValue("presolve", "off")

    def solve(self, within_s: float, accepted_gap: float = 0.0) -> Answer:
        """Minimise; a search may end at ``accepted_gap``.

        Raises SolverFailed where the solver's word is neither an answer nor that there is none.
        """
        highs = self._highs
        highs.setOptionValue("time_limit", highs.getRunTime() + within_s)
        highs.setOptionValue("mip_abs_gap", max(accepted_gap, PROVED_GAP))
        highs.run()
        status = highs.getModelStatus()
        kinds = highspy.HighsModelStatus
        self.cuts += status == kinds.kTimeLimit
        if status == kinds.kOptimal:
            # a linear program has no gap
            is_proved = accepted_gap <= PROVED_GAP or (self._gap() or 0.0) <= PROVED_GAP
            return self._answer(Ending.PROVED if is_proved else Ending.STOPPED)
        if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
            return self._answer(Ending.INFEASIBLE)
        info = highs.getInfo()
        has_answer = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
        if status in {kinds.kTimeLimit, kinds.kSolutionLimit, kinds.kIterationLimit} and has_answer:
            return self._answer(Ending.STOPPED)
        msg = f"the solver stopped without a usable answer: {highs.modelStatusToString(status)}"
        raise SolverFailed(msg)

    def _answer(self, ending: Ending) -> Answer:
        solution, info = self._highs.getSolution(), self._highs.getInfo()
        return Answer(
            ending=ending,
            values=np.array(solution.col_value),
            reduced_costs=np.array(solution.col_dual if solution.dual_valid else ()),
            row_duals=np.array(solution.row_dual if solution.dual_valid else ()),
            row_values=np.array(solution.row_value),
            objective=info.objective_function_value,
            gap=self._gap() if ending is Ending.STOPPED else None,
        )

    def _gap(self) -> float | None:
        """What a search may have left unfound; None where nothing is known of it."""
        info = self._highs.getInfo()
        gap = max(info.objective_function_value - info.mip_dual_bound, 0.0)
        return float(gap) if self._searches and np.isfinite(gap) else None

    def set_costs(self, weights: Floats) -> None:
        """Minimise something else from here on."""
        self._highs.changeColsCost(self._columns, np.arange(self._columns, dtype=np.int32), weights)

    def bound(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Give these columns other bounds."""
        self._highs.changeColsBounds(len(columns), columns, lower, upper)

    def fix(self, columns: Ints, values: Floats) -> None:
        """Hold these columns at these values."""
        self._highs.changeColsBounds(len(columns), columns, values, values)

    def fix_rows(self, rows: Ints, values: Floats) -> None:
        """Hold these rows at these values."""
        self._highs.changeRowsBounds(len(rows), rows, values, values)

    def decide(self, binaries: Ints, values: Floats) -> None:
        """Hold these columns, and let the whole model be linear from here on."""
        kind = np.full(len(binaries), int(highspy.HighsVarType.kContinuous), dtype=np.uint8)
        self._highs.changeColsIntegrality(len(binaries), binaries, kind)
        self.fix(binaries, values)
        self._highs.setOptionValue("presolve", "off")
        self._searches = False

    def add(self, matrix: Matrix) -> None:
        """Add rows; from here on the dual simplex is quicker than the primal one."""
        count = len(matrix.lower)
        if count:
            self._highs.setOptionValue("simplex_strategy", _DUAL_SIMPLEX)
            self._highs.addRows(
                count,
                matrix.lower,
                matrix.upper,
                len(matrix.values),
                matrix.starts[:-1],
                matrix.columns,
                matrix.values,
            )

    def keep_below(self, weights: Floats, most: float) -> None:
        """Add a row: weights * columns <= most."""
        columns = np.flatnonzero(weights).astype(np.int32)
        self._highs.addRow(-highspy.kHighsInf, most, len(columns), columns, weights[columns])
