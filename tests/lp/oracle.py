"""The least money of a small problem, by a dense program written as literally as can be: for tests only.

Nothing here is shared with the model under test, the formulation least of all: in every slot a whole number says
whether the site imports or exports and whether each battery charges or discharges; stored energy is a cumulative
sum; each interval, each day and each choice of days is a row of its own.

Not covered: uncertainty. What is wished without a price must hold here, which is right wherever it can hold: a
problem in which it cannot raises ValueError, as does any other that has no plan. Two things are told nowhere and
decided here: a curve that limits a battery is taken to be hard where it falls below 0 too, and by self-discharge
each slice of the capacity loses the battery's share of what it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import inf

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from optimizer.domain.assets import (
    Battery,
    DeferrableLoad,
    EndValue,
    EvSession,
    Genset,
    TaperPoint,
    ThermalStore,
    per_slot,
)
from optimizer.domain.peaks import BilledPeak, Direction
from optimizer.domain.problem import Problem

WIDTH = 1500
"""Most columns that a program may have; the first of them is always 1 and carries the constants."""

MONEY_SCALES = (1000.0, 1.0)
"""What the search counts a unit of money as: it stops at an absolute gap of 1e-6 of that.

Large is exact; but once in some ten thousand problems HiGHS proves a plan to be the least that is not, with one scale
and not with the other: so it is asked twice, and the better of the two plans counts.
"""

CLOCK_TOLERANCE_H = 1e-9

Line = npt.NDArray[np.float64]
"""A linear expression: one coefficient for each column."""


def constant(number: float) -> Line:
    """The expression that is ``number`` whatever the plan."""
    line = np.zeros(WIDTH)
    line[0] = number
    return line


class Dense:
    """Minimise ``cost @ x`` where each of ``rows`` is at least 0 and each of ``zeros`` is 0."""

    def __init__(self) -> None:
        self.low = [1.0]
        self.high = [1.0]
        self.whole = [False]
        self.cost = constant(0.0)
        self.rows: list[Line] = []
        self.zeros: list[Line] = []

    def column(self, high: float = inf, *, whole: bool = False) -> Line:
        """A new quantity between 0 and ``high``."""
        line = np.zeros(WIDTH)
        line[len(self.low)] = 1.0
        self.low.append(0.0)
        self.high.append(high)
        self.whole.append(whole)
        return line

    def switch(self) -> Line:
        """A new quantity that is 0 or 1."""
        return self.column(1.0, whole=True)

    def at_most(self, left: Line, right: Line) -> None:
        self.rows.append(right - left)

    def equal(self, left: Line, right: Line) -> None:
        self.zeros.append(right - left)

    def pay(self, line: Line) -> None:
        self.cost = self.cost + line

    def least(self) -> float:
        """The minimum: the best switches by branch and bound, then the rest with these held at whole numbers."""
        return min(self._least(scale) for scale in MONEY_SCALES)

    def _least(self, scale: float) -> float:
        columns = len(self.low)
        cost = self.cost[:columns] * scale
        rows = np.array(self.rows).reshape(-1, WIDTH)[:, :columns]
        zeros = np.array(self.zeros).reshape(-1, WIDTH)[:, :columns]
        low, high, whole = np.array(self.low), np.array(self.high), np.array(self.whole)
        found = milp(
            cost,
            integrality=whole.astype(int),
            bounds=Bounds(low, high),
            constraints=[LinearConstraint(rows, 0.0, inf), LinearConstraint(zeros, 0.0, 0.0)],
            options={"mip_rel_gap": 0.0, "presolve": True},
        )
        if found.status != 0:
            raise ValueError(f"no least cost: {found.message}")
        low[whole] = high[whole] = np.round(found.x[whole])
        exact = linprog(
            cost,
            A_ub=-rows,
            b_ub=np.zeros(len(rows)),
            A_eq=zeros,
            b_eq=np.zeros(len(zeros)),
            bounds=np.column_stack([low, high]),
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
        )
        if exact.status != 0:
            raise ArithmeticError(f"the switches that were found do not hold exactly: {exact.message}")
        return float(exact.fun) / scale


@dataclass(kw_only=True)
class Site:
    """The program under construction: what crosses the connection point, and what all assets give in each slot."""

    dense: Dense
    problem: Problem
    hours: tuple[float, ...]
    clock: tuple[float, ...]
    """Hours from the horizon's start to each edge."""
    imports: list[Line]
    exports: list[Line]
    may_import: list[Line]
    may_export: list[Line]
    given: list[Line]
    """What assets and sun give less what they take, kW; each asset adds its own."""
    behind_inverter: list[Line] = field(default_factory=list)

    @property
    def slots(self) -> range:
        return range(len(self.hours))


