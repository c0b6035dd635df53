"""The rule that a plan must beat, and the floor that no plan can beat."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from optimizer.backtest.bills import Billing, month_starts, on_quarters
from optimizer.backtest.data import Floats
from optimizer.backtest.quarters import QUARTER
from optimizer.backtest.run import Lived, Told
from optimizer.backtest.setup import Setup
from optimizer.backtest.world import InProcessSite
from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Optimal, Plan
from optimizer.domain.problem import Problem
from optimizer.domain.site import Site
from optimizer.domain.tariff import EnergyTiers, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from optimizer.errors import SolverFailed
from optimizer.lp import Planner
from optimizer.simulator.meter import QuarterRow
from optimizer.siting import Moment, state_site

MONTH = timedelta(days=31)
LOOK_AHEAD = timedelta(days=7)
"""So far beyond what is decided the floor looks: further away nothing hangs on a battery of some hours any more."""
SOLVER_TIME_S = 120.0
"""For each month looked at. Only where prices are negative for weeks it does not suffice to prove the least bill."""
PATIENCE = 20.0
"""Times as long is waited where a busy machine found no answer at all in that time."""
NEXT_TO_NOTHING = 1e-6
"""Per kWh, so that energy which is worth nothing is not burnt by charging and discharging at once: to find that out
slot by slot took ninety times as long where feeding in earns nothing. A year's bill is moved by less than a cent."""
DAY = timedelta(days=1)


def self_consumption(setup: Setup, told: Told) -> Lived:
    """The gateway's own mode: the battery follows the load, and nobody tells it anything."""
    site = InProcessSite.at(setup.start, setup.options, setup.measured.recording(), setup.conventions)
    site.pass_to(setup.start)
    soc_kwh = [site.soc_kwh]
    rows: list[QuarterRow] = []
    at, number = setup.start, 0
    while at < setup.end:
        began, until = at, min(at + DAY, setup.end)
        while at < until:
            at += QUARTER
            site.pass_to(at)
            soc_kwh.append(site.soc_kwh)
        rows += site.rows_since(began)
        number += 1
        told(number)
    return Lived(
        import_kwh=np.array([row[2] for row in rows]),
        export_kwh=np.array([row[3] for row in rows]),
        soc_kwh=np.array(soc_kwh),
    )


def perfect_foresight(setup: Setup, billing: Billing, told: Told) -> Lived:
    """The least bill of who knows all of the data: the plant itself, part by part (see ``parts_of_floor``).

    What the settings wish for beside the bill does not bind it, for neither does it bind the rule. The battery's wear
    is no part of a bill and not counted. What is left at the very end is worth what it is worth in every bill.
    ``troubles`` are the parts whose least bill was not proved in time, with the gap.
    """
    soc_kwh = setup.options.battery_kwh * setup.options.soc_percent / 100
    count = round((setup.end - setup.start) / QUARTER)
    load, sun = on_quarters(setup, setup.measured.load_kw), on_quarters(setup, setup.measured.solar_kw)
    heat_kw = setup.measured.heat_pump_kw
    heat = np.zeros(count) if heat_kw is None else on_quarters(setup, heat_kw)
    imported, exported, stored = [], [], [soc_kwh]
    unproved = []
    edges = billing.whole.horizon.edges
    for number, (first, until, beyond) in enumerate(parts_of_floor(billing.whole.tariff, billing.whole.horizon)):
        problem = _problem(setup, billing, first, beyond, (load, heat, sun), stored[-1])
        plan = _solved(problem)
        if not isinstance(plan.verdict, Optimal):
            unproved.append(f"perfect foresight from {edges[first]:%Y-%m-%dT%H:%MZ} on: {plan.verdict}")
        took = _quarters(plan, edges[first], until - first)
        imported.append(took[0])
        exported.append(took[1])
        stored += took[2]
        told(number + 1)
    return Lived(
        import_kwh=np.concatenate(imported),
        export_kwh=np.concatenate(exported),
        soc_kwh=np.array(stored),
        troubles=tuple(unproved),
    )


def _solved(problem: Problem) -> Plan:
    try:
        return Planner().solve(problem)
    except SolverFailed:
        return Planner().solve(replace(problem, solver_time_s=PATIENCE * problem.solver_time_s))


