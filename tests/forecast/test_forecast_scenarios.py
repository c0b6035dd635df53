"""Scenarios from the errors of earlier forecasts."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import NOON, record
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.forecast import Forecast, Forecasts, Issued, Quality
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.forecast import error_days, outcomes

DAY = timedelta(days=1)


def expected(horizon: Horizon, load_kw=1.0, solar_kw=2.0, heat_kw=0.0) -> Forecasts:
    def held(kw: float) -> Forecast:
        return Forecast(kw=(kw,) * len(horizon), quality=Quality.LEARNED, basis="test")

    return Forecasts(load=held(load_kw), heat=held(heat_kw), solar=held(solar_kw))


def issued(now: datetime, days: int, *, load_kw=1.0, solar_kw=2.0, slot_minutes=15) -> list[Issued]:
    """The same forecast made at this time on each of some days, the last one two days ago."""
    made = []
    for number in range(2, 2 + days):
        horizon = plan_horizon(now - number * DAY, slot_minutes=slot_minutes, horizon_hours=36, zone="Europe/Berlin")
        slots = len(horizon)
        made.append(
            Issued(
                at=horizon.start,
                edges=horizon.edges,
                load_kw=(load_kw,) * slots,
                heat_kw=(0.0,) * slots,
                solar_kw=(solar_kw,) * slots,
            )
        )
    return made


def horizon_at(now: datetime = NOON, slot_minutes: int = 15) -> Horizon:
    return plan_horizon(now, slot_minutes=slot_minutes, horizon_hours=36, zone="Europe/Berlin")


def test_forecasts_are_asked_for_as_many_days_back_as_their_outcome_is_known():
    asked = error_days(NOON, 36.0, 3)

    assert asked == (NOON - 2 * DAY, NOON - 3 * DAY, NOON - 4 * DAY)
    assert error_days(NOON, 24.0, 1) == (NOON - DAY,)
    assert error_days(NOON, 36.0, 0) == ()


@pytest.mark.parametrize("slot_minutes", [5, 15, 60])
def test_each_day_s_error_is_added_less_half_of_what_all_have_in_common(slot_minutes):
    slots = horizon_at(slot_minutes=slot_minutes)
    came = record(NOON, 12, load_kw=lambda index: 1.0 + 0.1 * (index.day_of_year % 2), solar_kw=2.0)

    made = outcomes(expected(slots), slots, issued(NOON, 8, slot_minutes=slot_minutes), came, NOON)

    load = np.array([scenario.load_kw for scenario in made])
    assert len(made) == 8
    assert sum(scenario.probability for scenario in made) == pytest.approx(1)
    assert load.mean(axis=0) == pytest.approx(1.025, abs=0.01)
    assert sorted({*load[:, 0].tolist()}) == pytest.approx([0.975, 1.075], abs=0.006)
    assert all(scenario.heat_kw is None for scenario in made)


def test_too_few_days_make_no_scenarios():
    slots = horizon_at()
    came = record(NOON, 12, load_kw=1.1, solar_kw=2.0)

    assert outcomes(expected(slots), slots, issued(NOON, 4), came, NOON) == ()
    assert len(outcomes(expected(slots), slots, issued(NOON, 5), came, NOON)) == 5


def test_forecasts_that_came_true_make_no_scenarios():
    slots = horizon_at()

    assert outcomes(expected(slots), slots, issued(NOON, 8), record(NOON, 12, load_kw=1.0, solar_kw=2.0), NOON) == ()


def test_a_day_that_was_hardly_recorded_is_no_scenario():
    slots = horizon_at()
    came = record(NOON, 12, load_kw=1.1, solar_kw=2.0)
    came.loc[came.index < NOON - 4 * DAY, "load_kw"] = np.nan

    made = outcomes(expected(slots), slots, issued(NOON, 9), came, NOON)

    assert made == ()


def test_what_is_unknown_counts_as_no_error():
    slots = horizon_at()
    came = record(NOON, 12, load_kw=1.5, solar_kw=np.nan)

    made = outcomes(expected(slots), slots, issued(NOON, 6), came, NOON)

    assert {kw for scenario in made for kw in scenario.solar_kw} == {2.0}


def test_nothing_that_comes_later_is_looked_at():
    slots = horizon_at()
    came = record(NOON + 3 * DAY, 15, load_kw=lambda index: 1.0 + (index.day_of_year % 3), solar_kw=2.0)
    changed = came.copy()
    changed.loc[changed.index >= NOON] = 99.0

    assert outcomes(expected(slots), slots, issued(NOON, 8), came, NOON) == outcomes(
        expected(slots), slots, issued(NOON, 8), changed, NOON
    )


@pytest.mark.parametrize("now", ["2026-03-28T12:00Z", "2026-03-29T22:00Z", "2026-10-24T12:00Z", "2026-10-25T12:00Z"])
def test_both_days_of_the_clock_change_keep_the_slots_apart(now):
    at = datetime.fromisoformat(now)
    slots = horizon_at(at)
    came = record(at, 12, load_kw=1.0, solar_kw=lambda index: np.maximum(np.sin(index.hour / 24 * np.pi), 0))

    made = outcomes(expected(slots), slots, issued(at, 7), came, at)

    assert len(made) == 7
    assert all(len(scenario.load_kw) == len(slots) for scenario in made)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 3), st.floats(0, 3))
def test_scenarios_are_never_negative_nor_above_anything_seen(seed, load_kw, solar_kw):
    rng = np.random.default_rng(seed)
    slots = horizon_at(slot_minutes=60)

    def any_kw(index: pd.DatetimeIndex) -> np.ndarray:
        return np.where(rng.random(len(index)) < 0.1, np.nan, rng.exponential(1.0, len(index)))

    came = record(NOON, 12, load_kw=any_kw, solar_kw=any_kw)

    made = outcomes(expected(slots, load_kw, solar_kw), slots, issued(NOON, 9, slot_minutes=60), came, NOON)

    for name in ("load_kw", "solar_kw"):
        kw = np.array([getattr(scenario, name) for scenario in made])
        assert np.all((kw >= 0) & np.isfinite(kw))
        assert kw.max() <= came[name].max() + 3.0 + 0.01
