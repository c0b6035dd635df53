"""The command serves, says where and by which conventions, and stops when told."""

import re
import subprocess
import sys
import threading

import httpx
import pytest
from simulator.still_house import START

from optimizer.simulator import SimulatedClock, SimulatorOptions
from optimizer.simulator.command import simulate

SCRIPT = """
from optimizer.simulator import RealClock, SimulatorOptions
from optimizer.simulator.command import simulate
raise SystemExit(simulate(port=0, aris_port=0, data=None, options=SimulatorOptions(), clock=RealClock(),
                          out=lambda line: print(line, flush=True)))
"""


def test_the_command_prints_what_a_client_needs_and_serves_it(tmp_path):
    path = tmp_path / "house.csv"
    path.write_text("timestamp_utc,load_kw\n2026-06-01T00:00:00Z,1\n2026-06-01T00:15:00Z,\n")
    lines, stop, greeted = [], threading.Event(), threading.Event()

    def out(line):
        lines.append(line)
        if "max_entries" in line:
            greeted.set()

    def run():
        assert (
            simulate(
                port=0,
                aris_port=0,
                data=path,
                options=SimulatorOptions(),
                clock=SimulatedClock(START.replace(hour=0)),
                out=out,
                stop=stop,
            )
            == 0
        )

    thread = threading.Thread(target=run)
    thread.start()
    assert greeted.wait(10)
    text = "\n".join(lines)
    url = re.search(r"HEAT Cloud +(\S+)", text).group(1)
    key = re.search(r"api key +(\S+)", text).group(1)
    assert httpx.get(f"{url}/sites", headers={"Authorization": f"Bearer {key}"}, verify=False).status_code == 200
    stop.set()
    thread.join(10)
    assert lines[-1] == "simulator stopped"
    for needed in ("aris_tok_demo", SimulatorOptions().site_id, "bess_power_positive = charge", "1 missing cells"):
        assert needed in text


def test_the_command_ends_cleanly_on_sigterm():
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if "max_entries" in line:
                break
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"charge_efficiency": 0.0}, "charge_efficiency"),
        ({"soc_percent": 101.0}, "soc_percent"),
        ({"battery_kwh": 0.0}, "battery_kwh"),
        ({"max_charge_kw": -1.0}, "max_charge_kw"),
        ({"bess_power_positive": "up"}, "bess_power_positive"),
        ({"bess_telemetry_positive": "up"}, "bess_telemetry_positive"),
        ({"extra_site_ids": ("a", "a")}, "once"),
    ],
)
def test_options_that_no_plant_can_have_are_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        SimulatorOptions(**changes)


def test_secrets_stay_out_of_the_representation():
    assert "secret" not in repr(SimulatorOptions())
