"""Solve a problem tier by tier, judge the solver's answer, and hand out only what was verified."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import highspy
import numpy as np
from pulp import HiGHS, LpAffineExpression, LpProblem, LpVariable
from pulp.constants import LpSolveStatus

from optimizer.domain.plan import Feasible, Optimal, Plan, Relaxed, Verdict
from optimizer.domain.problem import Problem
from optimizer.errors import PlanInfeasible, SolverFailed
from optimizer.lp.baseline import assign
from optimizer.lp.breaches import describe_breaches
from optimizer.lp.model import Model, build_model
from optimizer.lp.read import read_flows, slots_with_both
from optimizer.lp.term import Tier
from optimizer.lp.variables import Exclusive
from optimizer.lp.verify import deviations

KEEP_MONEY = 1e-8
"""By how much money the preference tier may worsen the plan, so that rounding cannot make it infeasible."""
KEEP_BREACH_KWH = 1e-5
"""By how much a later tier may worsen a breach: above the tolerances of a hundred summed rows, far below a Wh."""
LEAST_SOLVE_S = 0.5
"""What each solve gets at least, however long the ones before it took."""
PROVED_GAP = 1e-7
"""The absolute gap, in the objective's unit, at which a mixed-integer answer counts as proved."""


NO_SUB_MIPS: dict[str, Any] = {
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
}
"""With some dozens of binaries the search itself ends sooner than the heuristics that would shorten it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How good the solver's last answer is. ``gap`` is None where it is not known."""

    proved: bool
    gap: float | None
    solve_s: float


def solve(problem: Problem) -> Plan:
    """The cheapest plan that breaks no more than it must.

    Directions are decided by binaries only in slots where prices could make both pay. The result is checked,
    and should a battery charge and discharge at once anywhere else, that slot gets a binary too.
    Raises PlanInfeasible when nothing satisfies physics, SolverFailed when the answer cannot be trusted.
    """
    ends_s = perf_counter() + problem.solver_time_s

    def left_s() -> float:
        return max(ends_s - perf_counter(), LEAST_SOLVE_S)

    exclusive = suspicious_slots(problem)
    plan = _solve_with(problem, exclusive, left_s)
    while both := slots_with_both(plan.flows.charge_kw, plan.flows.discharge_kw) - exclusive.battery:
        exclusive = Exclusive(grid=exclusive.grid, battery=exclusive.battery | both)
        plan = _solve_with(problem, exclusive, left_s)
    wrong = list(deviations(problem, plan.flows))
    if wrong:
        msg = f"site {problem.site_id}: the solver's answer fails the check: {wrong[0]} ({len(wrong)} in all)"
        raise SolverFailed(msg)
    return plan


def suspicious_slots(problem: Problem) -> Exclusive:
    """Where the LP alone could use both directions at once.

    Grid: where a kWh sold pays at least what a kWh bought costs. Battery: where burning a kWh pays. To
    deliver 1 kWh takes 1 / efficiency kWh; the rest is lost, which earns the negative price and costs wear.
    """
    battery = problem.battery
    drawn_kwh = 1.0 if battery is None else 1.0 / (battery.charge_efficiency * battery.discharge_efficiency)
    wear = 0.0 if battery is None else battery.wear_cost_per_kwh * (1.0 + drawn_kwh)
    selling_pays, burning_pays = set(), set()
    prices = zip(problem.import_price_per_kwh, problem.export_price_per_kwh, strict=True)
    for slot, (import_price, export_price) in enumerate(prices):
        if export_price >= import_price:
            selling_pays.add(slot)
        if battery is not None and -min(import_price, export_price, 0.0) * (drawn_kwh - 1.0) > wear:
            burning_pays.add(slot)
    return Exclusive(grid=frozenset(selling_pays), battery=frozenset(burning_pays))


def _solve_with(problem: Problem, exclusive: Exclusive, left_s: Callable[[], float]) -> Plan:
    """Breaches are first forbidden; only if that has no answer are they minimised, tier by tier."""
    model = build_model(problem, exclusive)
    for slack in model.variables.breaches():
        slack.bounds(0.0, 0.0)
    answer = _minimise(model.program, model.total(Tier.MONEY), left_s())
    if answer is None:
        model = build_model(problem, exclusive)
        answer = _least_breach_then_money(model, problem, left_s)
    _settle_preferences(model, left_s())
    flows = read_flows(problem, model.variables)
    assign(model.variables, flows)
    costs = model.values(Tier.MONEY)
    return Plan(
        problem=problem,
        flows=flows,
        verdict=_verdict(answer, describe_breaches(problem, flows), problem.currency),
        costs=costs,
        objective=sum(costs.values()),
        solve_s=answer.solve_s,
    )


