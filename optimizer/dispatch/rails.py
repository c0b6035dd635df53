"""The limits at the connection that stand beside a plan, and where they cut the sun for it."""

from dataclasses import dataclass
from math import inf, isfinite

from optimizer.domain.assets import PerSlot, per_slot
from optimizer.domain.conventions import AfterLastEntry, Conventions
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import Plan

LEAST_CURTAILMENT_KW = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rails:
    """The most import and export in each slot, kW, at least 0; inf where there is no limit."""

    import_kw: tuple[float, ...]
    export_kw: tuple[float, ...]


def rails_of(plan: Plan, limits: SiteLimits, conventions: Conventions) -> Rails:
    """The limits of site and plan in each slot.

    A plan's limit that has a price may be exceeded where that pays, so it is no rail; the site's always is. Where
    export costs money and none is planned, none is allowed: more sun than forecast is then cut and not paid for.
    """
    problem = plan.problem
    import_kw = _tightest(plan, limits.import_limit_kw, problem.import_limit_kw, problem.import_over_price_per_kwh)
    export_kw = _tightest(plan, limits.export_limit_kw, problem.export_limit_kw, problem.export_over_price_per_kwh)
    if all(map(isfinite, export_kw)) or conventions.after_last_entry is not AfterLastEntry.HOLD:
        worth = (price - problem.export_extra_cost_per_kwh for price in problem.export_price_per_kwh)
        planned = zip(worth, plan.flows.export_kw, export_kw, strict=True)
        export_kw = tuple(0.0 if each < 0 and kw < LEAST_CURTAILMENT_KW else limit_kw for each, kw, limit_kw in planned)
    return Rails(import_kw=import_kw, export_kw=export_kw)


def kept_by_rail(plan: Plan, rails: Rails, conventions: Conventions) -> frozenset[int]:
    """The slots whose cut of the sun the gateway can make by itself, for the plan exports all that the rail allows.

    A percentage would be that of the forecast, and cut too much or too little of the sun that comes.
    """
    if not conventions.export_limit_cuts_sun:
        return frozenset()
    near_kw = conventions.power_step_kw + LEAST_CURTAILMENT_KW
    flows = plan.flows
    each = zip(flows.curtailed_kw, flows.export_kw, flows.import_kw, rails.export_kw, strict=True)
    return frozenset(
        slot
        for slot, (cut_kw, export_kw, import_kw, most_kw) in enumerate(each)
        if cut_kw > 0 and export_kw - import_kw >= most_kw - near_kw
    )


def _tightest(
    plan: Plan, site_kw: float | None, plan_kw: PerSlot | None, over_price_per_kwh: float | None
) -> tuple[float, ...]:
    most_kw = inf if site_kw is None else site_kw
    kept_kw = inf if plan_kw is None or over_price_per_kwh is not None else plan_kw
    return tuple(min(most_kw, kw) for kw in per_slot(kept_kw, len(plan.problem.horizon)))
