"""The text of a plan's page: whole in itself, safe, and with the very values of the plan's JSON."""

import json
import re
import sys
from base64 import b64encode
from hashlib import sha256

import pytest
from pictured import NASTY, SPRING, hourly, negative_prices, usual, without_battery

from optimizer.errors import ConfigError
from optimizer.pictures import plan_page, plan_panels
from optimizer.pictures.html import data_block, el, program
from optimizer.pictures.page import library
from optimizer.pictures.panels import Graph, Strip
from optimizer.report import plan_json, slot_rows

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


def blocks(text: str, name: str) -> list[object]:
    return [json.loads(body) for attributes, body in SCRIPT.findall(text) if f'class="{name}"' in attributes]


def programs(text: str) -> list[str]:
    return [body for attributes, body in SCRIPT.findall(text) if "application/json" not in attributes]


def graph(planned, title: str) -> Graph:
    (found,) = [each for each in plan_panels(planned, slot_rows(planned)) if each.title == title]
    assert isinstance(found, Graph)
    return found


def test_the_page_holds_each_plan_as_its_json():
    plans = [usual(), hourly(SPRING)]
    text = plan_page(plans, ["the sign is assumed"])

    assert blocks(text, "plan") == [
        json.loads(json.dumps(plan_json(planned, ["the sign is assumed"]))) for planned in plans
    ]


def test_what_is_read_out_are_the_values_of_the_slots():
    planned = usual()
    text = plan_page([planned])
    (spec,) = blocks(text, "spec")
    slots = plan_json(planned)["slots"]
    read = {each["name"]: each["values"] for each in spec["values"]}

    assert read["grid"] == [slot["grid_kw"] for slot in slots]
    assert read["stored at the end"] == [slot["soc_kwh"] for slot in slots]
    assert spec["notes"] == list(planned.plan.reasons)
    assert len(spec["edges"]) == len(slots) + 1 == len(spec["names"]) + 1


def test_only_the_two_programs_of_the_page_may_run_and_nothing_may_be_fetched():
    text = plan_page([usual()])
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#x27;", "'").split("; "))
    hashes = [f"'sha256-{b64encode(sha256(body.encode()).digest()).decode()}'" for body in programs(text)]

    assert len(hashes) == 2
    assert rules["script-src"].split() == hashes
    assert rules["default-src"] == "'none'"
    assert "http" not in policy
    assert not re.search(r"<(link|iframe|img|script[^>]* src|object|embed)\b", re.sub(SCRIPT, "", text))


def test_texts_from_outside_never_become_markup():
    planned = usual(site_id=NASTY, notes=(NASTY,), degradations=(NASTY,))
    text = plan_page([planned], [NASTY], [NASTY])
    rest = re.sub(SCRIPT, "", text)

    assert "<img" not in rest
    assert "onerror=alert(1)&gt;" in rest
    assert blocks(text, "plan")[0]["site_id"] == NASTY
    assert len(SCRIPT.findall(text)) == 5


def test_prices_that_are_not_published_are_marked_in_chart_and_table():
    planned = usual()
    marks = graph(planned, "Prices").series[0].is_guess
    text = plan_page([planned])

    assert sum(marks) == sum(start >= planned.tariff.known_until for start in planned.plan.problem.horizon.starts)
    assert text.count("*</td>") == 2 * sum(marks)
    assert "until Tue 2 Jun 00:00, then a forecast" in text
    assert "Prices of the same weekdays go on from tomorrow." in text


def test_limits_ratings_reserve_and_billed_peaks_are_bounds():
    planned = usual()
    bounds = {
        bound.name: bound.values[0]
        for title in ("Grid", "Battery", "Stored energy")
        for bound in graph(planned, title).bounds
    }

    assert bounds.pop("demand charge (1.40 kW before), billed") == planned.plan.peaks_kw["demand charge"]
    assert bounds == {
        "import limit": 20.0,
        "export limit": -15.0,
        "most charging": 5.0,
        "most discharging": -5.0,
        "least": 1.0,
        "most": 10.0,
        "reserve": 2.0,
    }


def test_the_commands_are_bars_with_their_values():
    planned = usual()
    (strip,) = [each for each in plan_panels(planned, slot_rows(planned)) if isinstance(each, Strip)]

    assert [lane.name for lane in strip.lanes] == [command.pair.label for command in planned.batch.commands]
    for lane, command in zip(strip.lanes, planned.batch.commands, strict=True):
        assert [(span.start, span.end) for span in lane.spans] == [
            (entry.start, entry.end) for entry in command.entries
        ]
    assert strip.lanes[0].spans[0].text == "20 kW"


def test_without_a_battery_there_is_no_panel_of_one():
    planned = without_battery()
    titles = [panel.title for panel in plan_panels(planned, slot_rows(planned))]

    assert titles == ["Prices", "Load, heat and sun", "Grid", "Commands"]


def test_sun_that_is_cut_is_drawn_where_there_is_any():
    cut = [series.name for series in graph(negative_prices(), "Load, heat and sun").series]
    usual_names = [series.name for series in graph(usual(), "Load, heat and sun").series]

    assert cut == ["sun", "load", "heat", "sun that is cut"]
    assert usual_names == ["sun", "load", "heat"]


def test_sites_without_a_plan_are_named():
    assert "Not planned: barn, shop. The log says why." in plan_page([usual()], not_planned=["barn", "shop"])


def test_without_plotly_the_error_says_what_to_install(monkeypatch):
    library.cache_clear()
    monkeypatch.setitem(sys.modules, "plotly.offline", None)

    with pytest.raises(ConfigError, match=r"--html needs plotly: install heat-optimizer\[plot\]"):
        plan_page([usual()])


def test_no_text_ends_a_block_of_data():
    text = data_block("plan", {"a": "</script><!--&\u2028"})

    assert text.count("</script>") == 1
    assert "<!--" not in text
    assert blocks(text, "plan") == [{"a": "</script><!--&\u2028"}]


def test_a_program_that_would_end_early_is_refused():
    with pytest.raises(ValueError, match="cannot stand in a page"):
        program("const a = '</script>'")


def test_elements_escape_what_is_no_markup():
    assert el("p", "<b>", el("i", "a&b"), title='"') == '<p title="&quot;">&lt;b&gt;<i>a&amp;b</i></p>'
