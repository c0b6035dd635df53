"""The service as a process, from READY to its end."""

import json
import os
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest
from service_here import NO_PAGE, changed
from service_process import page, service_process
from world import World

from optimizer.app import build_live
from optimizer.errors import ConfigError
from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

ANY_PORT = '[web]\nlisten = "127.0.0.1:0"'


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    """A simulator on the real clock."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        yield World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)


def test_it_is_ready_after_its_first_good_cycle_and_tells_of_it_in_words_and_numbers(live):
    live.simulator.set_online(live.site_id, False)
    with service_process(live, live.settings(top=ANY_PORT)) as service:
        service.told("READY=1")
        url = service.event("web_listening")["url"]
        service.event("cycle_skipped")
        waiting = page(f"{url}/readyz", 503)
        alive = page(f"{url}/healthz", 200)
        live.simulator.set_online(live.site_id, True)
        service.process.send_signal(signal.SIGHUP)
        ready = page(f"{url}/readyz", 200)
        metrics = httpx.get(f"{url}/metrics").text
        status = service.told("posted")
        code = service.stop()

    assert json.loads(waiting)["sites"][live.site_id] == "no good cycle yet: the last one skipped (StaleData)"
    assert json.loads(alive)["alive"] is True
    assert json.loads(ready) == {"ready": True, "alive": True, "sites": {live.site_id: None}}
    assert f'cycles_total{{outcome="posted",site_id="{live.site_id}"}} 1.0' in metrics
    assert f"STATUS={live.site_id}: posted " in status
    assert ", plan till " in status
    assert code == 0


def test_sighup_reads_the_settings_again_and_keeps_process_lock_and_lease(live):
    file = live.settings(top=ANY_PORT)
    with service_process(live, file) as service:
        service.told("READY=1")
        before = service.event("planned")
        service.event("cycle_done")
        changed(file, "export_price = 0.08", 'export_price = 0.08\ncurrency = "CHF"')
        service.process.send_signal(signal.SIGHUP)
        notice = service.told("RELOADING=1")
        service.told("READY=1")
        service.event("reloaded")
        after = service.event("planned")
        with pytest.raises(ConfigError, match="in use by another heat-optimizer"):
            build_live(file, environ=live.environ)
        assert service.process.poll() is None
        code = service.stop()

    usec = int(dict(line.split("=", 1) for line in notice.splitlines())["MONOTONIC_USEC"])
    assert abs(usec / 1e6 - monotonic()) < 120
    assert (before["currency"], after["currency"]) == ("EUR", "CHF")
    assert code == 0


def test_settings_that_are_wrong_are_refused_with_their_mistake_and_the_old_ones_stay_in_force(live):
    file = live.settings(top=ANY_PORT)
    with service_process(live, file) as service:
        url = service.event("web_listening")["url"]
        service.event("cycle_done")
        changed(file, "export_price", "exprot_price")
        service.process.send_signal(signal.SIGHUP)
        refused = service.event("reload_refused")
        service.told("READY=1")
        ready = page(f"{url}/readyz", 200)
        metrics = httpx.get(f"{url}/metrics").text
        changed(file, "exprot_price", "export_price")
        service.process.send_signal(signal.SIGHUP)
        service.event("reloaded")
        service.event("planned")

    assert "exprot_price" in refused["detail"]
    assert refused["kept"] == "the settings in force"
    assert json.loads(ready)["ready"] is True
    assert 'reloads_total{result="refused"} 1.0' in metrics


def test_a_port_that_is_taken_is_an_error_in_the_log_and_the_service_plans_on(live):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with service_process(live, live.settings(top=f'[web]\nlisten = "127.0.0.1:{port}"')) as service:
            told = service.event("web_not_listening")
            service.event("batch_posted")
            service.told("WATCHDOG=1")

    assert (told["level"], told["listen"]) == ("error", f"127.0.0.1:{port}")


def test_no_core_is_ever_dumped(live):
    with service_process(live, live.settings(top=NO_PAGE)) as service:
        service.event("started")
        limits = resource.prlimit(service.process.pid, resource.RLIMIT_CORE)
        service.process.send_signal(signal.SIGABRT)
        service.process.wait(timeout=20)

    assert limits == (0, 0)
    assert not os.WCOREDUMP(-service.process.returncode)
    assert not list(live.folder.glob("core*"))