def least_cost(problem: Problem) -> float:
    """The exact minimum of the money that ``problem`` asks for."""
    site = _site(problem)
    _sun(site)
    for battery in problem.batteries:
        charge, discharge = _battery(site, battery)
        if battery is problem.batteries[0]:
            _published(site, charge, discharge)
    for store in problem.heat_stores:
        _heat_store(site, store)
    for load in problem.deferrable_loads:
        _deferrable(site, load)
    for session in problem.ev_sessions:
        _session(site, session)
    for genset in problem.gensets:
        _genset(site, genset)
    _connection(site)
    for charge_on_peaks in problem.peak_charges:
        _peak(site, charge_on_peaks)
    return site.dense.least()


def _site(problem: Problem) -> Site:
    """Columns for import and export; their bounds are what all assets could ever take or give at once."""
    dense = Dense()
    hours = problem.horizon.slot_h
    most_taken = (
        sum(battery.max_charge_kw for battery in problem.batteries)
        + sum(store.max_kw for store in problem.heat_stores)
        + sum(load.power_kw for load in problem.deferrable_loads)
        + sum(session.max_charge_kw for session in problem.ev_sessions)
    )
    most_given = sum(battery.max_discharge_kw for battery in problem.batteries) + sum(
        genset.max_kw for genset in problem.gensets
    )
    imports, exports = [], []
    for demand, sun in zip(_demand(problem), problem.solar_kw, strict=True):
        rating = inf if problem.import_rating_kw is None else problem.import_rating_kw
        imports.append(dense.column(min(rating, max(demand, 0.0) + most_taken)))
        rating = inf if problem.export_rating_kw is None else problem.export_rating_kw
        exports.append(dense.column(min(rating, max(-demand, 0.0) + sun + most_given)))
    return Site(
        dense=dense,
        problem=problem,
        hours=hours,
        clock=tuple(sum(hours[:edge]) for edge in range(len(hours) + 1)),
        imports=imports,
        exports=exports,
        may_import=[dense.switch() for _ in hours],
        may_export=[dense.switch() for _ in hours],
        given=[constant(0.0) for _ in hours],
    )


def _demand(problem: Problem) -> list[float]:
    """Load, heat and standby: what no plan moves."""
    standby = sum(battery.standby_kw for battery in problem.batteries)
    return [load + heat + standby for load, heat in zip(problem.load_kw, problem.heat_kw, strict=True)]


def _high(site: Site, column: Line) -> float:
    """The upper bound of a column."""
    return site.dense.high[int(np.flatnonzero(column)[0])]


def _sun(site: Site) -> None:
    """solar - curtailed, where curtailed is nothing, anything up to the sun, or a whole number of equal steps of it."""
    for t, sun in enumerate(site.problem.solar_kw):
        steps = site.problem.curtailment_steps
        if not site.problem.can_curtail:
            curtailed = constant(0.0)
        elif steps is None:
            curtailed = site.dense.column(sun)
        else:
            curtailed = site.dense.column(float(steps), whole=True) * (sun / steps)
        site.given[t] = site.given[t] + constant(sun) - curtailed
        site.behind_inverter.append(constant(sun) - curtailed)


def _connection(site: Site) -> None:
    """import - export + given = demand with import * export = 0; what energy costs; limits and inverter."""
    dense, problem = site.dense, site.problem
    carbon = per_slot(problem.co2_kg_per_kwh, len(site.hours))
    for t, demand in enumerate(_demand(problem)):
        h, bought, sold = site.hours[t], site.imports[t], site.exports[t]
        dense.equal(bought - sold + site.given[t], constant(demand))
        dense.at_most(bought, _high(site, bought) * site.may_import[t])
        dense.at_most(sold, _high(site, sold) * site.may_export[t])
        dense.at_most(site.may_import[t] + site.may_export[t], constant(1.0))
        dense.pay(h * (problem.import_price_per_kwh[t] + problem.co2_price_per_kg * carbon[t]) * bought)
        dense.pay(h * (problem.export_extra_cost_per_kwh - problem.export_price_per_kwh[t]) * sold)
        if problem.inverter_limit_kw is not None and problem.inverter_limit_kw < inf:
            limit = constant(problem.inverter_limit_kw)
            dense.at_most(site.behind_inverter[t], limit)
            dense.at_most(-site.behind_inverter[t], limit)
    for limit_kw, flows, price in (
        (problem.import_limit_kw, site.imports, problem.import_over_price_per_kwh),
        (problem.export_limit_kw, site.exports, problem.export_over_price_per_kwh),
    ):
        if limit_kw is not None:
            limits = per_slot(limit_kw, len(site.hours))
            for t in site.slots:
                if limits[t] < inf:
                    _wish(site, flows[t] - constant(limits[t]), price, site.hours[t])


