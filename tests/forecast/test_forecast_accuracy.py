"""Against recorded homes our forecasts beat what needs no forecasting."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import COLUMNS, data_file, make_inputs

from optimizer.domain.forecast import Forecasts, Quality
from optimizer.domain.horizon import plan_horizon
from optimizer.domain.site import Location, Site, SolarSettings
from optimizer.forecast import forecast_site
from optimizer.forecast.cop import radiator_cop

HISTORY = timedelta(days=14)
STEP = timedelta(days=11, hours=5)  # wanders through the hours of the day and the days of the week
RUNS = 30


def reading(row: pd.Series, name: str) -> float | None:
    kw = float(row[name])
    return kw if np.isfinite(kw) else None


def day_aheads(
    home: pd.DataFrame, site: Site, *, has_heat: bool
) -> Iterator[tuple[pd.Series, Forecasts, pd.DataFrame]]:
    """Reading, forecast and what came of it, from 30 moments all over the year."""
    for run in range(RUNS):
        at: datetime = (home.index[0] + HISTORY + run * STEP).to_pydatetime()
        history = home[(home.index >= at - HISTORY) & (home.index < at)]
        newest = history.iloc[-1]
        horizon = plan_horizon(at, slot_minutes=15, horizon_hours=24)
        inputs = make_inputs(
            site=site,
            at=at,
            history=history,
            load_kw=reading(newest, "load_kw"),
            solar_kw=reading(newest, "solar_kw"),
            heat_kw=reading(newest, "heat_kw"),
            outdoor_c=reading(newest, "outdoor_c"),
            has_heat=has_heat,
        )
        yield newest, forecast_site(inputs, horizon), home.reindex(pd.DatetimeIndex(horizon.starts))


def errors(home: pd.DataFrame, site: Site, name: str) -> dict[str, float]:
    """Mean absolute error in kW of our forecast, of the reading held, and of zero."""
    ours, held, zero = [], [], []
    for newest, forecasts, truth in day_aheads(home, site, has_heat=name == "heat"):
        actual = truth[f"{name}_kw"].to_numpy()
        present = reading(newest, f"{name}_kw")
        if present is None or not np.isfinite(actual).any():
            continue
        forecast = getattr(forecasts, name)
        assert forecast.quality is Quality.LEARNED
        ours.append(np.nanmean(np.abs(np.array(forecast.kw) - actual)))
        held.append(np.nanmean(np.abs(present - actual)))
        zero.append(np.nanmean(np.abs(actual)))
    assert len(ours) >= RUNS * 0.8
    return {"ours": float(np.mean(ours)), "held": float(np.mean(held)), "zero": float(np.mean(zero))}


@pytest.fixture(scope="module")
def measured_home() -> pd.DataFrame:
    """Half-hourly means of a real home held for two quarters of an hour; UTC."""
    table = pd.read_csv(data_file("emhass_home_30min_2024_2025.csv.gz"), parse_dates=["timestamp_utc"])
    home = table.set_index("timestamp_utc")[["load_kw", "solar_kw"]].resample("15min").ffill(limit=1)
    return home.reindex(columns=COLUMNS)


@pytest.fixture(scope="module")
def heated_home() -> pd.DataFrame:
    """Simulated heat of an old house, by a pump that reaches 90 % of the open COP curve."""
    table = pd.read_csv(data_file("synpro_sfh_heat_pv_de_15min.csv.gz"), parse_dates=["timestamp_utc"])
    home = table.set_index("timestamp_utc")
    home["outdoor_c"] = home["outdoor_temp_c"]
    home["thermal_kw"] = home["heat_kw_old_sfh"] + home["dhw_kw_old_sfh"]
    home["heat_kw"] = home["thermal_kw"] / (0.9 * radiator_cop(home["outdoor_c"].to_numpy()))
    return home.reindex(columns=COLUMNS)


HOME = Site(
    site_id="a",
    zone="Europe/Paris",
    location=Location(latitude=45.83, longitude=6.86),
    solar=SolarSettings(peak_kw=5.0),
)
PLACELESS_HOME = Site(site_id="a", zone="Europe/Paris")
OLD_HOUSE = Site(site_id="a", zone="Europe/Berlin")


def test_learned_load_beats_the_reading_held_on_a_measured_home(measured_home: pd.DataFrame) -> None:
    error = errors(measured_home, HOME, "load")
    assert error["ours"] < 0.85 * error["held"]


@pytest.mark.parametrize("site", [HOME, PLACELESS_HOME], ids=["clear sky", "recorded shape"])
def test_learned_solar_beats_zero_and_the_reading_held_on_a_measured_home(
    measured_home: pd.DataFrame, site: Site
) -> None:
    error = errors(measured_home, site, "solar")
    assert error["ours"] < 0.6 * min(error["held"], error["zero"])


def test_learned_heat_beats_the_draw_held_on_a_simulated_house(heated_home: pd.DataFrame) -> None:
    error = errors(heated_home, OLD_HOUSE, "heat")
    assert error["ours"] < 0.8 * error["held"]


def test_heat_by_the_weather_beats_heat_by_habit(heated_home: pd.DataFrame) -> None:
    by_weather = errors(heated_home, OLD_HOUSE, "heat")
    by_habit = errors(heated_home.assign(thermal_kw=np.nan), OLD_HOUSE, "heat")
    assert by_weather["ours"] < by_habit["ours"]
