"""What is published already is changed only where that earns its price."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Tier, at_least
from optimizer.lp.variables import Variables


def calm(problem: Problem, at: Variables) -> Contribution:
    """price[t] * |charge - discharge - published|  [money], for the battery that the commands reach."""
    published = problem.published
    if published is None or at.change_kw is None:
        return Contribution()
    is_told = [kw is not None for kw in published.battery_kw]
    here = np.flatnonzero(is_told).astype(np.int32)
    told_kw = np.array([kw for kw in published.battery_kw if kw is not None])
    battery = at.batteries[0]
    net_kw: Linear = battery.charge_kw[here] - battery.discharge_kw[here]
    change_kw = at.change_kw[here]
    prices = np.array(published.price_per_kw)[here]
    return Contribution(
        rows=(
            at_least("more than published", change_kw - net_kw, -told_kw),
            at_least("less than published", change_kw + net_kw, told_kw),
        ),
        costs=(Cost(name="change", tier=Tier.MONEY, expression=(change_kw * prices).sum()),),
    )
