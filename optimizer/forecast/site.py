"""One site's forecasts for one horizon: each series from the best source that stands."""

from collections.abc import Callable, Mapping

import numpy as np

from optimizer.domain.forecast import Forecast, Forecasts, Quality
from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.errors import ConfigError, ForecastGap
from optimizer.forecast.ahead import Ahead, look_ahead
from optimizer.forecast.align import Floats, series_on_horizon
from optimizer.forecast.cell_forecast import CellForecast
from optimizer.forecast.heat import forecast_heat
from optimizer.forecast.inputs import ForecastInputs
from optimizer.forecast.load import forecast_load
from optimizer.forecast.other import forecast_other
from optimizer.forecast.past import Past, read_past
from optimizer.forecast.place import place_of
from optimizer.forecast.solar import forecast_solar

EXTERNAL_NAMES = frozenset({"load", "solar", "heat"})


def forecast_site(inputs: ForecastInputs, horizon: Horizon) -> Forecasts:
    """Expected load, heat and solar power in each slot. Pure: the same inputs give the same answer.

    Raises ConfigError for an unknown zone, holiday country or name of an external forecast.
    """
    _require_known_names(inputs.external)
    site, present = inputs.site, inputs.present
    past = read_past(inputs.history, present.at, site.zone, site.holiday_country)
    ahead = look_ahead(horizon, past.at_s, site.zone, site.holiday_country)

    def load() -> CellForecast:
        return _load_and_other(inputs, past, ahead)

    def heat() -> CellForecast:
        return forecast_heat(past, ahead, present.heat_kw, present.outdoor_c)

    def solar() -> CellForecast:
        place = place_of(site, present.at)
        return forecast_solar(past, ahead, site, place, inputs.solar_rated_kw, present.solar_kw)

    external = inputs.external
    return Forecasts(
        load=_best(external.get("load"), load, ahead, least_kw=None),
        heat=_best(external.get("heat"), heat, ahead, least_kw=0.0) if inputs.has_heat else _nothing(ahead, "heat"),
        solar=_best(external.get("solar"), solar, ahead, least_kw=0.0)
        if inputs.has_solar
        else _nothing(ahead, "solar"),
    )


def _load_and_other(inputs: ForecastInputs, past: Past, ahead: Ahead) -> CellForecast:
    load = forecast_load(past, ahead, inputs.present.load_kw, inputs.site.annual_load_kwh)
    other_kw, phrase = forecast_other(past, ahead, inputs.present.other_kw)
    basis = load.basis if phrase is None else f"{load.basis}; {phrase}"
    return CellForecast(kw=load.kw + other_kw, quality=load.quality, basis=basis)


def _best(
    external: Series | None, own: Callable[[], CellForecast], ahead: Ahead, *, least_kw: float | None
) -> Forecast:
    """The external forecast where it covers a slot, our own where it does not."""
    if external is None:
        cells = own()
        return _forecast(ahead.on_slots(cells.kw), cells.quality, cells.basis, least_kw)
    given = series_on_horizon(external, ahead.horizon)
    missing = len(given.uncovered)
    if missing == 0:
        return _forecast(given.mean, Quality.EXTERNAL, "external forecast", least_kw)
    cells = own()
    kw = np.where(given.covered, given.mean, ahead.on_slots(cells.kw))
    slots = len(ahead.horizon)
    basis = f"external forecast for {slots - missing} of {slots} slots, else {cells.basis}"
    return _forecast(kw, cells.quality, basis, least_kw)


def _forecast(kw: Floats, quality: Quality, basis: str, least_kw: float | None) -> Forecast:
    """The frozen result. Raises ForecastGap rather than hand on a value that is not finite."""
    gaps = np.flatnonzero(~np.isfinite(kw))
    if gaps.size:
        msg = f"the forecast ({basis}) has no value for slot {gaps[0]}"
        raise ForecastGap(msg)
    bounded = kw if least_kw is None else np.maximum(kw, least_kw)
    return Forecast(kw=tuple(bounded.tolist()), quality=quality, basis=basis)


def _nothing(ahead: Ahead, name: str) -> Forecast:
    return Forecast(kw=(0.0,) * len(ahead.horizon), quality=Quality.NONE, basis=f"the site has no {name}")


def _require_known_names(external: Mapping[str, Series]) -> None:
    unknown = sorted(set(external) - EXTERNAL_NAMES)
    if unknown:
        msg = f"external forecast {unknown[0]!r} is none of {', '.join(sorted(EXTERNAL_NAMES))}"
        raise ConfigError(msg)
