"""Solve a problem tier by tier, judge the solver's answer, and hand out only what was verified."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from optimizer.domain.plan import EndEffect, Feasible, Optimal, Plan, Relaxed, Verdict
from optimizer.domain.problem import Problem
from optimizer.errors import PlanInfeasible, SolverFailed
from optimizer.lp.breaches import describe_breaches
from optimizer.lp.contradiction import smallest_contradiction
from optimizer.lp.highs import Answer, Basis, Ending, Session, basis_at
from optimizer.lp.linear import Floats
from optimizer.lp.model import Model, build_model, preferences
from optimizer.lp.program import ArraySolver, Program, create_program, update_program
from optimizer.lp.read import read_plan, slots_with_both
from optimizer.lp.reasons import explain, tell_alternative
from optimizer.lp.start import Kept, keep, moved_basis, rule_basis, with_steps
from optimizer.lp.suspicion import suspicious_slots
from optimizer.lp.term import BREACHES, Tier
from optimizer.lp.variables import Exclusive
from optimizer.lp.verify import deviations
from optimizer.lp.whatif import QUARTER, TOLD_SHARE, best_alternative, end_weights, first_hour_kw

KEEP_MONEY = 1e-8
"""By how much money the preference tier may worsen the plan, so that rounding cannot make it infeasible."""
KEEP_BREACH = (1e-8, 1e-5)
"""By how much a later tier may worsen a breach: first next to nothing; more, yet far below a Wh, where the
solver's tolerances, summed over many rows, leave the later tiers no answer."""
LEAST_SOLVE_S = 0.5
"""What each solve gets at least, however long the ones before it took."""
CONSIDER_S = 0.5
"""What asking for alternatives may take in all: they explain a plan, they do not make it."""
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


