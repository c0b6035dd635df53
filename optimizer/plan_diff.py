"""What a plan would change of what is in force: in commands, and in money, wear and peak. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from optimizer.dispatch.hold import instants, value_at
from optimizer.domain.command import Entry, Pair
from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.lp import price
from optimizer.lp.baseline import complete_flows
from optimizer.planning import Planned

SAME = 1e-6
ADDED, REMOVED, MOVED = "added", "removed", "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One stretch of time in which a pair would be told something else. None: nothing stands there."""

    pair: Pair
    start: datetime
    end: datetime
    was: float | None
    becomes: float | None

    @property
    def kind(self) -> str:
        if self.was is None:
            return ADDED
        return REMOVED if self.becomes is None else MOVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The plan less what is in force, over the plan's horizon: money, full cycles of the battery, highest import."""

    money: float
    cycles: float
    peak_kw: float
    currency: str


def changes(planned: Planned, now: datetime, tolerance: float) -> tuple[Change, ...]:
    """Pair by pair in order of time, from ``now`` on; neighbours that change alike are one.

    ``tolerance`` (kW or percent): what differs by no more is the same, as it is for the service.
    """
    in_force = planned.snapshot.reading.in_force
    after = {command.pair: command for command in in_force}
    cleared = () if planned.clear is None else planned.clear.commands
    after |= {command.pair: command for command in (*cleared, *planned.batch.commands)}
    found: list[Change] = []
    for pair in Pair:
        old = next((command.entries for command in in_force if command.pair is pair), ())
        new = after[pair].entries if pair in after else ()
        until = max((entry.end for entry in (*old, *new)), default=now)
        found += _of_pair(pair, old, new, now, until, tolerance)
    return tuple(found)


def _of_pair(
    pair: Pair, old: Sequence[Entry], new: Sequence[Entry], now: datetime, until: datetime, tolerance: float
) -> Iterator[Change]:
    edges = [*instants(new, old, now, until), until]
    running: Change | None = None
    for start, end in pairwise(edges):
        was, becomes = value_at(old, start), value_at(new, start)
        same = was == becomes or (was is not None and becomes is not None and abs(was - becomes) <= tolerance + SAME)
        goes_on = running is not None and (running.end, running.was, running.becomes) == (start, was, becomes)
        if running is not None and goes_on and not same:
            running = Change(pair=pair, start=running.start, end=end, was=was, becomes=becomes)
            continue
        if running is not None:
            yield running
        running = None if same else Change(pair=pair, start=start, end=end, was=was, becomes=becomes)
    if running is not None:
        yield running


def effect(planned: Planned) -> Effect:
    """What following the plan brings against leaving the site with what is in force.

    Where nothing is in force for the battery, it follows the load, as a gateway does by itself.
    """
    problem, plan = planned.plan.problem, planned.plan
    standing = standing_flows(problem)
    battery = problem.battery
    capacity_kwh = battery.capacity_kwh if battery is not None else 0.0
    moved = _discharged_kwh(problem, plan.flows) - _discharged_kwh(problem, standing)
    return Effect(
        money=sum(price(problem, plan.flows).values()) - sum(price(problem, standing).values()),
        cycles=moved / capacity_kwh if capacity_kwh > 0 else 0.0,
        peak_kw=max(plan.flows.import_kw) - max(standing.import_kw),
        currency=problem.currency,
    )


def standing_flows(problem: Problem) -> Flows:
    """What happens by the forecast if the battery goes on as it was told, within its window."""
    slots = len(problem.horizon)
    battery = problem.battery
    charge, discharge = np.zeros(slots), np.zeros(slots)
    if battery is None:
        return complete_flows(problem, charge, discharge)
    told = (None,) * slots if problem.published is None else problem.published.battery_kw
    soc_kwh, demand_kw = battery.soc_kwh, problem.demand_kw
    for slot, hours in enumerate(problem.horizon.slot_h):
        wanted = told[slot]
        if wanted is None:
            wanted = problem.solar_kw[slot] - demand_kw[slot]
        room_kw = max(battery.soc_max_kwh - soc_kwh, 0.0) / battery.charge_efficiency / hours
        stock_kw = max(soc_kwh - battery.soc_min_kwh, 0.0) * battery.discharge_efficiency / hours
        charge[slot] = min(max(wanted, 0.0), battery.max_charge_kw, room_kw)
        discharge[slot] = min(max(-wanted, 0.0), battery.max_discharge_kw, stock_kw)
        gained_kwh = charge[slot] * battery.charge_efficiency - discharge[slot] / battery.discharge_efficiency
        soc_kwh += gained_kwh * hours
    return complete_flows(problem, charge, discharge)


def _discharged_kwh(problem: Problem, flows: Flows) -> float:
    return sum(kw * hours for kw, hours in zip(flows.discharge_kw, problem.horizon.slot_h, strict=True))
