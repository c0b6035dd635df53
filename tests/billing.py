"""A tariff laid onto a problem and billed by an invoice: what both must agree on."""

from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.domain.site import Site
from optimizer.domain.tariff import Meter, Tariff
from optimizer.siting import Moment, carried, state_site
from strategies.wall_clock import Calendar


def laid(tariff: Tariff, horizon: Horizon, **more: object) -> Problem:
    zeros = (0.0,) * len(horizon)
    problem = Problem(
        site_id="here",
        horizon=horizon,
        load_kw=more.pop("load_kw", zeros),
        heat_kw=zeros,
        solar_kw=more.pop("solar_kw", zeros),
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
        currency=tariff.currency,
        **more,
    )
    return state_site(problem, Site(site_id="here", zone=horizon.zone), Moment(at=horizon.start), tariff).problem


def with_state(tariff: Tariff, horizon: Horizon) -> Tariff:
    """The same tariff as the problem has it, with what is on record: here only what the tariff states itself."""
    return carried(tariff, horizon, Calendar(zone=horizon.zone, holiday_country=tariff.holiday_country), {}).tariff


def flows_of(net_kw: list[float]) -> Flows:
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
    return Meter(
        horizon=horizon,
        import_kwh=tuple(kw * h for kw, h in zip(flows.import_kw, horizon.slot_h, strict=True)),
        export_kwh=tuple(kw * h for kw, h in zip(flows.export_kw, horizon.slot_h, strict=True)),
    )
