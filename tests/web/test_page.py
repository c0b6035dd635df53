"""The operator's page as text: what it says of a site, and that whatever it says is safe and can be read aloud."""

from dataclasses import replace
from datetime import date, timedelta
from html import escape

import pytest
from page_reading import Element, PageReader, faults
from web_states import IN_FORCE, NOW, plan, seen, service, site, slots

from optimizer.domain.command import Pair
from optimizer.web.clean import cleaned
from optimizer.web.facts import service_facts, site_facts
from optimizer.web.page import overview_page, site_page
from optimizer.web.record import BatchRow, HourRow, SiteRecord
from optimizer.web.state import SavingsRow, SiteState

EVIL = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"
BATCH = BatchRow(
    intended_at=NOW - timedelta(minutes=5),
    kind="plan",
    state="in_force",
    sends=2,
    batch_id="b-17",
    accepted=3,
    answered_at=NOW,
    confirmed_at=NOW,
    effective_at=None,
    ends_at=NOW + timedelta(hours=24),
    detail="its answer was lost",
)
HOURS = (
    HourRow(start=NOW - timedelta(hours=3), expected_load_kw=1.0, load_kw=1.5, expected_solar_kw=2.0, solar_kw=None),
    HourRow(start=NOW - timedelta(hours=2), expected_load_kw=1.0, load_kw=0.25, expected_solar_kw=None, solar_kw=1.0),
)
RECORD = SiteRecord(read_at=NOW, batches=(BATCH,), hours=HOURS)


def page_of(one: SiteState, record: SiteRecord | None = RECORD, **state) -> Element:
    whole = service_facts(service(one, **state))
    return PageReader.read(site_page(whole, site_facts(one, NOW, record)))


def overview(*sites: SiteState, **state) -> Element:
    return PageReader.read(overview_page(service_facts(service(*sites, **state))))


def part(page: Element, key: str) -> Element:
    return page.one("section", id=key)


def evil_site() -> SiteState:
    return site(
        site_id=EVIL,
        outcome="failed",
        error="DeliveryRejected",
        detail=EVIL,
        plan=plan(
            verdict=EVIL,
            solver=EVIL,
            currency=EVIL,
            price_why=EVIL,
            price_step="cached",
            notes=(EVIL,),
            foreign=(EVIL,),
            basis={"load": EVIL},
            quality={"load": EVIL},
            read={EVIL: True},
            slots=slots(reasons=(EVIL,) * 8),
        ),
        outcomes={EVIL: 1},
        errors={EVIL: 1},
        feed_answered_at={EVIL: NOW},
        saving_per_day={EVIL: (1.0, EVIL)},
    )


def test_whatever_comes_from_outside_is_text_and_nothing_else():
    batch = replace(BATCH, batch_id=EVIL, detail=EVIL, state="lost", kind=EVIL)
    events = {("warning", EVIL): 1}
    page = page_of(evil_site(), SiteRecord(read_at=NOW, batches=(batch,), hours=HOURS), events=events)
    cards = overview(evil_site(), site(), events=events)

    assert faults(page) == []
    assert faults(cards) == []
    assert not page.all("img")
    assert page.one("h1").text == f"Site {EVIL}"
    assert part(page, "health").fact("What it said") == EVIL
    assert part(page, "batches").rows()[0][2] == EVIL
    assert page_of(site(), SiteRecord(read_at=NOW, error=EVIL)).text.count(EVIL) == 2


def test_a_secret_is_taken_out_also_where_escaping_would_change_it():
    secret = "s3<c&r\"e't"
    state = service(site(detail=f"token {secret} refused"), site(site_id="b", plan=plan(notes=(secret,))))
    clean = cleaned(service_facts(state), lambda text: text.replace(secret, "***"))
    texts = [overview_page(clean), *(site_page(clean, each) for each in clean.sites)]

    assert not [text for text in texts if secret in text or escape(secret) in text]
    assert "token *** refused" in texts[1]


