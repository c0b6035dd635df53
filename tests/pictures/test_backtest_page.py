"""The page and the drawing of a backtest: their numbers are the result's, in words, in a browser and on a phone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from backtest_data import rows, write_data, write_settings
from browser import OVERFLOW, PHONE, Look

from optimizer.backtest.backtest import BILLS, DAEMON, NO_BATTERY, Whole, Work, live_through
from optimizer.backtest.setup import Asked
from optimizer.backtest_command import show
from optimizer.backtest_page import backtest_page
from optimizer.backtest_panels import Stretch, day_panels, days_of, dearest_week, week_horizon, week_panels
from optimizer.cli import main
from optimizer.domain.tariff import PeakCharge
from optimizer.errors import ConfigError
from optimizer.log import configure_logging
from optimizer.pictures import Graph, Strip

READY = ".chart[data-ready='true']"
HOUR = timedelta(hours=1)
DRAWN = """(number) => document.querySelectorAll('.plot')[number].data.map((trace) => [trace.name, trace.y])"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Three days in hours, one of them a day of 23."""
    configure_logging(level="error")
    folder = tmp_path_factory.mktemp("lived")
    asked = Asked(config=write_settings(folder), data=write_data(folder / "data.csv", list(rows(3, HOUR))))
    return live_through(asked, Work(processes=1, with_regret=False), lambda *_: None)


@pytest.fixture(scope="module")
def page_file(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "backtest.html"
    show([("home <b>", whole)], file, None)
    return file


def graphs(panels: object) -> dict[str, Graph]:
    return {panel.title: panel for panel in panels if isinstance(panel, Graph)}


def test_days_are_local_and_their_costs_sum_to_the_bills(whole):
    days = days_of(whole)

    assert days.horizon.slot_h == (23.0, 24.0, 23.0, 1.0), "the first hour is known to nobody before it is over"
    assert days.horizon.edges[1] == datetime(2026, 3, 27, 23, tzinfo=UTC)
    for name in BILLS:
        assert days.costs[name].sum() == pytest.approx(whole.result.bills[name], abs=1e-9)
    saved = graphs(day_panels(days, whole.billing.whole.tariff))["Saved so far"]
    by_name = {series.name: series.values for series in saved.series}
    assert by_name["Heat Optimizer"][0] == 0.0
    assert by_name["Heat Optimizer"][-1] == pytest.approx(
        whole.result.bills[NO_BATTERY] - whole.result.bills[DAEMON], abs=1e-9
    )


def test_the_week_is_the_one_that_left_most_and_all_days_where_there_are_few(whole):
    days = days_of(whole)
    costs = dict.fromkeys(BILLS, np.zeros(12))
    stretches = tuple(Stretch(first=96 * day, last=96 * (day + 1)) for day in range(12))
    twelve = replace(days, stretches=stretches, costs=costs | {DAEMON: np.eye(12)[9]})

    assert dearest_week(days) == Stretch(first=0, last=len(whole.billing.whole.horizon))
    assert dearest_week(twelve) == Stretch(first=96 * 3, last=96 * 10), "the first week that holds the loss"


def test_the_grid_without_a_battery_is_that_of_its_bill(whole):
    week = dearest_week(days_of(whole))
    lived = whole.lived[NO_BATTERY]
    capped = replace(
        whole, lived={**whole.lived, NO_BATTERY: replace(lived, export_kwh=lived.export_kwh.clip(max=0.1))}
    )
    (series,) = [each for each in graphs(week_panels(capped, week))["Grid"].series if each.name == "no battery"]

    assert min(series.values) == -0.4


def test_that_charges_are_not_in_the_days_is_said(whole):
    bare = whole.billing.whole.tariff
    charged = replace(bare, peak_charges=(PeakCharge(name="peak", price_per_kw=9.0),))
    remarks = [graphs(day_panels(days_of(whole), each))["Saved so far"].remark for each in (bare, charged)]

    assert ["energy prices alone" in remark for remark in remarks] == [False, True]


def test_what_was_expected_stands_beside_what_came_and_commands_are_bars(whole):
    week = dearest_week(days_of(whole))
    panels = week_panels(whole, week)
    came = {series.name: series.values for series in graphs(panels)["Load, heat and sun"].series}
    strip = next(panel for panel in panels if isinstance(panel, Strip))
    horizon = week_horizon(whole, week)

    assert set(came) == {"load", "sun", "load as expected", "sun as expected"}
    assert all(value is not None for value in came["load as expected"])
    assert came["load"] != came["load as expected"]
    for lane in strip.lanes:
        in_force = [any(span.start <= at < span.end for span in lane.spans) for at in horizon.starts]
        assert in_force == [lane.name in commands for commands in whole.lived[DAEMON].commands]


def test_the_page_holds_the_result_and_draws_and_tables_its_numbers(look: Look, whole, page_file):
    page = look.open(page_file, READY)
    result, lived = whole.result, whole.lived[DAEMON]
    days, week = (dict(page.evaluate(DRAWN, number)) for number in (0, 1))
    bills = page.locator("table").first.locator("tbody tr")

    assert json.loads(page.locator("script.result").text_content()) == json.loads(json.dumps(result.document()))
    assert page.locator("h2").text_content() == "home <b>"
    assert [float(bills.nth(number).locator("td").first.text_content()) for number in range(4)] == pytest.approx(
        [result.bills[name] for name in BILLS], abs=0.0051
    )
    assert days["bought"][::2] == pytest.approx(days_of(whole).import_kwh.tolist())
    assert week["sun as expected"][::2] == pytest.approx(lived.expected_kw["solar"].tolist())
    drawn = [values for name, values in page.evaluate(DRAWN, 1) if name == "Heat Optimizer"]
    assert drawn[0][::2] == pytest.approx((4 * (lived.import_kwh - lived.export_kwh)).tolist())
    assert drawn[1] == pytest.approx(lived.soc_kwh.tolist())


def test_the_pointer_and_the_keys_tell_a_quarter_with_what_was_in_force(look: Look, whole, page_file):
    page = look.open(page_file, READY)
    chart = page.locator(".chart").nth(1)
    chart.locator(".stage").scroll_into_view_if_needed()
    box = chart.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + 48 + 0.4 * (box["width"] - 62), box["y"] + 100)
    number = int(chart.get_attribute("data-slot"))
    told = chart.locator(".card .why").text_content()
    for label, value in whole.lived[DAEMON].commands[number].items():
        assert f"{label} {value:g} kW" in told
    chart.locator(".stage").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")

    assert chart.get_attribute("data-slot") == "1"
    assert "load as expected" in chart.locator(".said").text_content()


