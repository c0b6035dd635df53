"""Why the plan does what it does, slot by slot, in words and money: read off the duals of the money optimum."""

import numpy as np
from numpy.typing import NDArray

from optimizer.domain.assets import Battery
from optimizer.domain.peaks import Direction
from optimizer.domain.plan import Alternative, BatteryProfile, Caution, Plan
from optimizer.lp.bounds import series
from optimizer.lp.linear import Floats

RUNS_KW = 1e-3
NEAR = 1e-6


def explain(plan: Plan) -> tuple[str, ...]:
    """One line a slot: what the battery does, what stored energy and a kWh are worth, what binds, what else costs."""
    limits = _binding_limits(plan)
    if not plan.marginals.node_price_per_kwh:
        return _without_prices(plan, limits)
    if not plan.batteries or plan.problem.battery is None:
        prices = plan.marginals.node_price_per_kwh
        return tuple(f"a kWh more costs {price:.3f}{limit}" for price, limit in zip(prices, limits, strict=True))
    battery, profile, marginals = plan.problem.battery, plan.batteries[0], plan.marginals
    unit = f"{plan.problem.currency}/kWh"
    rows = zip(
        profile.charge_kw,
        profile.discharge_kw,
        marginals.stored_value_per_kwh,
        marginals.node_price_per_kwh,
        _used_at(plan, profile),
        _binding_bounds(battery, profile),
        limits,
        marginals.charge_loss_per_kwh,
        marginals.discharge_loss_per_kwh,
        strict=True,
    )
    lines = []
    for charge_kw, discharge_kw, stored, price, time, bound, limit, charging, discharging in rows:
        if charge_kw > RUNS_KW:
            does, other = f"charging {charge_kw:.2f} kW", f"charging more would {_change(charging, unit)}"
        elif discharge_kw > RUNS_KW:
            does, other = f"discharging {discharge_kw:.2f} kW", f"discharging more would {_change(discharging, unit)}"
        else:
            does = "resting"
            other = f"charging would {_change(charging, unit)}, discharging {_change(discharging, unit)}"
        lines.append(
            f"{does}: stored energy is worth {stored:.3f} {unit}{time}, a kWh here {price:.3f}{bound}{limit}; {other}"
        )
    return tuple(lines)


def _without_prices(plan: Plan, limits: list[str]) -> tuple[str, ...]:
    """What the battery does and what binds: all that is known where the solver's answer has no prices."""
    battery = plan.problem.battery
    if battery is None:
        return tuple(f"no prices known{limit}" for limit in limits)
    profile = plan.batteries[0]
    bounds = _binding_bounds(battery, profile)
    net_kw = np.array(profile.charge_kw) - np.array(profile.discharge_kw)
    rows = zip(net_kw.tolist(), bounds, limits, strict=True)
    return tuple(f"{_does(net)}{bound}{limit}; no prices known" for net, bound, limit in rows)


def _change(loss: float, unit: str) -> str:
    """What one kWh more would do: cost something, nothing, or gain something that a bound forbids."""
    if -NEAR <= loss <= NEAR:
        return "cost nothing"
    return f"cost {loss:.3f} {unit}" if loss > 0 else f"gain {-loss:.3f} {unit} but is bound"


def _used_at(plan: Plan, profile: BatteryProfile) -> list[str]:
    """When the energy stored in each slot is next drawn: the time that gives it its worth."""
    found, following = " (at the end)", []
    starts = plan.problem.horizon.starts
    for slot in range(len(starts) - 1, -1, -1):
        following.append(found)
        if profile.discharge_kw[slot] > RUNS_KW:
            found = f" ({starts[slot].hour:02d}:{starts[slot].minute:02d}Z)"
    return following[::-1]


def _binding_bounds(battery: Battery, profile: BatteryProfile) -> list[str]:
    most_kw, least_kw = battery.max_charge_kw - NEAR, battery.max_discharge_kw - NEAR
    full_kwh, empty_kwh = battery.soc_max_kwh - NEAR, battery.soc_min_kwh + NEAR
    return [
        (", battery full" if soc_kwh > full_kwh else ", battery empty" if soc_kwh < empty_kwh else "")
        + (", at full power" if charge_kw > most_kw or discharge_kw > least_kw else "")
        for charge_kw, discharge_kw, soc_kwh in zip(
            profile.charge_kw, profile.discharge_kw, profile.soc_kwh, strict=True
        )
    ]


def _binding_limits(plan: Plan) -> list[str]:
    problem, flows = plan.problem, plan.flows
    words = [""] * len(flows.import_kw)

    def add(where: NDArray[np.bool_], word: str) -> None:
        for slot in np.flatnonzero(where).tolist():
            words[slot] += word

    imported, exported = np.array(flows.import_kw), np.array(flows.export_kw)
    if problem.import_limit_kw is not None:
        add(_reaches(imported, series(problem.import_limit_kw, problem)), ", import limit")
    if problem.export_limit_kw is not None:
        add(_reaches(exported, series(problem.export_limit_kw, problem)), ", export limit")
    add(np.array(flows.curtailed_kw) > RUNS_KW, ", sun cut")
    for charge in problem.peak_charges:
        price = plan.marginals.peak_price_per_kw.get(charge.name)
        if price is None or price > NEAR:
            flow = imported if charge.direction is Direction.IMPORT else exported
            peak_kw = plan.peaks_kw[charge.name]
            reached = _reaches(flow, np.full(len(flow), peak_kw))
            worth = "" if price is None else f" at {price:.2f} {problem.currency}/kW"
            add(reached, f", {charge.name} {peak_kw:.2f} kW{worth}")
    return words


def _reaches(flow_kw: Floats, limit_kw: Floats) -> NDArray[np.bool_]:
    return (flow_kw > RUNS_KW) & (flow_kw > limit_kw - NEAR)


def _does(battery_kw: float) -> str:
    if abs(battery_kw) <= RUNS_KW:
        return "resting"
    return f"charging {battery_kw:.2f} kW" if battery_kw > 0 else f"discharging {-battery_kw:.2f} kW"


def tell_alternative(plan: Plan, alternative: Alternative) -> str:
    """The first slot's reason continued: what the best different action would cost."""
    what = _does(alternative.battery_kw)
    if alternative.made_up_at is not None:
        what += f" and waiting until {alternative.made_up_at:%H:%MZ}"
    return f"; {what} instead would cost {alternative.extra_cost:.2f} {plan.problem.currency} more"


def tell_caution(plan: Plan, caution: Caution) -> str:
    """The first slot's reason where other outcomes than the forecast's decided it, or that the battery follows."""
    currency, saved = plan.problem.currency, caution.expected_saving
    others = f"{caution.scenarios} other outcome{'' if caution.scenarios == 1 else 's'}"
    if saved is None:
        gain = f"keeps every limit in {others}"
    else:
        gain = f"{'saves' if saved >= 0 else 'costs'} {abs(saved):.3f} {currency} on average over {others}"
    wish = f"{plan.reasons[0].partition(';')[0]}; the forecast alone asks for {_does(caution.trusting_kw)}"
    price = f"costs {caution.price:.3f} {currency} if the forecast comes true"
    if not caution.follows:
        return f"{wish}: minding more {gain} and {price}"
    gains = f"{gain}, {price}," if caution.scenarios else price
    return f"{wish}: following the load instead {gains} and neither buys nor sells what comes otherwise"