def _least_breach_then_money(model: Model, problem: Problem, left_s: Callable[[], float]) -> Answer:
    spent_s = 0.0
    for tier in (Tier.LIMIT, Tier.RESERVE):
        breach = model.total(tier)
        if not breach.keys():
            continue
        answer = _minimise(model.program, breach, left_s())
        if answer is None:
            break
        spent_s += answer.solve_s
        least = breach.valueOrDefault()
        model.program.addConstraint(breach <= least + KEEP_BREACH_KWH, f"keep_{tier.name}")
    else:
        answer = _minimise(model.program, model.total(Tier.MONEY), left_s())
        if answer is not None:
            return Answer(proved=answer.proved, gap=answer.gap, solve_s=spent_s + answer.solve_s)
    msg = f"site {problem.site_id}: no plan satisfies the physics even with every soft limit released"
    raise PlanInfeasible(msg)


def _minimise(program: LpProblem, objective: LpAffineExpression, time_s: float) -> Answer | None:
    """Solve; None where there is no solution. Raises SolverFailed where the answer says neither."""
    program.setObjective(objective)
    solver = HiGHS(msg=False, threads=1, timeLimit=time_s, gapAbs=PROVED_GAP, gapRel=0.0, **NO_SUB_MIPS)
    stats = program.solve(solver)
    if stats.status == LpSolveStatus.Optimal and stats.has_solution:
        return Answer(proved=True, gap=0.0, solve_s=stats.time)
    if stats.status in {LpSolveStatus.Infeasible, LpSolveStatus.Undefined}:
        return None  # every variable is bounded, so "infeasible or unbounded" is infeasible
    if stats.is_mip and stats.has_solution:
        return Answer(proved=False, gap=stats.gap_abs, solve_s=stats.time)
    msg = f"the solver stopped without a usable answer: {stats.status_str} after {stats.time:.2f} s"
    raise SolverFailed(msg)


def _settle_preferences(model: Model, time_s: float) -> None:
    """From the money optimum on, hot-started: keep the money and minimise the preferences.

    Binaries are fixed first at what was decided, which also replaces the integrality tolerance of the
    mixed-integer answer by an exact linear one. Where this gives no better answer, the money optimum stands.
    """
    highs = model.program.solverModel
    if not isinstance(highs, highspy.Highs):
        msg = "the solver left no model to continue from"
        raise SolverFailed(msg)
    variables = model.program.exported_variables()
    column = {variable.id: index for index, variable in enumerate(variables)}
    highs.setOptionValue("time_limit", highs.getRunTime() + time_s)
    binaries = [*model.variables.importing.values(), *model.variables.charging.values()]
    for binary in binaries:
        decided = round(binary.valueOrDefault())
        highs.changeColIntegrality(column[binary.id], highspy.HighsVarType.kContinuous)
        highs.changeColBounds(column[binary.id], decided, decided)
    if binaries:
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return
        _take_values(highs, variables)
    money, preference = model.total(Tier.MONEY), model.total(Tier.PREFERENCE)
    columns, coefficients = _sparse(money, column)
    ceiling = float(coefficients @ np.array([variables[index].valueOrDefault() for index in columns]))
    highs.addRow(-highspy.kHighsInf, ceiling + KEEP_MONEY, len(columns), columns, coefficients)
    weights = np.zeros(len(variables))
    preferred_columns, preferred_weights = _sparse(preference, column)
    weights[preferred_columns] = preferred_weights
    highs.changeColsCost(len(variables), np.arange(len(variables), dtype=np.int32), weights)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        _take_values(highs, variables)


def _sparse(expression: LpAffineExpression, column: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(column[variable.id], weight) for variable, weight in expression.items()]
    return (
        np.array([index for index, _ in pairs], dtype=np.int32),
        np.array([weight for _, weight in pairs], dtype=np.float64),
    )


def _take_values(highs: highspy.Highs, variables: list[LpVariable]) -> None:
    for variable, number in zip(variables, highs.getSolution().col_value, strict=True):
        variable.varValue = number


def _verdict(answer: Answer, breaches: tuple[str, ...], currency: str) -> Verdict:
    base = Optimal() if answer.proved else Feasible(gap=answer.gap, currency=currency)
    return Relaxed(breaches=breaches, base=base) if breaches else base
