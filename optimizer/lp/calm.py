"""What it costs to tell a site something else than was told before."""

import numpy as np

from optimizer.domain.horizon import Horizon

NEAR_H = 1.0
"""Lead at which the extra price of a near change has fallen to about a third."""
NEAR_TIMES = 4.0
"""A change now costs so many times what one far ahead costs."""


def change_prices(horizon: Horizon, import_price_per_kwh: tuple[float, ...], share: float) -> tuple[float, ...]:
    """Money for each kW changed in each slot: share * mean price * hours * (1 + 3 * exp(-lead / 1 h)).

    Proportional to the prices at hand, so that it has no currency and no tuning of its own; a change must earn
    at least this part of what the energy it moves is worth.
    """
    h = np.array(horizon.slot_h)
    scale = float(np.mean(np.abs(import_price_per_kwh)))
    lead_h = np.cumsum(h) - h
    nearness = 1.0 + (NEAR_TIMES - 1.0) * np.exp(-lead_h / NEAR_H)
    prices: list[float] = (share * scale * h * nearness).tolist()
    return tuple(prices)
