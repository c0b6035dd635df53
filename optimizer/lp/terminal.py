"""What a stored kWh is worth beyond the horizon."""

from optimizer.domain.horizon import Horizon

TAIL_H = 24.0
"""The last day of the horizon stands for the time after it."""


def stored_energy_value_per_kwh(
    horizon: Horizon,
    import_price_per_kwh: tuple[float, ...],
    *,
    discharge_efficiency: float,
    wear_cost_per_kwh: float,
) -> float:
    """Value of one kWh inside the battery: what it saves at the cheapest later import, never below zero.

    (cheapest import price of the last day - wear of delivering a kWh) * discharge_efficiency. The cheapest
    hour is what a full battery would have to compete with, so energy is never bought to be kept.
    """
    tail = [
        price
        for start, price in zip(horizon.starts, import_price_per_kwh, strict=True)
        if (horizon.end - start).total_seconds() <= TAIL_H * 3600
    ]
    return max(0.0, (min(tail) - wear_cost_per_kwh) * discharge_efficiency)
