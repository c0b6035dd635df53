"""One plan for several ways in which the day may turn out: what is commanded now is shared, the rest is free.

A two-stage stochastic linear program in extensive form (Birge and Louveaux, Introduction to Stochastic
Programming, 2011, ch. 1.1), with the conditional value at risk as a linear program (Rockafellar and Uryasev,
Optimization of conditional value-at-risk, Journal of Risk 2, 2000, eq. 17).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.domain.uncertainty import Scenario, Uncertainty
from optimizer.lp.linear import Columns, Floats, Ints
from optimizer.lp.model import Matrix, Model
from optimizer.lp.term import BREACHES, Tier
from optimizer.lp.variables import Variables


def in_scenario(problem: Problem, scenario: Scenario) -> Problem:
    """``problem`` as it is if ``scenario`` comes true."""

    def come_true(name: str) -> tuple[float, ...]:
        series: tuple[float, ...] = scenario.given.get(name, getattr(problem, name))
        return series

    return replace(
        problem,
        uncertainty=None,
        load_kw=come_true("load_kw"),
        heat_kw=come_true("heat_kw"),
        solar_kw=come_true("solar_kw"),
        import_price_per_kwh=come_true("import_price_per_kwh"),
        export_price_per_kwh=come_true("export_price_per_kwh"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The models of all scenarios side by side, with the first commands in common; arrays as in ``Model``.

    ``places[s]``: which column of the stack each column of model ``s`` is. ``costs[s]``: what scenario ``s``
    costs, over the stack's columns. ``weights`` is what is minimised.
    """

    lower: Floats
    upper: Floats
    is_integer: Ints
    matrix: Matrix
    places: tuple[Ints, ...]
    costs: tuple[Floats, ...]
    probabilities: Floats
    weights: Floats

    def each(self, values: Floats) -> Floats:
        """What each scenario costs."""
        return np.array([cost @ values for cost in self.costs])


def tail_means(costs: Floats, probabilities: Floats, tail: float) -> Floats:
    """For each column of ``costs[scenario, column]`` the mean of the worst ``tail`` of all probability."""
    order = np.argsort(-costs, axis=0)
    reached = np.minimum(np.cumsum(probabilities[order], axis=0), tail)
    share = np.diff(reached, axis=0, prepend=0.0)
    means: Floats = np.sum(share * np.take_along_axis(costs, order, axis=0), axis=0) / tail
    return means


def stack(models: Sequence[Model], uncertainty: Uncertainty, breach_price: float) -> Stack:
    """Every model's columns and rows beside each other, but for the columns of the shared slots, once each.

    minimise (1 - w) * sum(p[s] * cost[s]) + w * (eta + sum(p[s] * beyond[s]) / tail), where beyond[s] >=
    cost[s] - eta is at least zero: with ``w`` the ``risk_weight``, the second part is the mean cost of the worst
    ``tail`` of all that may come. ``models[0]`` is the forecast's own. Whole numbers may be fractions here.
    ``breach_price`` weighs breaches of limits without a price, which loose models allow.
    """
    probabilities = probabilities_of(uncertainty)
    places, count = _places(models, uncertainty.shared_slots)
    weight = uncertainty.risk_weight
    risk_columns = 1 + len(models) if weight > 0 else 0
    total = count + risk_columns
    lower, upper = np.zeros(total), np.full(total, np.inf)
    for model, place in zip(reversed(models), reversed(places), strict=True):
        lower[place], upper[place] = model.lower, model.upper
    costs = []
    for model, place in zip(models, places, strict=True):
        cost = np.zeros(total)
        cost[place] = _money(model, breach_price)
        costs.append(cost)
    weights = (1 - weight) * np.sum([p * cost for p, cost in zip(probabilities, costs, strict=True)], axis=0)
    matrices = [
        replace(model.matrix, columns=place[model.matrix.columns]) for model, place in zip(models, places, strict=True)
    ]
    if weight > 0:
        lower[count] = -np.inf
        weights[count] = weight
        weights[count + 1 :] = weight * probabilities / uncertainty.tail
        matrices.append(_beyond(costs, count))
    return Stack(
        lower=lower,
        upper=upper,
        is_integer=np.zeros(total, dtype=np.int32),
        matrix=_below_each_other(matrices),
        places=places,
        costs=tuple(costs),
        probabilities=probabilities,
        weights=weights,
    )


def probabilities_of(uncertainty: Uncertainty) -> Floats:
    """The forecast's own, then each scenario's."""
    given = [scenario.probability for scenario in uncertainty.scenarios]
    return np.array([max(1.0 - sum(given), 0.0), *given])


TIER_FACTOR = {Tier.LIMIT: 100.0, Tier.RESERVE: 10.0, Tier.GOAL: 1.0}
"""How much more a breach of each tier weighs than one of the tier below it can."""


def _money(model: Model, breach_price: float) -> Floats:
    """What a model costs, breaches priced."""
    weights = model.weights(model.total(Tier.MONEY))
    for tier in BREACHES:
        weights += TIER_FACTOR[tier] * breach_price * model.weights(model.total(tier))
    return weights


def _places(models: Sequence[Model], shared_slots: int) -> tuple[tuple[Ints, ...], int]:
    first = shared_columns(models[0].variables, shared_slots)
    places, count = [np.arange(len(models[0].lower), dtype=np.int32)], len(models[0].lower)
    for model in models[1:]:
        own = np.ones(len(model.lower), dtype=bool)
        shared = shared_columns(model.variables, shared_slots)
        own[shared] = False
        place = np.zeros(len(model.lower), dtype=np.int32)
        place[shared] = first
        place[own] = np.arange(count, count + int(own.sum()), dtype=np.int32)
        count += int(own.sum())
        places.append(place)
    return tuple(places), count


def shared_columns(at: Variables, slots: int) -> Ints:
    """What is decided before it is known which scenario comes true: all powers but the grid's and the sun's."""
    families: list[Columns] = []
    for battery in at.batteries:
        families += [battery.charge_kw, battery.discharge_kw]
    families += [*at.other_use_kw, *(genset.supply_kw for genset in at.gensets)]
    return np.concatenate([family.index[:slots] for family in families]) if families else np.zeros(0, dtype=np.int32)


def _beyond(costs: Sequence[Floats], eta: int) -> Matrix:
    """cost[s] - eta - beyond[s] <= 0, for each scenario."""
    used = [np.flatnonzero(cost) for cost in costs]
    columns = [np.append(columns, [eta, eta + 1 + number]) for number, columns in enumerate(used)]
    values = [np.append(cost[columns], [-1.0, -1.0]) for cost, columns in zip(costs, used, strict=True)]
    return Matrix(
        starts=np.cumsum([0, *(len(row) for row in columns)]).astype(np.int32),
        columns=np.concatenate(columns).astype(np.int32),
        values=np.concatenate(values),
        lower=np.full(len(costs), -np.inf),
        upper=np.zeros(len(costs)),
    )


def _below_each_other(matrices: Sequence[Matrix]) -> Matrix:
    starts, end = [np.zeros(1, dtype=np.int32)], 0
    for matrix in matrices:
        starts.append((matrix.starts[1:] + end).astype(np.int32))
        end += int(matrix.starts[-1])
    return Matrix(
        starts=np.concatenate(starts),
        columns=np.concatenate([matrix.columns for matrix in matrices]).astype(np.int32),
        values=np.concatenate([matrix.values for matrix in matrices]),
        lower=np.concatenate([matrix.lower for matrix in matrices]),
        upper=np.concatenate([matrix.upper for matrix in matrices]),
    )
