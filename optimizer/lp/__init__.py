"""The mathematics: a frozen problem in, a verified plan out. No I/O, no clock."""

from optimizer.lp.baseline import no_battery, price, self_consumption
from optimizer.lp.bill import billed
from optimizer.lp.calm import change_prices
from optimizer.lp.reading import take_as_inside
from optimizer.lp.solve import Planner, Solving, second_planner, solve
from optimizer.lp.start import Kept
from optimizer.lp.terminal import end_values

__all__ = [
    "Kept",
    "Planner",
    "Solving",
    "billed",
    "change_prices",
    "end_values",
    "no_battery",
    "price",
    "second_planner",
    "self_consumption",
    "solve",
    "take_as_inside",
]
