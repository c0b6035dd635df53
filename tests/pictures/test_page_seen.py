"""The page of a plan in a real browser: what it shows, by pointer, keyboard and on a phone, in both looks."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from browser import OVERFLOW, PHONE, Look
from pictured import (
    AUTUMN,
    NASTY,
    SPRING,
    hourly,
    negative_prices,
    planned_of,
    quarter_hours,
    sunny,
    usual,
    whole_days,
    without_battery,
)

from optimizer.pictures import Graph, Series, chart_of, page_of, plan_page
from optimizer.planning import Planned
from optimizer.report import plan_json

READY = ".chart[data-ready='true']"
PLANS: dict[str, Callable[[], Planned]] = {
    "usual": usual,
    "spring": lambda: planned_of(sunny(quarter_hours(SPRING))),
    "autumn": lambda: planned_of(sunny(quarter_hours(AUTUMN))),
    "hourly": lambda: hourly(datetime(2026, 6, 1, 4, tzinfo=UTC)),
    "negative": negative_prices,
    "no battery": without_battery,
    "nasty": lambda: usual(site_id=NASTY, notes=(NASTY,), degradations=(NASTY,)),
}
DRAWN = """() => Object.fromEntries(document.querySelector('.plot').data
  .filter((trace) => trace.type === 'scatter' && trace.line.dash !== 'dash')
  .map((trace) => [trace.name + (trace.line.dash === '5px,3px' ? ' (forecast)' : ''), trace.y]))"""
SHOWN = "() => [...document.querySelectorAll('.card dl > div')].map((each) => [...each.children].map((cell) => cell.textContent))"
TITLES = {"sun": "solar_kw", "load": "load_kw", "heat": "heat_kw", "grid": "grid_kw", "battery": "battery_kw"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """The file and the JSON of each plan by its name, made once."""
    folder = tmp_path_factory.mktemp("pages")
    made: dict[str, tuple[Path, dict[str, Any]]] = {}

    def page_of(name: str) -> tuple[Path, dict[str, Any]]:
        if name not in made:
            planned = PLANS[name]()
            file = folder / f"{name}.html"
            file.write_text(plan_page([planned]), encoding="utf-8")
            made[name] = (file, json.loads(json.dumps(plan_json(planned))))
        return made[name]

    return page_of


def point_at(page: Any, share: float, down_px: float = 120) -> None:
    """The pointer over the chart, at a share of the time that it shows."""
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + 48 + share * (box["width"] - 48 - 14), box["y"] + down_px)


def slot_at(slots: list[dict[str, Any]], share: float) -> int:
    edges = [datetime.fromisoformat(slots[0]["start"]), *(datetime.fromisoformat(slot["end"]) for slot in slots)]
    at = edges[0] + share * (edges[-1] - edges[0])
    return max(place for place, edge in enumerate(edges[:-1]) if edge <= at)


@pytest.mark.parametrize("name", PLANS)
def test_what_is_drawn_embedded_and_tabled_are_the_values_of_the_plans_json(look: Look, pages, name):
    file, found = pages(name)
    page = look.open(file, READY)
    slots = found["slots"]
    drawn = page.evaluate(DRAWN)

    assert json.loads(page.locator("script.plan").text_content()) == found
    for trace, key in TITLES.items():
        if trace != "battery" or name != "no battery":
            assert drawn[trace][::2] == drawn[trace][1::2] == [slot[key] for slot in slots]
    for price in ("import", "export"):
        whole = [
            known if known is not None else guess
            for known, guess in zip(
                drawn.get(price, [None] * 2 * len(slots)),
                drawn.get(f"{price} (forecast)", [None] * 2 * len(slots)),
                strict=True,
            )
        ]
        assert whole[::2] == [slot[f"{price}_price"] for slot in slots]
    if name != "no battery":
        assert drawn["stored at the end"][1:] == [slot["soc_kwh"] for slot in slots]
    rows = page.locator("table").first.locator("tbody tr")
    assert rows.count() == len(slots)
    cells = rows.nth(7).locator("td").all_text_contents()
    assert float(cells[0].rstrip("*")) == pytest.approx(slots[7]["import_price"], abs=5.1e-5)
    assert cells[-1] == found["reasons"][7]


def test_the_pointer_over_a_slot_shows_its_values_and_its_reason(look: Look, pages):
    file, found = pages("usual")
    page = look.open(file, READY)
    assert not page.locator(".card").is_visible()
    for share in (0.002, 0.31, 0.9):
        point_at(page, share)
        number = slot_at(found["slots"], share)
        slot, shown = found["slots"][number], dict(page.evaluate(SHOWN))

        assert page.locator(".card .why").text_content() == found["reasons"][number]
        assert float(shown["grid"].removesuffix(" kW")) == pytest.approx(slot["grid_kw"], abs=0.0051)
        assert float(shown["stored at the end"].removesuffix(" kWh")) == pytest.approx(slot["soc_kwh"], abs=0.0051)
        assert page.locator(".card").is_visible()
    assert "import (forecast price)" in shown
    page.mouse.move(2, 2)

    assert not page.locator(".card").is_visible()


def test_the_card_stays_inside_of_the_window(look: Look, pages):
    page = look.open(pages("usual")[0], READY)
    for share, down_px in ((0.01, 30), (0.99, 30), (0.5, 600)):
        point_at(page, share, down_px)
        box = page.locator(".card").bounding_box()

        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1100
        assert box["y"] >= -1
        assert box["y"] + box["height"] <= 801


def test_arrow_keys_move_from_slot_to_slot_and_say_what_is_there(look: Look, pages):
    file, found = pages("usual")
    page = look.open(file, READY)
    said, chart = page.locator(".said"), page.locator(".chart")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.className") == "stage":
            break
    places = []
    for key in (
        "ArrowRight",
        "ArrowRight",
        "ArrowLeft",
        "PageDown",
        "End",
        "ArrowRight",
        "PageUp",
        "Home",
        "ArrowLeft",
    ):
        page.keyboard.press(key)
        number = int(chart.get_attribute("data-slot"))
        places.append(number)
        assert found["reasons"][number] in said.text_content()
        assert f"grid {found['slots'][number]['grid_kw']:.2f} kW" in said.text_content().replace("-0.00", "0.00")

    last = len(found["slots"]) - 1
    assert places == [1, 2, 1, 5, last, last, last - 4, 0, 0]
    assert said.get_attribute("aria-live") == "polite"
    assert said.text_content().startswith("Mon 1 Jun 2026 11:04:30 to 11:15: ")


def test_commands_in_force_in_a_slot_are_told_with_it(look: Look, pages):
    file, found = pages("usual")
    page = look.open(file, READY)
    entries = {f"{each['asset']}.{each['type']}": each["entries"] for each in found["schedules"]}
    point_at(page, 0.05)
    shown = dict(page.evaluate(SHOWN))

    assert set(entries) <= set(shown)
    assert shown["bess.activePowerkW"] == f"{entries['bess.activePowerkW'][0]['value']:g} kW"


@pytest.mark.parametrize("name", ["usual", "nasty", "no battery"])
def test_a_phone_need_not_scroll_sideways_and_sees_the_slot_below_the_chart(look: Look, pages, name):
    file, found = pages(name)
    page = look.open(file, READY, viewport=PHONE, has_touch=True, is_mobile=True)
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    card = page.locator(".card")
    assert page.evaluate(OVERFLOW) == 0
    assert card.locator(".why").text_content() == found["reasons"][0]
    page.evaluate("() => document.querySelector('.stage').scrollIntoView()")
    box = page.locator(".plot").bounding_box()
    page.touchscreen.tap(box["x"] + 200, box["y"] + 100)

    assert int(page.locator(".chart").get_attribute("data-slot")) > 0
    assert page.evaluate(OVERFLOW) == 0
    assert card.bounding_box()["height"] < 320


def test_a_finger_on_the_chart_scrolls_the_page(look: Look, pages):
    page = look.open(pages("usual")[0], READY, viewport=PHONE, has_touch=True, is_mobile=True)
    page.evaluate("() => document.querySelector('.stage').scrollIntoView()")
    before = page.evaluate("() => scrollY")
    hand = page.context.new_cdp_session(page)
    for kind, y in (("touchStart", 300), ("touchMove", 250), ("touchMove", 200), ("touchMove", 100)):
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 200, "y": y}]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function(f"() => scrollY > {before} + 100")

    assert page.locator(".hint").inner_text() == "Tap a slot to read its values below."


def test_the_pages_own_policy_refuses_any_request(look: Look, pages):
    page = look.open(pages("usual")[0], READY)
    refused = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
          fetch("http://127.0.0.1:9/").catch(() => {});
        })"""
    )

    assert refused == "connect-src"
    assert len(look.complaints) > 0
    look.complaints.clear()
    look.asked[:] = [url for url in look.asked if "127.0.0.1:9" not in url]


