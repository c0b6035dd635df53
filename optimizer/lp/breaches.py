"""Which soft limits a set of flows does not keep, in the operator's words."""

from collections.abc import Iterator, Sequence

from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem

NEGLIGIBLE_KWH = 1e-4


def describe_breaches(problem: Problem, flows: Flows) -> tuple[str, ...]:
    """One phrase for each soft limit that is broken, with its size in kWh."""
    return tuple(_breaches(problem, flows))


def _breaches(problem: Problem, flows: Flows) -> Iterator[str]:
    limits = (
        ("import", flows.import_kw, problem.import_limit_kw),
        ("export", flows.export_kw, problem.export_limit_kw),
    )
    for name, flow_kw, limit_kw in limits:
        if limit_kw is None:
            continue
        over_kwh = sum(max(kw - limit_kw, 0.0) * h for kw, h in zip(flow_kw, problem.horizon.slot_h, strict=True))
        if over_kwh > NEGLIGIBLE_KWH:
            yield f"{name} limit {limit_kw:g} kW exceeded by {over_kwh:.3g} kWh (peak {max(flow_kw):.3g} kW)"
    battery = problem.battery
    if battery is None:
        return
    yield from _outside(problem, flows.soc_kwh, "below the window's minimum", battery.soc_min_kwh, above=False)
    yield from _outside(problem, flows.soc_kwh, "above the window's maximum", battery.soc_max_kwh, above=True)
    if battery.reserve_kwh > battery.soc_min_kwh:
        yield from _outside(problem, flows.soc_kwh, "below the reserve", battery.reserve_kwh, above=False)


def _outside(problem: Problem, soc_kwh: Sequence[float], what: str, bound_kwh: float, *, above: bool) -> Iterator[str]:
    outside_kwh = [soc - bound_kwh if above else bound_kwh - soc for soc in soc_kwh]
    slots = [slot for slot, kwh in enumerate(outside_kwh) if kwh > NEGLIGIBLE_KWH]
    if slots:
        until = problem.horizon.edges[slots[-1] + 1]
        size = f"up to {max(outside_kwh):.3g} kWh {what} of {bound_kwh:g} kWh"
        yield f"stored energy {size} until {until:%Y-%m-%dT%H:%MZ}"