def test_a_phone_need_not_scroll_sideways(look: Look, page_file):
    page = look.open(page_file, READY, viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    assert page.evaluate(OVERFLOW) == 0


def test_several_results_are_compared_first_and_troubles_are_told(look: Look, whole, tmp_path):
    troubled = replace(whole, result=replace(whole.result, troubles=("2026-03-27T00:00Z forecast_gap: none",)))
    file = tmp_path / "compared.html"
    file.write_text(backtest_page([("small", whole), ("large", troubled)]), encoding="utf-8")
    page = look.open(file, READY)

    assert page.locator("h2").all_text_contents() == ["Compared", "small", "large"]
    assert page.locator("table").first.locator("tbody th").all_text_contents() == ["small", "large"]
    assert page.locator("#result-2 .warn").text_content().startswith("1 cycles made no plan")
    assert page.locator("#result-1 .warn").count() == 0


def test_one_command_prints_and_writes_the_page_and_the_drawing(tmp_path, capsys):
    config, data = write_settings(tmp_path), write_data(tmp_path / "data.csv", list(rows(2, HOUR)))
    kept, html, png = (tmp_path / name for name in ("kept", "page.html", "drawing.png"))
    arguments = ["backtest", "--config", str(config), "--data", str(data), "--state", str(kept)]
    arguments += ["--no-regret", "--processes", "1"]

    assert main([*arguments, "--format", "json", "--html", str(html), "--png", str(png)]) == 0
    printed = json.loads(capsys.readouterr().out)
    text = html.read_text(encoding="utf-8")

    assert f'"{DAEMON}":{printed["bills"][DAEMON]!r}' in text
    assert png.read_bytes().startswith(b"\x89PNG")
    assert main([*arguments, "--html", "/dev/full/page.html"]) == 2
    assert "--html /dev/full/page.html: there is no folder /dev/full" in capsys.readouterr().err
    assert main([*arguments, "--sweep", "battery.capacity_kwh=4", "--html", str(html)]) == 2
    assert "--html shows one backtest or several compared" in capsys.readouterr().err


def test_a_drawing_that_cannot_be_written_is_told(whole):
    with pytest.raises(ConfigError, match=r"--png /dev/full/no\.png: cannot be written"):
        show([("home", whole)], None, Path("/dev/full/no.png"))