def test_dark_and_light_differ_in_page_and_chart_and_follow_a_change(look: Look, pages):
    file, _ = pages("usual")
    seen = {}
    colours = "() => [getComputedStyle(document.documentElement).backgroundColor, document.querySelector('.plot').data.map((trace) => trace.line?.color)]"
    for scheme in ("light", "dark"):
        page = look.open(file, READY, color_scheme=scheme)
        seen[scheme] = page.evaluate(colours)
    page.emulate_media(color_scheme="light")

    assert seen["light"][0] == "rgb(244, 245, 243)"
    assert seen["dark"][0] == "rgb(18, 23, 26)"
    assert not set(filter(None, seen["light"][1])) & set(filter(None, seen["dark"][1]))
    page.wait_for_function(f"(light) => JSON.stringify(({colours})()) === JSON.stringify(light)", arg=seen["light"])


def test_ticks_are_local_time_on_both_days_when_the_clock_is_changed(look: Look, pages):
    labels = {}
    for name in ("spring", "autumn"):
        page = look.open(pages(name)[0], READY)
        labels[name] = page.evaluate(
            "() => [...document.querySelectorAll('.xtick text')].map((each) => each.textContent)"
        )

    spring, autumn = (each[each.index("22:00") + 1 :][:4] for each in labels.values())
    assert spring == ["00:00Sun 29 Mar", "04:00", "06:00", "08:00"]
    assert autumn == ["00:00Sun 25 Oct", "02:00CEST", "04:00", "06:00"]


