"""Which soft limits a plan does not keep, in the operator's words."""

from collections.abc import Iterator, Sequence

import numpy as np

from optimizer.domain.assets import Battery, PerSlot
from optimizer.domain.plan import BatteryProfile, Plan
from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import soft_levels
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Floats

NEGLIGIBLE_KWH = 1e-4


def describe_breaches(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """One phrase for each soft limit that is broken, with its size and what that weighs in money."""
    return tuple(_breaches(problem, plan))


def money_scale_per_kwh(problem: Problem) -> float:
    """The dearest kWh of the problem: what a kWh that is missing somewhere weighs at least."""
    prices = (*problem.import_price_per_kwh, *problem.export_price_per_kwh)
    peaks = [charge.price_per_kw / min(problem.horizon.slot_h) for charge in problem.peak_charges]
    return max([abs(price) for price in prices] + peaks)


def _breaches(problem: Problem, plan: Plan) -> Iterator[str]:
    limits = (
        ("import", plan.flows.import_kw, problem.import_limit_kw, problem.import_over_price_per_kwh),
        ("export", plan.flows.export_kw, problem.export_limit_kw, problem.export_over_price_per_kwh),
    )
    for name, flow_kw, limit_kw, price in limits:
        if limit_kw is not None:
            yield from _over_limit(problem, name, flow_kw, limit_kw, price)
    for battery, profile in zip(problem.batteries, plan.batteries, strict=True):
        yield from _battery(problem, battery, profile)
    for name, amount in plan.shortfalls.items():
        if _is_of_another_asset(problem, name) and amount > NEGLIGIBLE_KWH:
            words, _, unit = name.rpartition(" K h") if name.endswith(" K h") else name.rpartition(" kWh")
            yield f"{words}: {amount:.3g} {'K h' if name.endswith(' K h') else 'kWh'}{unit}"


def _is_of_another_asset(problem: Problem, name: str) -> bool:
    others = [store.name for store in problem.heat_stores]
    others += [load.name for load in problem.deferrable_loads] + [session.name for session in problem.ev_sessions]
    is_demand = name.endswith("demanded charge short kWh")
    return is_demand or any(name.startswith(f"{other} ") for other in others)


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
            f"weighs {weight:.2f} {problem.currency})"
        )


def _battery(problem: Problem, battery: Battery, profile: BatteryProfile) -> Iterator[str]:
    soc_kwh = np.array(profile.soc_kwh)
    reserve, goal, ceiling = soft_levels(problem, battery)
    yield from _outside(problem, "below the window's minimum", battery.soc_min_kwh - soc_kwh, soc_kwh, -1.0)
    yield from _outside(problem, "above the window's maximum", soc_kwh - battery.soc_max_kwh, soc_kwh, 1.0)
    yield from _outside(problem, "below the reserve", reserve - soc_kwh, soc_kwh, -1.0)
    yield from _outside(problem, "below the goal", goal - soc_kwh, soc_kwh, -1.0)
    yield from _outside(problem, "above the cap", soc_kwh - ceiling, soc_kwh, 1.0)


def _outside(problem: Problem, what: str, outside_kwh: Floats, soc_kwh: Floats, sign: float) -> Iterator[str]:
    slots = np.flatnonzero(outside_kwh > NEGLIGIBLE_KWH)
    if len(slots):
        until = problem.horizon.edges[int(slots[-1]) + 1]
        worst = int(np.argmax(outside_kwh))
        bound_kwh = soc_kwh[worst] - sign * outside_kwh[worst]
        size = f"up to {outside_kwh[worst]:.3g} kWh {what} of {bound_kwh:g} kWh"
        yield f"stored energy {size} until {until:%Y-%m-%dT%H:%MZ}"
