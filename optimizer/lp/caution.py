"""The first commands that stand up to every scenario, and what they gain and cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.plan import Plan
from optimizer.domain.problem import Problem
from optimizer.domain.uncertainty import Uncertainty
from optimizer.lp.bounds import slot_h
from optimizer.lp.engine import Engine
from optimizer.lp.highs import BASIC, LOWER, Basis, Ending
from optimizer.lp.linear import Floats
from optimizer.lp.model import Model, build_model
from optimizer.lp.recourse import (
    cost_to_go,
    following_kwh,
    into_store,
    is_plain,
    out_of_store,
    slots_alike,
    step_costs,
    steps_of,
    turns_of,
    untold_first,
)
from optimizer.lp.rule import follow_the_load
from optimizer.lp.scenarios import Stack, in_scenario, probabilities_of, stack, tail_means
from optimizer.lp.suspicion import suspicious_slots

SWING_KW = 0.03
"""A battery that follows spares so much import, at the mean price, that no mean over a slot knows of. Chosen on a few
weeks of three of the reference homes."""
SMALL_GAIN = 0.05
"""What is sold rather than stored must gain so much, as a share of the mean price, to be worth its risk."""
TELLS_KW = 1e-3
"""A smaller change of the first commands is none."""
BREACH_SCALE = 10.0
"""Times the dearest kWh of the problem: what a breach weighs among the scenarios at least."""
SAME_MONEY = 1e-9
"""Plans that differ by less cost the same; then what the forecast alone asks for is as good."""
LEAST_PRICE = 0.01
"""A kWh counts as this dear at least, so that breaches weigh something where all is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The forecast's own optimum: its strict model, basis and values."""

    model: Model
    basis: Basis
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``net_kw[b, t]``: charge less discharge of battery ``b`` in shared slot ``t``.

    Compared with what the forecast alone asks for, it costs ``expected_saving`` less on average over the
    scenarios and ``tail_saving`` less in the worst of them; None where that would break limits in some.
    ``follows``: the battery should follow the load in the shared slot, ``net_kw`` being what that is by the forecast;
    None where nobody asked.
    """

    net_kw: Floats
    expected_saving: float | None
    tail_saving: float | None
    follows: bool | None = None


def decide_first(
    session: Engine,
    problem: Problem,
    uncertainty: Uncertainty,
    trusting_kw: Floats,
    trusted: Trusted | None,
    left_s: Callable[[], float],
) -> Decision | None:
    """What to command in the shared slots; None where nothing was found, or nothing but what the forecast asks for.

    ``trusting_kw[b, t]``: what the forecast alone asks for there, and ``trusted`` all of its plan, where that is proved
    and keeps every limit. ``left_s`` says what a solve may take now. Soft limits are kept in every scenario; where that
    is not possible, breaking them weighs more than any price.
    """
    slots, can_follow = uncertainty.shared_slots, uncertainty.may_follow and problem.is_battery_alone
    found = decide_plainly(problem, uncertainty, trusting_kw) if uncertainty.risk_weight == 0 else None
    if found is not None or trusted is None:
        return found
    if not uncertainty.scenarios and not can_follow:
        return None
    problems = [problem, *(in_scenario(problem, scenario) for scenario in uncertainty.scenarios)]
    for is_strict in (True, False):
        first = trusted.model if is_strict else _model(problem, is_strict=False)
        models = [first, *(_model(each, is_strict=is_strict) for each in problems[1:])]
        is_alike = is_strict and all(len(model.lower) == len(first.lower) for model in models)
        basis = trusted.basis if is_alike else None
        stacked = stack(models, uncertainty, _breach_price(problem))
        _load(session, stacked, basis)
        answer = session.solve(left_s())
        if answer.ending is Ending.PROVED:
            minded, net_kw = stacked.each(answer.values), _net_kw(first, answer.values, slots)
            asks_the_same = bool(np.abs(net_kw - trusting_kw).max() < TELLS_KW)
            known = minded if asks_the_same else _with_first(session, stacked, first, trusting_kw, left_s)
            if not can_follow:
                return None if asks_the_same else _compared(stacked, uncertainty.tail, minded, known, net_kw)
            followed = _followed(session, models, problems, uncertainty, basis, left_s)
            if followed is None or not _is_worth_it(problem, uncertainty, answer.objective, net_kw, followed):
                return replace(_compared(stacked, uncertainty.tail, minded, known, net_kw), follows=False)
            told = _compared(stacked, uncertainty.tail, followed.costs, known, followed.net_kw)
            return replace(told, follows=True)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Each turn's cost where the battery follows its load in the shared slots, and what that is by the forecast."""

    costs: Floats
    objective: float
    net_kw: Floats


