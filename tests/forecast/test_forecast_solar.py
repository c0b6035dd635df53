"""Solar: as clear as lately, by shape where no place is known, and a usual array where nothing is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import BERLIN, NOON, make_inputs, record

from optimizer.domain.forecast import Forecast, Quality
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.site import Location, Site, SolarSettings
from optimizer.forecast import ForecastInputs, forecast_site
from optimizer.forecast.clear_sky import clear_sky_kw_per_kwp
from optimizer.forecast.solar import USUAL_PEAK_KW

ARRAY = SolarSettings(peak_kw=8.0)
SITE = Site(site_id="a", zone="Europe/Berlin", location=BERLIN, solar=ARRAY)
PLACELESS = Site(site_id="a", zone="Europe/Berlin")


def solar(inputs: ForecastInputs, hours: float = 24) -> Forecast:
    return forecast_site(inputs, plan_horizon(inputs.present.at, slot_minutes=15, horizon_hours=hours)).solar


def clear_kw(index: pd.DatetimeIndex, share: float = 1.0) -> np.ndarray:
    """What 8 kW in Berlin give under a clear sky, times ``share``."""
    middles_s = index.as_unit("s").asi8 + 450.0
    return share * 8.0 * clear_sky_kw_per_kwp(middles_s, BERLIN, ARRAY)


def ahead(hours: float = 24) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(plan_horizon(NOON, slot_minutes=15, horizon_hours=hours).starts)


def test_a_site_without_an_array_has_no_sun() -> None:
    forecast = solar(make_inputs(has_solar=False, solar_kw=3.0, solar_rated_kw=5.0))
    assert set(forecast.kw) == {0.0}
    assert forecast.quality is Quality.NONE


def test_a_clear_day_in_june_gives_most_of_the_peak_power_at_noon_and_nothing_at_night() -> None:
    day = pd.date_range("2026-06-21", periods=96, freq="15min", tz="UTC")
    kw = clear_kw(day) / 8.0
    assert 0.75 < kw.max() < 0.95
    assert 10 <= int(kw.argmax()) / 4 <= 12
    assert kw[:8].max() == 0.0
    assert 5 < kw.sum() / 4 < 8  # kWh per kW


def test_an_array_without_azimuth_faces_the_equator() -> None:
    winter = pd.date_range("2026-06-21", periods=24, freq="h", tz="UTC").as_unit("s").asi8.astype(float)
    sydney = Location(latitude=-33.9, longitude=151.2)
    free = clear_sky_kw_per_kwp(winter, sydney, SolarSettings())
    south = clear_sky_kw_per_kwp(winter, sydney, SolarSettings(azimuth_deg=180.0))
    assert free.sum() > 1.5 * south.sum()


def test_half_a_clear_sky_seen_for_a_week_is_half_a_clear_sky_expected() -> None:
    forecast = solar(make_inputs(site=SITE, history=record(NOON, 7, solar_kw=lambda index: clear_kw(index, 0.5))))
    assert forecast.quality is Quality.LEARNED
    assert forecast.kw == pytest.approx(clear_kw(ahead(), 0.5).tolist(), abs=0.05)


def test_curtailed_hours_do_not_teach() -> None:
    def curtailed_at_noon(index: pd.DatetimeIndex) -> np.ndarray:
        return np.where((index.hour >= 9) & (index.hour < 13), np.nan, clear_kw(index, 0.5))

    forecast = solar(make_inputs(site=SITE, history=record(NOON, 7, solar_kw=curtailed_at_noon)))
    assert forecast.kw == pytest.approx(clear_kw(ahead(), 0.5).tolist(), abs=0.05)


def test_the_present_sky_counts_now_and_is_forgotten_tomorrow() -> None:
    history = record(NOON, 7, solar_kw=lambda index: clear_kw(index, 0.5))
    now_kw = float(clear_kw(ahead()[:1])[0])
    bright = solar(make_inputs(site=SITE, history=history, solar_kw=now_kw))
    usual = solar(make_inputs(site=SITE, history=history))
    assert bright.kw[0] == pytest.approx(now_kw, rel=0.1)
    assert bright.kw[-1] == pytest.approx(usual.kw[-1], rel=0.01)


def test_the_size_of_an_array_is_found_in_its_record() -> None:
    site = replace(SITE, solar=SolarSettings())
    forecast = solar(make_inputs(site=site, history=record(NOON, 7, solar_kw=clear_kw)))
    assert forecast.kw == pytest.approx(clear_kw(ahead()).tolist(), abs=0.1)


def test_a_wild_sample_does_not_poison_the_ratio() -> None:
    history = record(NOON, 7, solar_kw=lambda index: clear_kw(index, 0.5))
    usual = solar(make_inputs(site=SITE, history=history))
    history.iloc[-10, history.columns.get_loc("solar_kw")] = 9000.0
    assert max(solar(make_inputs(site=SITE, history=history)).kw) < 1.25 * max(usual.kw)


def test_without_a_place_a_week_of_record_gives_its_shape() -> None:
    history = record(NOON, 8, solar_kw=lambda index: clear_kw(index, 0.6))
    forecast = solar(make_inputs(site=PLACELESS, history=history))
    assert forecast.quality is Quality.LEARNED
    assert "recorded shape" in forecast.basis
    assert forecast.kw == pytest.approx(clear_kw(ahead(), 0.6).tolist(), abs=0.1)


def test_a_reading_under_a_high_sun_scales_the_clear_sky_of_the_zones_city() -> None:
    forecast = solar(make_inputs(site=PLACELESS, solar_kw=4.0))
    assert forecast.quality is Quality.FALLBACK
    assert "principal city of Europe/Berlin" in forecast.basis
    assert forecast.kw[0] == pytest.approx(4.0, rel=0.03)
    assert min(forecast.kw) == 0.0


def test_a_rating_alone_gives_half_a_clear_sky() -> None:
    forecast = solar(make_inputs(site=PLACELESS, solar_rated_kw=8.0))
    assert forecast.quality is Quality.FALLBACK
    assert sum(forecast.kw) == pytest.approx(0.5 * clear_kw(ahead()).sum(), rel=0.02)


def test_a_configured_place_and_size_without_record_is_a_profile() -> None:
    forecast = solar(make_inputs(site=SITE))
    assert forecast.quality is Quality.PROFILE
    assert forecast.kw == pytest.approx(clear_kw(ahead(), 0.5).tolist(), abs=0.02)


def test_the_configured_size_wins_over_the_rating() -> None:
    assert solar(make_inputs(site=SITE, solar_rated_kw=80.0)).kw == solar(make_inputs(site=SITE)).kw


@pytest.mark.parametrize("days", [1, 2])
def test_a_dull_first_day_does_not_pass_for_a_small_array(days: int) -> None:
    """Counting on as little the next day bought by night what the sun then gave."""
    history = record(NOON, days, solar_kw=lambda index: clear_kw(index, 0.1))
    forecast = solar(make_inputs(site=PLACELESS, history=history))
    dull = clear_kw(ahead(), 0.1)

    assert sum(forecast.kw) > 1.5 * dull.sum()
    assert sum(
        solar(make_inputs(site=PLACELESS, history=record(NOON, 8, solar_kw=lambda index: clear_kw(index, 0.1)))).kw
    ) == pytest.approx(dull.sum(), rel=0.05)


@pytest.mark.parametrize("reading_kw", [None, 0.0])
def test_before_any_daylight_a_usual_array_is_counted_on_and_the_basis_says_so(reading_kw: float | None) -> None:
    night = datetime(2026, 6, 10, 0, 0, tzinfo=UTC)
    forecast = solar(make_inputs(site=PLACELESS, at=night, solar_kw=reading_kw))
    rated = solar(make_inputs(site=PLACELESS, at=night, solar_kw=reading_kw, solar_rated_kw=USUAL_PEAK_KW))
    assert forecast.kw == rated.kw
    assert max(forecast.kw) > 0.3 * USUAL_PEAK_KW
    assert forecast.quality is Quality.FALLBACK
    assert "a usual size: no rating, and no daylight seen in the last week" in forecast.basis


def test_where_daylight_brought_nothing_no_sun_is_counted_on_and_the_basis_says_why() -> None:
    night = datetime(2026, 6, 10, 0, 0, tzinfo=UTC)
    forecast = solar(make_inputs(site=PLACELESS, at=night, history=record(night, 1, solar_kw=0.0), solar_kw=0.0))
    assert set(forecast.kw) == {0.0}
    assert forecast.quality is Quality.FALLBACK
    assert "no sun is counted on: no rating, and none in 1.0 days of daylight" in forecast.basis


def test_polar_night_is_dark() -> None:
    site = replace(SITE, location=Location(latitude=78.2, longitude=15.6))
    december = datetime(2026, 12, 20, 12, 0, tzinfo=UTC)
    history = record(december, 7, solar_kw=0.0)
    assert set(solar(make_inputs(site=site, at=december, history=history, solar_kw=0.0)).kw) == {0.0}


def test_an_hourly_slot_holds_the_mean_of_its_quarters() -> None:
    inputs = make_inputs(site=SITE)
    quarters = np.array(solar(inputs).kw).reshape(-1, 4).mean(axis=1)
    hourly = forecast_site(inputs, plan_horizon(NOON, slot_minutes=60, horizon_hours=24)).solar
    assert hourly.kw == pytest.approx(quarters.tolist())


def test_the_minutes_before_sunrise_stay_dark_in_a_slot_of_five() -> None:
    start = datetime(2026, 6, 10, 0, 0, tzinfo=UTC)
    horizon = Horizon(tuple(start + timedelta(minutes=5 * step) for step in range(60)))
    kw = forecast_site(make_inputs(site=SITE, at=start), horizon).solar.kw
    assert kw[0] == 0.0
    assert list(kw) == sorted(kw)
    assert kw[-1] > 0.1
