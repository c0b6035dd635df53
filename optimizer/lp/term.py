"""What a law of the model looks like: a function that adds named rows and named costs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Floats, Linear, Numbers, filled
from optimizer.lp.variables import Variables


class Tier(IntEnum):
    """Which costs are settled first; each tier's optimum is kept while the next is minimised.

    A contract limit outranks the stored energy's window and reserve, so that a battery outside its window
    never breaks the connection's limit in order to recover; both outrank goals. The three together are the
    breaches, each in the unit of its name.
    """

    LIMIT = 0
    RESERVE = 1
    GOAL = 2
    MONEY = 3
    PREFERENCE = 4


BREACHES = (Tier.LIMIT, Tier.RESERVE, Tier.GOAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A family of constraints, ``lower <= expression <= upper``, one for each expression."""

    name: str
    expression: Linear
    lower: Floats
    upper: Floats


def equal(name: str, expression: Linear, to: Numbers = 0.0) -> Rows:
    """expression = to."""
    bound = filled(to, len(expression))
    return Rows(name=name, expression=expression, lower=bound, upper=bound)


def at_most(name: str, expression: Linear, limit: Numbers = 0.0) -> Rows:
    """expression <= limit."""
    upper = filled(limit, len(expression))
    return Rows(name=name, expression=expression, lower=np.full(len(expression), -np.inf), upper=upper)


def at_least(name: str, expression: Linear, limit: Numbers = 0.0) -> Rows:
    """expression >= limit."""
    lower = filled(limit, len(expression))
    return Rows(name=name, expression=expression, lower=lower, upper=np.full(len(expression), np.inf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A named cost, one expression: money in tier MONEY, the unit of its name elsewhere."""

    name: str
    tier: Tier
    expression: Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one law adds to the model."""

    rows: tuple[Rows, ...] = ()
    costs: tuple[Cost, ...] = ()


def priced(name: str, amount: Linear, price: float | None, tier: Tier) -> Cost:
    """A missed wish (one expression): money where it has a price, otherwise a breach of ``tier``."""
    if price is None:
        return Cost(name=name, tier=tier, expression=amount)
    return Cost(name=name, tier=Tier.MONEY, expression=amount * price)


Term = Callable[[Problem, Variables], Contribution]
