"""Solve a problem tier by tier, judge the solver's answer, and hand out only what was verified."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter

from optimizer.domain.plan import Caution, EndEffect, Feasible, Optimal, Plan, Relaxed, Verdict
from optimizer.domain.problem import Problem
from optimizer.domain.uncertainty import Uncertainty
from optimizer.errors import PlanError, SolverFailed
from optimizer.lp.breaches import describe_breaches
from optimizer.lp.caution import Decision, Trusted, decide_first, first_net_kw, is_trusting
from optimizer.lp.contradiction import smallest_contradiction
from optimizer.lp.engine import Engine
from optimizer.lp.highs import Answer, Ending, Session
from optimizer.lp.linear import Floats
from optimizer.lp.read import read_plan, slots_with_both
from optimizer.lp.reasons import explain, tell_alternative, tell_caution
from optimizer.lp.second import EXTRA, CbcSession, cbc_is_installed
from optimizer.lp.start import Kept, keep
from optimizer.lp.suspicion import suspicious_slots
from optimizer.lp.term import Tier
from optimizer.lp.tiers import Solved, Tiers
from optimizer.lp.variables import Exclusive
from optimizer.lp.verify import deviations
from optimizer.lp.whatif import QUARTER, TOLD_SHARE, best_alternative, end_weights, first_hour_kw

LEAST_SECOND_S = 1.0
"""What the second solver gets at least, however long the first one took to fail."""
CONSIDER_S = 0.5
"""What asking for alternatives may take in all: they explain a plan, they do not make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solving:
    """What an answer hangs on beside its problem: the solver's version and options, and where it begins.

    ``start`` None: at the usual rule's plan.
    """

    version: str
    options: Mapping[str, object]
    start: Kept | None


