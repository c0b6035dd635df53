"""LP values to a plan: solver noise removed, dependent quantities derived again exactly, duals named."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from optimizer.domain.assets import Battery, ThermalStore
from optimizer.domain.plan import AssetProfile, BatteryProfile, Flows, Marginals, Optimal, Plan
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import demand_kw, series, slot_h, solar_kw
from optimizer.lp.highs import Answer
from optimizer.lp.linear import Columns, Floats
from optimizer.lp.model import Model
from optimizer.lp.settle import settle_charges
from optimizer.lp.term import BREACHES, Tier
from optimizer.lp.variables import Exclusive, Variables

NOISE_KW = 5e-7
"""Flows nearer than this to a bound are at the bound: the difference is the solver's rounding."""
NEAR_KWH = 5e-6
"""Stored energy nearer than this to its window's edge is at the edge: the recursion's rounding."""
BOTH_KW = 1e-6


def read_plan(problem: Problem, model: Model, values: Floats, money: Answer) -> Plan:
    """What ``values`` decide, priced by the expressions that were minimised. The verdict is the caller's."""
    at = model.variables
    x = values.copy()

    def clean(columns: Columns) -> Floats:
        found, top = values[columns.index], model.upper[columns.index]
        flow = np.where(found < NOISE_KW, 0.0, np.where(found > top - NOISE_KW, top, found))
        x[columns.index] = flow
        return flow

    batteries = []
    net_kw, stored_kwh = np.zeros(len(problem.horizon)), np.zeros(len(problem.horizon))
    for each in at.batteries:
        charge, discharge = clean(each.charge_kw), clean(each.discharge_kw)
        soc = _settled(each.battery, stored(each.battery, problem, charge, discharge))
        x[each.soc_kwh.index] = soc
        net_kw, stored_kwh = net_kw + charge - discharge, stored_kwh + soc
        batteries.append(
            BatteryProfile(
                name=each.battery.name, charge_kw=_plain(charge), discharge_kw=_plain(discharge), soc_kwh=_plain(soc)
            )
        )
    others = _others(problem, at, clean)
    used_kw = sum((np.array(other.electrical_kw) for other in others if other.kind != "genset"), np.zeros(len(net_kw)))
    given_kw = sum((np.array(other.electrical_kw) for other in others if other.kind == "genset"), np.zeros(len(net_kw)))
    curtailed = clean(at.curtailed_kw)
    grid_kw = demand_kw(problem) - solar_kw(problem) + curtailed + net_kw + used_kw - given_kw
    imported, exported = np.maximum(grid_kw, 0.0), np.maximum(-grid_kw, 0.0)
    x[at.import_kw.index], x[at.export_kw.index] = imported, exported
    settle_charges(problem, at, x)
    costs = model.amounts(Tier.MONEY, x)
    return Plan(
        problem=problem,
        flows=Flows(
            import_kw=_plain(imported),
            export_kw=_plain(exported),
            charge_kw=_plain(np.maximum(net_kw, 0.0)),
            discharge_kw=_plain(np.maximum(-net_kw, 0.0)),
            curtailed_kw=_plain(curtailed),
            soc_kwh=_plain(stored_kwh),
        ),
        batteries=tuple(batteries),
        others=others,
        verdict=Optimal(),
        costs=costs,
        objective=sum(costs.values()),
        shortfalls={name: amount for tier in BREACHES for name, amount in model.amounts(tier, x).items()},
        peaks_kw={peak.charge.name: float(x[peak.billed_kw.index][0]) for peak in at.peaks},
        marginals=_marginals(problem, model, money),
        solve_s=0.0,
    )


def stored(battery: Battery, problem: Problem, charge_kw: Floats, discharge_kw: Floats) -> Floats:
    """Energy at each slot's end, kWh."""
    h = slot_h(problem)
    gained = (charge_kw * battery.charge_efficiency - discharge_kw / battery.discharge_efficiency) * h
    if not battery.self_discharge_per_h:
        return battery.soc_kwh + np.cumsum(gained)
    soc_kwh, levels = battery.soc_kwh, []
    for kept, gain in zip(np.power(1.0 - battery.self_discharge_per_h, h).tolist(), gained.tolist(), strict=True):
        soc_kwh = soc_kwh * kept + gain
        levels.append(soc_kwh)
    return np.array(levels)


