"""The battery as its owner wants it treated."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from optimizer.domain.assets import Battery, DepthSegment, TaperPoint
from optimizer.domain.horizon import Horizon
from optimizer.domain.site import BatterySettings, TaperStep
from optimizer.forecast.align import Floats
from strategies.wall_clock import Calendar, local_horizon

DAY_H = 24.0


def stated_battery(
    battery: Battery, settings: BatterySettings, horizon: Horizon, calendar: Calendar, demand_kw: tuple[float, ...]
) -> Battery:
    """``battery`` with all that its settings state beyond size and window. ``demand_kw``: load and heat."""
    goal_kwh = _goal_kwh(settings, battery, horizon, calendar)
    wanted = [h for h, level_kwh in zip(horizon.slot_h, goal_kwh, strict=True) if level_kwh > 0]
    price = settings.goal_price_per_kwh
    return replace(
        battery,
        charges_from_grid=settings.charges_from_grid,
        discharges_to_grid=settings.discharges_to_grid,
        min_charge_kw=min(settings.min_charge_kw, battery.max_charge_kw),
        min_discharge_kw=min(settings.min_discharge_kw, battery.max_discharge_kw),
        self_discharge_per_h=settings.self_discharge_percent_per_h / 100,
        standby_kw=settings.standby_kw,
        charge_taper=tuple(_taper(settings.charge_taper, battery.capacity_kwh)),
        discharge_taper=tuple(_taper(settings.discharge_taper, battery.capacity_kwh)),
        depth_segments=tuple(
            DepthSegment(kwh=part.percent / 100 * battery.capacity_kwh, cost_per_kwh=part.cost_per_kwh)
            for part in settings.depth_costs
        ),
        reserve_kwh=_reserve_kwh(battery, settings.reserve_hours, horizon, demand_kw)
        if settings.reserve_hours
        else battery.reserve_kwh,
        goal_kwh=goal_kwh if wanted else None,
        goal_price_per_kwh=price / (sum(wanted) / len(wanted)) if price is not None and wanted else None,
        is_dc_coupled=settings.is_dc_coupled,
    )


def _taper(steps: tuple[TaperStep, ...], capacity_kwh: float) -> Iterator[TaperPoint]:
    for step in steps:
        yield TaperPoint(soc_kwh=step.soc_percent / 100 * capacity_kwh, limit_kw=step.limit_kw)


def _reserve_kwh(battery: Battery, hours: float, horizon: Horizon, demand_kw: tuple[float, ...]) -> tuple[float, ...]:
    """At each slot's end: what load and heat of the ``hours`` after it need, above the window's floor.

    soc_min + demand / discharge_efficiency, never above the window's top nor below the fixed reserve. The sun is
    not counted on: an outage may come with clouds, and many inverters give none without a grid. After the
    horizon its last day (or all of it, where it is shorter) repeats.
    """
    lengths_h = np.array(horizon.slot_h)
    needs_kw = np.maximum(np.array(demand_kw), 0.0)
    edges_h = np.concatenate(([0.0], np.cumsum(lengths_h)))
    first = int(np.searchsorted(edges_h, edges_h[-1] - DAY_H - 1e-9))
    times = int(np.ceil(hours / (edges_h[-1] - edges_h[first])))
    all_h = np.concatenate((lengths_h, np.tile(lengths_h[first:], times)))
    all_kw = np.concatenate((needs_kw, np.tile(needs_kw[first:], times)))
    at_h = np.concatenate(([0.0], np.cumsum(all_h)))
    used_kwh = np.concatenate(([0.0], np.cumsum(all_h * all_kw)))

    def used_until(hour: Floats) -> Floats:
        return np.interp(hour, at_h, used_kwh)

    ends_h = edges_h[1:]
    needed_kwh = (used_until(ends_h + hours) - used_until(ends_h)) / battery.discharge_efficiency
    fixed_kwh = np.array(battery.reserve_kwh)
    level_kwh = np.maximum(fixed_kwh, np.minimum(battery.soc_min_kwh + needed_kwh, battery.soc_max_kwh))
    return tuple(level_kwh.tolist())


def _goal_kwh(settings: BatterySettings, battery: Battery, horizon: Horizon, calendar: Calendar) -> tuple[float, ...]:
    """The level asked for at each slot's end; 0 asks for nothing.

    A target holds at the last end of a slot that is not after it; one within the first slot at that slot's end.
    """
    level_kwh = [0.0] * len(horizon)
    days = local_horizon(horizon, calendar).days if settings.targets else []
    for target in settings.targets:
        for day in days:
            at = calendar.instant(day, target.at_min)
            if calendar.fits(day, target.days) and horizon.start < at <= horizon.end:
                slot = max(sum(1 for end in horizon.edges[1:] if end <= at) - 1, 0)
                level_kwh[slot] = max(level_kwh[slot], target.soc_percent / 100 * battery.capacity_kwh)
    return tuple(level_kwh)