class Planner:
    """Solves problems one after the other; what the last one leaves makes the next one quicker.

    Kept are the PuLP problem, updated in place while the structure stays, and the last basis, which only
    says where the simplex begins: an answer never depends on it.
    """

    def __init__(self, new_engine: Callable[[], Engine] = Session, start: Kept | None = None) -> None:
        self._tiers = Tiers(new_engine())
        self._tiers.kept = start
        self._last: Solved | None = None

    @property
    def solving(self) -> Solving:
        """How the next problem will be solved."""
        engine = self._tiers.engine
        return Solving(version=engine.version, options=engine.options, start=self._tiers.kept)

    def solve(self, problem: Problem) -> Plan:
        """The cheapest plan that breaks no more than it must.

        Directions are decided by binaries only in slots where prices could make both pay. The result is
        checked, and where both run anywhere else, that slot gets a binary too. Where the problem holds
        scenarios, the first commands are those that do best over all of them. Where the solver fails, the
        second one takes over and the plan says so; it minds no scenarios. Raises PlanInfeasible when
        nothing satisfies physics, SolverFailed when no answer can be trusted.
        """
        began_s, cuts = perf_counter(), self._tiers.engine.cuts
        self._tiers.end_within(problem.solver_time_s)
        try:
            plan = self._solve_alone(problem)
        except SolverFailed as failure:
            plan = self._by_second(problem, failure)
            return replace(plan, solve_s=perf_counter() - began_s)
        if problem.uncertainty is not None:
            plan = self._with_caution(plan, problem.uncertainty)
        return replace(plan, was_cut=self._tiers.engine.cuts > cuts)

    def _by_second(self, problem: Problem, failure: SolverFailed) -> Plan:
        """CBC's plan, in what is left of the time; nothing of the first solver's is kept."""
        left_s, self._last = self._tiers.left_s(), None
        self._tiers.forget()
        if not cbc_is_installed():
            msg = f"{failure}; there is no second solver to take over: pip install '{EXTRA}' adds CBC"
            raise SolverFailed(msg) from failure
        second = second_planner()
        second._tiers.end_within(max(left_s, LEAST_SECOND_S))
        try:
            plan = second._solve_alone(problem)
        except SolverFailed as again:
            msg = f"{failure}; then the second solver: {again}"
            raise SolverFailed(msg) from failure
        return replace(plan, was_cut=second._tiers.engine.cuts > 0)

    def _with_caution(self, plan: Plan, uncertainty: Uncertainty) -> Plan:
        """``plan`` again with the first commands that do best over all scenarios.

        A plan that breaks a limit stands as it is, and so does one that caution would worsen to that, or leave further
        from the proved optimum than is accepted.
        """
        last, kept = self._last, self._tiers.kept
        if isinstance(plan.verdict, Relaxed) or not plan.batteries:
            return plan
        trusted = None if last is None else Trusted(model=last.model, basis=last.basis, values=last.values)
        trusting_kw = first_net_kw(plan, uncertainty.shared_slots)
        try:
            decision = decide_first(
                self._tiers.engine, plan.problem, uncertainty, trusting_kw, trusted, self._tiers.left_s
            )
            if decision is None:
                return plan
            if is_trusting(plan, decision.net_kw):
                return replace(plan, first_follow=_follow(decision))
            cautious = self._solve_alone(plan.problem, decision.net_kw)
        except PlanError:  # out of time, or nothing to find: caution never costs the plan that stands
            self._last, self._tiers.kept = last, kept
            return plan
        if not _is_good_enough(cautious):
            self._last, self._tiers.kept = last, kept
            return plan
        caution = Caution(
            scenarios=len(uncertainty.scenarios),
            battery_kw=float(decision.net_kw[0, 0]),
            trusting_kw=plan.batteries[0].charge_kw[0] - plan.batteries[0].discharge_kw[0],
            price=max(cautious.objective - plan.objective, 0.0),
            expected_saving=decision.expected_saving,
            tail_saving=decision.tail_saving,
            follows=bool(decision.follows),
        )
        reasons = (tell_caution(cautious, caution), *cautious.reasons[1:])
        return replace(
            cautious,
            caution=caution,
            reasons=reasons,
            solve_s=plan.solve_s + cautious.solve_s,
            first_follow=_follow(decision),
        )

    def _solve_alone(self, problem: Problem, held_kw: Floats | None = None) -> Plan:
        """The forecast's own plan; with the batteries' first powers held where ``held_kw`` says."""
        began_s = perf_counter()
        exclusive = suspicious_slots(problem)
        solved = self._tiers.solve(problem, exclusive, held_kw)
        while more := self._both_ways(problem, solved, exclusive):
            exclusive = exclusive | more
            solved = self._tiers.solve(problem, exclusive, held_kw)
        plan = read_plan(problem, solved.model, solved.values, solved.money)
        breaches = describe_breaches(problem, plan)
        contradiction: tuple[str, ...] = ()
        if not solved.is_strict:
            contradiction = smallest_contradiction(self._tiers.engine, solved.model, self._tiers.left_s())
        plan = replace(
            plan,
            verdict=_verdict(solved.money, breaches, contradiction, problem.currency),
            reasons=explain(plan),
            solve_s=perf_counter() - began_s,
            solver=self._tiers.engine.name,
        )
        wrong = list(deviations(plan))
        if wrong:
            self._tiers.forget()
            msg = f"site {problem.site_id}: the solver's answer fails the check: {wrong[0]} ({len(wrong)} in all)"
            raise SolverFailed(msg)
        is_proved = solved.money.ending is Ending.PROVED
        self._tiers.kept = keep(solved.model, problem.horizon, solved.basis) if is_proved else None
        self._last = solved if is_proved and solved.is_strict and problem.batteries else None
        return plan

    def consider(self, plan: Plan) -> Plan:
        """``plan``, the one just solved, with its best alternative and the effect of the horizon's end.

        Three to four more solves, each from where the last one ended. A plan that breaks a soft limit, was
        not proved, has no battery or minds scenarios is returned as it is; what takes too long is left out.
        """
        last = self._last
        if last is None or plan.caution is not None:
            return plan
        horizon, model = plan.problem.horizon, last.model
        weights = model.weights(model.total(Tier.MONEY))
        ends_s = perf_counter() + CONSIDER_S
        try:
            alternative = best_alternative(
                self._tiers.engine, model, weights, last.basis, last.money, horizon, within_s=CONSIDER_S / 2
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
                self._tiers.engine.load(last.model, changed)
                self._tiers.engine.start_from(last.basis)
                answer = self._tiers.engine.solve(CONSIDER_S / 4)
                if answer.ending is not Ending.PROVED:
                    return None
                values = self._tiers.settle(plan.problem, last.model, changed, answer, is_strict=True).values
            net = values[battery.charge_kw.index] - values[battery.discharge_kw.index]
            firsts.append(first_hour_kw(horizon, net))
        told_kw = TOLD_SHARE * max(battery.battery.max_charge_kw, battery.battery.max_discharge_kw)
        return EndEffect(
            planned_kw=firsts[0],
            with_less_kw=firsts[1],
            with_more_kw=firsts[2],
            matters=max(abs(first - firsts[0]) for first in firsts) > told_kw,
        )

    def _both_ways(self, problem: Problem, solved: Solved, exclusive: Exclusive) -> Exclusive | None:
        """The slots in which flows that exclude each other both run, beyond those that are decided already."""
        found = slots_with_both(problem, solved.model.variables, solved.values)
        grid = found.grid - exclusive.grid
        batteries = {name: slots - exclusive.battery(name) for name, slots in found.batteries.items()}
        if not grid and not any(batteries.values()):
            return None
        return Exclusive(grid=grid, batteries=batteries)


def _is_good_enough(plan: Plan) -> bool:
    """Whether it keeps every limit, and its search went on until what may be left is accepted."""
    match plan.verdict:
        case Feasible(gap=gap):
            return gap is not None and gap <= plan.problem.accepted_gap
        case Relaxed():
            return False
    return True


def _follow(decision: Decision) -> tuple[bool, ...]:
    return () if decision.follows is None else (decision.follows,) * decision.net_kw.shape[1]


def second_planner() -> Planner:
    """With the second solver in the first one's place."""
    return Planner(CbcSession)


def solve(problem: Problem) -> Plan:
    """One problem by itself; see ``Planner.solve``."""
    return Planner().solve(problem)


def _verdict(answer: Answer, breaches: tuple[str, ...], contradiction: tuple[str, ...], currency: str) -> Verdict:
    is_proved = answer.ending is Ending.PROVED
    base = Optimal() if is_proved else Feasible(gap=answer.gap, currency=currency)
    return Relaxed(breaches=breaches, base=base, contradiction=contradiction) if breaches else base
