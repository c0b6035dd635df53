"""The page of the service as a process, over real HTTP, against its own facts and its ledger on the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from page_reading import PageReader, faults
from service_process import page, service_process, until
from world import World

from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

ANY_PORT = '[web]\nlisten = "127.0.0.1:0"'


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    """A simulator on the real clock."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        yield World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)


def test_what_the_process_shows_is_what_its_ledger_holds_and_the_cloud_has(live):
    with service_process(live, live.settings(top=ANY_PORT)) as service:
        url = service.event("web_listening")["url"]
        posted = service.event("batch_posted")
        service.event("cycle_done")

        def told() -> dict | None:
            site = httpx.get(f"{url}/state.json").json()["sites"][0]
            return site if site["health"]["outcome"] == "posted" and site["health"]["batch_state"] else None

        site = until(told)
        text = page(f"{url}/sites/{live.site_id}", 200)
        with closing(sqlite3.connect(f"file:{live.folder}/ledger.sqlite3?mode=ro", uri=True)) as ledger:
            batches = ledger.execute("SELECT batch_id, kind, sends FROM batches ORDER BY number DESC").fetchall()
            (objective,) = ledger.execute("SELECT objective FROM cycles WHERE objective IS NOT NULL").fetchone()
        assert service.stop() == 0

    read = PageReader.read(text)
    rows = read.one("section", id="batches").rows()
    assert faults(read) == []
    assert site["standing"] == "good"
    assert site["plan"]["objective"] == objective
    assert [(row[2], row[3], int(row[4])) for row in rows] == batches
    assert rows[0][2] == posted["batch_id"] == live.simulator.posts[0].batch_id
    assert read.one("section", id="health").fact("Its cost").startswith(f"{objective:.2f} EUR")
    assert (
        read.one("ul", class_="commands")
        .children[0]
        .text.lower()
        .startswith(site["now"]["in_force"][0]["words"].lower())
    )


def test_before_the_first_good_cycle_the_page_tells_what_is_wrong(live):
    live.simulator.set_online(live.site_id, False)
    with service_process(live, live.settings(top=ANY_PORT)) as service:
        url = service.event("web_listening")["url"]
        service.event("cycle_skipped")

        def told() -> dict | None:
            site = httpx.get(f"{url}/state.json").json()["sites"][0]
            return site if site["health"]["outcome"] else None

        site = until(told)
        text = page(f"{url}/", 200)

    health = PageReader.read(text).one("section", id="health")
    assert site["health"]["error"] == "StaleData"
    assert "In trouble" in health.text
    assert "(RUNBOOK.md: StaleData)" in health.text
    assert "is offline" in health.fact("What it said")
    assert site["plan"] is None


def test_another_host_name_than_the_settings_state_is_refused_by_the_process(live):
    with service_process(live, live.settings(top=f'{ANY_PORT}\nnames = ["heat.example.com"]')) as service:
        url = service.event("web_listening")["url"]
        named = httpx.get(f"{url}/state.json", headers={"Host": "heat.example.com:9464"})
        refused = httpx.get(f"{url}/state.json", headers={"Host": "rebound.example"})
        allowed = httpx.get(f"{url}/state.json", headers={"Host": "localhost"})

    assert (refused.status_code, allowed.status_code, named.status_code) == (421, 200, 200)
    assert live.site_id not in refused.text