def _wish(site: Site, missing: Line, price: float | None, hours: float, excused: Line | None = None) -> None:
    """price * hours * max(0, ``missing`` less what is ``excused``); without a price nothing may be missing."""
    amount = constant(0.0) if price is None else site.dense.column()
    site.dense.at_most(missing if excused is None else missing - excused, amount)
    if price is not None:
        site.dense.pay(price * hours * amount)


def _battery(site: Site, battery: Battery) -> tuple[list[Line], list[Line]]:
    """Charge and discharge, never both; what they store; what both cost and what is left is worth."""
    dense = site.dense
    charge = [dense.column(battery.max_charge_kw) for _ in site.slots]
    discharge = [dense.column(battery.max_discharge_kw) for _ in site.slots]
    stored = _stored(site, battery, battery.soc_kwh, charge, discharge)
    for edge in stored[1:]:
        dense.at_most(constant(battery.soc_min_kwh), edge)
        dense.at_most(edge, constant(battery.soc_max_kwh))
    for t in site.slots:
        charges, discharges = dense.switch(), dense.switch()
        dense.at_most(charges + discharges, constant(1.0))
        _either_off_or(dense, charge[t], charges, battery.min_charge_kw, battery.max_charge_kw)
        _either_off_or(dense, discharge[t], discharges, battery.min_discharge_kw, battery.max_discharge_kw)
        if not battery.charges_from_grid:
            dense.at_most(charges + site.may_import[t], constant(1.0))
        if not battery.discharges_to_grid:
            dense.at_most(discharges + site.may_export[t], constant(1.0))
        _tapered(dense, charge[t], stored[t], battery.charge_taper)
        _tapered(dense, discharge[t], stored[t], battery.discharge_taper)
        site.given[t] = site.given[t] + discharge[t] - charge[t]
        if battery.is_dc_coupled:
            site.behind_inverter[t] = site.behind_inverter[t] + discharge[t] - charge[t]
        dense.pay(battery.wear_cost_per_kwh * site.hours[t] * (charge[t] + discharge[t]))
    if battery.depth_segments:
        _slices(site, battery, charge, discharge)
    _battery_wishes(site, battery, charge, stored)
    dense.pay(constant(_worth(battery.end_values, battery.soc_kwh)))
    dense.pay(-_worth_line(dense, battery, stored[-1]))
    return charge, discharge


def _stored(site: Site, battery: Battery, start: float, charge: list[Line], discharge: list[Line]) -> list[Line]:
    """Energy at each edge: the start and all that went in and out since, each less what time has taken of it."""
    kept = 1.0 - battery.self_discharge_per_h
    edges = []
    for edge, now in enumerate(site.clock):
        energy = constant(start * kept**now)
        for t in range(edge):
            change = battery.charge_efficiency * charge[t] - discharge[t] / battery.discharge_efficiency
            energy = energy + site.hours[t] * kept ** (now - site.clock[t + 1]) * change
        edges.append(energy)
    return edges


def _either_off_or(dense: Dense, power: Line, runs: Line, least: float, most: float) -> None:
    """``power`` is 0 where ``runs`` is 0 and between ``least`` and ``most`` where it is 1."""
    dense.at_most(least * runs, power)
    dense.at_most(power, most * runs)


def _tapered(dense: Dense, power: Line, stored: Line, curve: Sequence[TaperPoint]) -> None:
    """At most the concave curve at the energy at the slot's start, which is the least of all its pieces' lines."""
    for left, right in pairwise(curve):
        slope = (right.limit_kw - left.limit_kw) / (right.soc_kwh - left.soc_kwh)
        dense.at_most(power, slope * (stored - constant(left.soc_kwh)) + constant(left.limit_kw))


