"""Heat stores, and the heat forecast that they may stand in for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from optimizer.domain.assets import PerSlot, ThermalStore, per_slot
from optimizer.domain.problem import Problem
from optimizer.domain.site import HeatStoreSettings, NightBand, Site
from optimizer.domain.uncertainty import Uncertainty
from optimizer.forecast.ahead import look_ahead
from optimizer.forecast.cop import radiator_cop
from optimizer.forecast.outdoor import forecast_outdoor_c
from optimizer.forecast.past import read_past
from optimizer.forecast.plausible import known_c
from optimizer.siting.moment import Moment
from strategies.wall_clock import LocalHorizon

MOSTLY = 0.5
USUAL_COP = 3.0


def heat_stores(site: Site, problem: Problem, local: LocalHorizon, moment: Moment) -> tuple[ThermalStore, ...]:
    """The stores as they stand; the night's band counts in slots that are more than half inside it."""
    by_weather = outdoor_cop(site, local, moment) if any(store.cop is None for store in site.heat_stores) else None
    return tuple(_heat_stores(site.heat_stores, problem, local, by_weather))


def notes_on_heat(site: Site, local: LocalHorizon, moment: Moment) -> Iterator[str]:
    """What stands in for a temperature that nobody knows."""
    for store in site.heat_stores:
        if store.cop is None and outdoor_cop(site, local, moment) is None:
            yield f"heat store {store.name}: no outdoor temperature is known, so a COP of {USUAL_COP:g} stands in"


def _heat_stores(
    stated: Iterable[HeatStoreSettings], problem: Problem, local: LocalHorizon, by_weather: PerSlot | None
) -> Iterator[ThermalStore]:
    for store in stated:
        low, high = store.comfort_min_c, store.comfort_max_c
        cop = store.cop if store.cop is not None else by_weather if by_weather is not None else USUAL_COP
        value_per_k = store.value_per_k
        if value_per_k is None:
            mean_price = float(np.mean(problem.import_price_per_kwh))
            value_per_k = store.kwh_per_k * mean_price / float(np.mean(per_slot(cop, len(problem.horizon))))
        yield ThermalStore(
            name=store.name,
            kwh_per_k=store.kwh_per_k,
            temperature_c=store.temperature_c,
            comfort_min_c=low if store.night is None else _at_night(low, store.night.min_c, store.night, local),
            comfort_max_c=high if store.night is None else _at_night(high, store.night.max_c, store.night, local),
            loss_kw_per_k=store.loss_kw_per_k,
            surroundings_c=store.surroundings_c,
            draw_kw=store.draw_kw,
            cop=cop,
            max_kw=store.max_kw,
            min_kw=store.min_kw,
            is_on_off=store.is_on_off,
            min_run_h=store.min_run_hours,
            value_per_k=value_per_k,
            comfort_price_per_kh=store.comfort_price_per_kh,
        )


def _at_night(day_c: float, night_c: float, night: NightBand, local: LocalHorizon) -> tuple[float, ...]:
    return tuple(night_c if share > MOSTLY else day_c for share in local.shares(night.window))


def outdoor_cop(site: Site, local: LocalHorizon, moment: Moment) -> tuple[float, ...] | None:
    """The curve's COP at the expected temperature of each slot; None where no temperature is known."""
    horizon = local.horizon
    past = read_past(moment.history, moment.at, site.zone, None)
    ahead = look_ahead(horizon, past.at_s, site.zone, None)
    expected_c = forecast_outdoor_c(past, ahead, moment.outdoor_c)
    if expected_c is None:
        present_c = known_c(moment.outdoor_c)
        if present_c is None:
            return None
        expected_c = np.full(len(ahead.cells_s), present_c)
    return tuple(ahead.on_slots(radiator_cop(expected_c)).tolist())


def replaces_heat(site: Site) -> bool:
    """Whether a store's heat pump is the site's, so that its consumption is planned and not forecast."""
    return any(store.replaces_heat_forecast for store in site.heat_stores)


def without_forecast_heat(uncertainty: Uncertainty) -> Uncertainty:
    """The same outcomes, but none of the heat forecast's: a plan that moves the heat itself has no such error."""
    scenarios = tuple(replace(scenario, heat_kw=None) for scenario in uncertainty.scenarios)
    return replace(uncertainty, scenarios=scenarios)
