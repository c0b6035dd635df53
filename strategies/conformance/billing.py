"""Random schedules priced twice: by the linear program's own expressions and by the invoice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.domain.site import Site
from optimizer.domain.tariff import Meter, Tariff
from optimizer.lp import billed, price
from optimizer.siting import Moment, carried, state_site
from strategies.invoice import invoice
from strategies.wall_clock import Calendar

SEED = 20261123


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTwice:
    """One schedule's cost: the program's, and the invoice's caused, exact and rounded; ``rounded`` lines of it."""

    program: float
    caused: float
    exact: float
    total: float
    rounded: int


def laid(tariff: Tariff, horizon: Horizon, **more: object) -> Problem:
    """The tariff on a site that has nothing but ``load_kw`` and ``solar_kw``."""
    zeros = (0.0,) * len(horizon)
    given: dict[str, object] = {"load_kw": zeros, "solar_kw": zeros, **more}
    problem = Problem(
        site_id="here",
        horizon=horizon,
        heat_kw=zeros,
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
        currency=tariff.currency,
        **given,  # type: ignore[arg-type]
    )
    return state_site(problem, Site(site_id="here", zone=horizon.zone), Moment(at=horizon.start), tariff).problem


def with_state(tariff: Tariff, horizon: Horizon) -> Tariff:
    """The tariff as the problem has it: with what it states itself of the time before."""
    return carried(tariff, horizon, Calendar(zone=horizon.zone, holiday_country=tariff.holiday_country), {}).tariff


def flows_of(net_kw: list[float]) -> Flows:
    """Import where positive, export where negative."""
    zeros = (0.0,) * len(net_kw)
    return Flows(
        import_kw=tuple(max(kw, 0.0) for kw in net_kw),
        export_kw=tuple(max(-kw, 0.0) for kw in net_kw),
        charge_kw=zeros,
        discharge_kw=zeros,
        curtailed_kw=zeros,
        soc_kwh=zeros,
    )


def metered(horizon: Horizon, flows: Flows) -> Meter:
    """What the meter shows of flows."""
    return Meter(
        horizon=horizon,
        import_kwh=tuple(kw * h for kw, h in zip(flows.import_kw, horizon.slot_h, strict=True)),
        export_kwh=tuple(kw * h for kw, h in zip(flows.export_kw, horizon.slot_h, strict=True)),
    )


def random_schedules(tariff: Tariff, horizon: Horizon, count: int) -> Iterator[PricedTwice]:
    """``count`` schedules of ordinary power, priced twice each."""
    random = np.random.default_rng(SEED)
    state, stated = with_state(tariff, horizon), laid(tariff, horizon)
    for _ in range(count):
        net_kw = np.round(random.normal(1.0, 5.0, len(horizon)), 3).tolist()
        flows = flows_of(net_kw)
        problem = replace(stated, load_kw=flows.import_kw, solar_kw=flows.export_kw)
        bill = invoice(state, metered(horizon, flows))
        yield PricedTwice(
            program=billed(problem, price(problem, flows)),
            caused=bill.caused,
            exact=bill.exact,
            total=bill.total,
            rounded=len(bill.lines) + len(bill.vat) + 1,
        )
