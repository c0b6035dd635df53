import gzip
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strategies import ConfigError, FeedContext, Series, SourceMalformed, SourceUnavailable
from strategies.feeds.file import FileFeed

BERLIN = "Europe/Berlin"
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def utc(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=UTC)


@pytest.fixture
def fetch(tmp_path):
    """Write a file and fetch the year of it."""

    def do(content: str | bytes | None, name: str = "p.csv", window=YEAR, **options: object) -> Series:
        if content is not None:
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        feed = FileFeed(
            FileFeed.Options.model_validate({"path": name} | options), FeedContext(base_folder=tmp_path, zone=BERLIN)
        )
        return feed.fetch(*window)

    return do


HOURLY = "start,price\n2026-05-06T00:00Z,0.1\n2026-05-06T01:00Z,-0.2\n2026-05-06T02:00Z,0\n"


def test_rows_become_half_open_intervals_of_the_common_step(fetch):
    series = fetch(HOURLY)
    assert series.starts == (utc(5, 6, 0), utc(5, 6, 1), utc(5, 6, 2))
    assert series.ends == (utc(5, 6, 1), utc(5, 6, 2), utc(5, 6, 3))
    assert series.values == (0.1, -0.2, 0.0)


def test_only_intervals_that_overlap_the_window_are_delivered(fetch):
    half_past = timedelta(minutes=30)
    assert fetch(HOURLY, window=(utc(5, 6, 0) + half_past, utc(5, 6, 1))).values == (0.1,)
    assert fetch(HOURLY, window=(utc(5, 6, 1), utc(5, 6, 1) + half_past)).values == (-0.2,)
    assert len(fetch(HOURLY, window=(utc(7, 1), utc(7, 2)))) == 0


def test_a_missing_row_and_an_empty_price_stay_gaps(fetch):
    rows = [
        f"2026-05-06T0{hour}:00Z,{price}"
        for hour, price in ((0, "1"), (1, "2"), (2, "NaN"), (3, ""), (4, "3"), (6, "4"))
    ]
    series = fetch("start,price\n" + "\n".join(rows))
    assert [at.hour for at in series.starts] == [0, 1, 4, 6]
    assert [at.hour for at in series.ends] == [1, 2, 5, 7]


def test_an_end_column_allows_any_resolution(fetch):
    text = "start,end,price\n2026-05-06T00:00Z,2026-05-06T01:00Z,1\n2026-05-06T01:00Z,2026-05-06T01:15Z,2\n"
    series = fetch(text, end_column="end")
    assert series.ends == (utc(5, 6, 1), utc(5, 6, 1, 15))


def test_unsorted_rows_are_sorted_and_equal_doubles_dropped(fetch):
    series = fetch(HOURLY + "2026-05-05T23:00Z,7\n2026-05-06T00:00Z,0.1\n")
    assert series.values == (7.0, 0.1, -0.2, 0.0)


def test_doubles_that_differ_are_named_by_line_and_time(fetch):
    with pytest.raises(SourceMalformed, match=r"lines 2 and 5 both start at 2026-05-06T00:00:00\+00:00"):
        fetch(HOURLY + "2026-05-06T00:00Z,0.3\n")


def test_times_without_a_zone_are_the_site_s_or_those_of_the_option(fetch):
    text = "time,price\n2026-05-06 00:00,1\n2026-05-06 01:00,2\n"
    assert fetch(text).starts[0] == utc(5, 5, 22)
    assert fetch(text, timezone="UTC").starts[0] == utc(5, 6, 0)


