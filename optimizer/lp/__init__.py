"""The mathematics: a frozen problem in, a verified plan out. No I/O, no clock."""

from optimizer.lp.baseline import no_battery, price, self_consumption
from optimizer.lp.solve import Planner, solve
from optimizer.lp.terminal import end_values

__all__ = [
    "Planner",
    "end_values",
    "no_battery",
    "price",
    "self_consumption",
    "solve",
]
