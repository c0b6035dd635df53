"""Intervals of any length and start are lived through by quarters of the clock, and no energy is lost."""

from datetime import UTC, datetime, timedelta
from math import gcd

import numpy as np
import pytest
from backtest_data import START, rows, write_data
from hypothesis import given
from hypothesis import strategies as st

from optimizer.backtest.data import read_measured
from optimizer.backtest.quarters import EPOCH, QUARTER, Intervals

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def intervals(step: timedelta, count: int, start: datetime = START) -> Intervals:
    return Intervals(start=start, step=step, count=count)


@given(st.integers(1, 7200), st.integers(0, 5000), st.lists(st.floats(0, 9), min_size=2, max_size=60))
def test_the_energy_between_two_edges_stays_what_it_was(step_s, late_s, kw):
    given_ = intervals(step_s * SECOND, len(kw), START + late_s * SECOND)
    on_quarters = given_.on_quarters(np.array(kw))
    assert len(on_quarters) == given_.quarters

    begin_s = (given_.first_quarter - given_.start) / SECOND
    end_s = begin_s + 900 * given_.quarters
    held = sum(
        value * max(min((number + 1) * step_s, end_s) - max(number * step_s, begin_s), 0.0)
        for number, value in enumerate(kw)
    )
    assert on_quarters.sum() * 900 == pytest.approx(held, abs=1e-6)


@given(st.integers(1, 7200), st.integers(0, 5000), st.integers(2, 90), st.integers(0, 89))
def test_a_quarter_is_unknown_exactly_where_a_part_of_it_is(step_s, late_s, count, hole):
    given_ = intervals(step_s * SECOND, count, START + late_s * SECOND)
    values = np.ones(count)
    values[hole % count] = np.nan
    hole_s = (hole % count) * step_s

    begin_s = (given_.first_quarter - given_.start) / SECOND
    for number, value in enumerate(given_.on_quarters(values)):
        overlap_s = min(begin_s + 900 * (number + 1), hole_s + step_s) - max(begin_s + 900 * number, hole_s)
        assert np.isnan(value) == (overlap_s > 0)


@pytest.mark.parametrize(
    ("step", "start", "fit", "first", "told_every"),
    [
        (5 * MINUTE, START + 5 * MINUTE, True, START + 15 * MINUTE, 15 * MINUTE),
        (10 * MINUTE, START, False, START, 30 * MINUTE),
        (10 * MINUTE, START + 10 * MINUTE, False, START + 30 * MINUTE, 30 * MINUTE),
        (20 * MINUTE, START + 10 * MINUTE, False, START + 30 * MINUTE, 60 * MINUTE),
        (15 * MINUTE, START + 7 * MINUTE, False, START + 15 * MINUTE, 15 * MINUTE),
        (45 * MINUTE, START, True, START, 45 * MINUTE),
        (60 * MINUTE, START + 30 * MINUTE, True, START + 30 * MINUTE, 60 * MINUTE),
        (7 * MINUTE, START, False, START, 105 * MINUTE),
    ],
)
def test_quarters_begin_with_an_interval_where_they_can(step, start, fit, first, told_every):
    given_ = intervals(step, 50, start)

    assert given_.fit == fit
    assert given_.first_quarter == first
    assert given_.told_every == told_every


@pytest.mark.parametrize("minutes", [7, 10, 20, 25, 40])
def test_a_file_of_steps_that_fit_no_quarter_is_read(tmp_path, minutes):
    file = write_data(tmp_path / "data.csv", list(rows(2, minutes * MINUTE)))

    measured = read_measured(file)

    assert measured.step == QUARTER
    assert (measured.start - EPOCH) % QUARTER == timedelta(0)
    assert len(measured) in range(191, 194)
    assert np.isfinite(measured.load_kw).all()


@pytest.mark.parametrize(("minutes", "offset"), [(7, 0), (10, 0), (10, 3), (15, 7), (20, 0), (60, 7)])
def test_what_is_known_when_a_plan_is_made_hangs_on_no_interval_that_goes_on(tmp_path, minutes, offset):
    content = list(rows(2, minutes * MINUTE, START + offset * MINUTE))
    measured = read_measured(write_data(tmp_path / "data.csv", content))
    known_at = measured.start + timedelta(hours=12) // measured.told_every * measured.told_every
    shift = timedelta(minutes=offset % gcd(minutes, 15))

    def is_over(row):
        return datetime.fromisoformat(row["timestamp_utc"]) - shift + minutes * MINUTE <= known_at

    other = [row if is_over(row) else row | {"load_kw": 9.0} for row in content]
    changed = read_measured(write_data(tmp_path / "other.csv", other))
    known = measured.number_at(known_at)

    assert 0 < known < len(measured)
    assert np.array_equal(measured.load_kw[:known], changed.load_kw[:known])
    assert not np.array_equal(measured.load_kw, changed.load_kw)
    assert any("earlier" in note for note in measured.notes) == bool(shift)


def test_a_price_is_unknown_where_a_part_of_the_quarter_has_none():
    given_ = Intervals(start=datetime(2026, 1, 1, tzinfo=UTC), step=10 * MINUTE, count=6)

    assert given_.on_quarters(np.array([3.0, 6.0, 9.0, np.nan, 3.0, 6.0]))[:2].tolist() == pytest.approx([4.0, 8.0])
    assert np.isnan(given_.on_quarters(np.array([3.0, 6.0, 9.0, np.nan, 3.0, 6.0]))[2])
