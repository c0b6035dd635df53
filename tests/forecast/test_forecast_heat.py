"""Heat: by the weather where it is metered, by habit where only power is, else as it stands."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import make_inputs, record

from optimizer.domain.forecast import Forecast, Quality
from optimizer.domain.horizon import plan_horizon
from optimizer.forecast import ForecastInputs, forecast_site
from optimizer.forecast.cop import cop_ratio, radiator_cop
from optimizer.forecast.heat_demand import fit_heat_demand

WINTER = datetime(2026, 1, 20, 11, 0, tzinfo=UTC)


def heat(inputs: ForecastInputs) -> Forecast:
    return forecast_site(inputs, plan_horizon(inputs.present.at, slot_minutes=15, horizon_hours=24)).heat


def outdoor_c(index: pd.DatetimeIndex) -> np.ndarray:
    """Days between -2 and 6 degrees."""
    return 2.0 - 4.0 * np.cos(2 * np.pi * (np.asarray(index.hour) + np.asarray(index.minute) / 60 - 3) / 24)


def thermal_kw(index: pd.DatetimeIndex) -> np.ndarray:
    return 0.4 * (15.0 - outdoor_c(index))


def machine_kw(index: pd.DatetimeIndex) -> np.ndarray:
    return thermal_kw(index) / (0.9 * radiator_cop(outdoor_c(index)))


def metered(days: float) -> pd.DataFrame:
    return record(WINTER, days, thermal_kw=thermal_kw, heat_kw=machine_kw, outdoor_c=outdoor_c)


def test_a_site_without_electric_heat_has_none() -> None:
    forecast = heat(make_inputs(has_heat=False, heat_kw=2.0))
    assert set(forecast.kw) == {0.0}
    assert forecast.quality is Quality.NONE


def test_heat_by_the_weather_repeats_a_day_of_the_same_weather() -> None:
    forecast = heat(make_inputs(at=WINTER, history=metered(5)))
    assert forecast.quality is Quality.LEARNED
    assert "COP 0.90 x curve" in forecast.basis
    ahead = pd.DatetimeIndex(plan_horizon(WINTER, slot_minutes=15, horizon_hours=24).starts)
    assert forecast.kw == pytest.approx(machine_kw(ahead).tolist(), rel=0.1)


def test_colder_air_now_means_more_heat() -> None:
    mild, cold = (heat(make_inputs(at=WINTER, history=metered(5), outdoor_c=now)) for now in (5.0, -1.0))
    assert sum(cold.kw) > 1.15 * sum(mild.kw)


def test_heat_never_exceeds_the_largest_draw_seen_by_more_than_a_fifth() -> None:
    history = metered(5)
    forecast = heat(make_inputs(at=WINTER, history=history, outdoor_c=-40.0, heat_kw=900.0))
    assert max(forecast.kw) <= 1.2 * history.heat_kw.max() + 1e-6


def test_a_machine_that_was_off_for_days_may_start() -> None:
    forecast = heat(make_inputs(at=WINTER, history=record(WINTER, 5, heat_kw=0.0), heat_kw=2.0))
    assert forecast.kw[0] > 1.0
    assert forecast.kw[8] == 0.0


def test_the_fit_finds_the_slope_and_the_daily_hot_water() -> None:
    rng = np.random.default_rng(7)
    hour = np.tile(np.arange(24), 20)
    outdoor = rng.uniform(-10, 20, hour.size)
    wanted = 0.3 * np.maximum(15 - outdoor, 0) + np.where(hour == 7, 2.0, 0.0)
    demand = fit_heat_demand(wanted, outdoor, hour)
    assert demand.slope_kw_per_k == pytest.approx(0.3, rel=0.02)
    assert demand.by_hour_kw[7] == pytest.approx(2.0, abs=0.1)
    assert demand.by_hour_kw[12] == pytest.approx(0.0, abs=0.1)


def test_the_cop_curve_matches_its_formula_and_never_rises_in_the_cold() -> None:
    # dT = 40 - 2 * 7 = 26: 0.85 * (6.08 - 2.4466 + 0.313664)
    assert radiator_cop(np.array([7.0])) == pytest.approx([3.3550], abs=1e-4)
    assert (np.diff(radiator_cop(np.linspace(-60, 60, 500))) >= 0).all()


def test_a_measured_cop_calibrates_the_curve_by_its_median() -> None:
    outdoor = np.full(5, 2.0)
    electrical = np.array([1.0, 1.0, 1.0, 1.0, np.nan])
    thermal = radiator_cop(outdoor) * np.array([0.8, 0.8, 0.8, 9.0, 1.0])
    assert cop_ratio(thermal, electrical, outdoor) == pytest.approx(0.8)


def test_power_alone_is_learned_by_time_of_day() -> None:
    history = record(WINTER, 4, heat_kw=lambda index: np.where(index.hour < 6, 3.0, 1.0))
    forecast = heat(make_inputs(at=WINTER, history=history))
    assert forecast.quality is Quality.LEARNED
    assert "by time of day" in forecast.basis
    assert forecast.kw[60] == pytest.approx(3.0)
    assert forecast.kw[20] == pytest.approx(1.0)


def test_with_too_little_record_the_present_draw_is_held() -> None:
    forecast = heat(make_inputs(at=WINTER, history=metered(1), heat_kw=1.8))
    assert forecast.quality is Quality.FALLBACK
    assert forecast.kw == pytest.approx([1.8] * len(forecast.kw))


def test_without_reading_and_record_heat_is_said_to_be_unknown() -> None:
    forecast = heat(make_inputs(at=WINTER))
    assert set(forecast.kw) == {0.0}
    assert forecast.quality is Quality.FALLBACK
    assert "unknown" in forecast.basis
