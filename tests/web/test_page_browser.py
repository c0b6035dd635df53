"""The page in a real browser: keyboard, small screens, both colour schemes, its refresh, and nothing from elsewhere."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from lived_site import LivedSite, lived_site
from web_states import NOW, plan, service, site

from optimizer.web import BatchRow, Page, Pages, SiteRecord

CHROMIUM = shutil.which("chromium")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: the page is not seen by a browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 360, "height": 640}
MINUTE_MS = 61_000
LONG = "a-very-long-name-without-any-place-to-break-it-" * 3
CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
      if (colour[3] > 0) throw new Error("half transparent: " + at.outerHTML.slice(0, 80));
    }
    return rgb(getComputedStyle(document.documentElement).backgroundColor);
  };
  const found = [];
  for (const element of document.querySelectorAll("body, body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const style = getComputedStyle(element);
    if (!says || !element.getClientRects().length || ["title", "desc", "noscript", "script"].includes(element.tagName)) continue;
    const ink = light(rgb(element instanceof SVGElement ? style.fill : style.color));
    const paper = light(behind(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    found.push([element.tagName + "." + (element.getAttribute("class") ?? ""), ratio]);
  }
  return found;
}"""
FOCUSABLE = "a[href], summary, [tabindex='0']"
FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  return [
    [...document.querySelectorAll("a[href], summary, [tabindex='0']")].indexOf(at),
    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  ];
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedSite]:
    with lived_site(tmp_path_factory.mktemp("seen"), hours=4) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Any) -> Iterator[Any]:
    """Opens pages; afterwards nothing may have been asked of another machine, and nobody may have complained."""
    contexts, asked, complaints = [], [], []

    def open_page(url: str, **options: Any) -> Any:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url, wait_until="networkidle")
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert complaints == []


@pytest.fixture(scope="module")
def troubled() -> Iterator[str]:
    """Two sites that never were, with long names, long texts and a ledger that cannot be read or tells much."""
    bad = site(
        site_id=f"shop {LONG}",
        outcome="failed",
        error="DeliveryRejected",
        detail="x" * 300,
        batch_state="diverging",
        trusted_share=0.1,
        plan=plan(price_step="cached", price_why="y" * 200, notes=("z" * 200,), basis={"load": "w" * 200}),
        feed_answered_at={LONG: NOW},
        saving_per_day={LONG: (1.0, "EUR")},
    )
    batch = BatchRow(
        intended_at=NOW,
        kind="plan",
        state="refused",
        sends=1,
        batch_id="9" * 80,
        accepted=None,
        answered_at=None,
        confirmed_at=None,
        effective_at=None,
        ends_at=NOW,
        detail="HTTP 422 " + "v" * 200,
    )
    records = {"home": SiteRecord(read_at=NOW, error="u" * 200)}

    class Records:
        def record(self, site_id: str) -> SiteRecord:
            return records.get(site_id, SiteRecord(read_at=NOW, batches=(batch,) * 20))

        def in_turn(self) -> Any:
            return self.record

    state = service(site(), bad, events={("error", "e" * 100): 3}, cloud_is_up=False, ledger_failures=2)
    pages = Pages(state=lambda: state, clean=str, records=Records())
    page = Page.open("127.0.0.1", 0, pages.answers(), below=pages.below())
    yield page.url
    page.close()


def paths(url: str) -> list[str]:
    return [url, f"{url}/sites/home", f"{url}/sites/shop%20{LONG}"]


def open_all_details(page: Any) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")


def test_values_on_the_page_are_those_of_its_facts(look, lived):
    facts = lived.facts()
    page = look(lived.url)
    rows = page.locator("#slots tbody tr")
    first = facts["now"]["in_force"][0]["words"]

    assert page.locator("#health .pill").inner_text().endswith("Good")
    assert page.locator(".commands li strong").first.inner_text().lower() == first.lower()
    assert rows.count() == len(facts["plan"]["slots"])
    page.locator("#slots summary").click()
    for number in (0, 20, rows.count() - 1):
        slot, cells = facts["plan"]["slots"][number], rows.nth(number).locator("th, td").all_inner_texts()
        shown = [float(cells[1].rstrip("*")), float(cells[6]), float(cells[7]), float(cells[8])]
        assert shown == pytest.approx(
            [slot[key] for key in ("import_price", "grid_kw", "battery_kw", "soc_kwh")], abs=0.0051
        )
    ids = page.locator("#batches tbody td code").all_inner_texts()
    assert ids == [batch["batch_id"] for batch in facts["ledger"]["batches"]]


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(look, troubled, which, scheme):
    page = look(paths(troubled)[which], color_scheme=scheme)
    open_all_details(page)
    found = page.evaluate(CONTRASTS)

    assert len(found) > 20
    assert [(name, round(ratio, 2)) for name, ratio in found if ratio < 4.5] == []


