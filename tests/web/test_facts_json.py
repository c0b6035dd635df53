"""The page's facts for programs."""

import json

from web_states import NOW, plan, service, site

from optimizer.report import SLOT_KEYS
from optimizer.web.facts import service_facts
from optimizer.web.facts_json import site_text, state_text
from optimizer.web.record import HourRow, SiteRecord

HOUR = HourRow(start=NOW, expected_load_kw=1.0, load_kw=1.5, expected_solar_kw=None, solar_kw=2.0)


def body(*sites, record: SiteRecord | None = None, **state):
    return json.loads(state_text(service_facts(service(*sites, **state), None if record is None else lambda _: record)))


def test_a_site_tells_what_is_in_force_why_and_what_comes_next():
    now = body(site())["sites"][0]["now"]

    assert now["in_force"][0] == {
        "pair": "bess.activePowerkW",
        "value": 3.2,
        "words": "battery charges with 3.2 kW",
        "until": "2021-04-14T13:00:00Z",
        "next_value": 0.0,
        "is_confirmed": True,
        "is_foreign": False,
    }
    assert now["reason"] == "reason 0"
    assert now["next_change"] == {"at": "2021-04-14T13:00:00Z", "words": ["battery rests (0 kW)"]}
    assert now["reported"]["soc_kwh"] == 4.1


def test_slots_have_the_names_and_signs_of_the_plan_command():
    slots = body(site())["sites"][0]["plan"]["slots"]

    assert set(SLOT_KEYS) <= slots[0].keys()
    assert slots[0]["start"] == "2021-04-14T12:15:00Z"
    assert (slots[0]["grid_kw"], slots[4]["grid_kw"], slots[0]["battery_kw"]) == (1.5, -0.5, 2.0)
    assert [slot["is_price_forecast"] for slot in slots] == [False] * 6 + [True] * 2


def test_an_error_carries_its_meaning_and_heading():
    found = body(site(outcome="skipped", error="StaleData", detail="offline"))["sites"][0]

    assert found["standing"] == "in trouble"
    assert found["troubles"][0]["heading"] == "StaleData"
    assert found["health"]["error_means"].startswith("The newest reading is older")
    assert found["health"]["detail"] == "offline"


def test_what_the_ledger_tells_is_there_with_its_errors_mean_or_with_why_not():
    read = body(site(), record=SiteRecord(read_at=NOW, hours=(HOUR,)))["sites"][0]["ledger"]
    failed = body(site(), record=SiteRecord(read_at=NOW, error="no file"))["sites"][0]["ledger"]

    assert read["mean_absolute_error_kw"] == {"load": 0.5, "solar": None}
    assert read["compared_hours"] == {"load": 1, "solar": 0}
    assert (failed["error"], failed["batches"]) == ("no file", [])
    assert body(site())["sites"][0]["ledger"] is None


def test_what_is_not_known_is_null_and_never_a_zero():
    found = body(site(plan=None, seen=None, outcome=None, ended_at=None, told_until=None))["sites"][0]

    assert (found["plan"], found["inputs"], found["now"]["reported"]) == (None, None, None)
    assert (found["health"]["ended_at"], found["health"]["plan_age_s"]) == (None, None)


def test_the_process_tells_its_warnings_and_one_site_can_be_had_alone():
    whole = body(site(), events={("warning", "degraded"): 4}, cloud_is_up=True)
    facts = service_facts(service(site()))

    assert whole["warnings"] == [{"event": "degraded", "level": "warning", "count": 4}]
    assert (whole["alive"], whole["cloud_is_up"], whole["version"]) == (True, True, "1.2.3")
    assert json.loads(site_text(facts.sites[0])) == body(site())["sites"][0]


def test_inputs_tell_where_prices_and_forecasts_come_from():
    found = body(site(plan=plan(price_step="cached", price_why="why", notes=("HCU",)), feed_answered_at={"f": NOW}))
    inputs = found["sites"][0]["inputs"]

    assert (inputs["prices"], inputs["prices_why"], inputs["degradations"]) == ("cached", "why", ["HCU"])
    assert inputs["forecasts"]["load"] == {"quality": "learned", "basis": "35 days of record"}
    assert inputs["feeds"] == {"f": {"answered_at": "2021-04-14T12:20:00Z", "age_s": 0.0}}
