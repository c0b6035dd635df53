"""Small problems by the seed, each with a few of all the features that a problem can have.

Everything here has a plan: idle assets always keep the hard limits. What is wished without a price never bites:
limits lie beyond all that could flow, reserves at or below the bottom of the window, comfort bands beyond any
temperature; so the least money is the one number that a solver has to find. Left out, because no law is written for
it: a battery outside its window, one with self-discharge and a bottom above empty or slices, a curve that falls
below 0 within the capacity, negative values of what is left that end below the capacity, goals and ceilings outside
the window, peaks of a day gone by that equal today's.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from optimizer.domain.assets import (
    Battery,
    DeferrableLoad,
    DepthSegment,
    EndValue,
    EvSession,
    Genset,
    PerSlot,
    TaperPoint,
    ThermalStore,
)
from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import BilledPeak, Direction, PeakStep
from optimizer.domain.problem import Problem, Published

START = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)


class Dice:
    """Chance with a taste: all numbers of a problem coarse and nice, all of them ugly, or some of each."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.share_nice = self.rng.choice((1.0, 0.0, 0.5))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def among[T](self, *given: T) -> T:
        return self.rng.choice(given)

    def number(self, low: float, high: float) -> float:
        """Between ``low`` and ``high``: one of nine values on a grid, or any."""
        if self.chance(self.share_nice):
            return round(low + (high - low) * self.rng.randint(0, 8) / 8, 6)
        return self.rng.uniform(low, high)

    def maybe(self, probability: float, low: float, high: float) -> float:
        """A number, or with the rest of the probability 0."""
        return self.number(low, high) if self.chance(probability) else 0.0

    def series(self, slots: int, low: float, high: float) -> tuple[float, ...]:
        """One number for each slot; now and then the same in all of them."""
        if self.chance(0.2):
            return (self.number(low, high),) * slots
        return tuple(self.number(low, high) for _ in range(slots))

    def per_slot(self, slots: int, low: float, high: float) -> PerSlot:
        return self.series(slots, low, high) if self.chance(0.4) else self.number(low, high)

    def window(self, slots: int) -> tuple[int, int | None]:
        """Some slots of the horizon, at least one; the window may have begun before it."""
        first = self.rng.randrange(-2, slots) if self.chance(0.6) else 0
        return first, self.rng.randint(max(first, 0) + 1, slots) if self.chance(0.6) else None


def small_problem(seed: int) -> Problem:
    """The problem of ``seed``: 3 to 8 slots, a few assets, always one that has a plan."""
    dice = Dice(seed)
    horizon = _horizon(dice)
    slots = len(horizon)
    load = dice.series(slots, -1.5 if dice.chance(0.1) else 0.0, 4.0)
    heat = dice.series(slots, 0.0, 1.5) if dice.chance(0.3) else (0.0,) * slots
    solar = dice.series(slots, 0.0, 6.0) if dice.chance(0.6) else (0.0,) * slots
    buying, selling = _prices(dice, slots)
    is_busy = dice.chance(0.15)
    batteries = tuple(_battery(dice, slots, f"battery {number}") for number in range(dice.among(0, 1, 1, 1, 2)))
    stores = tuple(_heat_store(dice, slots) for _ in range(_one_in(dice, is_busy=is_busy)))
    loads = tuple(_deferrable(dice, slots) for _ in range(_one_in(dice, is_busy=is_busy)))
    sessions = tuple(_session(dice, slots) for _ in range(_one_in(dice, is_busy=is_busy)))
    gensets = tuple(_genset(dice) for _ in range(_one_in(dice, is_busy=is_busy)))
    is_carbon_priced = dice.chance(0.25)
    problem = Problem(
        site_id=f"seed {seed}",
        horizon=horizon,
        load_kw=load,
        heat_kw=heat,
        solar_kw=solar,
        import_price_per_kwh=buying,
        export_price_per_kwh=selling,
        currency="EUR",
        export_extra_cost_per_kwh=dice.maybe(0.2, -0.05, 0.3),
        co2_price_per_kg=dice.number(0.05, 0.5) if is_carbon_priced else 0.0,
        co2_kg_per_kwh=dice.per_slot(slots, 0.0, 0.8) if is_carbon_priced else 0.0,
        peak_charges=tuple(_peak(dice, slots, f"peak {number}") for number in range(dice.among(0, 0, 1, 1, 2))),
        batteries=batteries,
        heat_stores=stores,
        deferrable_loads=loads,
        ev_sessions=sessions,
        gensets=gensets,
        published=_published(dice, slots) if batteries and dice.chance(0.2) else None,
        solver_time_s=60.0,
    )
    return _with_limits(dice, _with_curtailment(dice, problem))


