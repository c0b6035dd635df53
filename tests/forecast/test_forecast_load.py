"""Load: habits, then a standard household, then a guess; and never zero for want of data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import NOON, make_inputs, record

from optimizer.domain.forecast import Forecast, Quality
from optimizer.domain.horizon import plan_horizon
from optimizer.domain.site import Site
from optimizer.forecast import ForecastInputs, forecast_site
from optimizer.forecast.household import household_kw_per_kwh_year
from optimizer.forecast.local_days import local_stamps
from optimizer.forecast.plausible import winsorised

LATER = 8  # slots of 15 minutes: past the hour in which the present counts


def load(inputs: ForecastInputs, hours: float = 24) -> Forecast:
    return forecast_site(inputs, plan_horizon(inputs.present.at, slot_minutes=15, horizon_hours=hours)).load


def evening_home(index: pd.DatetimeIndex) -> np.ndarray:
    """0.3 kW, and 2 kW from 18 to 20 o'clock in Berlin; on Sundays 1 kW all day."""
    local = index.tz_convert("Europe/Berlin")
    kw = np.where((local.hour >= 18) & (local.hour < 20), 2.0, 0.3)
    return np.where(local.day_of_week == 6, 1.0, kw)


def test_habits_are_learned_by_local_time_of_day() -> None:
    forecast = load(make_inputs(history=record(NOON, 14, load_kw=evening_home)))
    assert forecast.quality is Quality.LEARNED
    assert "same-kind days" in forecast.basis
    # NOON is Wednesday 12:00 in Berlin: 18 to 20 o'clock are the slots 24 to 31
    assert forecast.kw[24:32] == pytest.approx([2.0] * 8)
    assert forecast.kw[:24] == pytest.approx([0.3] * 24)


def test_days_of_another_kind_do_not_speak_where_two_of_the_same_kind_do() -> None:
    sunday = datetime(2026, 6, 14, 0, 0, tzinfo=UTC)
    forecast = load(make_inputs(at=sunday, history=record(sunday, 14, load_kw=evening_home)), hours=20)
    assert forecast.kw == pytest.approx([1.0] * 80)


def test_days_of_any_kind_speak_for_a_kind_that_was_not_seen_twice() -> None:
    saturday = datetime(2026, 6, 13, 8, 0, tzinfo=UTC)
    forecast = load(make_inputs(at=saturday, history=record(saturday, 4.4, load_kw=evening_home)), hours=12)
    assert forecast.quality is Quality.LEARNED
    assert forecast.kw[32:40] == pytest.approx([2.0] * 8)


def test_recent_days_weigh_more() -> None:
    def twice(index: pd.DatetimeIndex) -> np.ndarray:
        return np.where(index >= NOON - timedelta(days=14), 2.0, 1.0)

    forecast = load(make_inputs(history=record(NOON, 28, load_kw=twice)))
    assert min(forecast.kw) > 1.6


def test_habits_hold_on_the_days_when_clocks_change() -> None:
    for change in (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)):
        inputs = make_inputs(at=change, history=record(change, 21, load_kw=evening_home))
        horizon = plan_horizon(change, slot_minutes=15, horizon_hours=48)
        forecast = forecast_site(inputs, horizon).load
        expected = evening_home(pd.DatetimeIndex(horizon.starts))
        later = slice(LATER, None)
        assert forecast.kw[later] == pytest.approx(expected[later].tolist())


def test_the_present_counts_half_after_twenty_minutes_and_nothing_after_an_hour() -> None:
    history = record(NOON, 14, load_kw=lambda index: np.where(index.hour == 20, 3.0, 1.0))
    forecast = load(make_inputs(history=history, load_kw=3.0))
    # the cells' middles are 2.5, 7.5 and 12.5 minutes old
    first = 1 + 2 * sum(0.5 ** (age / 20) for age in (2.5, 7.5, 12.5)) / 3
    assert forecast.kw[0] == pytest.approx(first)
    assert forecast.kw[4] == pytest.approx(1.0)
    assert "blended with the present 3.00 kW" in forecast.basis


def test_one_wild_sample_does_not_poison_the_mean() -> None:
    history = record(NOON, 10, load_kw=0.5)
    history.iloc[-200, history.columns.get_loc("load_kw")] = 80.0
    assert max(load(make_inputs(history=history)).kw) == pytest.approx(0.5)