def test_zooming_brings_finer_ticks_and_a_double_click_shows_all_again(look: Look, pages):
    page = look.open(pages("usual")[0], READY)
    ticks = "() => [...document.querySelectorAll('.xtick text')].map((each) => each.textContent)"
    whole = page.evaluate(ticks)
    point_at(page, 0.2)
    page.mouse.down()
    point_at(page, 0.3)
    page.mouse.up()
    page.wait_for_function(f"(whole) => JSON.stringify(({ticks})()) !== JSON.stringify(whole)", arg=whole)
    zoomed = page.evaluate(ticks)
    point_at(page, 0.5)
    share = page.evaluate("() => document.querySelector('.chart').dataset.slot")
    box = page.locator(".plot").bounding_box()
    page.mouse.dblclick(box["x"] + 400, box["y"] + 120)
    page.wait_for_function(f"() => document.querySelectorAll('.xtick text').length === {len(whole)}")

    assert zoomed == ["19:00", "20:00", "21:00"]
    assert int(share) == slot_at(pages("usual")[1]["slots"], 0.25)
    assert page.evaluate(ticks) == whole


def test_screen_readers_find_landmarks_headings_the_chart_in_words_and_tables(look: Look, pages):
    page = look.open(pages("usual")[0], READY)
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    for role in ("main", "banner", "contentinfo", "application"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("heading", level=1).text_content() == "Plan"
    assert page.get_by_role("region", name="Site 123e4567-e89b-12d3-a456-426614174000").count() == 1
    assert page.locator(".plot").get_attribute("aria-hidden") == "true"
    told = page.locator(f"#{page.locator('.stage').get_attribute('aria-describedby').split()[1]}").text_content()
    assert "Prices in EUR/kWh: import from 0.2100 to 0.4400, export 0.0800." in told
    assert page.get_by_role("table", name="The plan slot by slot").count() == 1
    assert page.get_by_role("table", name="Commands").count() == 1


def test_texts_from_outside_stay_texts(look: Look, pages):
    page = look.open(pages("nasty")[0], READY)

    assert page.locator("img").count() == 0
    assert page.locator("h2").text_content() == f"Site {NASTY}"
    assert page.locator("dd li").get_by_text(NASTY, exact=True).count() == 1


def test_several_sites_have_a_section_and_a_chart_each(look: Look, tmp_path):
    file = tmp_path / "two.html"
    other = hourly(SPRING)
    file.write_text(plan_page([usual(), planned_of(other.plan.problem, site_id="shop")], not_planned=["barn"]))
    page = look.open(file, f"section:nth-of-type(2) {READY}")
    page.get_by_role("link", name="Site shop").click()

    assert page.locator(".plot .main-svg").first.is_visible()
    assert page.locator(READY).count() == 2
    assert page.locator("h2").all_text_contents() == ["Site 123e4567-e89b-12d3-a456-426614174000", "Site shop"]
    assert page.locator(".warn").first.text_content() == "Not planned: barn. The log says why."


def test_without_script_the_tables_hold_the_values(look: Look, pages):
    file, found = pages("usual")
    page = look.open(file, java_script_enabled=False)
    page.locator("summary").first.click()

    assert "The charts need JavaScript" in page.locator("noscript p").text_content()
    assert not page.locator(".head").first.is_visible()
    assert page.locator("table").first.locator("tbody tr").count() == len(found["slots"])


def test_a_page_of_any_panels_is_read_by_day_and_leaps_by_weeks(look: Look, tmp_path):
    year = whole_days(2026)
    bill = Series(name="bill", role="battery", values=tuple(number / 100 for number in range(365)))
    content = chart_of("bills", "Bills", [Graph(title="Bill", unit="EUR", series=(bill,))], year, [""] * 365)
    file = tmp_path / "year.html"
    file.write_text(page_of("A year", None, [("year", "The year", content)]), encoding="utf-8")
    page = look.open(file, READY)
    page.locator(".stage").focus()
    for key in ("PageDown", "ArrowRight"):
        page.keyboard.press(key)

    assert page.locator(".said").text_content() == "Fri 9 Jan 2026: bill 0.08 EUR."
    assert page.evaluate(SHOWN) == [["bill", "0.08 EUR"]]
    assert "Page Down: a week." in page.locator(".hint").text_content()