@pytest.mark.parametrize(
    "one",
    [
        site(),
        site(outcome=None, ended_at=None, plan=None, seen=None, batch_state=None, told_until=None, was_good=False),
        site(plan=plan(battery=None, slots=slots(known_until=None))),
        site(is_stalled=True, unplanned_s=4000.0, holds_lease=False, trusted_share=0.1),
    ],
    ids=["good", "starting", "no battery", "stalled"],
)
@pytest.mark.parametrize("record", [None, RECORD, SiteRecord(read_at=NOW), SiteRecord(read_at=NOW, error="gone")])
def test_every_page_has_landmarks_headings_captions_and_no_loose_ends(one, record):
    page = page_of(one, record)

    assert faults(page) == []
    assert page.one("html").attributes["lang"] == "en"
    for landmark in ("header", "main", "footer", "h1"):
        page.one(landmark)
    assert page.one("a", class_="skip").attributes["href"] == "#main"
    assert page.one("noscript").one("meta").attributes["content"] == "60"
    assert [each.one("h2").text for each in page.all("section")][:2] == ["Health", "In force now"]


def test_what_is_in_force_is_told_with_value_unit_direction_and_end_in_local_time():
    now = part(page_of(site()), "now")
    battery, limit = now.one("ul", class_="commands").children
    (until,) = battery.all("time")

    assert battery.text.startswith("Battery charges with 3.2 kW until 15:00")
    assert until.attributes == {"datetime": "2021-04-14T13:00:00Z", "title": "2021-04-14 13:00:00 UTC"}
    assert limit.text.startswith("Import is limited to 20 kW until Thu 14:15")
    assert now.fact("Next change") == "at 15:00: battery rests (0 kW)"
    assert now.fact("Why, says the plan") == "reason 0"
    assert now.fact("Battery") == "41.0 %, 4.10 kWh stored"
    assert now.fact("Grid") == "1.50 kW import"


def test_the_page_states_its_zone():
    assert "times are Europe/Berlin (CEST)" in page_of(site()).text


def test_an_error_is_named_explained_and_its_heading_given():
    health = part(page_of(site(outcome="skipped", error="StaleData", detail="site home is offline")), "health")

    assert health.one("p", class_="standing").text == "! In trouble"
    assert "The newest reading is older than planning may rely on, or the site is offline." in health.text
    assert "(RUNBOOK.md: StaleData)" in health.text
    assert health.fact("What it said") == "site home is offline"
    assert health.fact("Last cycle").startswith("skipped at 14:15, 5 min ago: the inputs did not allow a plan")


def test_the_plan_is_a_row_a_slot_with_forecast_prices_marked():
    rows = part(page_of(site()), "plan").one("table").rows()

    assert rows[0] == ["14:15", "0.3000", "0.0800", "0.50", "0.25", "1.25", "1.50", "2.00", "4.47", "0.00", "reason 0"]
    assert [row[1] for row in rows] == ["0.3000"] * 4 + ["0.4000"] * 2 + ["0.4000*"] * 2
    assert rows[-1][6] == "-0.50"


def test_batches_tell_state_id_kind_sends_end_and_detail():
    (row,) = part(page_of(site()), "batches").rows()

    assert row == [
        "14:15",
        "in force read back from the site",
        "b-17",
        "plan",
        "2",
        "Thu 14:20",
        "its answer was lost",
    ]


def test_forecasts_are_held_against_what_came_with_their_mean_error():
    forecasts = part(page_of(site()), "forecasts")

    assert "Load: mean absolute error 0.62 kW over 2 hours" in forecasts.text
    assert "Sun: nothing to compare" in forecasts.text
    assert forecasts.rows() == [
        ["12:20", "1.00", "0.25", "–", "1.00"],
        ["11:20", "1.00", "1.50", "2.00", "–"],
    ]


def test_inputs_tell_signals_forecasts_prices_feeds_and_what_stood_in():
    one = site(
        plan=plan(price_step="cached", price_why="day_ahead: no answer", notes=("HCU: no answer",)),
        feed_answered_at={"day_ahead": NOW - timedelta(hours=3)},
    )
    inputs = part(page_of(one), "inputs")
    signals, forecasts, feeds = (table.rows() for table in inputs.all("table"))

    assert signals == [["load", "read"], ["soc", "not read"]]
    assert forecasts[0] == ["load", "learned: learnt from this site's record", "35 days of record"]
    assert feeds == [["day_ahead", "11:20", "3 h ago"]]
    assert inputs.fact("Prices").startswith("cached:")
    assert inputs.fact("Why not fresh") == "day_ahead: no answer"
    assert inputs.fact("Degradations") == "HCU: no answer"


