"""Solve a problem tier by tier, judge the solver's answer, and hand out only what was verified."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from optimizer.domain.plan import Feasible, Optimal, Plan, Relaxed, Verdict
from optimizer.domain.problem import Problem
from optimizer.errors import PlanInfeasible, SolverFailed
from optimizer.lp.breaches import describe_breaches
from optimizer.lp.highs import Answer, Ending, Session
from optimizer.lp.linear import Floats
from optimizer.lp.model import Model, build_model
from optimizer.lp.program import Program, create_program, update_program
from optimizer.lp.read import read_plan, slots_with_both
from optimizer.lp.start import Kept, keep, moved_basis, rule_basis
from optimizer.lp.suspicion import suspicious_slots
from optimizer.lp.term import BREACHES, Tier
from optimizer.lp.variables import Exclusive
from optimizer.lp.verify import deviations

KEEP_MONEY = 1e-8
"""By how much money the preference tier may worsen the plan, so that rounding cannot make it infeasible."""
KEEP_BREACH = 1e-5
"""By how much a later tier may worsen a breach: above the tolerances of a hundred summed rows, far below a Wh."""
LEAST_SOLVE_S = 0.5
"""What each solve gets at least, however long the ones before it took."""
ZERO_DUAL = 1e-9
"""A reduced cost below this counts as none: what it could add over a horizon is far below a cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A model with its money optimum, whose duals price everything, and the values settled on in the end."""

    model: Model
    money: Answer
    values: Floats


class Planner:
    """Solves problems one after the other; what the last one leaves makes the next one quicker.

    Kept are the PuLP problem, updated in place while the structure stays, and the last basis, which only
    says where the simplex begins: an answer never depends on it.
    """

    def __init__(self) -> None:
        self._session = Session()
        self._program: Program | None = None
        self._kept: Kept | None = None
        self._ends_s = 0.0

    def solve(self, problem: Problem) -> Plan:
        """The cheapest plan that breaks no more than it must.

        Directions are decided by binaries only in slots where prices could make both pay. The result is
        checked, and where both run anywhere else, that slot gets a binary too. Raises PlanInfeasible when
        nothing satisfies physics, SolverFailed when the answer cannot be trusted.
        """
        began_s = perf_counter()
        self._ends_s = began_s + problem.solver_time_s
        exclusive = suspicious_slots(problem)
        solved = self._solve_with(problem, exclusive)
        while more := self._both_ways(problem, solved, exclusive):
            exclusive = exclusive | more
            solved = self._solve_with(problem, exclusive)
        plan = read_plan(problem, solved.model, solved.values, solved.money)
        breaches = describe_breaches(problem, plan)
        plan = replace(
            plan, verdict=_verdict(solved.money, breaches, problem.currency), solve_s=perf_counter() - began_s
        )
        wrong = list(deviations(plan))
        if wrong:
            self._kept = self._program = None
            msg = f"site {problem.site_id}: the solver's answer fails the check: {wrong[0]} ({len(wrong)} in all)"
            raise SolverFailed(msg)
        return plan

    def _left_s(self) -> float:
        return max(self._ends_s - perf_counter(), LEAST_SOLVE_S)

    def _both_ways(self, problem: Problem, solved: Solved, exclusive: Exclusive) -> Exclusive | None:
        """The slots in which flows that exclude each other both run, beyond those that are decided already."""
        found = slots_with_both(problem, solved.model.variables, solved.values)
        grid = found.grid - exclusive.grid
        batteries = {name: slots - exclusive.battery(name) for name, slots in found.batteries.items()}
        if not grid and not any(batteries.values()):
            return None
        return Exclusive(grid=grid, batteries=batteries)

    def _solve_with(self, problem: Problem, exclusive: Exclusive) -> Solved:
        """Soft limits are first kept like hard ones; only if that has no answer are they broken, tier by tier."""
        model = build_model(problem, exclusive, is_strict=True)
        answer = None
        if not np.any(model.lower > model.upper):
            answer = self._minimise(problem, model)
        if answer is None:
            model = build_model(problem, exclusive, is_strict=False)
            answer = self._least_breach_then_money(problem, model)
        return self._settle(problem, model, answer)

    def _minimise(self, problem: Problem, model: Model) -> Answer | None:
        """The money optimum of a strict model, None where there is no plan."""
        weights = model.weights(model.total(Tier.MONEY))
        if self._program is None or not update_program(self._program, model, weights):
            self._program = create_program(model, weights)
        self._session.load(model, weights)
        if self._kept is not None:
            self._session.start_from(moved_basis(self._kept, model, problem.horizon))
        else:
            self._session.start_from(rule_basis(problem, model))
        answer = self._session.solve(self._left_s())
        return None if answer.ending is Ending.INFEASIBLE else answer

    def _least_breach_then_money(self, problem: Problem, model: Model) -> Answer:
        session = self._session
        session.load(model, np.zeros(len(model.lower)))
        for tier in BREACHES:
            breach = model.weights(model.total(tier))
            if not breach.any():
                continue
            session.set_costs(breach)
            answer = session.solve(self._left_s())
            if answer.ending is Ending.INFEASIBLE:
                break
            session.keep_below(breach, float(breach @ answer.values) + KEEP_BREACH)
        else:
            session.set_costs(model.weights(model.total(Tier.MONEY)))
            answer = session.solve(self._left_s())
            if answer.ending is not Ending.INFEASIBLE:
                return answer
        msg = f"site {problem.site_id}: no plan satisfies the physics even with every soft limit released"
        raise PlanInfeasible(msg)

    def _settle(self, problem: Problem, model: Model, answer: Answer) -> Solved:
        """From the money optimum on: keep the money and minimise the preferences.

        Binaries are fixed first at what was decided, which also replaces the integrality tolerance of the
        mixed-integer answer by an exact linear one. The optimal face of a linear program is where every
        variable and row that has a price stays where it is; on it preferences choose freely. Where this gives
        no better answer, the money optimum stands.
        """
        session = self._session
        money = answer
        binaries = np.flatnonzero(model.is_integer).astype(np.int32)
        if len(binaries):
            session.decide(binaries, np.round(answer.values[binaries]))
            money = session.solve(self._left_s())
            if money.ending is not Ending.PROVED:
                return Solved(model=model, money=answer, values=answer.values)
            money = replace(money, ending=answer.ending, gap=answer.gap)
        self._kept = keep(model, problem.horizon, session.basis())
        self._hold_money(problem, model, money)
        session.set_costs(model.weights(model.total(Tier.PREFERENCE)))
        settled = session.solve(self._left_s())
        if settled.ending is not Ending.PROVED:
            return Solved(model=model, money=money, values=money.values)
        return Solved(model=model, money=money, values=settled.values)

    def _hold_money(self, problem: Problem, model: Model, money: Answer) -> None:
        session = self._session
        if problem.preference_budget > 0:
            weights = model.weights(model.total(Tier.MONEY))
            session.keep_below(weights, float(weights @ money.values) + problem.preference_budget + KEEP_MONEY)
            return
        priced = np.flatnonzero(np.abs(money.reduced_costs) > ZERO_DUAL).astype(np.int32)
        held = np.clip(money.values[priced], model.lower[priced], model.upper[priced])
        session.fix(priced, held)
        rows = np.flatnonzero(np.abs(money.row_duals) > ZERO_DUAL).astype(np.int32)
        rows = rows[rows < len(model.matrix.lower)]
        session.fix_rows(rows, money.row_values[rows])


def solve(problem: Problem) -> Plan:
    """One problem by itself; see ``Planner.solve``."""
    return Planner().solve(problem)


def _verdict(answer: Answer, breaches: tuple[str, ...], currency: str) -> Verdict:
    is_proved = answer.ending is Ending.PROVED
    base = Optimal() if is_proved else Feasible(gap=answer.gap, currency=currency)
    return Relaxed(breaches=breaches, base=base) if breaches else base
