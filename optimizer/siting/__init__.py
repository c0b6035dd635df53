"""What the operator states of a site in local times and percent, laid onto one horizon as the model knows it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from optimizer.domain.assets import Battery
from optimizer.domain.horizon import Horizon
from optimizer.domain.problem import Problem
from optimizer.domain.site import Site
from optimizer.domain.tariff import Tariff
from optimizer.domain.windows import LocalWindow
from optimizer.siting.battery import stated_battery
from optimizer.siting.charges import with_charges
from optimizer.siting.grid import with_grid
from optimizer.siting.heat import heat_stores, notes_on_heat, replaces_heat, without_forecast_heat
from optimizer.siting.local_time import calendar_of
from optimizer.siting.metering import MeterNeed, carried, meter_of, metering_needs, month_to_date
from optimizer.siting.moment import Moment
from optimizer.siting.priced import Priced, PriceStep
from optimizer.siting.tasks import deferrable_loads, ev_sessions, gensets
from strategies.wall_clock import each_of, local_horizon

MADE_UP_KWH, MADE_UP_KW = 10.0, 5.0
"""A battery whose size only the cloud knows, for a first look at what is stated about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A problem with all that is stated of its site, and what stood in for what is not known."""

    problem: Problem
    notes: tuple[str, ...]


def contract(tariff: Tariff, site: Site) -> Tariff:
    """The tariff with the charges that the site's settings add; its windows follow the site's holidays."""
    return replace(
        tariff,
        peak_charges=(*tariff.peak_charges, *site.peak_charges),
        holiday_country=site.holiday_country if tariff.holiday_country is None else tariff.holiday_country,
    )


def state_site(problem: Problem, site: Site, moment: Moment, tariff: Tariff | None = None) -> Stated:
    """``problem`` (forecasts, prices, connection and battery) with the site's contract and its other assets.

    ``tariff`` is the whole contract (see ``contract``); without it the problem's prices and the site's own charges.

    A heat store whose heat pump is the site's takes the heat forecast's place.
    """
    local = local_horizon(problem.horizon, calendar_of(site))
    stores = heat_stores(site, problem, local, moment)
    if replaces_heat(site):
        problem = replace(problem, heat_kw=(0.0,) * len(problem.horizon))
    if tariff is None:
        prices = (problem.import_price_per_kwh, problem.export_price_per_kwh)
        bare = Tariff(import_price_per_kwh=prices[0], export_price_per_kwh=prices[1], currency=problem.currency)
        tariff = contract(bare, site)
    billed = replace(local, calendar=replace(local.calendar, holiday_country=tariff.holiday_country))
    known = carried(tariff, problem.horizon, billed.calendar, moment.metered, moment.past)
    problem = with_charges(problem, known.tariff, billed)
    problem = with_grid(problem, site.grid, local, moment, tariff.co2_kg_per_kwh)
    return Stated(
        problem=replace(
            problem,
            inverter_limit_kw=site.solar.inverter_limit_kw,
            curtailment_steps=site.solar.curtailment_steps,
            heat_stores=stores,
            deferrable_loads=tuple(deferrable_loads(site.deferrable_loads, local)),
            ev_sessions=tuple(ev_sessions(site.ev_sessions, local)),
            gensets=tuple(gensets(site.gensets, moment.genset_kw)),
        ),
        notes=(*known.notes, *notes_on_heat(site, local, moment)),
    )


def contradictions(site: Site, horizon: Horizon) -> Iterator[str]:
    """What a plan would refuse in the site's statements, told before there is one to make.

    ``horizon`` should last three days, so that each daily window opens and closes in it; what is stated for some
    days or months alone is looked at as if it were for all.
    """
    settings, zeros = site.battery, (0.0,) * len(horizon)
    capacity_kwh = settings.capacity_kwh or MADE_UP_KWH
    battery = Battery(
        capacity_kwh=capacity_kwh,
        soc_kwh=capacity_kwh,
        soc_min_kwh=settings.soc_min_percent / 100 * capacity_kwh,
        soc_max_kwh=settings.soc_max_percent / 100 * capacity_kwh,
        max_charge_kw=MADE_UP_KW if settings.max_charge_kw is None else settings.max_charge_kw,
        max_discharge_kw=MADE_UP_KW if settings.max_discharge_kw is None else settings.max_discharge_kw,
        charge_efficiency=settings.charge_efficiency,
        discharge_efficiency=settings.discharge_efficiency,
    )
    try:
        problem = Problem(
            site_id=site.site_id,
            horizon=horizon,
            load_kw=zeros,
            heat_kw=zeros,
            solar_kw=zeros,
            import_price_per_kwh=zeros,
            export_price_per_kwh=zeros,
            currency="EUR",
            batteries=(stated_battery(battery, settings, horizon, calendar_of(site), zeros),),
        )
        state_site(problem, _every_day(site), Moment(at=horizon.start))
    except ValueError as error:
        yield str(error)


def _every_day(site: Site) -> Site:
    def opened(window: LocalWindow) -> LocalWindow:
        return replace(window, days=(), months=())

    return replace(
        site,
        peak_charges=tuple(
            replace(each, window=tuple(map(opened, each_of(each.window)))) for each in site.peak_charges
        ),
        deferrable_loads=tuple(replace(each, window=opened(each.window)) for each in site.deferrable_loads),
        ev_sessions=tuple(replace(each, window=opened(each.window)) for each in site.ev_sessions),
    )


__all__ = [
    "MeterNeed",
    "Moment",
    "PriceStep",
    "Priced",
    "Stated",
    "calendar_of",
    "carried",
    "contract",
    "contradictions",
    "meter_of",
    "metering_needs",
    "month_to_date",
    "replaces_heat",
    "state_site",
    "stated_battery",
    "without_forecast_heat",
]
