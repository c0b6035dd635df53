"""CBC, the second solver, through PuLP: the arrays go out in a file, the answer comes back in another.

Its words are not trusted. A run that the clock stopped may say "optimal", or that it has a solution, over values
that break the model, and the bound in its log may be rounded or unset. So an answer counts only where it satisfies
the model by plain arithmetic, a search that took all of its time is never called proved, and the gap of one that
was stopped is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pulp import COIN_CMD
from pulp.constants import LpSolveStatus, PulpError
from pulp.core.lp_stats import LpSolveStats

from optimizer.errors import SolverFailed
from optimizer.lp.highs import PROVED_GAP, Answer, Arrays, Basis, Ending
from optimizer.lp.linear import Floats, Ints
from optimizer.lp.model import Matrix
from optimizer.lp.program import Nameless, nameless_program
from optimizer.lp.sharpen import row_sums, satisfies, sharpened

EXTRA = "heat-optimizer[second-solver]"
"""What to install where CBC is missing."""
OPTIONS = ["integerTolerance 1e-9", "primalTolerance 1e-9"]
MONEY_SCALE = 1000.0
"""What CBC counts a unit of the objective as: a thousandth part of what it overlooks otherwise is left.

It tolerates reduced costs of 1e-6, and looks for nothing that is better by less than 1e-4; both are called optimal.
"""
_STOPS = (LpSolveStatus.TimeLimit, LpSolveStatus.Stopped, LpSolveStatus.NodeLimit, LpSolveStatus.IterationLimit)


def cbc_is_installed() -> bool:
    """Whether PuLP finds a CBC to run."""
    return bool(_cbc().available())


def _cbc(**options: object) -> Any:
    return COIN_CMD(msg=False, **options)  # type: ignore[no-untyped-call]  # PuLP's class has no types


@dataclass(slots=True)
class _Held:
    """The model as it has been changed so far."""

    lower: Floats
    upper: Floats
    is_integer: Ints
    matrix: Matrix
    weights: Floats


class CbcSession:
    """The tiers' engine over CBC: changes are kept in arrays, and each solve is a run of its own.

    Duals are those of a linear model; a search has none, and its answer holds empty arrays.
    """

    name = "CBC"
    version = ""  # PuLP does not tell
    options: Mapping[str, object] = {"options": OPTIONS, "money_scale": MONEY_SCALE}

    def __init__(self) -> None:
        self.cuts = 0
        nothing = np.zeros(0)
        empty = Matrix(
            starts=np.zeros(1, np.int32), columns=np.zeros(0, np.int32), values=nothing, lower=nothing, upper=nothing
        )
        self._held = _Held(nothing, nothing, np.zeros(0, np.int32), empty, nothing)

    def load(self, model: Arrays, weights: Floats) -> None:
        """Begin anew with ``model`` and the costs ``weights``."""
        self._held = _Held(model.lower.copy(), model.upper.copy(), model.is_integer.copy(), model.matrix, weights)

    def start_from(self, basis: Basis) -> None:
        """Nothing: each run begins where CBC wants."""

    def solve(self, within_s: float, accepted_gap: float = 0.0) -> Answer:
        """Minimise; a search may end at ``accepted_gap``.

        Raises SolverFailed where CBC did not run, or its word is neither an answer that holds nor that there is none.
        """
        held = self._held
        asked = nameless_program(held, held.weights * MONEY_SCALE)
        stats = _run(asked, within_s, max(accepted_gap, PROVED_GAP) * MONEY_SCALE)
        status = stats.status
        self.cuts += stats.time >= within_s or status is LpSolveStatus.TimeLimit
        if status is LpSolveStatus.Infeasible:
            return self._answer(Ending.INFEASIBLE, held.lower, asked, None)
        values = np.array([np.nan if column.value is None else column.value for column in asked.variables])
        values = np.where(np.isnan(values), np.clip(0.0, held.lower, held.upper), values)
        is_search = bool(held.is_integer.any())
        if stats.has_solution and satisfies(held, values):
            if is_search and (status in _STOPS or stats.time >= within_s):
                return self._answer(Ending.STOPPED, values, asked, None)
            if status is LpSolveStatus.Optimal or (status is LpSolveStatus.GapLimit and accepted_gap <= PROVED_GAP):
                return self._answer(Ending.PROVED, values, asked, None)
            if status is LpSolveStatus.GapLimit:
                return self._answer(Ending.STOPPED, values, asked, accepted_gap)
        msg = f"CBC gave no usable answer; its status was {status.name}"
        raise SolverFailed(msg)

    def _answer(self, ending: Ending, values: Floats, asked: Nameless, gap: float | None) -> Answer:
        held = self._held
        values = values if ending is Ending.INFEASIBLE else sharpened(held, values)
        has_duals = ending is Ending.PROVED and not held.is_integer.any()
        return Answer(
            ending=ending,
            values=values,
            # as for values above: None is what CBC wrote no line of, and stands for 0
            reduced_costs=np.array([column.dj or 0.0 for column in asked.variables] if has_duals else ()) / MONEY_SCALE,
            row_duals=np.array([row.pi or 0.0 for row in asked.constraints] if has_duals else ()) / MONEY_SCALE,
            row_values=row_sums(held.matrix, values),
            objective=float(held.weights @ values),
            gap=gap,
        )

    def search_plainly(self) -> None:
        """It searches as it always does."""

    def set_costs(self, weights: Floats) -> None:
        """Minimise something else from here on."""
        self._held.weights = weights

    def bound(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Give these columns other bounds."""
        self._held.lower[columns], self._held.upper[columns] = lower, upper

    def fix(self, columns: Ints, values: Floats) -> None:
        """Hold these columns at these values."""
        self.bound(columns, values, values)

    def fix_rows(self, rows: Ints, values: Floats) -> None:
        """Hold these rows at these values."""
        lower, upper = self._held.matrix.lower.copy(), self._held.matrix.upper.copy()
        lower[rows] = upper[rows] = values
        self._held.matrix = replace(self._held.matrix, lower=lower, upper=upper)

    def decide(self, binaries: Ints, values: Floats) -> None:
        """Hold these columns, and let the whole model be linear from here on."""
        self._held.is_integer[binaries] = 0
        self.fix(binaries, values)

    def add(self, matrix: Matrix) -> None:
        """Add rows."""
        old = self._held.matrix
        self._held.matrix = Matrix(
            starts=np.concatenate((old.starts, old.starts[-1] + matrix.starts[1:])).astype(np.int32),
            columns=np.concatenate((old.columns, matrix.columns)),
            values=np.concatenate((old.values, matrix.values)),
            lower=np.concatenate((old.lower, matrix.lower)),
            upper=np.concatenate((old.upper, matrix.upper)),
        )

    def keep_below(self, weights: Floats, most: float) -> None:
        """Add a row: weights * columns <= most."""
        columns = np.flatnonzero(weights).astype(np.int32)
        starts = np.array([0, len(columns)], dtype=np.int32)
        bounds = {"lower": np.array([-np.inf]), "upper": np.array([most])}
        self.add(Matrix(starts=starts, columns=columns, values=weights[columns], **bounds))


def _run(asked: Nameless, within_s: float, gap: float) -> LpSolveStats:
    """What PuLP says of one run; the values stand in ``asked``."""
    try:
        with TemporaryDirectory(prefix="heat-optimizer-") as folder:
            solver = _cbc(timeLimit=round(within_s, 3), gapAbs=gap, gapRel=0.0, options=list(OPTIONS))
            solver.tmpDir = folder
            return asked.problem.solve(solver)
    except (PulpError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else "it ended without a result"
        msg = f"CBC did not run: {why}"
        raise SolverFailed(msg) from None