def test_savings_tell_the_nights_and_the_challengers():
    day = date(2021, 4, 13)
    bills = SavingsRow(
        day=day, no_battery=4.0, self_consumption=3.0, daemon=2.5, perfect_foresight=2.25, currency="EUR"
    )
    unknown = SavingsRow(
        day=day - timedelta(days=1),
        no_battery=4.0,
        self_consumption=None,
        daemon=None,
        perfect_foresight=None,
        currency="EUR",
    )
    savings = part(page_of(site(savings=(bills, unknown), saving_per_day={"dynamic": (-0.42, "EUR")})), "savings")
    nights, challengers = (table.rows() for table in savings.all("table"))

    assert nights[0] == ["2021-04-13", "4.00 EUR", "3.00 EUR", "2.50 EUR", "2.25 EUR", "1.50 EUR"]
    assert nights[1] == ["2021-04-12", "4.00 EUR", "–", "–", "–", "–"]
    assert challengers == [["dynamic", "-0.42 EUR a day"]]


def test_warnings_are_counted_the_most_frequent_first():
    events = {("warning", "degraded"): 4, ("error", "cycle_failed"): 7}
    warnings = part(page_of(site(), events=events), "warnings")

    assert warnings.one("caption").text == "Logged since the start, 11 times in all"
    assert warnings.rows() == [["cycle_failed", "error", "7"], ["degraded", "warning", "4"]]


def test_a_ledger_that_cannot_be_read_is_told_and_takes_nothing_else_away():
    page = page_of(site(), SiteRecord(read_at=NOW, error="DatabaseError: file is not a database"))

    for key in ("batches", "forecasts"):
        assert "The ledger could not be read: DatabaseError: file is not a database" in part(page, key).text
    assert part(page, "plan").one("table").rows()
    assert "Battery charges with 3.2 kW" in part(page, "now").text


def test_sites_in_trouble_stand_first_and_each_card_leads_to_its_site():
    page = overview(
        site(site_id="b/ü"),
        site(site_id="bad", error="StaleData", outcome="skipped"),
        site(site_id="new", outcome=None, ended_at=None, plan=None),
    )
    links = [card.one("h2").one("a") for card in page.all("article")]

    assert [link.text for link in links] == ["bad", "new", "b/ü"]
    assert links[2].attributes["href"] == "/sites/b%2F%C3%BC"
    assert page.one("h1").text == "3 sites: 1 in trouble, 1 starting, 1 good"
    assert "Now: battery charges with 3.2 kW" in page.all("article")[2].text
    assert "State of charge 41 %" in page.all("article")[2].text


def test_a_service_without_sites_says_so():
    assert overview().one("h1").text == "0 sites: none is configured"


def test_what_concerns_the_whole_process_stands_on_every_page():
    stuck = {"loop_age_s": 500.0, "cloud_is_up": False, "ledger_failures": 2}
    for page in (overview(site(), **stuck), page_of(site(), **stuck)):
        words = page.one("main").all("ul", class_="findings")[0].text
        assert "came round 500 s ago" in words
        assert "health probe does not answer" in words
        assert "could not be used 2 times" in words
    assert "scheduler does not run" in overview(site(), scheduler_runs=False).text


def test_the_charts_say_in_words_what_they_show():
    told = [picture.one("desc").text for picture in part(page_of(site()), "plan").all("svg", role="img")]

    assert told[0] == (
        "Import from 0.300 to 0.400 EUR/kWh. Export from 0.080 to 0.080 EUR/kWh. From 15:45 on they are a forecast."
    )
    assert told[2] == "Battery from 0.00 to 2.00 kW. Grid from -0.50 to 1.50 kW."
    assert told[3] == "Stored from 4.00 to 5.90 kWh."


def test_a_site_without_a_battery_has_no_chart_of_stored_energy():
    page = page_of(site(plan=plan(battery=None), seen=replace(seen(*IN_FORCE[:1]), battery=None)))

    assert len(part(page, "plan").all("svg", role="img")) == 3
    assert Pair.BESS_POWER.label not in part(page, "now").text


def test_sites_that_stand_alike_keep_the_order_of_the_settings():
    state = service(site(site_id="z"), site(site_id="a"))

    assert [facts.site.site_id for facts in service_facts(state).sites] == ["z", "a"]