def autumn(minutes: int) -> list[str]:
    """Wall times of the 25-hour day as a German export writes them."""
    instants = (utc(10, 24, 22) + timedelta(minutes=minutes) * n for n in range(25 * 60 // minutes))
    return [f"{at.astimezone(ZoneInfo(BERLIN)):%Y-%m-%d %H:%M}" for at in instants]


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_hour_that_comes_twice_is_resolved_by_the_order_of_rows(fetch, minutes, newest_first):
    rows = [f"{wall},{n}" for n, wall in enumerate(autumn(minutes))]
    series = fetch("time,price\n" + "\n".join(rows[::-1] if newest_first else rows))
    assert len(series) == 25 * 60 // minutes
    assert series.values == tuple(float(n) for n in range(len(rows)))
    assert series.ends[:-1] == series.starts[1:]
    assert (series.starts[0], series.ends[-1]) == (utc(10, 24, 22), utc(10, 25, 23))


def test_a_gap_within_the_repeated_hour_does_not_shift_the_second_pass(fetch):
    rows = [f"{wall},{n}" for n, wall in enumerate(autumn(15))]
    del rows[11:13]  # 02:45 of the first pass and 02:00 of the second
    series = fetch("time,price\n" + "\n".join(rows))
    assert series.values == (*(float(n) for n in range(11)), *(float(n) for n in range(13, 100)))
    assert series.starts[11] == utc(10, 25, 1, 15)


def test_the_hour_that_the_clock_skips_is_left_out(fetch):
    rows = [f"2026-03-29 {hour:02d}:00,{hour}" for hour in range(24)]
    series = fetch("time,price\n" + "\n".join(rows))
    assert series.values == (0.0, 1.0, *(float(hour) for hour in range(3, 24)))
    assert series.ends[:-1] == series.starts[1:]


def test_a_german_table_in_eur_per_mwh_is_read(fetch):
    text = "Datum;Preis\n06.05.2026 00:00;101,5\n06.05.2026 00:15;-3,25\n"
    series = fetch(
        text, separator=";", decimal=",", unit_factor=0.001, time_column="Datum", time_format="%d.%m.%Y %H:%M"
    )
    assert series.values == pytest.approx((0.1015, -0.00325))
    assert series.ends[0] - series.starts[0] == timedelta(minutes=15)


def test_the_only_numeric_column_is_the_value(fetch):
    text = "timestamp_utc,area,solar_kw\n2026-05-06T00:00Z,DE,1\n2026-05-06T01:00Z,DE,2\n"
    assert fetch(text).values == (1.0, 2.0)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("time,a,b\n2026-05-06T00:00Z,1,2\n", {}, "set value_column to one of: a, b"),
        ("when,price\n2026-05-06T00:00Z,1\n", {}, "set time_column to one of: when, price"),
        (HOURLY, {"value_column": "prize"}, r"no column 'prize' for value_column; .*did you mean 'price'"),
        (HOURLY, {"end_column": "stop"}, "no column 'stop' for end_column; columns: start, price"),
    ],
)
def test_a_column_that_cannot_be_told_is_a_setting_to_mend(fetch, text, options, words):
    with pytest.raises(ConfigError, match=words):
        fetch(text, **options)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "p.csv", "the file is empty"),
        (b"<html>", "p.csv", "only one column"),
        (b"\xff\xfe\x00\x81,\x00", "p.csv", "not CSV text"),
        (b'start,price\n2026-05-06T00:00Z,"1', "p.csv", "not CSV text"),
        (b"start,price\n2026-05-06T00:00Z,cheap\n", "p.csv", "line 2, column 'price': 'cheap' is not a number"),
        (b"start,price\n2026-05-06T00:00Z,inf\n", "p.csv", "'inf' is not a number"),
        (b"start,price\n2026-05-06T00:00Z,1,5\n", "p.csv", "line 2 has 3 cells for 2 columns"),
        (b"start,price\nyesterday,1\n", "p.csv", "line 2, column 'start': 'yesterday' is not a time"),
        (b"start,price\n0001-01-01T00:00Z,1\n", "p.csv", "outside the years"),
        (b"start,price\n,1\n", "p.csv", "line 2 has a value but no time"),
        (b"start,price\n2026-05-06T00:00Z,1\n", "p.csv", "line 2 is the only one"),
        (b"price,start,price\n1,2,3\n", "p.csv", "two columns are named 'price'"),
        (b"not gzip", "p.csv.gz", "not a whole gzip file"),
        (gzip.compress(HOURLY.encode(), mtime=0)[:-12], "p.csv.gz", "not a whole gzip file"),
        (b"not parquet", "p.parquet", "not a parquet table"),
        (b"PAR1" + b"\x00" * 40 + b"PAR1", "p.parquet", "not a parquet table"),
    ],
)
def test_a_file_that_makes_no_sense_is_malformed_and_named(fetch, content, name, words):
    with pytest.raises(SourceMalformed, match=words) as refused:
        fetch(content, name)
    assert name in str(refused.value)


@pytest.mark.parametrize("ends", ["2026-05-06T00:00Z", "2026-05-06T02:00Z"])
def test_intervals_that_are_empty_or_overlap_are_malformed(fetch, ends):
    text = f"start,end,price\n2026-05-06T00:00Z,{ends},1\n2026-05-06T01:00Z,2026-05-06T02:00Z,2\n"
    with pytest.raises(SourceMalformed, match="line 2 runs from"):
        fetch(text, end_column="end")


def test_a_file_that_is_not_there_is_unavailable_and_named(fetch, tmp_path):
    with pytest.raises(SourceUnavailable, match=r"none\.csv: cannot be read: No such file"):
        fetch(None, "none.csv")
    with pytest.raises(SourceUnavailable, match=r"none\.parquet: cannot be read"):
        fetch(None, "none.parquet")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        fetch(None, "folder.csv")


def test_a_table_without_rows_is_no_news(fetch):
    assert len(fetch("start,price\n")) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "p.xlsx"},
        {"path": "p\0.csv"},
        {"timezone": "Berlin"},
        {"separator": ";;"},
        {"decimal": ";"},
        {"unit_factor": float("nan")},
        {"time_format": "%Q"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FileFeed.Options.model_validate({"path": "p.csv"} | wrong)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.lists(st.tuples(st.text(max_size=8), st.text(max_size=5))).map(
            lambda rows: ("start,price\n" + "\n".join(",".join(row) for row in rows)).encode("utf-8", "replace")
        ),
    )
)
@example(body=b"start,price\n9999-12-31T23:59-14:00,1\n")
def test_no_file_raises_anything_but_our_errors(fetch, body):
    for name in ("p.csv", "p.csv.gz", "p.parquet"):
        with suppress(ConfigError, SourceMalformed):
            fetch(body, name)