def _slices(site: Site, battery: Battery, charge: list[Line], discharge: list[Line]) -> None:
    """Slices of the capacity from full downwards, each a small battery; at first the deepest ones are full."""
    slices = [(segment.kwh, segment.cost_per_kwh) for segment in battery.depth_segments]
    rest = battery.capacity_kwh - sum(kwh for kwh, _ in slices)
    if rest > 1e-9:
        slices.append((rest, slices[-1][1]))
    put_in, drawn = [constant(0.0) for _ in site.slots], [constant(0.0) for _ in site.slots]
    left_to_place = battery.soc_kwh
    for kwh, cost in reversed(slices):
        start = min(kwh, left_to_place)
        left_to_place -= start
        into = [site.dense.column(battery.max_charge_kw) for _ in site.slots]
        out = [site.dense.column(battery.max_discharge_kw) for _ in site.slots]
        for edge in _stored(site, battery, start, into, out)[1:]:
            site.dense.at_most(constant(0.0), edge)
            site.dense.at_most(edge, constant(kwh))
        for t in site.slots:
            put_in[t] = put_in[t] + into[t]
            drawn[t] = drawn[t] + out[t]
            site.dense.pay(cost * site.hours[t] * out[t])
    for t in site.slots:
        site.dense.equal(put_in[t], charge[t])
        site.dense.equal(drawn[t], discharge[t])


def _battery_wishes(site: Site, battery: Battery, charge: list[Line], stored: list[Line]) -> None:
    """Goals, ceilings, the reserve at each slot's end; the demanded charge, but not where the slot ends full."""
    slots = len(site.hours)
    reserve = per_slot(battery.reserve_kwh, slots)
    for t, h in enumerate(site.hours):
        end = stored[t + 1]
        if reserve[t] > battery.soc_min_kwh:
            _wish(site, constant(reserve[t]) - end, None, h)
        if battery.goal_kwh is not None:
            _wish(site, constant(per_slot(battery.goal_kwh, slots)[t]) - end, battery.goal_price_per_kwh, h)
        if battery.ceiling_kwh is not None:
            _wish(site, end - constant(per_slot(battery.ceiling_kwh, slots)[t]), battery.goal_price_per_kwh, h)
        if battery.demanded_charge_kw is not None:
            demanded = min(per_slot(battery.demanded_charge_kw, slots)[t], battery.max_charge_kw)
            is_full = site.dense.switch()
            site.dense.at_most(battery.soc_max_kwh * is_full, end)
            _wish(site, constant(demanded) - charge[t], battery.demand_price_per_kwh, h, excused=demanded * is_full)


def _worth(values: Sequence[EndValue], stored: float) -> float:
    """V(stored): the kWh from empty upwards at the value of the segment they lie in, 0 beyond the last."""
    worth, below = 0.0, 0.0
    for value in values:
        worth += value.value_per_kwh * min(max(stored - below, 0.0), value.kwh)
        below += value.kwh
    return worth


def _worth_line(dense: Dense, battery: Battery, stored: Line) -> Line:
    """V of an expression: a segment holds something only where all those below it are full."""
    worth, filled = constant(0.0), constant(0.0)
    capacity = battery.capacity_kwh
    may_hold = constant(1.0)
    for value in battery.end_values:
        part = dense.column(value.kwh)
        dense.at_most(part, value.kwh * may_hold)
        may_hold = dense.switch()
        dense.at_most(value.kwh * may_hold, part)
        filled = filled + part
        worth = worth + value.value_per_kwh * part
    beyond = dense.column(capacity)
    dense.at_most(beyond, capacity * may_hold)
    if battery.end_values:
        dense.equal(filled + beyond, stored)
    return worth


def _published(site: Site, charge: list[Line], discharge: list[Line]) -> None:
    """price * |charge - discharge - what was told|, per kW, where something was told."""
    published = site.problem.published
    if published is None:
        return
    for t, (told, price) in enumerate(zip(published.battery_kw, published.price_per_kw, strict=True)):
        if told is not None:
            change = site.dense.column()
            site.dense.at_most(charge[t] - discharge[t] - constant(told), change)
            site.dense.at_most(constant(told) - charge[t] + discharge[t], change)
            site.dense.pay(price * change)