def _followed(
    session: Engine,
    models: Sequence[Model],
    problems: Sequence[Problem],
    uncertainty: Uncertainty,
    basis: Basis | None,
    left_s: Callable[[], float],
) -> Followed | None:
    """Every turn by itself, its first powers those of following; None where that leaves one without a plan.

    Whatever the battery was told for the shared slots before, following costs no change.
    """
    slots, flows = uncertainty.shared_slots, [follow_the_load(problem) for problem in problems]
    all_kw = [(charge_kw - discharge_kw)[None, :slots] for charge_kw, discharge_kw, _ in flows]
    held = [hold_first(model, net_kw) for model, net_kw in zip(models, all_kw, strict=True)]
    apart = stack(held, replace(uncertainty, shared_slots=0), _breach_price(problems[0]))
    for model, place in zip(held, apart.places, strict=True):
        if model.variables.change_kw is not None:
            for costs in (apart.weights, *apart.costs):
                costs[place[model.variables.change_kw.index[:slots]]] = 0.0
    _load(session, apart, basis)
    answer = session.solve(left_s())
    if answer.ending is not Ending.PROVED:
        return None
    return Followed(costs=apart.each(answer.values), objective=answer.objective, net_kw=all_kw[0])


def _is_worth_it(problem: Problem, uncertainty: Uncertainty, least: float, net_kw: Floats, followed: Followed) -> bool:
    """Whether following costs little enough more than ``least``, what the best powers ``net_kw`` come to."""
    battery, h = problem.batteries[0], slot_h(problem)[: uncertainty.shared_slots]
    chosen, following = (
        sum(into_store(battery, kwh) for kwh in (kw[0] * h).tolist()) for kw in (net_kw, followed.net_kw)
    )
    return followed.objective <= least + _worth_of_following(problem, float(h.sum()), following - chosen)


def decide_plainly(problem: Problem, uncertainty: Uncertainty, trusting_kw: Floats) -> Decision | None:
    """The same without a solver and for no weight on risk; None where the problem is not plain.

    One power is found for all shared slots that have the price of the first. ``trusting_kw[b, t]``: what the
    forecast alone asks for in the shared slots.
    """
    turns = turns_of(problem, uncertainty)
    if not is_plain(problem, turns):
        return None
    battery, joined = problem.batteries[0], slots_alike(turns, uncertainty.shared_slots)
    steps = steps_of(problem, joined)
    costs = step_costs(problem, turns, steps)
    to_go = None if costs is None else cost_to_go(problem, costs, shared=1)
    if costs is None or to_go is None:
        return None
    first, later = costs[0].functions(), to_go.functions()
    trusting_kw = trusting_kw[:, :joined]
    mean_kw = float(trusting_kw[0] @ steps.slot_h[:joined] / steps.h[0])
    trusting = into_store(battery, mean_kw * float(steps.h[0]))
    points = np.unique(
        np.concatenate([[trusting], *(f.knots for f in first), *(f.knots - battery.soc_kwh for f in later)])
    )
    each = np.array([a.at(points) + b.at(battery.soc_kwh + points) for a, b in zip(first, later, strict=True)])
    probabilities = probabilities_of(uncertainty)
    is_possible = np.isfinite(each).all(axis=0)
    mean = np.where(is_possible, probabilities @ np.where(is_possible, each, 0.0), np.inf)
    least = float(mean.min())
    if not np.isfinite(least):
        return None
    here = int(np.searchsorted(points, trusting))
    alike = np.flatnonzero(mean <= least + SAME_MONEY)
    best = int(alike[np.argmin(np.abs(points[alike] - trusting))])
    minded, chosen, follows = each[:, best], float(points[best]), None
    if uncertainty.may_follow:
        following = following_kwh(problem, turns, joined)
        ends = zip(untold_first(problem, turns, joined), later, following[:, None], strict=True)
        followed = np.array([a.at(kwh) + b.at(battery.soc_kwh + kwh) for a, b, kwh in ends])[:, 0]
        follows = bool(np.isfinite(followed).all())
        worth = _worth_of_following(problem, float(steps.h[0]), float(following[0]) - chosen)
        follows = follows and float(probabilities @ followed) <= least + worth
        minded, chosen = (followed, float(following[0])) if follows else (minded, chosen)
    chosen_kw = out_of_store(battery, chosen) / float(steps.h[0])
    is_known = bool(is_possible[here])
    trusted = each[:, here] if is_known else minded
    worst = tail_means(np.stack([trusted, minded], axis=1), probabilities, uncertainty.tail)
    return Decision(
        net_kw=trusting_kw if abs(chosen_kw - mean_kw) < TELLS_KW else np.full((1, joined), chosen_kw),
        expected_saving=float(probabilities @ (trusted - minded)) if is_known else None,
        tail_saving=float(worst[0] - worst[1]) if is_known else None,
        follows=follows,
    )


