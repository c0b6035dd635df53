"""Whatever comes in, each forecast is finite, of the right length and honest about its source."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import BERLIN, COLUMNS, NOON, make_inputs, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.domain.forecast import Quality
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.series import Series
from optimizer.domain.site import Location, Site, SolarSettings
from optimizer.errors import ConfigError
from optimizer.forecast import ForecastInputs, Present, forecast_site

READINGS = st.none() | st.floats(allow_nan=True, allow_infinity=True)
SITES = st.builds(
    Site,
    site_id=st.just("a"),
    zone=st.sampled_from(["Europe/Berlin", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/GMT+9"]),
    location=st.none() | st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)),
    annual_load_kwh=st.none() | st.floats(0, 1e5),
    holiday_country=st.sampled_from([None, "DE"]),
    solar=st.builds(
        SolarSettings,
        peak_kw=st.none() | st.floats(0, 1e4),
        tilt_deg=st.floats(0, 90),
        azimuth_deg=st.none() | st.floats(0, 360),
    ),
)


@st.composite
def horizons(draw: st.DrawFn) -> Horizon:
    at = draw(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
    lengths = draw(st.lists(st.integers(5, 60), min_size=1, max_size=40))
    edges = np.cumsum([0, *lengths]).tolist()
    return Horizon(tuple(at.replace(microsecond=0) + timedelta(minutes=edge) for edge in edges))


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> pd.DataFrame:
    """Any number of days, with gaps in time and in columns, and with nonsense among the values."""
    frame = record(at, draw(st.sampled_from([0, 0.1, 1, 2.5, 4, 9])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for name in COLUMNS:
        size = draw(st.sampled_from([0.0, 1e-300, 0.5, 20.0, 1e300]))
        frame[name] = size * rng.normal(0.5, 1.0, len(frame))
        frame.loc[rng.random(len(frame)) < draw(st.sampled_from([0.0, 0.3, 1.0])), name] = np.nan
    return frame[rng.random(len(frame)) < draw(st.sampled_from([0.2, 0.95, 1.0]))]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), site=SITES, horizon=horizons())
def test_any_input_gives_finite_forecasts_of_the_right_length(
    data: st.DataObject, site: Site, horizon: Horizon
) -> None:
    at = horizon.start + timedelta(seconds=data.draw(st.integers(-600, 600)))
    inputs = make_inputs(
        site=site,
        at=at,
        history=data.draw(histories(at)),
        load_kw=data.draw(READINGS),
        heat_kw=data.draw(READINGS),
        solar_kw=data.draw(READINGS),
        other_kw=data.draw(READINGS),
        outdoor_c=data.draw(READINGS),
        solar_rated_kw=data.draw(READINGS),
    )
    forecasts = forecast_site(inputs, horizon)
    for forecast in (forecasts.load, forecasts.heat, forecasts.solar):
        assert len(forecast.kw) == len(horizon)
        assert np.isfinite(forecast.kw).all()
        assert forecast.basis
    assert min(forecasts.heat.kw) >= 0
    assert min(forecasts.solar.kw) >= 0
    assert forecast_site(inputs, horizon) == forecasts


@pytest.mark.parametrize("slot_minutes", [5, 15, 30, 60])
@pytest.mark.parametrize("day", [datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 6, 10)])
def test_days_of_23_24_and_25_hours_and_a_partial_first_slot_are_served(day: datetime, slot_minutes: int) -> None:
    at = day.replace(hour=0, minute=7, second=31, tzinfo=UTC)
    horizon = plan_horizon(at, slot_minutes=slot_minutes, horizon_hours=36, zone="Europe/Berlin")
    history = record(at.replace(minute=0, second=0), 28, load_kw=0.5, solar_kw=1.0, heat_kw=0.2)
    forecasts = forecast_site(make_inputs(at=at, history=history, load_kw=0.5), horizon)
    assert forecasts.load.kw == pytest.approx([0.5] * len(horizon))
    assert len(forecasts.solar.kw) == len(forecasts.heat.kw) == len(horizon)


@pytest.mark.parametrize("history", [pd.DataFrame(), record(NOON, 5)], ids=["no table", "all NaN"])
def test_a_history_that_tells_nothing_is_no_history(history: pd.DataFrame) -> None:
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=24)
    assert forecast_site(make_inputs(history=history, load_kw=0.4), horizon) == forecast_site(
        make_inputs(load_kw=0.4), horizon
    )


def test_what_lies_after_the_present_is_not_looked_at() -> None:
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=24)
    past = record(NOON, 10, load_kw=0.5, solar_kw=1.0, heat_kw=0.5)
    future = record(NOON + timedelta(days=2), 2, load_kw=9.0, solar_kw=9.0, heat_kw=9.0)
    leaky = make_inputs(history=pd.concat([past, future]))
    assert forecast_site(leaky, horizon) == forecast_site(make_inputs(history=past), horizon)


def constant(kw: float, hours: float) -> Series:
    return Series(starts=(NOON,), ends=(NOON + timedelta(hours=hours),), values=(kw,))


def test_an_external_forecast_that_covers_all_wins() -> None:
    external = {"load": constant(1.5, 24), "solar": constant(2.5, 24), "heat": constant(0.5, 24)}
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=24)
    forecasts = forecast_site(make_inputs(external=external, load_kw=0.4, other_kw=7.0), horizon)
    for forecast, kw in ((forecasts.load, 1.5), (forecasts.solar, 2.5), (forecasts.heat, 0.5)):
        assert forecast.quality is Quality.EXTERNAL
        assert forecast.kw == pytest.approx([kw] * len(horizon))


def test_an_external_forecast_that_ends_early_is_continued_by_our_own() -> None:
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=24)
    own = forecast_site(make_inputs(load_kw=0.4), horizon).load
    mixed = forecast_site(make_inputs(load_kw=0.4, external={"load": constant(1.5, 6)}), horizon).load
    assert mixed.kw == pytest.approx((1.5,) * 24 + own.kw[24:])
    assert mixed.quality is own.quality
    assert mixed.basis.startswith("external forecast for 24 of 96 slots, else ")


def test_an_external_forecast_cannot_make_the_sun_negative_or_give_a_site_an_array() -> None:
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=1)
    below = forecast_site(make_inputs(external={"solar": constant(-0.2, 24)}), horizon).solar
    assert set(below.kw) == {0.0}
    absent = forecast_site(make_inputs(has_solar=False, external={"solar": constant(2.0, 24)}), horizon).solar
    assert absent.quality is Quality.NONE
    assert set(absent.kw) == {0.0}


def test_an_external_forecast_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="'sun'"):
        forecast_site(
            make_inputs(external={"sun": constant(1.0, 1)}), plan_horizon(NOON, slot_minutes=15, horizon_hours=1)
        )


@pytest.mark.parametrize("flaw", ["naive", "falling"])
def test_a_history_whose_times_cannot_be_trusted_is_refused(flaw: str) -> None:
    history = record(NOON, 1, load_kw=0.5)
    history = history.tz_localize(None) if flaw == "naive" else history.iloc[::-1]
    with pytest.raises(ValueError, match="index"):
        forecast_site(make_inputs(history=history), plan_horizon(NOON, slot_minutes=15, horizon_hours=1))


def test_a_present_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Present(at=datetime(2026, 1, 1), load_kw=None, heat_kw=None, solar_kw=None, other_kw=None, outdoor_c=None)


def full_inputs() -> ForecastInputs:
    """Four weeks of everything."""
    rng = np.random.default_rng(3)
    history = record(
        NOON,
        28,
        load_kw=lambda index: rng.gamma(2.0, 0.3, len(index)),
        solar_kw=lambda index: np.maximum(np.sin((index.hour - 6) / 12 * np.pi), 0) * 4,
        heat_kw=0.8,
        thermal_kw=2.4,
        outdoor_c=lambda index: 5 + rng.normal(0, 2, len(index)),
        other_kw=0.1,
    )
    site = Site(site_id="a", zone="Europe/Berlin", location=BERLIN, holiday_country="DE")
    return make_inputs(site=site, history=history, load_kw=0.4, heat_kw=0.8, solar_kw=2.0, other_kw=0.1, outdoor_c=6.0)


def test_a_full_site_is_forecast_in_well_under_a_second() -> None:
    inputs = full_inputs()
    horizon = plan_horizon(NOON + timedelta(minutes=5), slot_minutes=15, horizon_hours=36)
    assert len(horizon) >= 144
    forecast_site(inputs, horizon)
    spent_s = []
    for _ in range(5):
        begun = time.perf_counter()
        forecast_site(inputs, horizon)
        spent_s.append(time.perf_counter() - begun)
    assert min(spent_s) < 0.25  # 0.03 s on a quiet machine; slow machines get room
