"""A recording can be read at any time; weekday and time of day stay."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from optimizer.simulator import RealClock, RecordedState, Recording, SimulatedClock, bundled_recording, read_recording

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS = timedelta(days=7)


def counted(days, minutes=60):
    """A recording whose load is the number of its row."""
    rows = days * 24 * 60 // minutes
    states = tuple(
        RecordedState(load_kw=float(row), solar_kw=0.0, heat_thermal_kw=0.0, outdoor_temp_c=None) for row in range(rows)
    )
    return Recording(start=MONDAY, step=timedelta(minutes=minutes), states=states)


def written(tmp_path, text, name="some.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def test_a_row_holds_from_its_start_to_the_next():
    recording = counted(7)
    assert recording.at(MONDAY + timedelta(minutes=59, seconds=59)).load_kw == 0
    assert recording.at(MONDAY + timedelta(minutes=60)).load_kw == 1
    assert recording.next_row(MONDAY + timedelta(minutes=59)) == MONDAY + timedelta(hours=1)
    assert recording.next_row(MONDAY + timedelta(hours=1)) == MONDAY + timedelta(hours=2)


@pytest.mark.parametrize("weeks_away", [-60, -1, 2, 53])
def test_outside_a_short_file_the_same_hour_of_the_week_is_read(weeks_away):
    recording = counted(17)
    at = MONDAY + timedelta(days=3, hours=5)
    expected = 77 + (24 * 7 if weeks_away % 2 else 0)
    assert recording.at(at + weeks_away * WEEKS).load_kw == expected


def test_inside_its_span_a_file_is_read_as_it_is():
    assert counted(17).at(MONDAY + timedelta(days=16)).load_kw == 16 * 24


@pytest.mark.parametrize("years", [-2, 1, 3])
def test_outside_a_year_long_file_whole_364_days_are_counted(years):
    at = MONDAY + timedelta(days=100, hours=7)
    assert counted(366).at(at + timedelta(days=364 * years)).load_kw == 100 * 24 + 7


def test_outside_a_file_of_less_than_a_day_there_is_nothing():
    short = Recording(start=MONDAY, step=timedelta(hours=1), states=counted(1).states[:5])
    with pytest.raises(ValueError, match="less than a day"):
        short.at(MONDAY + timedelta(hours=5))


def test_the_bundled_recording_is_four_weeks_of_a_plausible_house():
    recording = bundled_recording(solar_peak_kw=8.0)
    assert recording.end - recording.start == 4 * WEEKS
    assert recording.start.weekday() == 0
    assert recording.missing_cells == 0
    assert max(state.solar_kw for state in recording.states) < 8
    assert 0.2 < sum(state.load_kw for state in recording.states) / len(recording.states) < 1
    assert bundled_recording(solar_peak_kw=4.0).states[50].solar_kw == pytest.approx(recording.states[50].solar_kw / 2)


@pytest.mark.parametrize("name", ["some.csv", "some.csv.gz"])
def test_missing_cells_and_rows_hold_the_last_value_and_are_counted(tmp_path, name):
    text = "timestamp_utc,load_kw\n2024-01-01T00:00:00Z,\n2024-01-01T00:30:00Z,2\n2024-01-01T01:30:00Z,\n2024-01-01T02:00:00Z,5\n"
    recording = read_recording(written(tmp_path, text, name))
    assert [state.load_kw for state in recording.states] == [2, 2, 2, 2, 5]
    assert recording.missing_cells == 3


def test_columns_can_be_named_or_switched_off(tmp_path):
    text = "timestamp_utc,a,load_kw,solar_kw_per_kwp,heat_kw\n2024-01-01T00:00:00Z,7,1,0.5,2\n2024-01-01T01:00:00Z,7,1,0.5,2\n"
    path = written(tmp_path, text)
    recording = read_recording(path, load_column="a", heat_column="", solar_peak_kw=4)
    assert recording.states[0] == RecordedState(load_kw=7, solar_kw=2, heat_thermal_kw=0, outdoor_temp_c=None)
    with pytest.raises(ValueError, match="temperature"):
        read_recording(path)
    with pytest.raises(ValueError, match="no column b"):
        read_recording(path, load_column="b")


def test_a_file_out_of_order_is_refused(tmp_path):
    text = "timestamp_utc,load_kw\n2024-01-01T01:00:00Z,1\n2024-01-01T00:00:00Z,1\n"
    with pytest.raises(ValueError, match="order of time"):
        read_recording(written(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "step_min", "has_solar", "has_heat"),
    [
        ("synpro_sfh_heat_pv_de_15min.csv.gz", 15, True, True),
        ("emhass_home_30min_2024_2025.csv.gz", 30, True, False),
        ("citylearn2022_5homes_california.csv.gz", 60, True, False),
        ("emhass_profit_golden_2022.csv", 30, True, False),
    ],
)
def test_the_reference_files_are_read_without_naming_columns(data_folder, name, step_min, has_solar, has_heat):
    path = data_folder / name
    if not path.is_file():
        pytest.skip(f"no {path}")
    recording = read_recording(path, solar_peak_kw=5.0)
    assert recording.step == timedelta(minutes=step_min)
    assert any(state.load_kw > 0 for state in recording.states)
    assert any(state.solar_kw > 0 for state in recording.states) == has_solar
    assert any(state.heat_thermal_kw > 0 for state in recording.states) == has_heat


def test_the_sun_of_the_named_home_goes_with_its_load(data_folder):
    path = data_folder / "citylearn2022_5homes_california.csv.gz"
    if not path.is_file():
        pytest.skip(f"no {path}")
    homes = [read_recording(path, load_column=f"load_kw_b{number}") for number in (1, 2)]
    assert homes[0].states[12].solar_kw != homes[1].states[12].solar_kw


def test_a_simulated_clock_moves_forward_only():
    clock = SimulatedClock(MONDAY)
    clock.advance_to(MONDAY)
    clock.advance_to(MONDAY + timedelta(hours=1))
    assert clock.now() == MONDAY + timedelta(hours=1)
    with pytest.raises(ValueError, match="lies before"):
        clock.advance_to(MONDAY)
    with pytest.raises(ValueError, match="no time zone"):
        clock.advance_to(datetime(2025, 1, 1))


def test_a_real_clock_tells_aware_utc():
    assert RealClock().now().utcoffset() == timedelta(0)
