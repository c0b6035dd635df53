"""Small charts: scales with round numbers, local hours, gaps, and what is a forecast."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_reading import PageReader

from optimizer.web.chart import Chart, Line, drawn
from optimizer.web.scale import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Scale

START = datetime(2021, 4, 14, 12, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def scale(*values: float, hours: float = 24, holds_zero: bool = True, start: datetime = START) -> Scale:
    return Scale.of(start, start + hours * HOUR, list(values), holds_zero=holds_zero)


def chart(*values: float | None, **changes) -> str | None:
    edges = [START + number * HOUR for number in range(len(values) + 1)]
    given = {
        "key": "k",
        "title": "Load",
        "unit": "kW",
        "edges": edges,
        "lines": (Line(name="load", look="load", values=values),),
        "told": "words",
        "now": START,
        "zone": BERLIN,
    }
    return drawn(Chart(**given | changes))


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=20), st.booleans())
def test_whatever_the_values_are_they_lie_inside_and_the_levels_are_few(values, holds_zero):
    found = scale(*values, holds_zero=holds_zero)

    assert all(TOP - 0.1 <= found.y(value) <= HEIGHT - BOTTOM + 0.1 for value in values)
    assert 2 <= len(found.levels()) <= 7
    assert len({found.label(level) for level in found.levels()}) == len(found.levels())


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.21, 0.44), ["0.0", "0.2", "0.4", "0.6"]),
        ((-1.0, 3.0), ["-1", "0", "1", "2", "3"]),
        ((10.0,), ["0.0", "2.5", "5.0", "7.5", "10.0"]),
        ((0.0, 95.0), ["0", "25", "50", "75", "100"]),
        ((0.0,), ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        ((0.0, 1e-7), ["0.00", "0.25", "0.50", "0.75", "1.00"]),
    ],
)
def test_levels_are_round_numbers_with_as_many_decimals_as_they_need(values, labels):
    found = scale(*values)

    assert [found.label(level) for level in found.levels()] == labels


def test_hours_are_round_local_ones_also_over_the_change_of_the_clocks_and_off_the_hour():
    night = datetime(2021, 3, 27, 20, 7, tzinfo=UTC)
    found = [at.astimezone(BERLIN).strftime("%H") for at in scale(1.0, hours=36, start=night).hours(BERLIN)]
    kolkata = ZoneInfo("Asia/Kolkata")
    shifted = [at.astimezone(kolkata).strftime("%H:%M") for at in scale(1.0, hours=12).hours(kolkata)]

    assert found == ["00", "06", "12", "18", "00", "06"]
    assert shifted == ["18:00", "20:00", "22:00", "00:00", "02:00", "04:00"]


@given(st.floats(min_value=0.3, max_value=1000))
def test_labels_of_hours_stand_apart(hours):
    found = scale(1.0, hours=hours)
    places = [found.x(at) for at in found.hours(BERLIN)]

    assert all(LEFT <= place <= WIDTH - RIGHT for place in places)
    assert all(later - earlier > 25 for earlier, later in pairwise(places))


def test_a_gap_in_the_values_is_a_gap_in_the_line():
    text = chart(1.0, 1.0, None, 2.0)
    assert text is not None
    (line,) = PageReader.read(text).all("path", class_="line load")[:1]
    path = line.attributes["d"]

    assert path is not None
    assert path.count("M") == 2


def test_levels_at_the_edges_are_joined_and_equal_ones_need_no_points_between():
    text = chart(
        lines=(Line(name="stored", look="battery", values=(1.0, 1.0, 1.0, 3.0)),),
        edges=[START + n * HOUR for n in range(4)],
    )
    assert text is not None
    path = PageReader.read(text).all("path", class_="line battery")[0].attributes["d"]

    assert path is not None
    assert path.count(",") == 3


def test_where_nothing_is_known_there_is_no_chart():
    assert chart(None, None) is None


def test_the_forecast_part_is_hatched_and_named_and_only_where_there_is_one():
    with_forecast = chart(1.0, 2.0, guess_from=START + HOUR)
    without = chart(1.0, 2.0, guess_from=START + 2 * HOUR)
    assert with_forecast is not None
    assert without is not None

    (hatched,) = PageReader.read(with_forecast).all("rect")
    assert float(hatched.attributes["x"] or 0) == pytest.approx((LEFT + WIDTH - RIGHT) / 2, abs=0.1)
    assert "hatched: forecast prices" in with_forecast
    assert "hatched" not in without