def _stays(site: Site, runs: list[Line], least_h: float, *, before: float) -> None:
    """What goes from 0 (``before`` the horizon: given) to 1 is 1 in all slots that begin within ``least_h`` of it."""
    for t in site.slots:
        started = runs[t] - (runs[t - 1] if t else constant(before))
        for later in range(t + 1, len(site.hours)):
            if site.clock[later] - site.clock[t] < least_h - CLOCK_TOLERANCE_H:
                site.dense.at_most(started, runs[later])


def _heat_store(site: Site, store: ThermalStore) -> None:
    """kwh_per_k * (T' - T) = h * (cop * el - loss * (T - surroundings) - draw), T taken at the slot's start."""
    slots = len(site.hours)
    cop, draw = per_slot(store.cop, slots), per_slot(store.draw_kw, slots)
    around = per_slot(store.surroundings_c, slots)
    coldest, warmest = per_slot(store.comfort_min_c, slots), per_slot(store.comfort_max_c, slots)
    temperature = constant(store.temperature_c)
    runs = []
    least = max(store.min_kw, store.max_kw / 100 if store.min_run_h > 0 else 0.0)
    for t, h in enumerate(site.hours):
        power = site.dense.column(store.max_kw)
        runs.append(site.dense.switch())
        _either_off_or(site.dense, power, runs[t], store.max_kw if store.is_on_off else least, store.max_kw)
        site.given[t] = site.given[t] - power
        lost = store.loss_kw_per_k * (temperature - constant(around[t]))
        temperature = temperature + h * (cop[t] * power - lost - constant(draw[t])) / store.kwh_per_k
        _wish(site, constant(coldest[t]) - temperature, store.comfort_price_per_kh, h)
        _wish(site, temperature - constant(warmest[t]), store.comfort_price_per_kh, h)
    _stays(site, runs, store.min_run_h, before=0.0)
    site.dense.pay(-store.value_per_k * (temperature - constant(store.temperature_c)))


def _window(site: Site, first: int, end: int | None) -> range:
    """The slots ``[first, end)`` of the horizon."""
    return range(max(first, 0), len(site.hours) if end is None else min(end, len(site.hours)))


def _deferrable(site: Site, load: DeferrableLoad) -> None:
    """In its window, off or on: at full power and without a slot that it could leave out, or for just its energy."""
    window = _window(site, load.first_slot, load.end_slot)
    used = {t: site.dense.switch() for t in window}
    delivered = constant(0.0)
    least = load.power_kw / 100 * min(load.run_h, 1.0) if load.is_single_block else 0.0
    for t in window:
        power = site.dense.column(load.power_kw)
        _either_off_or(site.dense, power, used[t], load.power_kw if load.is_on_off else least, load.power_kw)
        site.given[t] = site.given[t] - power
        delivered = delivered + site.hours[t] * power
    if load.is_single_block:
        for a, b, c in combinations(window, 3):
            site.dense.at_most(used[a] + used[c] - constant(1.0), used[b])
    needed = constant(load.power_kw * load.run_h)
    if not load.is_on_off:
        site.dense.at_most(delivered, needed)
    most = load.power_kw * sum(site.hours[t] for t in window)
    for t in window if load.is_on_off else ():
        without = delivered - constant(load.power_kw * site.hours[t])
        site.dense.at_most(without, needed + constant(most) - most * used[t] - constant(1e-6 * load.power_kw))
    _wish(site, needed - delivered, load.shortfall_price_per_kwh, 1.0)


def _session(site: Site, session: EvSession) -> None:
    """Off or between least and most power; sum(power * h) * efficiency is at most the energy still wanted."""
    delivered = constant(0.0)
    for t in _window(site, session.first_slot, session.end_slot):
        power = site.dense.column(session.max_charge_kw)
        _either_off_or(site.dense, power, site.dense.switch(), session.min_charge_kw, session.max_charge_kw)
        site.given[t] = site.given[t] - power
        delivered = delivered + session.efficiency * site.hours[t] * power
    site.dense.at_most(delivered, constant(session.energy_kwh))
    _wish(site, constant(session.energy_kwh) - delivered, session.shortfall_price_per_kwh, 1.0)


