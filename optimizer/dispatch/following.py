"""In which slots the battery had better follow the load than hold a power."""

from collections.abc import Iterator

from optimizer.domain.assets import Battery, per_slot
from optimizer.domain.plan import Plan

NEAR_SHARE = 0.02
"""Of the battery's power: a plan that differs by less from what following gives is taken for it."""


def following_slots(plan: Plan, kept: frozenset[int] = frozenset()) -> frozenset[int]:
    """Where following does what is planned, and goes on doing so when load or sun come otherwise.

    A power that stands for a slot imports or exports every error of the forecast; a battery that follows does not.
    The first slots are decided by the plan's scenarios where there are any. In the slots ``kept`` the gateway cuts by
    itself what sun is too much.
    """
    battery = plan.problem.battery
    if battery is None or not plan.problem.is_battery_alone:
        return frozenset()
    found = set(_alike(plan, battery, kept))
    for slot, follows in enumerate(plan.first_follow):
        found = found | {slot} if follows and _is_free(plan, battery, slot, kept) else found - {slot}
    return frozenset(found)


def _alike(plan: Plan, battery: Battery, kept: frozenset[int]) -> Iterator[int]:
    flows, problem = plan.flows, plan.problem
    near_kw = NEAR_SHARE * max(battery.max_charge_kw, battery.max_discharge_kw)
    soc_kwh, demand_kw = battery.soc_kwh, problem.demand_kw
    for slot, hours in enumerate(problem.horizon.slot_h):
        surplus_kw = problem.solar_kw[slot] - demand_kw[slot]
        room_kw = max(battery.soc_max_kwh - soc_kwh, 0.0) / battery.charge_efficiency / hours
        stock_kw = max(soc_kwh - battery.soc_min_kwh, 0.0) * battery.discharge_efficiency / hours
        charge_kw = min(max(surplus_kw, 0.0), battery.max_charge_kw, room_kw)
        discharge_kw = min(max(-surplus_kw, 0.0), battery.max_discharge_kw, stock_kw)
        planned_kw = flows.charge_kw[slot] - flows.discharge_kw[slot]
        if abs(planned_kw - (charge_kw - discharge_kw)) <= near_kw and _is_free(plan, battery, slot, kept):
            yield slot
        soc_kwh = flows.soc_kwh[slot]


def _is_free(plan: Plan, battery: Battery, slot: int, kept: frozenset[int]) -> bool:
    """Whether following can do no harm there: no sun is cut by a command, and no reserve is within a slot's reach."""
    if plan.flows.curtailed_kw[slot] > 0 and slot not in kept:
        return False
    reserve_kwh = per_slot(battery.reserve_kwh, len(plan.problem.horizon))[slot]
    if reserve_kwh <= battery.soc_min_kwh:
        return True
    reach_kwh = battery.max_discharge_kw / battery.discharge_efficiency * plan.problem.horizon.slot_h[slot]
    return plan.flows.soc_kwh[slot] - reach_kwh >= reserve_kwh
