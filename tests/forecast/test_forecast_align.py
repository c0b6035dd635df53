"""A step function put on slots keeps its energy, and what is not known stays unknown."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.series import Series
from optimizer.forecast.align import cell_starts, cells_on_horizon, series_on_horizon

START = datetime(2026, 1, 1, tzinfo=UTC)


def minutes(*marks: float) -> tuple[datetime, ...]:
    return tuple(START + timedelta(minutes=mark) for mark in marks)


def test_a_slot_across_two_values_gets_their_time_weighted_mean() -> None:
    series = Series(starts=minutes(0, 20), ends=minutes(20, 60), values=(1.0, 4.0))
    aligned = series_on_horizon(series, Horizon(minutes(0, 15, 30, 60)))
    # the middle slot: 5 minutes at 1 kW and 10 at 4 kW are 3 kW
    assert aligned.mean == pytest.approx([1.0, 3.0, 4.0])
    assert aligned.uncovered == ()


def test_slots_with_a_gap_are_reported_as_uncovered() -> None:
    series = Series(starts=minutes(0, 40), ends=minutes(15, 60), values=(1.0, 2.0))
    aligned = series_on_horizon(series, Horizon(minutes(0, 15, 30, 45, 60)))
    assert aligned.uncovered == (1, 2)
    assert aligned.mean[[0, 2, 3]] == pytest.approx([1.0, 2.0, 2.0])
    assert np.isnan(aligned.mean[1])


def test_values_that_no_site_can_have_are_gaps() -> None:
    values = (float("nan"), float("inf"), 5e6, 2.0)
    series = Series(starts=minutes(0, 15, 30, 45), ends=minutes(15, 30, 45, 60), values=values)
    assert series_on_horizon(series, Horizon(minutes(0, 15, 30, 45, 60))).uncovered == (0, 1, 2)


def test_an_empty_series_covers_nothing() -> None:
    aligned = series_on_horizon(Series(starts=(), ends=(), values=()), Horizon(minutes(0, 15, 30)))
    assert aligned.uncovered == (0, 1)


@given(
    values=st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    widths=st.lists(st.integers(1, 60), min_size=1, max_size=12),
)
def test_energy_is_kept_where_the_series_covers_the_horizon(values: list[float], widths: list[int]) -> None:
    edges = minutes(*np.concatenate(([0], np.cumsum(widths))).tolist())
    last = float(sum(widths))
    marks = minutes(*np.linspace(0, last, len(values) + 1).tolist())
    horizon = Horizon(edges)
    aligned = series_on_horizon(Series(starts=marks[:-1], ends=marks[1:], values=tuple(values)), horizon)
    assert aligned.uncovered == ()
    energy = float(np.dot(aligned.mean, horizon.slot_h))
    assert energy == pytest.approx(sum(values) * last / len(values) / 60, abs=1e-4)


def test_cells_cover_a_horizon_that_starts_off_the_grid() -> None:
    horizon = plan_horizon(START + timedelta(minutes=7, seconds=13), slot_minutes=15, horizon_hours=2)
    cells_s = cell_starts(horizon)
    assert cells_on_horizon(cells_s, np.full(len(cells_s), 0.7), horizon) == pytest.approx([0.7] * len(horizon))
