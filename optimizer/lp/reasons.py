"""Why the plan does what it does, slot by slot, in words and money: read off the duals of the money optimum."""

import numpy as np

from optimizer.domain.assets import Battery
from optimizer.domain.plan import Alternative, BatteryProfile, Plan
from optimizer.lp.bounds import series
from optimizer.lp.linear import Floats

RUNS_KW = 1e-3
NEAR = 1e-6


def explain(plan: Plan) -> tuple[str, ...]:
    """One line a slot: what the battery does, what stored energy and a kWh are worth, what binds, what else costs."""
    prices = [f"{price:.3f}" for price in plan.marginals.node_price_per_kwh]
    limits = _binding_limits(plan)
    if not plan.batteries or plan.problem.battery is None:
        return tuple(f"a kWh more costs {price}{limit}" for price, limit in zip(prices, limits, strict=True))
    battery, profile = plan.problem.battery, plan.batteries[0]
    marginals, times = plan.marginals, _used_at(plan, profile)
    bounds = _binding_bounds(battery, profile)
    rows = zip(
        profile.charge_kw,
        profile.discharge_kw,
        marginals.stored_value_per_kwh,
        marginals.charge_loss_per_kwh,
        marginals.discharge_loss_per_kwh,
        prices,
        times,
        bounds,
        limits,
        strict=True,
    )
    unit = f"{plan.problem.currency}/kWh"
    lines = []
    for charge_kw, discharge_kw, stored, charge_loss, discharge_loss, price, time, bound, limit in rows:
        worth = f"stored energy is worth {stored:.3f} {unit}{time}, a kWh here {price}{bound}{limit}"
        if charge_kw > RUNS_KW:
            lines.append(f"charging {charge_kw:.2f} kW: {worth}; {_other('less', charge_loss, unit)}")
        elif discharge_kw > RUNS_KW:
            lines.append(f"discharging {discharge_kw:.2f} kW: {worth}; {_other('less', discharge_loss, unit)}")
        else:
            lines.append(
                f"resting: {worth}; charging would {_change(charge_loss, unit)}, "
                f"discharging {_change(discharge_loss, unit)}"
            )
    return tuple(lines)


def _other(what: str, loss: float, unit: str) -> str:
    """A flow at its bound has a price; one between its bounds could be a little more or less for nothing."""
    if loss < -NEAR:
        return f"{what} would cost {-loss:.3f} {unit}"
    return "a little more or less would cost nothing"


def _change(loss: float, unit: str) -> str:
    if loss > NEAR:
        return f"cost {loss:.3f} {unit}"
    return f"gain {-loss:.3f} {unit} but is bound" if loss < -NEAR else "cost nothing"


def _used_at(plan: Plan, profile: BatteryProfile) -> list[str]:
    """When the energy stored in each slot is next drawn: the time that gives it its worth."""
    times = [f" ({start:%H:%MZ})" for start in plan.problem.horizon.starts]
    found, following = " (at the end)", []
    for slot in range(len(times) - 1, -1, -1):
        following.append(found)
        if profile.discharge_kw[slot] > RUNS_KW:
            found = times[slot]
    return following[::-1]


def _binding_bounds(battery: Battery, profile: BatteryProfile) -> list[str]:
    charge, discharge = np.array(profile.charge_kw), np.array(profile.discharge_kw)
    soc = np.array(profile.soc_kwh)
    is_full_power = (charge > battery.max_charge_kw - NEAR) | (discharge > battery.max_discharge_kw - NEAR)
    words = np.full(len(soc), "", dtype=object)
    words[soc > battery.soc_max_kwh - NEAR] = ", battery full"
    words[soc < battery.soc_min_kwh + NEAR] = ", battery empty"
    words[is_full_power] += ", at full power"
    found: list[str] = words.tolist()
    return found


def _binding_limits(plan: Plan) -> list[str]:
    problem, flows = plan.problem, plan.flows
    imported, exported = np.array(flows.import_kw), np.array(flows.export_kw)
    words = np.full(len(imported), "", dtype=object)
    if problem.import_limit_kw is not None:
        words[_reaches(imported, series(problem.import_limit_kw, problem))] += ", import limit"
    if problem.export_limit_kw is not None:
        words[_reaches(exported, series(problem.export_limit_kw, problem))] += ", export limit"
    words[np.array(flows.curtailed_kw) > RUNS_KW] += ", sun cut"
    for charge in problem.peak_charges:
        price = plan.marginals.peak_price_per_kw[charge.name]
        if price > NEAR:
            flow = imported if charge.direction.value == "import" else exported
            peak_kw = plan.peaks_kw[charge.name]
            words[_reaches(flow, np.full(len(flow), peak_kw))] += f", {charge.name} {peak_kw:.2f} kW at {price:.2f}/kW"
    found: list[str] = words.tolist()
    return found


def _reaches(flow_kw: Floats, limit_kw: Floats) -> np.ndarray:
    return (flow_kw > RUNS_KW) & (flow_kw > limit_kw - NEAR)


def tell_alternative(plan: Plan, alternative: Alternative) -> str:
    """The first slot's reason continued: what the best different action would cost."""
    battery_kw = alternative.battery_kw
    if battery_kw > RUNS_KW:
        what = f"charging {battery_kw:.2f} kW"
    elif battery_kw < -RUNS_KW:
        what = f"discharging {-battery_kw:.2f} kW"
    else:
        what = "resting"
    if alternative.made_up_at is not None:
        what += f" and waiting until {alternative.made_up_at:%H:%MZ}"
    return f"; {what} instead would cost {alternative.extra_cost:.2f} {plan.problem.currency} more"