def _worth_of_following(problem: Problem, hours: float, more_kwh: float) -> float:
    """What following is worth beside what the scenarios show.

    They are means, and a load swings within its mean. And they are few: what is rare and dear is hardly among them, so
    that ``more_kwh`` stored by following are worth more than they show.
    """
    mean_price = sum(problem.import_price_per_kwh) / len(problem.horizon)
    return max(mean_price, 0.0) * (SWING_KW * hours + SMALL_GAIN * max(more_kwh, 0.0))


def first_net_kw(plan: Plan, slots: int) -> Floats:
    """``[b, t]``: charge less discharge of each battery in the plan's first slots."""
    flows = [(battery.charge_kw[:slots], battery.discharge_kw[:slots]) for battery in plan.batteries]
    return np.array([np.subtract(charge_kw, discharge_kw) for charge_kw, discharge_kw in flows])


def is_trusting(plan: Plan, net_kw: Floats) -> bool:
    """Whether these first commands are what the plan has anyway."""
    return bool(np.abs(net_kw - first_net_kw(plan, net_kw.shape[1])).max() < TELLS_KW)


def _model(problem: Problem, *, is_strict: bool) -> Model:
    return build_model(problem, suspicious_slots(problem), is_strict=is_strict)


def _breach_price(problem: Problem) -> float:
    prices = np.abs([*problem.import_price_per_kwh, *problem.export_price_per_kwh])
    return BREACH_SCALE * max(float(prices.max()), LEAST_PRICE)


def _net_kw(model: Model, values: Floats, slots: int) -> Floats:
    flows = [
        (battery.charge_kw.index[:slots], battery.discharge_kw.index[:slots]) for battery in model.variables.batteries
    ]
    return np.array([values[charge] - values[discharge] for charge, discharge in flows])


def _load(session: Engine, stacked: Stack, basis: Basis | None) -> None:
    """Begin with ``stacked``, at the forecast's own basis in every scenario where they differ in their numbers only."""
    session.load(stacked, stacked.weights)
    if basis is None:
        return
    columns = np.full(len(stacked.lower), LOWER, dtype=np.int32)
    for place in reversed(stacked.places):
        columns[place] = basis.columns
    rows = np.full(len(stacked.matrix.lower), BASIC, dtype=np.int32)
    models = len(stacked.places)
    rows[: models * len(basis.rows)] = np.tile(basis.rows, models)
    session.start_from(Basis(columns=columns, rows=rows))


def hold_first(model: Model, net_kw: Floats) -> Model:
    """``model`` with the batteries' powers of the first slots held at ``net_kw``."""
    lower, upper = model.lower.copy(), model.upper.copy()
    for battery, net in zip(model.variables.batteries, net_kw, strict=True):
        for columns, kw in ((battery.charge_kw, net), (battery.discharge_kw, -net)):
            here = columns.index[: len(net)]
            lower[here] = upper[here] = np.clip(kw, 0.0, model.upper[here])
    return replace(model, lower=lower, upper=upper)


def _with_first(
    session: Engine, stacked: Stack, first: Model, net_kw: Floats, left_s: Callable[[], float]
) -> Floats | None:
    """Each turn's cost in the stack that is loaded, where the first commands are ``net_kw``; None: no plan."""
    held = hold_first(first, net_kw)
    changed = np.flatnonzero((held.lower != first.lower) | (held.upper != first.upper)).astype(np.int32)
    session.bound(changed, held.lower[changed], held.upper[changed])
    answer = session.solve(left_s())
    return stacked.each(answer.values) if answer.ending is Ending.PROVED else None


def _compared(stacked: Stack, tail: float, minded: Floats, trusting: Floats | None, net_kw: Floats) -> Decision:
    """By each turn's cost with the first commands ``net_kw`` and with those that the forecast alone asks for."""
    if trusting is None:
        return Decision(net_kw=net_kw, expected_saving=None, tail_saving=None)
    probabilities = stacked.probabilities
    worst = tail_means(np.stack([trusting, minded], axis=1), probabilities, tail)
    return Decision(
        net_kw=net_kw,
        expected_saving=float(probabilities @ (trusting - minded)),
        tail_saving=float(worst[0] - worst[1]),
    )
