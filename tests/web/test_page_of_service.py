"""The page of the real service against what the simulator, the ledger and the plan know."""

import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import stamina
from lived_site import LivedSite, lived_site

from optimizer.batch_book import BatchBook
from optimizer.simulator import Fault

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedSite]:
    with lived_site(tmp_path_factory.mktemp("lived"), hours=26) as found:
        found.later(MINUTE)
        found.sample()
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[LivedSite]:
    with lived_site(tmp_path) as found:
        yield found


def newest_cycle(lived: LivedSite) -> dict:
    (row,) = lived.service.app.ledger.rows(
        "SELECT body FROM cycles WHERE objective IS NOT NULL ORDER BY at DESC LIMIT 1", ()
    )
    return json.loads(zlib.decompress(row[0]))


def test_the_plan_is_the_one_that_the_ledger_holds(lived):
    recorded, told = newest_cycle(lived), lived.facts()["plan"]
    flows = recorded["flows"]

    assert [slot["import_price"] for slot in told["slots"]] == recorded["problem"]["import_price_per_kwh"]
    assert [slot["load_kw"] for slot in told["slots"]] == recorded["problem"]["load_kw"]
    assert [slot["soc_kwh"] for slot in told["slots"]] == flows["soc_kwh"]
    battery_kw = [
        charge - discharge for charge, discharge in zip(flows["charge_kw"], flows["discharge_kw"], strict=True)
    ]
    assert [slot["battery_kw"] for slot in told["slots"]] == battery_kw
    assert [slot["reason"] for slot in told["slots"]] == recorded["reasons"]
    assert told["status"] == recorded["verdict"]
    for slot in told["slots"]:
        used = slot["load_kw"] + slot["heat_kw"] + slot["battery_kw"] + slot["others_kw"] - slot["solar_kw"]
        assert slot["grid_kw"] == pytest.approx(used)


def test_every_number_of_the_table_is_the_one_of_the_json(lived):
    told = lived.facts()["plan"]["slots"]
    rows = lived.page().one("section", id="plan").one("table").rows()

    assert len(rows) == len(told) > 100
    for row, slot in zip(rows, told, strict=True):
        shown = [float(cell) for cell in row[1:10]]
        keys = ("import_price", "export_price", "load_kw", "heat_kw", "solar_kw", "grid_kw", "battery_kw", "soc_kwh")
        assert shown[:8] == pytest.approx([slot[key] for key in keys], abs=0.00501)
        assert row[-1] == slot["reason"]


def test_what_is_in_force_is_what_the_simulator_carries_out(lived):
    told = {each["pair"]: each for each in lived.facts()["now"]["in_force"]}
    running = {
        f"{command['asset']}.{command['type']}": entry["value"]
        for command in lived.world.simulator.in_force(lived.world.site_id)
        for entry in command["entries"]
        if datetime.fromisoformat(entry["startAt"]) <= lived.now < datetime.fromisoformat(entry["endAt"])
    }
    shown = [each.text.lower() for each in lived.page().one("ul", class_="commands").children]

    assert {pair: each["value"] for pair, each in told.items() if each["value"] is not None} == running
    assert len(running) >= 3
    for line, each in zip(shown, told.values(), strict=True):
        assert line.startswith(each["words"].lower())
        assert line.endswith(f"{each['pair'].lower()}, read back from the site")


def test_batches_are_those_of_the_ledger_and_the_simulator(lived):
    told = lived.facts()["ledger"]["batches"]
    book = BatchBook(lived.service.app.ledger, "test", timedelta(minutes=30))
    known = book.newest(lived.world.site_id)
    shown = lived.page().one("section", id="batches").rows()

    assert [batch["batch_id"] for batch in told] == [intent.batch_id for intent in known]
    assert [batch["state"] for batch in told] == [intent.state.value for intent in known]
    assert [row[2] for row in shown] == [batch["batch_id"] for batch in told]
    assert told[0]["batch_id"] in {post.batch_id for post in lived.world.simulator.posts}