def _settled(battery: Battery, soc_kwh: Floats) -> Floats:
    low, high = min(battery.soc_kwh, battery.soc_min_kwh), max(battery.soc_kwh, battery.soc_max_kwh)
    if battery.self_discharge_per_h:
        low = 0.0
    raised = np.where((soc_kwh < low) & (soc_kwh > low - NEAR_KWH), low, soc_kwh)
    return np.where((raised > high) & (raised < high + NEAR_KWH), high, raised)


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


def _others(problem: Problem, at: Variables, clean: Callable[[Columns], Floats]) -> tuple[AssetProfile, ...]:
    h = slot_h(problem)
    profiles = []
    for heat in at.heat_stores:
        power = clean(heat.electrical_kw)
        level = temperatures(heat.store, problem, power)
        profiles.append(
            AssetProfile(name=heat.store.name, kind="heat store", electrical_kw=_plain(power), level=_plain(level))
        )
    for load in at.loads:
        power = clean(load.electrical_kw)
        profiles.append(
            AssetProfile(
                name=load.load.name, kind="load", electrical_kw=_plain(power), level=_plain(np.cumsum(power * h))
            )
        )
    for each in at.sessions:
        power = clean(each.electrical_kw)
        level = np.cumsum(power * h) * each.session.efficiency
        profiles.append(
            AssetProfile(name=each.session.name, kind="vehicle", electrical_kw=_plain(power), level=_plain(level))
        )
    profiles += [
        AssetProfile(name=each.genset.name, kind="genset", electrical_kw=_plain(clean(each.supply_kw)))
        for each in at.gensets
    ]
    return tuple(profiles)


def temperatures(store: ThermalStore, problem: Problem, electrical_kw: Floats) -> Floats:
    """The store's temperature at each slot's end, degrees Celsius."""
    heat_kw = electrical_kw * series(store.cop, problem) - series(store.draw_kw, problem)
    surroundings_c = series(store.surroundings_c, problem)
    now_c, levels = store.temperature_c, []
    for slot, h in enumerate(problem.horizon.slot_h):
        lost_kw = store.loss_kw_per_k * (now_c - surroundings_c[slot])
        now_c += h * (heat_kw[slot] - lost_kw) / store.kwh_per_k
        levels.append(now_c)
    return np.array(levels)


def _marginals(problem: Problem, model: Model, money: Answer) -> Marginals:
    """Duals are per kW of a slot's mean power; divided by its hours they are per kWh."""
    if not len(money.row_duals):
        return Marginals(
            node_price_per_kwh=(),
            stored_value_per_kwh=(),
            charge_loss_per_kwh=(),
            discharge_loss_per_kwh=(),
            peak_price_per_kw={},
        )
    node = money.row_duals[model.row_range("power_balance")] / slot_h(problem)
    stored_value: tuple[float, ...] = ()
    charge_loss: tuple[float, ...] = ()
    discharge_loss: tuple[float, ...] = ()
    if problem.battery is not None:
        first = model.variables.batteries[0]
        stored_value = _plain(-money.row_duals[model.row_range(f"{problem.battery.name} storage")])
        charge_loss = _plain(money.reduced_costs[first.charge_kw.index] / slot_h(problem))
        discharge_loss = _plain(money.reduced_costs[first.discharge_kw.index] / slot_h(problem))
    peaks = {}
    for charge in problem.peak_charges:
        name = f"{charge.name} interval" if charge.highest_days == 1 else f"{charge.name} day"
        peaks[charge.name] = float(np.sum(np.abs(money.row_duals[model.row_range(name)])))
    return Marginals(
        node_price_per_kwh=_plain(node),
        stored_value_per_kwh=stored_value,
        charge_loss_per_kwh=charge_loss,
        discharge_loss_per_kwh=discharge_loss,
        peak_price_per_kw=peaks,
    )


def slots_with_both(problem: Problem, at: Variables, values: Floats) -> Exclusive:
    """Slots in which two flows that exclude each other both run, and it matters."""

    def both(inward: Columns, outward: Columns) -> NDArray[np.bool_]:
        return np.minimum(values[inward.index], values[outward.index]) > BOTH_KW

    matters = np.array(problem.import_price_per_kwh) != np.array(problem.export_price_per_kwh)
    if problem.netting is not None:  # what is netted costs the same both ways
        matters &= np.array(problem.netting.group_of_slot) < 0
    grid = np.flatnonzero(both(at.import_kw, at.export_kw) & matters)
    batteries = {}
    for each in at.batteries:
        found = np.flatnonzero(both(each.charge_kw, each.discharge_kw))
        if len(found):
            batteries[each.battery.name] = frozenset(found.tolist())
    return Exclusive(grid=frozenset(grid.tolist()), batteries=batteries)
