"""The tiers of a problem solved in order by one engine, each kept while the next is minimised."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.errors import PlanInfeasible
from optimizer.lp.caution import hold_first
from optimizer.lp.engine import Engine
from optimizer.lp.highs import Answer, Basis, Ending, basis_at
from optimizer.lp.linear import Floats
from optimizer.lp.model import Model, build_model, preferences
from optimizer.lp.program import ArraySolver, Program, create_program, update_program
from optimizer.lp.start import Kept, moved_basis, rule_basis
from optimizer.lp.term import BREACHES, Tier
from optimizer.lp.variables import Exclusive

KEEP_MONEY = 1e-8
"""By how much money the preference tier may worsen the plan, so that rounding cannot make it infeasible."""
KEEP_BREACH = (1e-8, 1e-5)
"""By how much a later tier may worsen a breach: first next to nothing; more, yet far below a Wh, where the
solver's tolerances, summed over many rows, leave the later tiers no answer."""
LEAST_SOLVE_S = 0.5
"""What each solve gets at least, however long the ones before it took."""
ZERO_DUAL = 1e-9
"""A reduced cost below this counts as none: what it could add over a horizon is far below a cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A model with its money optimum, whose duals price everything, and the values settled on in the end.

    ``is_strict``: every soft limit is kept. ``basis`` is that of the money optimum.
    """

    model: Model
    is_strict: bool
    money: Answer
    values: Floats
    basis: Basis