def test_forecasts_of_a_day_are_held_against_the_recorded_means(lived):
    told = lived.facts()["ledger"]
    rows = lived.page().one("section", id="forecasts").rows()
    compared = [hour for hour in told["forecast_hours"] if hour["expected_load_kw"] is not None]
    start = datetime.fromisoformat(compared[5]["start"])
    (mean,) = lived.service.app.ledger.rows(
        "SELECT avg(load_kw + coalesce(other_kw, 0)) FROM telemetry WHERE at >= ? AND at < ?",
        (start.timestamp(), start.timestamp() + 3600),
    )[0]
    errors = [abs(hour["load_kw"] - hour["expected_load_kw"]) for hour in compared]

    assert len(compared) == told["compared_hours"]["load"] == 24
    assert compared[5]["load_kw"] == pytest.approx(mean)
    assert told["mean_absolute_error_kw"]["load"] == pytest.approx(sum(errors) / 24)
    assert f"Load: mean absolute error {sum(errors) / 24:.2f} kW over 24 hours" in lived.page().text
    assert float(rows[-6][1]) == pytest.approx(compared[5]["expected_load_kw"], abs=0.00501)


def test_times_are_the_sites_with_utc_behind_them(lived):
    page = lived.page()
    (made,) = [each for each in page.one("section", id="plan").children if each.text.startswith("Made at")]
    stamp = made.one("time")
    at = datetime.fromisoformat(stamp.attributes["datetime"] or "")

    assert stamp.text == at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M")
    assert stamp.attributes["title"] == f"{at:%Y-%m-%d %H:%M:%S} UTC"
    assert lived.facts()["plan"]["made_at"] == stamp.attributes["datetime"]


def test_right_after_a_post_the_command_is_told_as_accepted_and_after_a_reading_as_read_back(fresh):
    before = fresh.facts()["now"]["in_force"]
    fresh.later(MINUTE)
    fresh.sample()
    after = fresh.facts()["now"]["in_force"]

    assert [each["is_confirmed"] for each in before] == [False] * len(before)
    assert "accepted, not yet read back" not in fresh.page().text
    assert [each["is_confirmed"] for each in after] == [True] * len(before)


def test_an_hcu_that_fails_shows_among_the_inputs_and_a_cloud_that_fails_as_trouble(fresh):
    fresh.world.simulator.add_fault(Fault(where="GET hcu", status=503, times=20))
    fresh.later(15 * MINUTE)
    fresh.plan()
    degraded = fresh.facts()
    fresh.world.simulator.add_fault(Fault(where="GET site", status=503, times=20))
    fresh.later(15 * MINUTE)
    fresh.plan()
    failed, page = fresh.facts(), fresh.page()

    assert degraded["standing"] == "good"
    assert degraded["inputs"]["degradations"]
    assert failed["standing"] == "in trouble"
    assert failed["health"]["error"] == "SourceUnavailable"
    assert "(RUNBOOK.md: SourceUnavailable)" in page.text
    assert "cycle_skipped" in page.one("section", id="warnings").text
    assert failed["plan"]["made_at"] < failed["health"]["ended_at"], "the last good plan is still told"


def test_a_ledger_that_breaks_while_the_service_runs_shows_as_that_and_the_rest_is_told(fresh):
    file = fresh.world.folder / "ledger.sqlite3"
    file.rename(file.with_suffix(".away"))
    page, facts = fresh.page(), fresh.facts()

    assert "The ledger could not be read: there is no file" in page.one("section", id="batches").text
    assert facts["ledger"]["error"]
    assert facts["plan"]["slots"]
    assert facts["health"]["outcome"] == "posted"


def test_no_secret_is_on_any_page(fresh):
    texts = [httpx.get(f"{fresh.url}{path}").text for path in ("/", "/state.json", f"/sites/{fresh.world.site_id}")]

    for secret in fresh.world.environ.values():
        assert not [text for text in texts if secret in text]