def test_dark_and_light_differ(look, lived):
    backs = [
        look(lived.url, color_scheme=scheme).evaluate(
            "() => getComputedStyle(document.documentElement).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]

    assert backs == ["rgb(244, 245, 243)", "rgb(18, 23, 26)"]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_phone_need_not_scroll_sideways_whatever_the_texts_are(look, troubled, which):
    page = look(paths(troubled)[which], viewport=PHONE)
    open_all_details(page)

    assert page.evaluate(OVERFLOW) <= 0


def test_the_lived_page_fits_a_phone_and_its_labels_can_be_read_there(look, lived):
    page = look(lived.url, viewport=PHONE, has_touch=True, is_mobile=True)
    open_all_details(page)
    heights = page.evaluate(
        "() => [...document.querySelectorAll('svg text')].map((each) => each.getBoundingClientRect().height)"
    )

    assert page.evaluate(OVERFLOW) <= 0
    assert min(heights) >= 9


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(look, lived):
    page = look(lived.url)
    open_all_details(page)
    count = page.locator(FOCUSABLE).count()
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        place, is_shown = page.evaluate(FOCUSED)
        reached.append(place)
        assert is_shown, place

    assert count > 15
    assert reached == list(range(count))


def test_the_first_tab_offers_a_way_past_the_header(look, lived):
    page = look(lived.url)
    page.keyboard.press("Tab")
    box = page.locator(".skip").bounding_box()
    page.keyboard.press("Enter")

    assert box is not None
    assert box["x"] >= 0
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_details_open_and_tables_scroll_by_the_keyboard(look, lived):
    page = look(lived.url, viewport=PHONE)
    page.locator("#slots summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#slots .scroll').scrollLeft > 0")

    assert page.evaluate("() => document.querySelector('#slots').open")
    assert page.evaluate("() => document.activeElement.getAttribute('role')") == "region"


def test_screen_readers_find_landmarks_headings_and_names_for_pictures_and_tables(look, lived):
    page = look(lived.url)

    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("contentinfo").count() == 1
    assert page.get_by_role("navigation", name="On this page").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    for name in ("Health", "In force now", "Plan", "Batches", "Input quality", "Savings", "Warnings"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    assert page.get_by_role("img", name="Prices, EUR/kWh").count() == 1
    assert page.get_by_role("table", name="The newest").count() == 1
    assert page.get_by_role("status").inner_text() == "Refreshes each minute."


def test_each_minute_the_content_is_new_and_open_details_stay_open(look, lived):
    page = look(lived.url)
    page.clock.install()
    page.reload(wait_until="networkidle")
    page.locator("#slots summary").click()
    page.evaluate("() => { document.activeElement.blur(); document.getElementById('main').dataset.old = 'yes'; }")
    before = page.locator("main h1 + p time").inner_text()
    lived.later(timedelta(minutes=1))
    page.clock.fast_forward(MINUTE_MS)
    page.wait_for_function("() => !document.getElementById('main').dataset.old")

    assert page.locator("main h1 + p time").inner_text() != before
    assert page.evaluate("() => document.querySelector('#slots').open")
    assert page.locator("#freshness").inner_text() == "Refreshes each minute."


def test_the_focus_is_never_taken_away_and_the_page_says_that_it_waits(look, lived):
    page = look(lived.url)
    page.clock.install()
    page.reload(wait_until="networkidle")
    page.evaluate("() => { document.getElementById('main').dataset.old = 'yes'; }")
    page.locator("#slots summary").focus()
    page.clock.fast_forward(MINUTE_MS)
    page.wait_for_function("() => document.getElementById('freshness').textContent.startsWith('Not refreshed while')")
    kept = page.evaluate("() => [document.activeElement.tagName, document.getElementById('main').dataset.old]")
    page.evaluate("() => document.activeElement.blur()")
    page.clock.fast_forward(MINUTE_MS)
    page.wait_for_function("() => !document.getElementById('main').dataset.old")

    assert kept == ["SUMMARY", "yes"]
    assert page.locator("#freshness").inner_text() == "Refreshes each minute."


def test_a_service_that_no_longer_answers_is_told_and_the_old_page_stays(look):
    pages = Pages(state=lambda: service(site()), clean=str)
    served = Page.open("127.0.0.1", 0, pages.answers(), below=pages.below())
    page = look(served.url)
    page.clock.install()
    page.reload(wait_until="networkidle")
    served.close()
    page.clock.fast_forward(MINUTE_MS)
    page.wait_for_function("() => document.getElementById('freshness').textContent.includes('does not answer')")

    assert page.locator("h1").inner_text() == "Site home"
    assert all("ERR_CONNECTION_REFUSED" in words for words in look.complaints)
    look.complaints.clear()


def test_without_script_all_is_there_and_the_page_reloads_by_itself(look, lived):
    page = look(lived.url, java_script_enabled=False)

    assert page.locator("noscript meta[http-equiv=refresh]").count() == 1
    assert page.locator(".commands li").count() >= 3
    assert page.locator("#plan svg[role=img]").count() == 4


def test_from_the_overview_a_click_leads_to_a_site_and_back(look, troubled):
    page = look(troubled)
    names = page.locator("article h2").all_inner_texts()
    page.get_by_role("link", name="home").click()
    page.wait_for_url("**/sites/home")
    page.get_by_role("link", name="All sites").click()
    page.wait_for_url(f"{troubled}/")

    assert names == [f"shop {LONG}", "home"]