class Tiers:
    """One engine, the PuLP problem that is kept for it, and when all solving must be done.

    ``kept`` is the basis of an earlier problem: where the simplex begins, never what it finds.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.kept: Kept | None = None
        self._program: Program | None = None
        self._ends_s = 0.0

    def end_within(self, seconds: float) -> None:
        """From now on there are so many seconds for all solves together."""
        self._ends_s = perf_counter() + seconds

    def forget(self) -> None:
        """Begin the next problem from nothing."""
        self.kept = self._program = None

    def left_s(self) -> float:
        """What the next solve may take."""
        return max(self._ends_s - perf_counter(), LEAST_SOLVE_S)

    def solve(self, problem: Problem, exclusive: Exclusive, held_kw: Floats | None) -> Solved:
        """Soft limits are first kept like hard ones; only if that has no answer are they broken, tier by tier.

        ``held_kw``: the batteries' first powers, where those are decided. Raises PlanInfeasible, SolverFailed.
        """
        model = build_model(problem, exclusive, is_strict=True)
        if held_kw is not None:
            model = hold_first(model, held_kw)
        weights = model.weights(model.total(Tier.MONEY))
        answer = None
        if not np.any(model.lower > model.upper):
            answer = self._minimise(problem, model, weights)
        if answer is not None:
            return self.settle(problem, model, weights, answer, is_strict=True)
        model = build_model(problem, exclusive, is_strict=False)
        weights = model.weights(model.total(Tier.MONEY))
        answer = self._least_breach_then_money(problem, model, weights)
        return self.settle(problem, model, weights, answer, is_strict=False)

    def _minimise(self, problem: Problem, model: Model, weights: Floats) -> Answer | None:
        """The money optimum of a strict model, None where there is no plan."""
        if self._program is None or not update_program(self._program, model, weights):
            self._program = create_program(model, weights)
        self.engine.load(model, weights)
        if self.kept is not None:
            self.engine.start_from(moved_basis(self.kept, model, problem.horizon))
        else:
            self.engine.start_from(rule_basis(problem, model))
        solver = ArraySolver(self._program, lambda: self.engine.solve(self.left_s(), problem.accepted_gap))
        self._program.problem.solve(solver)
        answer = solver.answer
        return None if answer is None or answer.ending is Ending.INFEASIBLE else answer

    def _least_breach_then_money(self, problem: Problem, model: Model, weights: Floats) -> Answer:
        for slack in KEEP_BREACH:
            answer = self._tier_by_tier(model, weights, slack, problem.accepted_gap)
            if answer is not None:
                return answer
        # nearly every soft model has a plan, and presolve has been seen to deny it where there was one
        answer = self._tier_by_tier(model, weights, KEEP_BREACH[-1], problem.accepted_gap, plainly=True)
        if answer is not None:
            return answer
        msg = f"site {problem.site_id}: no plan satisfies the physics even with every soft limit released"
        raise PlanInfeasible(msg)

    def _tier_by_tier(
        self, model: Model, weights: Floats, slack: float, accepted_gap: float, *, plainly: bool = False
    ) -> Answer | None:
        engine = self.engine
        engine.load(model, np.zeros(len(model.lower)))
        if plainly:
            engine.search_plainly()
        for tier in BREACHES:
            breach = model.weights(model.total(tier))
            if not breach.any():
                continue
            engine.set_costs(breach)
            answer = engine.solve(self.left_s())
            if answer.ending is Ending.INFEASIBLE:
                return None
            engine.keep_below(breach, float(breach @ answer.values) + slack)
        engine.set_costs(weights)
        answer = engine.solve(self.left_s(), accepted_gap)
        return None if answer.ending is Ending.INFEASIBLE else answer

    def settle(self, problem: Problem, model: Model, weights: Floats, answer: Answer, *, is_strict: bool) -> Solved:
        """From the money optimum on: keep the money and minimise the preferences.

        Binaries are fixed first at what was decided, which also replaces the integrality tolerance of the
        mixed-integer answer by an exact linear one. The optimal face of a linear program is where every
        variable and row that has a price stays where it is; on it preferences choose freely. Where this gives
        no better answer, the money optimum stands.
        """
        engine = self.engine
        money = answer
        basis = basis_at(model, answer)
        binaries = np.flatnonzero(model.is_integer).astype(np.int32)
        if len(binaries):
            engine.decide(binaries, np.round(answer.values[binaries]))
            money = engine.solve(self.left_s())
            if money.ending is not Ending.PROVED:
                return Solved(model=model, is_strict=is_strict, money=answer, values=answer.values, basis=basis)
            money = replace(money, ending=answer.ending, gap=answer.gap)
            basis = basis_at(model, money)
        if problem.preference_budget == 0 and (not len(money.row_duals) or _is_the_only_one(model, money)):
            return Solved(model=model, is_strict=is_strict, money=money, values=money.values, basis=basis)
        self._hold_money(problem, model, weights, money)
        rows, wishes = preferences(problem, model)
        engine.add(rows)
        engine.set_costs(wishes)
        settled = engine.solve(self.left_s())
        values = settled.values if settled.ending is Ending.PROVED else money.values
        return Solved(model=model, is_strict=is_strict, money=money, values=values, basis=basis)

    def _hold_money(self, problem: Problem, model: Model, weights: Floats, money: Answer) -> None:
        engine = self.engine
        if problem.preference_budget > 0:
            engine.keep_below(weights, float(weights @ money.values) + problem.preference_budget + KEEP_MONEY)
            return
        priced = np.flatnonzero(np.abs(money.reduced_costs) > ZERO_DUAL).astype(np.int32)
        held = np.clip(money.values[priced], model.lower[priced], model.upper[priced])
        engine.fix(priced, held)
        rows = np.flatnonzero(np.abs(money.row_duals) > ZERO_DUAL).astype(np.int32)
        rows = rows[rows < len(model.matrix.lower)]
        engine.fix_rows(rows, money.row_values[rows])


def _is_the_only_one(model: Model, money: Answer) -> bool:
    """Whether no other plan costs as little: every variable and row outside the basis then has a price.

    Variables that serve preferences alone have none and do not count.
    """
    priced = np.count_nonzero(np.abs(money.reduced_costs) > ZERO_DUAL)
    priced += np.count_nonzero(np.abs(money.row_duals) > ZERO_DUAL)
    at = model.variables
    serving = sum(len(battery.step_kw) for battery in at.batteries) + (0 if at.top_kw is None else len(at.top_kw))
    return bool(priced >= len(model.lower) - serving)
