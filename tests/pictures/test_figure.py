"""Panels as a figure: what is drawn where, on days of any length, and in colours that can be told apart."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import plotly.graph_objects as go
import pytest
from builders import hours
from pictured import AUTUMN, BERLIN, NASTY, SPRING, whole_days

from optimizer.pictures import Bound, Drawn, Graph, Lane, Series, Span, Strip, chart_of, figure_of
from optimizer.pictures.axis import slot_names, tick_levels
from optimizer.pictures.palette import DARK, LIGHT
from optimizer.pictures.panels import runs, scale_of

NIGHT = datetime(2026, 6, 1, 0, tzinfo=UTC)
OVER = hours(3, NIGHT)


def graph(*values: float | None, **changes: object) -> Graph:
    series = Series(name="grid", role="grid", values=values, **changes)  # type: ignore[arg-type]
    return Graph(title="Grid", unit="kW", series=(series,))


def test_a_mean_is_drawn_level_from_edge_to_edge_of_its_slot():
    (trace,) = figure_of([graph(1.0, -2.0, 0.5)], OVER)["data"]

    assert trace["y"] == [1.0, 1.0, -2.0, -2.0, 0.5, 0.5]
    assert trace["x"] == [f"2026-06-01T0{hour}:00:00" for hour in (0, 1, 1, 2, 2, 3)]


def test_a_level_is_drawn_from_edge_to_edge_and_read_at_the_end():
    text = chart_of("one", "One", [graph(3.0, 4.0, 5.0, 2.0)], OVER, ["", "", ""])

    assert figure_of([graph(3.0, 4.0, 5.0, 2.0)], OVER)["data"][0]["y"] == [3.0, 4.0, 5.0, 2.0]
    assert '"values":[4.0,5.0,2.0]' in text


def test_a_gap_is_not_bridged():
    (trace,) = figure_of([graph(1.0, None, 0.5)], OVER)["data"]

    assert trace["y"] == [1.0, 1.0, None, None, 0.5, 0.5]
    assert trace["connectgaps"] is False


def test_a_guess_is_dashed_and_shaded_with_its_name():
    figure = figure_of([graph(1.0, 2.0, 3.0, is_guess=(False, True, True))], OVER)
    known, guess = figure["data"]

    assert [known["y"][::2], guess["y"][::2]] == [[1.0, None, None], [None, 2.0, 3.0]]
    assert ["dash" in trace["line"] for trace in (known, guess)] == [False, True]
    assert [(shape["x0"], shape["x1"]) for shape in figure["layout"]["shapes"] if shape["type"] == "rect"] == [
        ("2026-06-01T01:00:00", "2026-06-01T03:00:00")
    ]
    assert figure["layout"]["annotations"][0]["text"] == "forecast"


def test_panels_stand_one_under_the_other_with_room_for_their_headings():
    strip = Strip(title="Commands", lanes=(Lane(name="bess", role="battery", spans=()),))
    layout = figure_of([graph(1.0, 2.0, 3.0), graph(1.0, 2.0, 3.0), strip], OVER)["layout"]
    domains = [layout[name]["domain"] for name in ("yaxis", "yaxis2", "yaxis3")]

    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert domains[0][1] < 1.0
    assert domains[-1][0] == 0.0
    assert layout["xaxis"]["anchor"] == "y3"


def test_a_far_limit_is_told_and_a_near_one_drawn():
    far, near = Bound(name="far limit", values=(20.0,) * 3), Bound(name="near limit", values=(3.5,) * 3)
    panel = Graph(title="Grid", unit="kW", series=graph(1.0, -2.0, 3.0).series, bounds=(far, near))
    text = chart_of("one", "One", [panel], OVER, ["", "", ""])

    assert [trace["name"] for trace in figure_of([panel], OVER)["data"]] == ["near limit", "grid"]
    assert "far limit 20 kW (off the scale)" in text
    assert "near limit 3.5 kW<" in text


@pytest.mark.parametrize(
    ("values", "low", "high"), [((0.0, 0.0), -0.07, 0.07), ((2.0, 1.0), 0.0, 2.14), ((-1.0, 0.0), -1.07, 0.07)]
)
def test_a_scale_holds_zero_and_has_a_margin(values, low, high):
    scale = scale_of(graph(*values))

    assert (scale.low, scale.high) == pytest.approx((low, high))


def test_bars_last_from_start_to_end_and_tell_their_value():
    spans = (Span(start=NIGHT, end=NIGHT + timedelta(minutes=90), text="-1.6 kW", weight=0.5),)
    (bar,) = figure_of([Strip(title="Commands", lanes=(Lane(name="bess", role="battery", spans=spans),))], OVER)["data"]

    assert (bar["base"], bar["x"], bar["text"]) == (["2026-06-01T00:00:00"], [5_400_000.0], ["-1.6 kW"])


def test_no_name_from_outside_is_markup_in_the_figure():
    nasty = Series(name=NASTY, role="grid", values=(1.0, 2.0, 3.0))
    lane = Lane(name=NASTY, role="grid", spans=(Span(start=NIGHT, end=OVER.end, text=NASTY),))
    figure = figure_of([Graph(title=NASTY, unit=NASTY, series=(nasty,)), Strip(title=NASTY, lanes=(lane,))], OVER)

    assert "<" not in str(figure).replace("<br>", "")


def test_plotly_takes_every_part_of_a_figure_of_a_year_of_days():
    year = whole_days(2026)
    panels = [
        graph(*(float(number % 7) for number in range(365)), drawn=Drawn.AREA),
        graph(*(float(number) for number in range(366))),
    ]
    figure = figure_of(panels, year)

    assert len(go.Figure(figure).data) == 2
    assert figure["layout"]["xaxis"]["ticktext"][:3] == ["Jan<br>2026", "Feb", "Mar"]
    assert figure["layout"]["shapes"] == []
    assert slot_names(year)[0] == "Thu 1 Jan 2026"
    assert slot_names(year)[87] == "Sun 29 Mar 2026"


def test_slots_of_the_day_of_25_hours_have_names_of_their_own():
    names = slot_names(hours(30, AUTUMN, zone=BERLIN))

    assert len(set(names)) == 30
    assert [name.removeprefix("Sun 25 Oct 2026 ") for name in names[7:11]] == [
        "01:00 to 02:00 CEST",
        "02:00 CEST to 02:00 CET",
        "02:00 CET to 03:00",
        "03:00 to 04:00",
    ]


def test_the_hour_that_is_left_out_in_spring_is_no_tick():
    finest = tick_levels(hours(30, SPRING, zone=BERLIN))[0].texts

    assert finest[6:10] == ("00:00<br>Sun 29 Mar", "01:00", "03:00", "04:00")


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "America/Santiago"])
def test_ticks_are_full_local_hours_in_zones_of_odd_offsets(zone):
    levels = tick_levels(hours(72, datetime(2026, 9, 5, 1, tzinfo=UTC), zone=zone))

    assert all(text[2:5] == ":00" for text in levels[0].texts)
    assert 71 <= len(levels[0].texts) <= 73
    assert all(len(coarse.at) <= len(fine.at) for fine, coarse in pairwise(levels))


def test_a_day_of_which_only_the_evening_is_marked_leaves_room_for_the_next_days_name():
    level = tick_levels(hours(72, datetime(2026, 6, 1, 9, tzinfo=UTC), zone=BERLIN))[4]

    assert level.texts[:3] == ("12:00", "00:00<br>Tue 2 Jun", "12:00")


def test_runs_of_marks():
    assert runs((True, True, False, True)) == ((0, 2), (3, 4))
    assert runs(()) == ()


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_text_and_every_line_stands_out_from_the_paper(colours):
    paper = luminance(colours["paper"])
    surfaces, texts = {"back", "paper", "rule", "shade"}, {"ink", "quiet", "link", "warn"}
    ratios = {
        role: (max(paper, luminance(colour)) + 0.05) / (min(paper, luminance(colour)) + 0.05)
        for role, colour in colours.items()
        if role not in surfaces and not role.endswith("_fill")
    }

    assert {role for role, ratio in ratios.items() if ratio < (4.5 if role in texts else 3.0)} == set()
