"""What the contract allows at the connection point, slot by slot."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from optimizer.domain.assets import PerSlot
from optimizer.domain.problem import Problem
from optimizer.domain.site import GridSettings, LimitWindow
from optimizer.forecast.align import Flags
from optimizer.siting.moment import Moment
from strategies.wall_clock import LocalHorizon


def with_grid(
    problem: Problem, grid: GridSettings, local: LocalHorizon, moment: Moment, co2_kg_per_kwh: tuple[float, ...] = ()
) -> Problem:
    """``problem`` under the contract's limits and with the operator's wishes.

    ``co2_kg_per_kwh`` of the tariff, where it states any, goes before the operator's.

    A limit counts in each slot that any part of its window touches: what holds for some minutes must be kept in
    them. What may not be exported (a ban, or a price below the floor) is an export limit of 0 kW in those slots
    and not a price, so that no other gain buys it; what the sun gives beyond use is cut there. Where the operator
    has put a price on exceeding export limits, it holds for the floor as well.
    """
    forbidden = np.full(len(problem.horizon), grid.export_ban)
    if grid.export_floor_price_per_kwh is not None:
        forbidden |= np.array(problem.export_price_per_kwh) < grid.export_floor_price_per_kwh
    demand_kw = max(0.0, *problem.demand_kw)
    surplus_kw = max(0.0, *(sun - use for sun, use in zip(problem.solar_kw, problem.demand_kw, strict=True)))
    return replace(
        problem,
        import_limit_kw=_limit_kw(problem.import_limit_kw, grid.import_limits, local, None),
        export_limit_kw=_limit_kw(problem.export_limit_kw, grid.export_limits, local, forbidden),
        import_over_price_per_kwh=grid.import_over_price_per_kwh,
        export_over_price_per_kwh=grid.export_over_price_per_kwh,
        import_rating_kw=_rating_kw(moment.import_rated_kw, grid.import_over_price_per_kwh, demand_kw),
        export_rating_kw=_rating_kw(moment.export_rated_kw, grid.export_over_price_per_kwh, surplus_kw),
        export_extra_cost_per_kwh=grid.self_consumption_price_per_kwh,
        co2_price_per_kg=grid.co2_price_per_kg,
        co2_kg_per_kwh=co2_kg_per_kwh or grid.co2_kg_per_kwh,
    )


def _limit_kw(
    fixed: PerSlot | None, limits: Iterable[LimitWindow], local: LocalHorizon, forbidden: Flags | None
) -> PerSlot | None:
    """The tightest limit in each slot: one number, or none, where it is the same all along."""
    series = np.full(len(local.horizon), np.inf)
    series[:] = np.inf if fixed is None else fixed
    for limit in limits:
        touched = local.shares(limit.window) > 0
        series[touched] = np.minimum(series[touched], limit.limit_kw)
    if forbidden is not None:
        series[forbidden] = 0.0
    if (series == series[0]).all():
        return None if np.isinf(series[0]) else float(series[0])
    return tuple(series.tolist())


def _rating_kw(rated_kw: float | None, over_price: float | None, needed_kw: float) -> float | None:
    """No price buys more than the connection carries. A forecast beyond it must still be planned somehow."""
    return None if rated_kw is None or over_price is None else max(rated_kw, needed_kw)
