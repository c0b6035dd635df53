"""Data files: columns by name, any regular step, every gap told, every mistake named."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from backtest_data import START, rows, write_data

from optimizer.backtest.data import read_measured
from optimizer.backtest.gaps import told_gaps
from optimizer.errors import ConfigError

HOUR = timedelta(hours=1)


def written(folder: Path, text: str) -> Path:
    file = folder / "data.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("step", [timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=45), HOUR])
@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_any_step_packed_or_not(tmp_path, step, name):
    file = write_data(tmp_path / name, list(rows(2, step)))

    measured = read_measured(file)

    assert measured.step == step
    assert len(measured) == timedelta(days=2) // step
    assert told_gaps(measured.gaps, measured.start, measured.end) == ()
    assert measured.end - measured.start == timedelta(days=2)


def test_a_gap_takes_the_same_time_of_the_day_before_and_is_told(tmp_path):
    content = list(rows(3, HOUR))
    content[30]["load_kw"] = ""
    del content[50:52]
    measured = read_measured(write_data(tmp_path / "data.csv", content))

    assert measured.load_kw[30] == measured.load_kw[6]
    assert np.array_equal(measured.load_kw[50:52], measured.load_kw[26:28])
    told = "\n".join(told_gaps(measured.gaps, measured.start, measured.end))
    assert "2 of 72 rows are missing: 2026-03-29T01:00Z to 2026-03-29T03:00Z" in told
    assert "load_kw: 3 of 72 values are missing: 2026-03-28T05:00Z to 2026-03-28T06:00Z" in told


@pytest.mark.parametrize("year", ["2027", "2926", "9999"])
@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_year_that_is_wrong_is_named_and_no_gap(tmp_path, year, seconds):
    content = list(rows(2, HOUR))
    for number, row in enumerate(content):
        row["timestamp_utc"] = f"{START + number * timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    content[-1]["timestamp_utc"] = year + content[-1]["timestamp_utc"][4:]

    with pytest.raises(ConfigError, match=rf"row 49: {year}-.*only 48 are there; is the year right\?"):
        read_measured(write_data(tmp_path / "data.csv", content))


def test_only_the_gaps_of_the_span_are_told_and_many_are_counted(tmp_path):
    content = list(rows(3, HOUR))
    for hour in (2, *range(30, 46, 2)):
        content[hour]["load_kw"] = ""
    gaps = read_measured(write_data(tmp_path / "data.csv", content)).gaps
    start = datetime.fromisoformat(content[24]["timestamp_utc"])

    (told,) = told_gaps(gaps, start, start + timedelta(days=1))
    (first,) = told_gaps(gaps, start - timedelta(days=1), start)

    assert told.startswith("load_kw: 8 of 24 values are missing: 2026-03-28T05:00Z to 2026-03-28T06:00Z; ")
    assert told.endswith("; 2026-03-28T13:00Z to 2026-03-28T14:00Z; and 3 more gaps")
    assert first.startswith("load_kw: 1 of 24 values are missing")
    assert told_gaps(gaps, start + timedelta(days=1), start + timedelta(days=2)) == ()


def test_what_an_inverter_takes_at_night_counts_as_no_sun_and_is_told(tmp_path):
    text = "timestamp_utc,solar_kw\n2026-01-01T00:00Z,-0.004\n2026-01-01T01:00Z,0.5\n2026-01-01T02:00Z,-0.01\n"
    measured = read_measured(written(tmp_path, text))

    assert measured.solar_kw.tolist() == [0.0, 0.5, 0.0]
    assert measured.notes[-1] == "solar_kw: 2 values are just below zero (lowest -0.01) and count as 0"


def test_heat_takes_electricity_by_the_temperature_or_as_stated(tmp_path):
    text = "timestamp_utc,load_kw,heat_kw,outdoor_temp_c\n2026-01-01T00:00Z,1,3,0\n2026-01-01T01:00Z,1,0,10\n"
    by_heat = read_measured(written(tmp_path, text))
    stated = read_measured(written(tmp_path, "timestamp_utc,heat_pump_kw\n2026-01-01T00:00Z,2\n2026-01-01T01:00Z,1\n"))

    # a lift of 40 K: 0.85 * (6.08 - 3.764 + 0.7424) = 2.5997
    assert by_heat.heat_pump_kw is not None
    assert by_heat.heat_pump_kw.tolist() == pytest.approx([3 / 2.59964, 0.0], rel=1e-5)
    assert stated.heat_pump_kw is not None
    assert stated.heat_pump_kw.tolist() == [2.0, 1.0]
    assert stated.load_kw.tolist() == [0.0, 0.0]


def test_times_in_any_offset_are_utc(tmp_path):
    text = "timestamp_utc,load_kw\n2026-06-01T02:00+02:00,1\n2026-06-01T03:00+02:00,2\n"

    assert read_measured(written(tmp_path, text)).start == datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,load_kw\n1,2\n", "no column timestamp_utc among time, load_kw"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1\n", "two rows or more are needed, there are 1"),
        ("timestamp_utc,load_kw\n2026-01-01T01:00Z,1\n2026-01-01T00:00Z,1\n", "row 3: 2026-01-01T00:00:00+00:00 after"),
        ("timestamp_utc,load_kw\n2026-01-01T01:00Z,1\n2026-01-01T01:00Z,1\n", "row 3: 2026-01-01T01:00:00+00:00 after"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:00.5Z,1\n", "at least a second later"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1\n,1\n", "row 3: there is no time"),
        (
            "timestamp_utc,load_kw\n2026-01-01T00:00Z,1\n2026-01-01T00:07Z,1\n2026-01-01T00:15Z,1\n",
            "row 4: 2026-01-01T00:15:00+00:00 is not on a regular grid of 0:07:00",
        ),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1\n2026-01-03T00:00Z,1\n", "at most a day"),
        ("timestamp_utc;load_kw\n2026-01-01T00:00Z;1\n", "columns are parted by commas"),
        ("timestamp_utc,load_kw\n1767225600,1\n1767226500,1\n", "write each as 2026-01-31T12:00Z"),
        (
            "timestamp_utc,load_kw,import_price\n2026-01-01T00:00Z,1,\n2026-01-01T01:00Z,1,\n",
            "import_price: the column",
        ),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,one\n2026-01-01T01:00Z,1\n", "load_kw, row 2: 'one' is no number"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1\n2026-01-01T01:00Z,-1\n", "row 3: -1 is negative"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,\n2026-01-01T01:00Z,\n", "load_kw: the column is empty"),
        ("timestamp_utc,heat_kw\n2026-01-01T00:00Z,1\n2026-01-01T01:00Z,1\n", "heat_kw needs outdoor_temp_c"),
        ("timestamp_utc,load_kw\nyesterday,1\n", "timestamp_utc:"),
        ("", "No columns"),
        ("timestamp_utc,load_kw,load_kw\n2026-01-01T00:00Z,1,2\n", "column load_kw stands there 2 times: keep one"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1,\n2026-01-01T01:00Z,1,\n", "row 2: 3 values under 2 names of"),
        ("timestamp_utc,load_kw\n2026-01-01T00:00Z,1,7\n2026-01-01T01:00Z,1,7\n", "take the comma off the end"),
        ("timestamp_utc,solar_kw\n2026-01-01T00:00Z,True\n2026-01-01T01:00Z,False\n", "solar_kw, row 2: 'True' is no"),
        ("timestamp_utc,solar_kw\n2026-01-01T00:00Z,\n2026-01-01T01:00Z,True\n", "solar_kw, row 3: 'True' is no"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, text, words):
    with pytest.raises(ConfigError) as caught:
        read_measured(written(tmp_path, text))

    assert "data.csv: " in str(caught.value)
    assert words in str(caught.value)


def in_halves(times: dict[int, str]) -> str:
    """Eight half hours, some of them at other times."""
    rows = [times.get(number, f"2026-01-01T{number // 2:02}:{number % 2 * 30:02}:00Z") for number in range(8)]
    return "timestamp_utc,load_kw\n" + "".join(f"{at},1\n" for at in rows)


@pytest.mark.parametrize(
    ("times", "row"),
    [
        ({4: "2026-01-01T02:07:00Z"}, "row 6: 2026-01-01T02:07:00+00:00"),
        ({5: "2026-01-01T02:15:00Z"}, "row 7: 2026-01-01T02:15:00+00:00"),
        ({0: "2026-01-01T00:01:00Z"}, "row 2: 2026-01-01T00:01:00+00:00"),
    ],
)
def test_a_time_out_of_step_with_the_others_is_named_and_does_not_make_the_step(tmp_path, times, row):
    with pytest.raises(ConfigError, match=rf"{re.escape(row)} is not on a regular grid of 0:30:00, as most rows are"):
        read_measured(written(tmp_path, in_halves(times)))


def test_what_is_not_read_is_told_with_the_name_that_was_perhaps_meant(tmp_path):
    text = "timestamp_utc,load_KW, solar_kw,weather\n2026-01-01T00:00Z,1,1,3\n2026-01-01T01:00Z,1,1,3\n"

    assert read_measured(written(tmp_path, text)).notes == (
        "column 'load_KW' is not read; was load_kw meant?",
        "column ' solar_kw' is not read; was solar_kw meant?",
        "columns that are not known and not read: 'weather'",
        "there is no column load_kw: the site's load counts as 0",
    )


def test_a_column_beside_the_one_that_it_resembles_is_not_taken_for_it(tmp_path):
    text = "timestamp_utc,load_kw,load_kw_2\n2026-01-01T00:00Z,1,1\n2026-01-01T01:00Z,1,1\n"

    assert read_measured(written(tmp_path, text)).notes == ("columns that are not known and not read: 'load_kw_2'",)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_measured(tmp_path / "nothing.csv")


def test_a_packed_file_that_is_damaged_is_named(tmp_path):
    file = write_data(tmp_path / "data.csv.gz", list(rows(2, HOUR)))
    raw = file.read_bytes()
    file.write_bytes(raw[:10] + b"\xff" * 30 + raw[40:])

    with pytest.raises(ConfigError, match=r"data\.csv\.gz: cannot be read: .*; give CSV in UTF-8, packed with gzip"):
        read_measured(file)


def test_a_price_or_a_forecast_that_is_missing_is_told_and_not_made_up(tmp_path):
    content = [row | {"import_price": 0.2, "load_forecast_kw": 0.5} for row in rows(2, HOUR)]
    content[30]["import_price"] = ""
    content[31]["load_forecast_kw"] = ""

    measured = read_measured(write_data(tmp_path / "data.csv", content))

    assert measured.import_price is not None
    assert measured.load_forecast_kw is not None
    assert np.flatnonzero(np.isnan(measured.import_price)).tolist() == [30]
    assert np.flatnonzero(np.isnan(measured.load_forecast_kw)).tolist() == [31]
    forecast, price = told_gaps(measured.gaps, measured.start, measured.end)
    assert price.startswith(
        "import_price: 1 of 48 values are missing: 2026-03-28T05:00Z to 2026-03-28T06:00Z; priced as"
    )
    assert forecast.endswith("the built-in forecast stands in")
