"""Which soft limits a plan does not keep, in the operator's words, kWh and money.

Those without a price are kept as far as anything can be: where one is missed, that was forced on the plan, a breach.
Those with a price are weighed against money: where one is missed, that was the cheaper choice.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from optimizer.domain.assets import Battery, DeferrableLoad, EvSession, PerSlot
from optimizer.domain.plan import BatteryProfile, Plan
from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import soft_levels
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Floats

NEGLIGIBLE_KWH = 1e-4
UNITS = ("kWh h", "kWh", "K h")


def describe_breaches(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """One phrase for each soft limit without a price that is missed, with its size and what that weighs in money."""
    return tuple(_breaches(problem, plan))


def describe_weighed(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """One phrase for each soft limit that is missed at its price, with its size and what that costs."""
    return tuple(_weighed(problem, plan))


def money_scale_per_kwh(problem: Problem) -> float:
    """The dearest kWh of the problem: what a kWh that is missing somewhere weighs at least."""
    prices = (*problem.import_price_per_kwh, *problem.export_price_per_kwh)
    peaks = [charge.price_per_kw / min(problem.horizon.slot_h) for charge in problem.peak_charges]
    return max([abs(price) for price in prices] + peaks)


def _breaches(problem: Problem, plan: Plan) -> Iterator[str]:
    for name, flow_kw, limit_kw, price in _grid_limits(problem, plan):
        if limit_kw is not None and price is None:
            yield from _over_limit(problem, name, flow_kw, limit_kw, None)
    for battery, profile in zip(problem.batteries, plan.batteries, strict=True):
        yield from _battery(problem, battery, profile)
    for name, price in _demands(problem):
        amount = plan.shortfalls.get(name, 0.0)
        if price is None and amount > NEGLIGIBLE_KWH:
            yield f"{_amount(name, amount)}{_weight(problem, name, amount)}"


def _weighed(problem: Problem, plan: Plan) -> Iterator[str]:
    for name, flow_kw, limit_kw, price in _grid_limits(problem, plan):
        if limit_kw is not None and price is not None:
            yield from _over_limit(problem, name, flow_kw, limit_kw, price)
    for name, price in (*_levels(problem), *_demands(problem)):
        cost = plan.costs.get(name, 0.0)
        if price and cost > NEGLIGIBLE_KWH * price:
            yield f"{_amount(name, cost / price)} (costs {cost:.2f} {problem.currency})"


def _grid_limits(problem: Problem, plan: Plan) -> list[tuple[str, Sequence[float], PerSlot | None, float | None]]:
    return [
        ("import", plan.flows.import_kw, problem.import_limit_kw, problem.import_over_price_per_kwh),
        ("export", plan.flows.export_kw, problem.export_limit_kw, problem.export_over_price_per_kwh),
    ]


def _levels(problem: Problem) -> Iterator[tuple[str, float | None]]:
    """What missing a battery's levels is called, and what one unit of it costs."""
    for battery in problem.batteries:
        yield f"{battery.name} below window kWh h", battery.window_price_per_kwh
        yield f"{battery.name} above window kWh h", battery.window_price_per_kwh
        yield f"{battery.name} goal short kWh h", battery.goal_price_per_kwh
        yield f"{battery.name} ceiling over kWh h", battery.goal_price_per_kwh


def _demands(problem: Problem) -> Iterator[tuple[str, float | None]]:
    """What missing each other wish of an asset is called, and what one unit of it costs."""
    for battery in problem.batteries:
        yield f"{battery.name} demanded charge short kWh", battery.demand_price_per_kwh
    for store in problem.heat_stores:
        yield f"{store.name} too cold K h", store.comfort_price_per_kh
        yield f"{store.name} too warm K h", store.comfort_price_per_kh
    flexible: tuple[DeferrableLoad | EvSession, ...] = (*problem.deferrable_loads, *problem.ev_sessions)
    for wish in flexible:
        yield f"{wish.name} short kWh", wish.shortfall_price_per_kwh


def _amount(name: str, amount: float) -> str:
    """ "washer short kWh" and 2 make "washer short: 2 kWh"."""
    unit = next(unit for unit in UNITS if name.endswith(f" {unit}"))
    return f"{name.removesuffix(f' {unit}')}: {amount:.3g} {unit}"


def _weight(problem: Problem, name: str, amount: float) -> str:
    """What a missing amount weighs; warmth has no price in a problem's money scale."""
    if not name.endswith(" kWh"):
        return ""
    return f" (weighs {amount * money_scale_per_kwh(problem):.2f} {problem.currency})"


def _over_limit(
    problem: Problem, name: str, flow_kw: Sequence[float], limit_kw: PerSlot, price: float | None
) -> Iterator[str]:
    limits = series(limit_kw, problem)
    over_kw = np.maximum(np.array(flow_kw) - limits, 0.0)
    over_kwh = float(np.sum(over_kw * slot_h(problem)))
    if over_kwh > NEGLIGIBLE_KWH:
        worst = int(np.argmax(over_kw))
        weight = over_kwh * (money_scale_per_kwh(problem) if price is None else price)
        yield (
            f"{name} limit {limits[worst]:g} kW exceeded by {over_kwh:.3g} kWh (peak {flow_kw[worst]:.3g} kW, "
            f"{'weighs' if price is None else 'costs'} {weight:.2f} {problem.currency})"
        )


def _battery(problem: Problem, battery: Battery, profile: BatteryProfile) -> Iterator[str]:
    """The window, the reserve, goals and caps, as far as they have no price."""
    soc_kwh = np.array(profile.soc_kwh)
    reserve, goal, ceiling = soft_levels(problem, battery)
    if battery.window_price_per_kwh is None:
        yield from _outside(problem, "below the window's minimum", battery.soc_min_kwh - soc_kwh, soc_kwh, -1.0)
        yield from _outside(problem, "above the window's maximum", soc_kwh - battery.soc_max_kwh, soc_kwh, 1.0)
    yield from _outside(problem, "below the reserve", reserve - soc_kwh, soc_kwh, -1.0)
    if battery.goal_price_per_kwh is None:
        yield from _outside(problem, "below the goal", goal - soc_kwh, soc_kwh, -1.0)
        yield from _outside(problem, "above the cap", soc_kwh - ceiling, soc_kwh, 1.0)


def _outside(problem: Problem, what: str, outside_kwh: Floats, soc_kwh: Floats, sign: float) -> Iterator[str]:
    slots = np.flatnonzero(outside_kwh > NEGLIGIBLE_KWH)
    if len(slots):
        until = problem.horizon.edges[int(slots[-1]) + 1]
        worst = int(np.argmax(outside_kwh))
        bound_kwh = soc_kwh[worst] - sign * outside_kwh[worst]
        weight = outside_kwh[worst] * money_scale_per_kwh(problem)
        size = f"up to {outside_kwh[worst]:.3g} kWh {what} of {bound_kwh:g} kWh until {until:%Y-%m-%dT%H:%MZ}"
        yield f"stored energy {size} (weighs {weight:.2f} {problem.currency})"