def test_a_wild_present_reading_is_believed_up_to_eight_kw_or_what_was_seen() -> None:
    quiet, busy = record(NOON, 10, load_kw=0.5), record(NOON, 10, load_kw=30.0)
    assert 5.0 < load(make_inputs(history=quiet, load_kw=80.0)).kw[0] < 8.0
    assert load(make_inputs(history=busy, load_kw=80.0)).kw[0] == pytest.approx(30.0)


@pytest.mark.parametrize("samples", [3, 16, 96, 2688])
def test_winsorising_cuts_a_single_spike_from_a_record_of_any_length(samples: int) -> None:
    kw = np.full(samples, 0.4)
    kw[1] = 1e4
    assert winsorised(kw).max() == pytest.approx(0.4)


def test_two_days_of_record_scale_the_standard_household() -> None:
    forecast = load(make_inputs(history=record(NOON, 2, load_kw=1.0)))
    assert forecast.quality is Quality.PROFILE
    assert np.mean(forecast.kw) == pytest.approx(1.0, rel=0.05)
    assert max(forecast.kw) > 1.2


def test_the_profile_meets_the_record_over_the_same_four_hours() -> None:
    history = record(NOON, 4 / 24, load_kw=0.7)
    forecast = load(make_inputs(history=history))
    starts_s = history.index.as_unit("s").asi8
    profile = household_kw_per_kwh_year(local_stamps(starts_s, "Europe/Berlin", None))
    now = household_kw_per_kwh_year(local_stamps(np.array([int(NOON.timestamp())]), "Europe/Berlin", None))
    assert forecast.kw[0] == pytest.approx(0.7 * float(now[0]) / float(profile.mean()))


def test_a_single_reading_scales_the_standard_household() -> None:
    forecast = load(make_inputs(load_kw=0.8))
    assert forecast.quality is Quality.FALLBACK
    assert forecast.kw[0] == pytest.approx(0.8)
    assert len(set(forecast.kw)) > 20


@pytest.mark.parametrize(("reading_kw", "least", "most"), [(0.0, 300, 400), (500.0, 60_000, 80_000)])
def test_a_reading_of_nothing_or_too_much_is_clamped(reading_kw: float, least: float, most: float) -> None:
    year = [sum(load(make_inputs(load_kw=reading_kw)).kw) / 4 * 365]
    assert least * 0.8 < year[0] < most * 1.2


def test_a_stated_annual_energy_wins_over_one_reading() -> None:
    site = Site(site_id="a", zone="Europe/Berlin", annual_load_kwh=5000.0)
    forecast = load(make_inputs(site=site, load_kw=9.0))
    assert forecast.quality is Quality.PROFILE
    assert sum(forecast.kw) / 4 == pytest.approx(5000 / 365, rel=0.25)


def test_without_any_knowledge_a_typical_household_is_expected() -> None:
    forecast = load(make_inputs())
    assert forecast.quality is Quality.FALLBACK
    assert "3500 kWh" in forecast.basis
    assert sum(forecast.kw) / 4 == pytest.approx(3500 / 365, rel=0.25)


def test_the_standard_household_uses_its_energy_in_a_year() -> None:
    starts = pd.date_range("2026-01-01", "2026-12-31 23:45", freq="15min", tz="Europe/Berlin")
    local = local_stamps(starts.tz_convert("UTC").as_unit("s").asi8, "Europe/Berlin", None)
    assert household_kw_per_kwh_year(local).sum() / 4 == pytest.approx(1.0, rel=0.01)


def test_other_power_without_record_is_held_for_an_hour_and_then_gone() -> None:
    site = Site(site_id="a", zone="Europe/Berlin", annual_load_kwh=3500.0)
    plain = load(make_inputs(site=site))
    windy = load(make_inputs(site=site, other_kw=-3.0))
    difference = np.subtract(windy.kw, plain.kw)
    assert difference == pytest.approx([-3.0] * 4 + [0.0] * (len(difference) - 4))
    assert min(windy.kw) < 0
    assert "-3.00 kW for an hour" in windy.basis


def test_other_power_is_learned_by_time_of_day_from_three_days_on() -> None:
    history = record(NOON, 6, load_kw=0.5, other_kw=lambda index: np.where(index.hour == 20, 11.0, 0.0))
    forecast = load(make_inputs(history=history))
    assert forecast.kw[40:44] == pytest.approx([11.5] * 4)
    assert forecast.kw[20] == pytest.approx(0.5)
