"""What the grid charges and pays for energy."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def energy_price(problem: Problem, at: Variables) -> Contribution:
    """sum of import * import_price * h, and of -export * export_price * h  [money]."""
    slot_h = problem.horizon.slot_h
    paid = LpAffineExpression.from_list(
        [(flow, price * h) for flow, price, h in zip(at.import_kw, problem.import_price_per_kwh, slot_h, strict=True)]
    )
    earned = LpAffineExpression.from_list(
        [(flow, -price * h) for flow, price, h in zip(at.export_kw, problem.export_price_per_kwh, slot_h, strict=True)]
    )
    return Contribution(
        costs=(
            Cost(name="import", tier=Tier.MONEY, expression=paid),
            Cost(name="export", tier=Tier.MONEY, expression=earned),
        )
    )
