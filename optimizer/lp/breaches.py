"""Which soft limits a plan does not keep, in the operator's words."""

from collections.abc import Iterator, Sequence

from optimizer.domain.assets import Battery, PerSlot, per_slot
from optimizer.domain.plan import BatteryProfile, Plan
from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import soft_levels

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
    limits = per_slot(limit_kw, len(flow_kw))
    over_kw = [max(kw - limit, 0.0) for kw, limit in zip(flow_kw, limits, strict=True)]
    over_kwh = sum(kw * h for kw, h in zip(over_kw, problem.horizon.slot_h, strict=True))
    if over_kwh > NEGLIGIBLE_KWH:
        worst = max(range(len(over_kw)), key=over_kw.__getitem__)
        weight = over_kwh * (money_scale_per_kwh(problem) if price is None else price)
        yield (
            f"{name} limit {limits[worst]:g} kW exceeded by {over_kwh:.3g} kWh (peak {flow_kw[worst]:.3g} kW, "
            f"weighs {weight:.2f} {problem.currency})"
        )


def _battery(problem: Problem, battery: Battery, profile: BatteryProfile) -> Iterator[str]:
    slots = len(problem.horizon)
    reserve, goal, ceiling = soft_levels(problem, battery)
    words = (
        ("below the window's minimum", (battery.soc_min_kwh,) * slots, -1.0),
        ("above the window's maximum", (battery.soc_max_kwh,) * slots, 1.0),
        ("below the reserve", tuple(reserve), -1.0),
        ("below the goal", tuple(goal), -1.0),
        ("above the cap", tuple(ceiling), 1.0),
    )
    for what, bounds_kwh, sign in words:
        yield from _outside(problem, profile.soc_kwh, f"{what} of", bounds_kwh, sign)


def _outside(
    problem: Problem, soc_kwh: Sequence[float], what: str, bounds_kwh: Sequence[float], sign: float
) -> Iterator[str]:
    outside_kwh = [sign * (soc - bound) for soc, bound in zip(soc_kwh, bounds_kwh, strict=True)]
    slots = [slot for slot, kwh in enumerate(outside_kwh) if kwh > NEGLIGIBLE_KWH]
    if slots:
        until = problem.horizon.edges[slots[-1] + 1]
        worst = max(slots, key=outside_kwh.__getitem__)
        size = f"up to {outside_kwh[worst]:.3g} kWh {what} {bounds_kwh[worst]:g} kWh"
        yield f"stored energy {size} until {until:%Y-%m-%dT%H:%MZ}"