def _one_in(dice: Dice, *, is_busy: bool) -> int:
    """How many of a kind: mostly none, one where the site is busy, seldom two."""
    if dice.chance(0.02):
        return 2
    return 1 if dice.chance(0.7 if is_busy else 0.17) else 0


def _horizon(dice: Dice) -> Horizon:
    """3 to 8 slots: of one length or of many, the first often partial."""
    minutes = dice.among(15, 30, 60)
    edges = [START]
    is_mixed = dice.chance(0.35)
    for slot in range(dice.rng.randint(3, 8)):
        seconds = 60 * (dice.among(5, 15, 30, 60, 120, 240) if is_mixed else minutes)
        if slot == 0 and dice.chance(0.5):
            seconds = dice.rng.randint(30, seconds) if dice.chance(0.5) else max(60, seconds // 3)
        edges.append(edges[-1] + timedelta(seconds=seconds))
    return Horizon(tuple(edges))


def _prices(dice: Dice, slots: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What a kWh costs and what it pays: below, the same, or above in places; negative in places."""
    buying = dice.series(slots, -0.2 if dice.chance(0.3) else 0.05, 0.5)
    kind = dice.among("below", "below", "same", "free", "fixed")
    if kind == "same":
        return buying, buying
    if kind == "free":
        return buying, dice.series(slots, -0.1, 0.6)
    if kind == "fixed":
        return buying, (dice.number(0.0, 0.12),) * slots
    spread = dice.number(0.01, 0.2)
    return buying, tuple(price - spread for price in buying)


def _battery(dice: Dice, slots: int, name: str) -> Battery:
    """A battery that starts inside its window, with some of all the things that batteries can have."""
    capacity = dice.number(2.0, 12.0)
    leak = dice.maybe(0.2, 0.001, 0.05)
    segments = _segments(dice, capacity) if not leak and dice.chance(0.2) else ()
    low = 0.0 if leak else dice.maybe(0.5, 0.0, 0.3 * capacity)
    high = dice.number(0.6, 1.0) * capacity if dice.chance(0.4) else capacity
    charge_kw, discharge_kw = dice.number(1.0, 5.0), dice.number(1.0, 5.0)
    has_goal, has_ceiling = dice.chance(0.15), dice.chance(0.15)
    is_goal_priced, demands = dice.chance(0.8), dice.chance(0.12)
    return Battery(
        name=name,
        capacity_kwh=capacity,
        soc_kwh=dice.among(low, high, low + (high - low) * dice.number(0.0, 1.0)),
        max_charge_kw=charge_kw,
        max_discharge_kw=discharge_kw,
        soc_min_kwh=low,
        soc_max_kwh=high,
        charge_efficiency=dice.number(0.8, 1.0) if dice.chance(0.8) else 1.0,
        discharge_efficiency=dice.number(0.8, 1.0) if dice.chance(0.8) else 1.0,
        wear_cost_per_kwh=dice.number(-0.02, 0.0) if dice.chance(0.05) else dice.maybe(0.4, 0.0, 0.05),
        reserve_kwh=low if dice.chance(0.1) else 0.0,
        goal_kwh=(dice.per_slot(slots, low, high) if is_goal_priced else low) if has_goal else None,
        ceiling_kwh=(dice.per_slot(slots, low, high) if is_goal_priced else high) if has_ceiling else None,
        goal_price_per_kwh=dice.number(0.01, 0.6) if is_goal_priced else None,
        demanded_charge_kw=dice.per_slot(slots, 0.0, 1.2 * charge_kw) if demands else None,
        demand_price_per_kwh=dice.number(0.02, 0.6) if demands else None,
        min_charge_kw=dice.maybe(0.25, 0.1, 0.9) * charge_kw,
        min_discharge_kw=dice.maybe(0.25, 0.1, 0.9) * discharge_kw,
        charges_from_grid=not dice.chance(0.12),
        discharges_to_grid=not dice.chance(0.12),
        self_discharge_per_h=leak,
        standby_kw=dice.maybe(0.25, 0.01, 0.1),
        charge_taper=_taper(dice, capacity, charge_kw, is_falling=True) if dice.chance(0.2) else (),
        discharge_taper=_taper(dice, capacity, discharge_kw, is_falling=False) if dice.chance(0.2) else (),
        depth_segments=segments,
        end_values=_end_values(dice, capacity) if dice.chance(0.7) else (),
        charge_priority=dice.among(0, 0, 0, 1),
        is_dc_coupled=dice.chance(0.3),
    )


def _segments(dice: Dice, capacity: float) -> tuple[DepthSegment, ...]:
    """Two or three slices that make up the capacity, dearer the deeper they are."""
    costs = sorted(dice.number(0.0, 0.2) for _ in range(dice.among(2, 2, 3)))
    left, segments = capacity, []
    for cost in costs[:-1]:
        kwh = left * dice.number(0.1, 0.9)
        left -= kwh
        segments.append(DepthSegment(kwh=kwh, cost_per_kwh=cost))
    return (*segments, DepthSegment(kwh=left, cost_per_kwh=costs[-1]))


def _end_values(dice: Dice, capacity: float) -> tuple[EndValue, ...]:
    """One to three segments of falling value, up to the capacity or, where none is a burden, not so far."""
    low = -0.15 if dice.chance(0.25) else 0.0
    values = sorted((dice.number(low, 0.5) for _ in range(dice.among(1, 2, 3))), reverse=True)
    share = 1.0 if values[-1] < 0 or dice.chance(0.6) else dice.number(0.4, 1.2)
    return tuple(EndValue(kwh=share * capacity / len(values), value_per_kwh=value) for value in values)


def _taper(dice: Dice, capacity: float, most_kw: float, *, is_falling: bool) -> tuple[TaperPoint, ...]:
    """A concave curve, at least 0 over the capacity, that ends somewhere inside of it."""
    shares = sorted(dice.rng.sample(range(11), dice.among(2, 2, 3)))
    steepness = sorted(dice.number(0.0, 3.0) for _ in shares[1:])
    slopes = [-most_kw * s / capacity for s in steepness] if is_falling else [most_kw * s / capacity for s in steepness]
    slopes.sort(reverse=True)
    energies = [capacity * share / 10 for share in shares]
    limits = [most_kw * dice.number(0.5, 1.2)]
    for (left, right), slope in zip(pairwise(energies), slopes, strict=True):
        limits.append(limits[-1] + slope * (right - left))
    at_empty = limits[0] - slopes[0] * energies[0]
    at_full = limits[-1] + slopes[-1] * (capacity - energies[-1])
    lift = max(0.0, -min(at_empty, at_full) + 1e-3)
    return tuple(TaperPoint(soc_kwh=soc, limit_kw=kw + lift) for soc, kw in zip(energies, limits, strict=True))


def _heat_store(dice: Dice, slots: int) -> ThermalStore:
    """A tank or a house; its comfort has a price, or a band that no temperature leaves."""
    temperature = dice.number(18.0, 24.0)
    is_priced = dice.chance(0.9)
    most_kw = dice.number(0.5, 3.0)
    return ThermalStore(
        name=f"heat store {dice.rng.random()}",
        kwh_per_k=dice.number(0.5, 5.0),
        temperature_c=temperature,
        comfort_min_c=dice.per_slot(slots, 18.0, 21.0) if is_priced else -1e4,
        comfort_max_c=dice.per_slot(slots, 21.5, 25.0) if is_priced else 1e4,
        loss_kw_per_k=dice.maybe(0.7, 0.01, 0.3),
        surroundings_c=dice.per_slot(slots, -5.0, 25.0),
        draw_kw=dice.per_slot(slots, 0.0, 2.0) if dice.chance(0.4) else 0.0,
        cop=dice.per_slot(slots, 1.0, 5.0),
        max_kw=most_kw,
        min_kw=dice.maybe(0.4, 0.1, 0.8) * most_kw,
        is_on_off=dice.chance(0.3),
        min_run_h=dice.maybe(0.4, 0.25, 2.0),
        value_per_k=dice.maybe(0.6, -0.1, 0.8),
        comfort_price_per_kh=dice.number(0.02, 1.0) if is_priced else None,
    )


def _deferrable(dice: Dice, slots: int) -> DeferrableLoad:
    first, end = dice.window(slots)
    return DeferrableLoad(
        name=f"load {dice.rng.random()}",
        power_kw=dice.number(0.5, 3.0),
        run_h=dice.number(0.25, 2.5),
        first_slot=first,
        end_slot=end,
        is_on_off=dice.chance(0.5),
        is_single_block=dice.chance(0.5),
        shortfall_price_per_kwh=dice.number(0.05, 2.0),
    )


def _session(dice: Dice, slots: int) -> EvSession:
    first, end = dice.window(slots)
    most_kw = dice.number(1.5, 8.0)
    return EvSession(
        name=f"ev {dice.rng.random()}",
        energy_kwh=dice.number(1.0, 15.0),
        max_charge_kw=most_kw,
        min_charge_kw=dice.maybe(0.6, 0.1, 0.9) * most_kw,
        efficiency=dice.number(0.8, 1.0),
        first_slot=first,
        end_slot=end,
        shortfall_price_per_kwh=dice.number(0.05, 1.0),
    )


def _genset(dice: Dice) -> Genset:
    most_kw = dice.number(1.0, 5.0)
    return Genset(
        name=f"genset {dice.rng.random()}",
        max_kw=most_kw,
        min_kw=dice.maybe(0.6, 0.1, 0.9) * most_kw,
        fuel_cost_per_kwh=dice.number(0.05, 0.4),
        running_cost_per_h=dice.maybe(0.5, 0.0, 0.3),
        start_cost=dice.maybe(0.6, 0.05, 0.5),
        min_up_h=dice.maybe(0.5, 0.25, 2.0),
        min_down_h=dice.maybe(0.5, 0.25, 2.0),
        is_running=dice.chance(0.5),
        state_h=dice.number(0.0, 1.5) if dice.chance(0.6) else 1e6,
        kg_co2_per_kwh=dice.maybe(0.5, 0.2, 1.0),
    )


def _peak(dice: Dice, slots: int, name: str) -> BilledPeak:
    """A charge by kW, by steps or by both, on the highest interval or on the mean of the highest days."""
    intervals, interval = [], 0
    for slot in range(slots):
        if slot and dice.chance(0.6):
            interval += 1
        intervals.append(-1 if dice.chance(0.15) else interval)
    is_metered = 0 in intervals and dice.chance(0.5)
    metered_h = dice.number(0.05, 0.6) if is_metered else 0.0
    has_steps = dice.chance(0.35)
    bounds = sorted(dice.number(0.0, 6.0) for _ in range(dice.among(1, 2, 3)))
    charges = sorted(dice.number(0.1, 4.0) for _ in bounds)
    highest_days = dice.among(1, 1, 2, 3)
    today = dice.maybe(0.5, 0.5, 5.0) if highest_days > 1 else 0.0
    gone_by = [dice.number(0.5, 6.0) for _ in range(dice.rng.randint(0, 3))] if highest_days > 1 else []
    days = [0]
    for _ in range(interval):
        days.append(days[-1] + (1 if dice.chance(0.3) else 0))
    return BilledPeak(
        name=name,
        interval_of_slot=tuple(intervals),
        price_per_kw=0.0 if has_steps and dice.chance(0.5) else dice.number(0.05, 3.0),
        direction=Direction.EXPORT if dice.chance(0.2) else Direction.IMPORT,
        sunk_kw=dice.maybe(0.5, 0.5, 4.0),
        metered_kwh=dice.number(0.0, 12.0) * metered_h,
        metered_h=metered_h,
        highest_days=highest_days,
        day_of_interval=tuple(days) if highest_days > 1 else (),
        daily_peaks_kw=tuple(peak for peak in gone_by if peak != today),
        today_kw=today,
        steps=tuple(PeakStep(above_kw=b, charge=c) for b, c in zip(bounds, charges, strict=True)) if has_steps else (),
    )


def _published(dice: Dice, slots: int) -> Published:
    return Published(
        battery_kw=tuple(dice.number(-4.0, 4.0) if dice.chance(0.6) else None for _ in range(slots)),
        price_per_kw=dice.series(slots, 0.0, 0.1),
    )


def _with_curtailment(dice: Dice, problem: Problem) -> Problem:
    """Cut the sun freely, in steps or not; an inverter that the sun alone overloads only where it can be cut."""
    can_curtail = dice.chance(0.7)
    limit = None
    if dice.chance(0.2):
        sun = max(problem.solar_kw)
        limit = dice.number(0.5, 5.0) if can_curtail else sun * dice.number(1.0, 1.5) + dice.among(0.0, 1.0)
    steps = dice.rng.randint(1, 4) if can_curtail and dice.chance(0.3) else None
    return replace(problem, can_curtail=can_curtail, curtailment_steps=steps, inverter_limit_kw=limit)


def _with_limits(dice: Dice, problem: Problem) -> Problem:
    """Hard ratings that idle assets keep; limits with a price for what is over, or beyond all that can flow."""
    demand = problem.demand_kw
    slots = len(demand)
    taken, given = max(0.0, *demand), max(0.0, *(-kw for kw in demand))
    given += sum(genset.min_kw for genset in problem.gensets)
    if not problem.can_curtail:
        given += max(problem.solar_kw)
    changes: dict[str, Any] = {}
    if dice.chance(0.2):
        changes["import_rating_kw"] = taken * dice.number(1.0, 1.5) + dice.among(0.0, 1.0)
    if dice.chance(0.2):
        changes["export_rating_kw"] = given * dice.number(1.0, 1.5) + dice.among(0.0, 1.0)
    for way in ("import", "export"):
        if dice.chance(0.25):
            limit = dice.per_slot(slots, 0.0, 4.0)
            if isinstance(limit, tuple) and dice.chance(0.3):
                limit = (*limit[:-1], float("inf"))
            changes[f"{way}_limit_kw"] = limit
            changes[f"{way}_over_price_per_kwh"] = dice.number(0.01, 1.0)
        elif dice.chance(0.15):
            changes[f"{way}_limit_kw"] = 1e3
    return replace(problem, **changes)


def _any_battery(has: Callable[[Battery], bool]) -> Callable[[Problem], bool]:
    return lambda problem: any(has(battery) for battery in problem.batteries)


def _any_peak(has: Callable[[BilledPeak], bool]) -> Callable[[Problem], bool]:
    return lambda problem: any(has(charge) for charge in problem.peak_charges)


FEATURES: dict[str, Callable[[Problem], bool]] = {
    "partial first slot": lambda p: p.horizon.slot_h[0] < p.horizon.slot_h[1],
    "mixed slot lengths": lambda p: len(set(p.horizon.slot_h[1:])) > 1,
    "negative load": lambda p: min(p.load_kw) < 0,
    "heat": lambda p: max(p.heat_kw) > 0,
    "sun": lambda p: max(p.solar_kw) > 0,
    "negative import price": lambda p: min(p.import_price_per_kwh) < 0,
    "export above import": lambda p: any(
        s > b for b, s in zip(p.import_price_per_kwh, p.export_price_per_kwh, strict=True)
    ),
    "self consumption": lambda p: p.export_extra_cost_per_kwh != 0,
    "carbon": lambda p: p.co2_price_per_kg > 0,
    "carbon by the slot": lambda p: isinstance(p.co2_kg_per_kwh, tuple),
    "no curtailment": lambda p: not p.can_curtail and max(p.solar_kw) > 0,
    "curtailment in steps": lambda p: p.curtailment_steps is not None and max(p.solar_kw) > 0,
    "inverter limit": lambda p: p.inverter_limit_kw is not None,
    "DC-coupled inverter limit": lambda p: (
        p.inverter_limit_kw is not None and any(b.is_dc_coupled for b in p.batteries)
    ),
    "import rating": lambda p: p.import_rating_kw is not None,
    "export rating": lambda p: p.export_rating_kw is not None,
    "priced import limit": lambda p: p.import_over_price_per_kwh is not None,
    "priced export limit": lambda p: p.export_over_price_per_kwh is not None,
    "idle limit": lambda p: 1e3 in {p.import_limit_kw, p.export_limit_kw},
    "published": lambda p: p.published is not None,
    "no battery": lambda p: not p.batteries,
    "two batteries": lambda p: len(p.batteries) == 2,
    "battery at its window's end": _any_battery(lambda b: b.soc_kwh in {b.soc_min_kwh, b.soc_max_kwh}),
    "end values": _any_battery(lambda b: len(b.end_values) > 0),
    "negative end value": _any_battery(lambda b: any(value.value_per_kwh < 0 for value in b.end_values)),
    "wear": _any_battery(lambda b: b.wear_cost_per_kwh > 0),
    "negative wear": _any_battery(lambda b: b.wear_cost_per_kwh < 0),
    "goal": _any_battery(lambda b: b.goal_kwh is not None and b.goal_price_per_kwh is not None),
    "ceiling": _any_battery(lambda b: b.ceiling_kwh is not None and b.goal_price_per_kwh is not None),
    "demanded charge": _any_battery(lambda b: b.demanded_charge_kw is not None),
    "least charge": _any_battery(lambda b: b.min_charge_kw > 0),
    "least discharge": _any_battery(lambda b: b.min_discharge_kw > 0),
    "no charging from grid": _any_battery(lambda b: not b.charges_from_grid),
    "no discharging to grid": _any_battery(lambda b: not b.discharges_to_grid),
    "self-discharge": _any_battery(lambda b: b.self_discharge_per_h > 0),
    "standby": _any_battery(lambda b: b.standby_kw > 0),
    "charge taper": _any_battery(lambda b: len(b.charge_taper) > 0),
    "discharge taper": _any_battery(lambda b: len(b.discharge_taper) > 0),
    "depth segments": _any_battery(lambda b: len(b.depth_segments) > 0),
    "heat store": lambda p: len(p.heat_stores) > 0,
    "heat store on or off": lambda p: any(s.is_on_off for s in p.heat_stores),
    "heat store with a least run": lambda p: any(s.min_run_h > 0 for s in p.heat_stores),
    "deferrable load": lambda p: len(p.deferrable_loads) > 0,
    "load on or off": lambda p: any(load.is_on_off for load in p.deferrable_loads),
    "load in one block": lambda p: any(load.is_single_block for load in p.deferrable_loads),
    "EV session": lambda p: len(p.ev_sessions) > 0,
    "EV session with a least power": lambda p: any(s.min_charge_kw > 0 for s in p.ev_sessions),
    "window from before the horizon": lambda p: (
        any(load.first_slot < 0 for load in p.deferrable_loads) or any(s.first_slot < 0 for s in p.ev_sessions)
    ),
    "genset": lambda p: len(p.gensets) > 0,
    "genset with least times": lambda p: any(g.min_up_h > 0 or g.min_down_h > 0 for g in p.gensets),
    "genset bound by its past": lambda p: any(
        g.state_h < (g.min_up_h if g.is_running else g.min_down_h) for g in p.gensets
    ),
    "import peak": _any_peak(lambda c: c.direction is Direction.IMPORT),
    "export peak": _any_peak(lambda c: c.direction is Direction.EXPORT),
    "two peak charges": lambda p: len(p.peak_charges) == 2,
    "peak steps": _any_peak(lambda c: len(c.steps) > 0),
    "peak steps without a price": _any_peak(lambda c: len(c.steps) > 0 and c.price_per_kw == 0),
    "sunk peak": _any_peak(lambda c: c.sunk_kw > 0),
    "metered interval": _any_peak(lambda c: c.metered_kwh > 0),
    "slots no charge looks at": _any_peak(lambda c: -1 in c.interval_of_slot),
    "highest days": _any_peak(lambda c: c.highest_days > 1),
    "several days in the horizon": _any_peak(lambda c: len(set(c.day_of_interval)) > 1),
}
"""What a problem can have, by name."""


def features(problem: Problem) -> frozenset[str]:
    """The names of what ``problem`` has."""
    return frozenset(name for name, has in FEATURES.items() if has(problem))
