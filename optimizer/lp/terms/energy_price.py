"""What the grid charges and pays for energy."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import slot_h
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def energy_price(problem: Problem, at: Variables) -> Contribution:
    """sum of import * import_price * h, and of -export * export_price * h  [money]."""
    h = slot_h(problem)
    paid = (at.import_kw * (h * np.array(problem.import_price_per_kwh))).sum()
    earned = (at.export_kw * (h * -np.array(problem.export_price_per_kwh))).sum()
    return Contribution(
        costs=(
            Cost(name="import", tier=Tier.MONEY, expression=paid),
            Cost(name="export", tier=Tier.MONEY, expression=earned),
        )
    )
