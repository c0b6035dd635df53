"""LP values to flows: solver noise removed, dependent quantities derived again exactly."""

from collections.abc import Sequence

from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.lp.variables import Variables

NOISE_KW = 5e-7
"""Flows nearer than this to a bound are at the bound: the difference is the solver's rounding."""


def _clean(values: Sequence[float], upper: Sequence[float]) -> list[float]:
    return [
        0.0 if number < NOISE_KW else limit if number > limit - NOISE_KW else number
        for number, limit in zip(values, upper, strict=True)
    ]


def complete_flows(
    problem: Problem,
    charge_kw: Sequence[float],
    discharge_kw: Sequence[float],
    curtailed_kw: Sequence[float],
) -> Flows:
    """The flows that follow from what is decided: grid exchange by the balance, energy by recursion."""
    import_kw, export_kw, soc_kwh = [], [], []
    battery = problem.battery
    soc = battery.soc_kwh if battery else 0.0
    demand_kw = problem.demand_kw
    for slot, slot_h in enumerate(problem.horizon.slot_h):
        net_kw = demand_kw[slot] + charge_kw[slot] - discharge_kw[slot] - (problem.solar_kw[slot] - curtailed_kw[slot])
        import_kw.append(max(net_kw, 0.0))
        export_kw.append(max(-net_kw, 0.0))
        if battery is not None:
            soc += (
                charge_kw[slot] * battery.charge_efficiency - discharge_kw[slot] / battery.discharge_efficiency
            ) * slot_h
        soc_kwh.append(soc)
    return Flows(
        import_kw=tuple(import_kw),
        export_kw=tuple(export_kw),
        charge_kw=tuple(charge_kw),
        discharge_kw=tuple(discharge_kw),
        curtailed_kw=tuple(curtailed_kw),
        soc_kwh=tuple(soc_kwh),
    )


def read_flows(problem: Problem, at: Variables) -> Flows:
    """What the variables decided."""
    battery = problem.battery
    slots = len(problem.horizon)
    charge_kw = _clean([v.valueOrDefault() for v in at.charge_kw], [battery.max_charge_kw if battery else 0.0] * slots)
    discharge_kw = _clean(
        [v.valueOrDefault() for v in at.discharge_kw], [battery.max_discharge_kw if battery else 0.0] * slots
    )
    curtailed_kw = _clean([v.valueOrDefault() for v in at.curtailed_kw], problem.solar_kw)
    return _settle_soc(problem, complete_flows(problem, charge_kw, discharge_kw, curtailed_kw))


def _settle_soc(problem: Problem, flows: Flows) -> Flows:
    """Keep the recursion's rounding (some 1e-7 kWh) from standing outside the window that was planned."""
    battery = problem.battery
    if battery is None:
        return flows
    low, high = min(battery.soc_kwh, battery.soc_min_kwh), max(battery.soc_kwh, battery.soc_max_kwh)
    near = 5e-6
    settled = tuple(
        low if low - near < soc < low else high if high < soc < high + near else soc for soc in flows.soc_kwh
    )
    return Flows(
        import_kw=flows.import_kw,
        export_kw=flows.export_kw,
        charge_kw=flows.charge_kw,
        discharge_kw=flows.discharge_kw,
        curtailed_kw=flows.curtailed_kw,
        soc_kwh=settled,
    )


def slots_with_both(first_kw: Sequence[float], second_kw: Sequence[float]) -> frozenset[int]:
    """Slots in which two flows that exclude each other both run."""
    both = 1e-6
    return frozenset(slot for slot, pair in enumerate(zip(first_kw, second_kw, strict=True)) if min(pair) > both)