def _genset(site: Site, genset: Genset) -> None:
    """Off or between least and most power; fuel, carbon, hours and starts cost; least times up and down hold."""
    dense = site.dense
    before = 1.0 if genset.is_running else 0.0
    runs = [dense.switch() for _ in site.slots]
    least = max(genset.min_kw, genset.max_kw / 100 if genset.min_up_h > 0 or genset.min_down_h > 0 else 0.0)
    per_kwh = genset.fuel_cost_per_kwh + genset.kg_co2_per_kwh * site.problem.co2_price_per_kg
    for t, h in enumerate(site.hours):
        power = dense.column(genset.max_kw)
        _either_off_or(dense, power, runs[t], least, genset.max_kw)
        site.given[t] = site.given[t] + power
        starts = dense.column(1.0)
        dense.at_most(runs[t] - (runs[t - 1] if t else constant(before)), starts)
        dense.pay(per_kwh * h * power + genset.running_cost_per_h * h * runs[t] + genset.start_cost * starts)
    _stays(site, runs, genset.min_up_h, before=before)
    _stays(site, [constant(1.0) - run for run in runs], genset.min_down_h, before=1.0 - before)
    left_h = (genset.min_up_h if genset.is_running else genset.min_down_h) - genset.state_h
    for t in site.slots:
        if site.clock[t] < left_h - CLOCK_TOLERANCE_H:
            dense.equal(runs[t], constant(before))


def _peak(site: Site, charge: BilledPeak) -> None:
    """f(billed) - f(billed where nothing is consumed), f = price * billed + the charge of the highest step below it."""
    dense = site.dense
    flows = site.imports if charge.direction is Direction.IMPORT else site.exports
    idle = _billed_while_idle(site, charge)
    most = charge.sunk_kw + charge.today_kw + idle + max(charge.daily_peaks_kw, default=0.0)
    billed = dense.column(most + max(_high(site, flow) for flow in flows))
    dense.at_most(constant(charge.sunk_kw), billed)
    means = {i: _interval_mean(site, charge, i, flows) for i in sorted(set(charge.interval_of_slot) - {-1})}
    if charge.highest_days == 1:
        for mean in means.values():
            dense.at_most(mean, billed)
    else:
        days: list[Line] = []
        for day in sorted({0} | {charge.day_of_interval[i] for i in means}):
            days.append(dense.column())
            for i, mean in means.items():
                if charge.day_of_interval[i] == day:
                    dense.at_most(mean, days[-1])
            if day == 0:
                dense.at_most(constant(charge.today_kw), days[-1])
        days += [constant(peak) for peak in charge.daily_peaks_kw]
        days += [constant(0.0) for _ in range(charge.highest_days - len(days))]
        for chosen in combinations(days, charge.highest_days):
            dense.at_most(sum(chosen, constant(0.0)) / charge.highest_days, billed)
    dense.pay(charge.price_per_kw * (billed - constant(idle)))
    reached = 0.0
    for step in charge.steps:
        is_above = dense.switch()
        dense.at_most(billed - constant(step.above_kw), max(_high(site, billed) - step.above_kw, 0.0) * is_above)
        dense.pay((step.charge - reached) * is_above)
        reached = step.charge
    dense.pay(-constant(max((step.charge for step in charge.steps if step.above_kw < idle - 1e-9), default=0.0)))


def _interval_mean(site: Site, charge: BilledPeak, interval: int, flows: list[Line]) -> Line:
    """Energy over hours in the slots of ``interval``, of interval 0 with what was metered before them."""
    energy = constant(charge.metered_kwh if interval == 0 else 0.0)
    hours = charge.metered_h if interval == 0 else 0.0
    for t in site.slots:
        if charge.interval_of_slot[t] == interval:
            energy = energy + site.hours[t] * flows[t]
            hours += site.hours[t]
    return energy / hours


def _billed_while_idle(site: Site, charge: BilledPeak) -> float:
    """The billed peak where no power crosses the connection point in the horizon."""
    silence = [constant(0.0) for _ in site.slots]
    mean = _interval_mean(site, charge, 0, silence)[0] if 0 in charge.interval_of_slot else 0.0
    if charge.highest_days == 1:
        return max(charge.sunk_kw, mean)
    today = charge.today_kw
    days = list(charge.daily_peaks_kw)
    if 0 in charge.interval_of_slot and charge.day_of_interval[0] != 0:
        days.append(mean)
    else:
        today = max(today, mean)
    highest = sorted([*days, today], reverse=True)[: charge.highest_days]
    return max(charge.sunk_kw, sum(highest) / charge.highest_days)