class Planner:
    """Solves problems one after the other; what the last one leaves makes the next one quicker.

    Kept are the PuLP problem, updated in place while the structure stays, and the last basis, which only
    says where the simplex begins: an answer never depends on it.
    """

    def __init__(self) -> None:
        self._session = Session()
        self._program: Program | None = None
        self._kept: Kept | None = None
        self._last: Solved | None = None
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
        contradiction: tuple[str, ...] = ()
        if not solved.is_strict:
            contradiction = smallest_contradiction(self._session, solved.model, self._left_s())
        plan = replace(
            plan,
            verdict=_verdict(solved.money, breaches, contradiction, problem.currency),
            reasons=explain(plan),
            solve_s=perf_counter() - began_s,
        )
        wrong = list(deviations(plan))
        if wrong:
            self._kept = self._program = None
            msg = f"site {problem.site_id}: the solver's answer fails the check: {wrong[0]} ({len(wrong)} in all)"
            raise SolverFailed(msg)
        is_proved = solved.money.ending is Ending.PROVED
        self._kept = keep(solved.model, problem.horizon, solved.basis) if is_proved else None
        self._last = solved if is_proved and solved.is_strict and problem.batteries else None
        return plan

    def consider(self, plan: Plan) -> Plan:
        """``plan``, the one just solved, with its best alternative and the effect of the horizon's end.

        Three to four more solves, each from where the last one ended. A plan that breaks a soft limit, was
        not proved, or has no battery is returned as it is, and what takes too long is left out.
        """
        last = self._last
        if last is None:
            return plan
        horizon, model = plan.problem.horizon, last.model
        weights = model.weights(model.total(Tier.MONEY))
        ends_s = perf_counter() + CONSIDER_S
        try:
            alternative = best_alternative(
                self._session, model, weights, last.basis, last.money, horizon, within_s=CONSIDER_S / 2
            )
            end_effect = self._end_effect(plan, last) if perf_counter() < ends_s - CONSIDER_S / 2 else None
        except SolverFailed:  # out of time without an answer
            return plan
        reasons = plan.reasons
        if alternative is not None:
            reasons = (reasons[0] + tell_alternative(plan, alternative), *reasons[1:])
        return replace(plan, alternative=alternative, reasons=reasons, end_effect=end_effect)

    def _end_effect(self, plan: Plan, last: Solved) -> EndEffect | None:
        battery = last.model.variables.batteries[0]
        if battery.left_kwh is None:
            return None
        weights = last.model.weights(last.model.total(Tier.MONEY))
        horizon, firsts = plan.problem.horizon, []
        for factor in (1.0, 1.0 - QUARTER, 1.0 + QUARTER):
            values = last.values
            if factor != 1.0:
                changed = end_weights(weights, battery, factor)
                self._session.load(last.model, changed)
                self._session.start_from(last.basis)
                answer = self._session.solve(CONSIDER_S / 4)
                if answer.ending is not Ending.PROVED:
                    return None
                values = self._settle(plan.problem, last.model, changed, answer, is_strict=True).values
            net = values[battery.charge_kw.index] - values[battery.discharge_kw.index]
            firsts.append(first_hour_kw(horizon, net))
        told_kw = TOLD_SHARE * max(battery.battery.max_charge_kw, battery.battery.max_discharge_kw)
        return EndEffect(
            planned_kw=firsts[0],
            with_less_kw=firsts[1],
            with_more_kw=firsts[2],
            matters=max(abs(first - firsts[0]) for first in firsts) > told_kw,
        )

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
        weights = model.weights(model.total(Tier.MONEY))
        answer = None
        if not np.any(model.lower > model.upper):
            answer = self._minimise(problem, model, weights)
        if answer is not None:
            return self._settle(problem, model, weights, answer, is_strict=True)
        model = build_model(problem, exclusive, is_strict=False)
        weights = model.weights(model.total(Tier.MONEY))
        answer = self._least_breach_then_money(problem, model, weights)
        return self._settle(problem, model, weights, answer, is_strict=False)

    def _minimise(self, problem: Problem, model: Model, weights: Floats) -> Answer | None:
        """The money optimum of a strict model, None where there is no plan."""
        if self._program is None or not update_program(self._program, model, weights):
            self._program = create_program(model, weights)
        self._session.load(model, weights)
        if self._kept is not None:
            self._session.start_from(moved_basis(self._kept, model, problem.horizon))
        else:
            self._session.start_from(rule_basis(problem, model))
        solver = ArraySolver(self._program, lambda: self._session.solve(self._left_s(), problem.accepted_gap))
        self._program.problem.solve(solver)
        answer = solver.answer
        return None if answer is None or answer.ending is Ending.INFEASIBLE else answer

    def _least_breach_then_money(self, problem: Problem, model: Model, weights: Floats) -> Answer:
        for slack in KEEP_BREACH:
            answer = self._tier_by_tier(model, weights, slack, problem.accepted_gap)
            if answer is not None:
                return answer
        msg = f"site {problem.site_id}: no plan satisfies the physics even with every soft limit released"
        raise PlanInfeasible(msg)

    def _tier_by_tier(self, model: Model, weights: Floats, slack: float, accepted_gap: float) -> Answer | None:
        session = self._session
        session.load(model, np.zeros(len(model.lower)))
        for tier in BREACHES:
            breach = model.weights(model.total(tier))
            if not breach.any():
                continue
            session.set_costs(breach)
            answer = session.solve(self._left_s())
            if answer.ending is Ending.INFEASIBLE:
                return None
            session.keep_below(breach, float(breach @ answer.values) + slack)
        session.set_costs(weights)
        answer = session.solve(self._left_s(), accepted_gap)
        return None if answer.ending is Ending.INFEASIBLE else answer

    def _settle(self, problem: Problem, model: Model, weights: Floats, answer: Answer, *, is_strict: bool) -> Solved:
        """From the money optimum on: keep the money and minimise the preferences.

        Binaries are fixed first at what was decided, which also replaces the integrality tolerance of the
        mixed-integer answer by an exact linear one. The optimal face of a linear program is where every
        variable and row that has a price stays where it is; on it preferences choose freely. Where this gives
        no better answer, the money optimum stands.
        """
        session = self._session
        money = answer
        basis = basis_at(model, answer)
        binaries = np.flatnonzero(model.is_integer).astype(np.int32)
        if len(binaries):
            session.decide(binaries, np.round(answer.values[binaries]))
            money = session.solve(self._left_s())
            if money.ending is not Ending.PROVED:
                return Solved(model=model, is_strict=is_strict, money=answer, values=answer.values, basis=basis)
            money = replace(money, ending=answer.ending, gap=answer.gap)
            basis = basis_at(model, money)
        if problem.preference_budget == 0 and _is_the_only_one(model, money):
            return Solved(model=model, is_strict=is_strict, money=money, values=money.values, basis=basis)
        self._hold_money(problem, model, weights, money)
        rows, wishes = preferences(problem, model)
        session.add(rows)
        session.set_costs(wishes)
        if is_strict and problem.preference_budget == 0:
            session.start_from(with_steps(model, basis, money.values))
        settled = session.solve(self._left_s())
        values = settled.values if settled.ending is Ending.PROVED else money.values
        return Solved(model=model, is_strict=is_strict, money=money, values=values, basis=basis)

    def _hold_money(self, problem: Problem, model: Model, weights: Floats, money: Answer) -> None:
        session = self._session
        if problem.preference_budget > 0:
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


def _is_the_only_one(model: Model, money: Answer) -> bool:
    """Whether no other plan costs as little: every variable and row outside the basis then has a price.

    Variables that serve preferences alone have none and do not count.
    """
    priced = np.count_nonzero(np.abs(money.reduced_costs) > ZERO_DUAL)
    priced += np.count_nonzero(np.abs(money.row_duals) > ZERO_DUAL)
    serving = sum(len(battery.step_kw) for battery in model.variables.batteries)
    return bool(priced >= len(model.lower) - serving)


def _verdict(answer: Answer, breaches: tuple[str, ...], contradiction: tuple[str, ...], currency: str) -> Verdict:
    is_proved = answer.ending is Ending.PROVED
    base = Optimal() if is_proved else Feasible(gap=answer.gap, currency=currency)
    return Relaxed(breaches=breaches, base=base, contradiction=contradiction) if breaches else base
