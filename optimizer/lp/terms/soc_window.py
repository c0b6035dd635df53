"""The stored energy's window, reserve, goals and caps: kept if they can be, recovered if they are not."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import BatteryColumns, soft_levels
from optimizer.lp.bounds import slot_h
from optimizer.lp.linear import Columns, Floats, Ints
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most, priced
from optimizer.lp.variables import Variables


def soc_window(problem: Problem, at: Variables) -> Contribution:
    """floor - short <= soc <= cap + over  [kWh], for the window, the reserve, goals and caps.

    A battery that starts inside its window can always stay inside, so the window is then a bound of the
    variable and adds no row. One that starts outside may not go further out, and comes back as soon as it
    can: what is missing is summed over time (kWh times hours).
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    h = slot_h(problem)
    for columns in at.batteries:
        _window(columns, h, rows, costs)
        _wishes(problem, columns, h, rows, costs)
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def _window(columns: BatteryColumns, h: Floats, rows: list[Rows], costs: list[Cost]) -> None:
    battery, soc_kwh = columns.battery, columns.soc_kwh
    short, over = columns.window_short_kwh, columns.window_over_kwh
    price = battery.window_price_per_kwh
    if short is not None:
        rows.append(at_least(f"{battery.name} window low", soc_kwh + short, battery.soc_min_kwh))
        costs.append(_over_time(f"{battery.name} below window kWh h", short, h, price, Tier.RESERVE))
    if over is not None:
        rows.append(at_most(f"{battery.name} window high", soc_kwh - over, battery.soc_max_kwh))
        costs.append(_over_time(f"{battery.name} above window kWh h", over, h, price, Tier.RESERVE))


def _wishes(problem: Problem, columns: BatteryColumns, h: Floats, rows: list[Rows], costs: list[Cost]) -> None:
    """Reserve and goals only where they ask for something."""
    battery, soc_kwh = columns.battery, columns.soc_kwh
    reserve, goal, ceiling = soft_levels(problem, battery)
    price = battery.goal_price_per_kwh

    def floor(name: str, short: Columns, level: Floats, price: float | None, tier: Tier) -> None:
        here = _where(level > battery.soc_min_kwh)
        rows.append(at_least(f"{battery.name} {name}", soc_kwh[here] + short[here], level[here]))
        costs.append(_over_time(f"{battery.name} {name} short kWh h", short[here], h[here], price, tier))

    if columns.reserve_short_kwh is not None:
        floor("reserve", columns.reserve_short_kwh, reserve, None, Tier.RESERVE)
    if columns.goal_short_kwh is not None:
        floor("goal", columns.goal_short_kwh, goal, price, Tier.GOAL)
    if columns.ceiling_over_kwh is not None:
        here = _where(ceiling < battery.soc_max_kwh)
        over = columns.ceiling_over_kwh[here]
        rows.append(at_most(f"{battery.name} ceiling", soc_kwh[here] - over, ceiling[here]))
        costs.append(_over_time(f"{battery.name} ceiling over kWh h", over, h[here], price, Tier.GOAL))


def _where(mask: np.ndarray) -> Ints:
    return np.flatnonzero(mask).astype(np.int32)


def _over_time(name: str, missing_kwh: Columns, h: Floats, price: float | None, tier: Tier) -> Cost:
    return priced(name, (missing_kwh * h).sum(), price, tier)
