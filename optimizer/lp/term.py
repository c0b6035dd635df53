"""What a law of the model looks like: a function that adds named rows and named costs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.variables import Variables


class Tier(IntEnum):
    """Which costs are settled first; each tier's optimum is kept while the next is minimised.

    A contract limit outranks the state-of-charge window, so that a battery outside its window never
    breaks the connection's limit in order to recover. Both together are the breaches.
    """

    LIMIT = 0
    RESERVE = 1
    MONEY = 2
    PREFERENCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A named constraint: ``expression`` carries its sense and right-hand side."""

    name: str
    expression: LpAffineExpression


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A named cost: money in tier MONEY, kWh (or kWh times hours) elsewhere."""

    name: str
    tier: Tier
    expression: LpAffineExpression


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one law adds to the model."""

    rows: tuple[Row, ...] = ()
    costs: tuple[Cost, ...] = ()


Term = Callable[[Problem, Variables], Contribution]