def parts_of_floor(tariff: Tariff, horizon: Horizon) -> Iterator[tuple[int, int, int]]:
    """First quarter, the one after the last, and the one up to which each part looks.

    Local months with a week beyond. Where a month's bill holds more than the price of energy, with the next month
    beyond; where a charge looks at more than one month, all is one part.
    """
    count = len(horizon)
    charges: list[PeakCharge | EnergyTiers] = [*tariff.peak_charges, *tariff.energy_tiers]
    if any(map(_looks_beyond_a_month, charges)):
        yield 0, count, count
        return
    starts = [0, *month_starts(horizon.edges, horizon.zone), count]
    has_charges = bool(tariff.peak_charges or tariff.energy_tiers or tariff.netting or tariff.minimum_charge)
    for first, until, following in zip(starts, starts[1:], [*starts[2:], count], strict=False):
        yield first, until, following if has_charges else min(until + LOOK_AHEAD // QUARTER, count)


def _looks_beyond_a_month(charge: PeakCharge | EnergyTiers) -> bool:
    if charge.billing_period is BillingPeriod.YEAR:
        return True
    return isinstance(charge, PeakCharge) and (charge.ratchet_percent > 0 or charge.rolling_months > 1)


def _problem(
    setup: Setup, billing: Billing, first: int, last: int, kw: tuple[Floats, Floats, Floats], soc_kwh: float
) -> Problem:
    """The plant over quarters ``[first, last)``, all of them known."""
    edges = billing.whole.horizon.edges[first : last + 1]
    horizon = Horizon(edges, setup.site.timezone)
    tariff = _slice(billing.whole.tariff, first, last)
    load, heat, sun = (tuple(series[first:last].tolist()) for series in kw)
    options, site = setup.options, _plant_alone(setup.task.site)
    capacity_kwh = options.battery_kwh
    battery = Battery(
        capacity_kwh=capacity_kwh,
        soc_kwh=soc_kwh,
        soc_min_kwh=min(capacity_kwh * options.soc_min_percent / 100, soc_kwh),
        soc_max_kwh=max(capacity_kwh * options.soc_max_percent / 100, soc_kwh),
        max_charge_kw=options.max_charge_kw,
        max_discharge_kw=options.max_discharge_kw,
        charge_efficiency=options.charge_efficiency,
        discharge_efficiency=options.discharge_efficiency,
        wear_cost_per_kwh=NEXT_TO_NOTHING,
        end_values=(EndValue(kwh=capacity_kwh, value_per_kwh=billing.value_per_kwh),),
    )
    problem = Problem(
        site_id=site.site_id,
        horizon=horizon,
        load_kw=load,
        heat_kw=heat,
        solar_kw=sun,
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
        currency=tariff.currency,
        import_limit_kw=_import_limit_kw(setup, tariff, first, last),
        export_limit_kw=options.grid_export_limit_kw,
        batteries=(battery,),
        solver_time_s=SOLVER_TIME_S * max(len(horizon) * QUARTER / MONTH, 1.0),
    )
    moment = Moment(at=edges[0], import_rated_kw=None, export_rated_kw=None, genset_kw=None, outdoor_c=None)
    return state_site(problem, site, moment, tariff).problem


def _plant_alone(site: Site) -> Site:
    """Where it stands; its contract comes with the tariff, and nothing else of it is in a bill."""
    return Site(site_id=site.site_id, zone=site.zone, holiday_country=site.holiday_country)


def _import_limit_kw(setup: Setup, tariff: Tariff, first: int, last: int) -> tuple[float, ...]:
    """In each slot what the battery may not exceed: the limit, or what the site takes anyway where that is more.

    Where it pays to take more, the sun may be cut as well.
    """
    limit_kw = setup.options.grid_import_limit_kw
    measured = setup.measured
    demand_kw = measured.load_kw if measured.heat_pump_kw is None else measured.load_kw + measured.heat_pump_kw
    with_sun, without_sun = (
        on_quarters(setup, np.maximum(limit_kw, kw))[first:last] for kw in (demand_kw - measured.solar_kw, demand_kw)
    )
    pays = np.array(tariff.import_price_per_kwh) < 0
    return tuple(np.where(pays, without_sun, with_sun).tolist())


def _slice(tariff: Tariff, first: int, last: int) -> Tariff:
    """The tariff on some of its slots."""

    def part(values: tuple[float, ...]) -> tuple[float, ...]:
        return values[first:last]

    return replace(
        tariff,
        import_price_per_kwh=part(tariff.import_price_per_kwh),
        export_price_per_kwh=part(tariff.export_price_per_kwh),
        is_forecast=(),
        co2_kg_per_kwh=part(tariff.co2_kg_per_kwh),
        parts=tuple(replace(each, price_per_kwh=part(each.price_per_kwh)) for each in tariff.parts),
        known_until=None,
    )


def _quarters(plan: Plan, start: datetime, count: int) -> tuple[Floats, Floats, list[float]]:
    """The first ``count`` quarters of a plan."""
    flows = plan.flows
    imported = np.array(flows.import_kw[:count]) * 0.25
    exported = np.array(flows.export_kw[:count]) * 0.25
    return imported, exported, list(flows.soc_kwh[:count])
