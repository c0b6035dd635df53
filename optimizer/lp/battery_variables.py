"""The variables of one battery."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.assets import Battery
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns, Floats, Ints, Linear, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceColumns:
    """One slice of the capacity: its own flows and energy."""

    charge_kw: Columns
    discharge_kw: Columns
    stored_kwh: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryColumns:
    """One battery's flows, stored energy, what it misses of its soft limits, and its binaries where needed."""

    battery: Battery
    charge_kw: Columns
    discharge_kw: Columns
    soc_kwh: Columns
    window_short_kwh: Columns | None
    window_over_kwh: Columns | None
    reserve_short_kwh: Columns | None
    goal_short_kwh: Columns | None
    ceiling_over_kwh: Columns | None
    demand_short_kw: Columns | None
    full_slots: Ints
    is_full: Columns
    direction_slots: Ints
    charging: Columns
    charge_on: Columns | None
    discharge_on: Columns | None
    slices: tuple[SliceColumns, ...]
    left_kwh: Columns | None
    step_kw: Columns

    @property
    def start_kwh(self) -> Linear:
        """Stored energy at each slot's start."""
        slots = len(self.soc_kwh)
        constant = np.zeros(slots)
        constant[0] = self.battery.soc_kwh
        later = np.arange(1, slots, dtype=np.int32)
        return Linear((Part(later, self.soc_kwh.index[:-1], np.ones(slots - 1)),), constant)


def create_battery(
    into: ColumnList, problem: Problem, battery: Battery, exclusive: frozenset[int], *, is_strict: bool
) -> BatteryColumns:
    """Strict: soft floors and caps without a price bound the stored energy itself."""
    slots = len(problem.horizon)
    reserve, goal, ceiling = soft_levels(problem, battery)
    is_goal_priced = battery.goal_price_per_kwh is not None
    is_soft = not is_strict
    has_soft_window = is_soft or battery.window_price_per_kwh is not None
    if has_soft_window:
        low = np.full(slots, 0.0 if battery.self_discharge_per_h else min(battery.soc_kwh, battery.soc_min_kwh))
        high = np.full(slots, max(battery.soc_kwh, battery.soc_max_kwh))
    else:
        low, high = np.full(slots, battery.soc_min_kwh), np.full(slots, battery.soc_max_kwh)
    has_short, has_over = bool(low[0] < battery.soc_min_kwh), bool(high[0] > battery.soc_max_kwh)
    if is_strict:
        low = np.maximum(low, np.where(reserve > battery.soc_min_kwh, reserve, 0.0))
        low = low if is_goal_priced else np.maximum(low, goal)
        high = high if is_goal_priced else np.minimum(high, ceiling)

    def missing(name: str, *, when: bool) -> Columns | None:
        most = battery.capacity_kwh
        return into.add(f"{battery.name} {name}", slots, upper=most) if when else None

    has_goal, has_ceiling = bool(np.any(goal > 0)), bool(np.any(ceiling < battery.soc_max_kwh))
    full_slots = _slots_that_may_be_full(problem, battery)
    has_demand = battery.demanded_charge_kw is not None
    return BatteryColumns(
        battery=battery,
        charge_kw=into.add(f"{battery.name} charge_kw", slots, upper=battery.max_charge_kw),
        discharge_kw=into.add(f"{battery.name} discharge_kw", slots, upper=battery.max_discharge_kw),
        soc_kwh=into.add(f"{battery.name} soc_kwh", slots, lower=low, upper=high),
        window_short_kwh=missing("window_short_kwh", when=has_soft_window and has_short),
        window_over_kwh=missing("window_over_kwh", when=has_soft_window and has_over),
        reserve_short_kwh=missing("reserve_short_kwh", when=is_soft and bool(np.any(reserve > battery.soc_min_kwh))),
        goal_short_kwh=missing("goal_short_kwh", when=has_goal and (is_soft or is_goal_priced)),
        ceiling_over_kwh=missing("ceiling_over_kwh", when=has_ceiling and (is_soft or is_goal_priced)),
        demand_short_kw=into.add(f"{battery.name} demand_short_kw", slots, upper=battery.max_charge_kw)
        if has_demand and (is_soft or battery.demand_price_per_kwh is not None)
        else None,
        full_slots=full_slots,
        is_full=into.binary(f"{battery.name} is_full", len(full_slots)),
        direction_slots=np.array(sorted(exclusive), dtype=np.int32),
        charging=into.binary(f"{battery.name} charging", len(exclusive)),
        charge_on=into.binary(f"{battery.name} charge_on", slots) if battery.min_charge_kw > 0 else None,
        discharge_on=into.binary(f"{battery.name} discharge_on", slots) if battery.min_discharge_kw > 0 else None,
        slices=_slices(into, battery, slots),
        left_kwh=into.add(
            f"{battery.name} left_kwh",
            len(battery.end_values),
            upper=np.array([value.kwh for value in battery.end_values]),
        )
        if battery.end_values
        else None,
        step_kw=into.add(f"{battery.name} step_kw", slots - 1),
    )


def soft_levels(problem: Problem, battery: Battery) -> tuple[Floats, Floats, Floats]:
    """Reserve, goal and ceiling of the stored energy at each slot's end; none is beyond the window."""
    reserve = np.minimum(series(battery.reserve_kwh, problem), battery.soc_max_kwh)
    goal = series(battery.goal_kwh if battery.goal_kwh is not None else 0.0, problem)
    ceiling = series(battery.ceiling_kwh if battery.ceiling_kwh is not None else np.inf, problem)
    return reserve, np.minimum(goal, battery.soc_max_kwh), np.maximum(ceiling, battery.soc_min_kwh)


def _slots_that_may_be_full(problem: Problem, battery: Battery) -> Ints:
    """Where a demanded charge may stop because there is no room left."""
    if battery.demanded_charge_kw is None:
        return np.zeros(0, dtype=np.int32)
    gain_kwh = np.cumsum(slot_h(problem) * battery.max_charge_kw * battery.charge_efficiency)
    demanded = series(battery.demanded_charge_kw, problem) > 0
    reachable = battery.soc_kwh + gain_kwh >= battery.soc_max_kwh - 1e-9
    return np.flatnonzero(demanded & reachable).astype(np.int32)


def _slices(into: ColumnList, battery: Battery, slots: int) -> tuple[SliceColumns, ...]:
    """The depth segments from full downwards; what they leave of the capacity is at the deepest one's cost."""
    return tuple(
        SliceColumns(
            charge_kw=into.add(f"{battery.name} slice{number} charge_kw", slots, upper=battery.max_charge_kw),
            discharge_kw=into.add(f"{battery.name} slice{number} discharge_kw", slots, upper=battery.max_discharge_kw),
            stored_kwh=into.add(f"{battery.name} slice{number} stored_kwh", slots, upper=kwh),
        )
        for number, (kwh, _) in enumerate(depth_slices(battery))
    )


def depth_slices(battery: Battery) -> list[tuple[float, float]]:
    """(kWh, cost per kWh drawn) of each slice, from full downwards, together the whole capacity."""
    if not battery.depth_segments:
        return []
    slices, left_kwh = [], battery.capacity_kwh
    for segment in battery.depth_segments:
        kwh = min(segment.kwh, left_kwh)
        slices.append((kwh, segment.cost_per_kwh))
        left_kwh -= kwh
    kwh, cost = slices[-1]
    slices[-1] = (kwh + left_kwh, cost)
    return slices
