"""The real program as a process against the served simulator on a real clock."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from builders import data_file
from world import World

from optimizer.daemon import stop_signals
from optimizer.ledger import Ledger
from optimizer.simulator import Fault, RealClock, Simulator, SimulatorOptions, bundled_recording

SITE_ID = SimulatorOptions().site_id


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    """A simulator on the real clock."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        yield World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)


def command(world: World, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "optimizer", *arguments],
        env={**os.environ, **world.environ, **environ},
        cwd=world.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


STOPS_WITHIN_S = 15
"""TimeoutStopSec of the unit: what then still runs is killed."""


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def lasted(logged: list[dict]) -> timedelta:
    """From the first line to the last: how long a busy machine loads the program is not the program's."""
    first, *_, last = (datetime.fromisoformat(event["at"]) for event in logged)
    return last - first


def test_once_posts_one_schedule_and_ends_well(live):
    done = command(live, "run", "--config", str(live.settings()), "--once")

    (posted,) = [event for event in events(done.stderr) if event["event"] == "batch_posted"]
    assert done.returncode == 0, done.stderr
    assert posted["batch_id"] == live.simulator.posts[0].batch_id
    assert len(live.simulator.posts) == 1


def test_the_smallest_settings_file_runs(live):
    file = live.folder / "small.toml"
    file.write_text(
        f"""
[heat_cloud]
base_url = "{live.addresses.heat_url}"
api_key = {{env = "TEST_HEAT_KEY"}}
conventions = {{bess_power_positive = "charge"}}
[[sites]]
site_id = "{SITE_ID}"
timezone = "Europe/Berlin"
tariff = {{strategy = "flat", import_price = 0.3, export_price = 0.08}}
"""
    )

    done = command(live, "run", "--config", str(file), "--once")

    assert done.returncode == 0, done.stderr
    assert live.simulator.posts[0].accepted


def test_plan_prints_one_json_object_whose_balance_closes_and_posts_nothing(live):
    done = command(live, "plan", "--config", str(live.settings()), "--format", "json")

    plan = json.loads(done.stdout)
    assert done.returncode == 0
    assert live.simulator.posts == []
    assert plan["site_id"] == SITE_ID
    assert plan["status"] == "optimal"
    for slot in plan["slots"]:
        balance = slot["load_kw"] + slot["heat_kw"] + slot["battery_kw"] - slot["solar_kw"]
        assert abs(slot["grid_kw"] - balance) < 1e-6
    assert {each["asset"] for each in plan["schedules"]} >= {"bess", "grid"}


def test_plan_and_check_need_no_sign_but_run_does(live):
    file = str(live.settings(sign=None))

    plan = command(live, "plan", "--config", file, "--format", "csv")
    check = command(live, "check", "--config", file)
    run = command(live, "run", "--config", file, "--once")

    assert plan.returncode == 0
    assert any(event["event"] == "assumed" for event in events(plan.stderr))
    assert check.returncode == 1
    assert "fail  conventions" in check.stdout
    assert run.returncode == 2
    assert "bess_power_positive" in run.stderr
    assert live.simulator.posts == []


def test_check_tells_what_works(live):
    done = command(live, "check", "--config", str(live.settings()))

    assert done.returncode == 0, done.stdout
    assert all(line.split()[0] in {"ok", "warn"} for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--config", "nowhere.toml"], "cannot be read"),
        (["plan"], "--config"),
        (["fly"], "invalid choice"),
    ],
)
def test_bad_usage_ends_with_two_and_without_a_traceback(live, arguments, words):
    done = command(live, *arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_secret_ends_with_two_and_names_the_variable(live):
    file = live.settings()

    done = command(live, "run", "--config", str(file), "--once", TEST_HEAT_KEY="")

    assert done.returncode == 2
    assert "heat_cloud.api_key: environment variable TEST_HEAT_KEY is not set" in done.stderr


def test_once_ends_with_one_within_30_s_when_no_answer_ever_comes(live):
    live.simulator.add_fault(Fault(where="GET site", drip_s=2.0, times=None))
    live.simulator.add_fault(Fault(where="GET hcu", delay_s=100, times=None))
    began = monotonic()

    done = command(live, "run", "--config", str(live.settings()), "--once")

    assert done.returncode == 1
    assert monotonic() - began < 30
    assert live.simulator.posts == []


def test_once_ends_within_30_s_when_a_post_is_never_answered(live):
    live.simulator.add_fault(Fault(where="GET hcu", delay_s=100, times=None))
    live.simulator.add_fault(Fault(where="POST", delay_s=100, times=None))
    done = command(live, "run", "--config", str(live.settings()), "--once")

    assert done.returncode == 0, done.stderr
    assert lasted(events(done.stderr)) < timedelta(seconds=30)
    assert [event["confirmed_by"] for event in events(done.stderr) if event["event"] == "batch_posted"] == ["read_back"]


def test_the_simulate_command_replays_a_measured_home_and_run_works_on_it(tmp_path):
    data = data_file("emhass_home_30min_2024_2025.csv.gz")
    arguments = ["simulate", "--port", "0", "--aris-port", "0", "--data", str(data)]
    process = subprocess.Popen([sys.executable, "-m", "optimizer", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        greeting = [process.stdout.readline() for _ in range(6)]
        address = next(line.split()[-1] for line in greeting if line.startswith("HEAT Cloud"))
        file = tmp_path / "measured.toml"
        file.write_text(
            f"""
[heat_cloud]
base_url = "{address.removesuffix("/api/v0/public")}"
api_key = {{env = "SIMULATED_KEY"}}
conventions = {{bess_power_positive = "charge"}}
[[sites]]
site_id = "{SITE_ID}"
timezone = "Europe/Paris"
tariff = {{strategy = "flat", import_price = 0.3, export_price = 0.08}}
"""
        )
        done = subprocess.run(
            [sys.executable, "-m", "optimizer", "run", "--config", str(file), "--once"],
            env={**os.environ, "SIMULATED_KEY": SimulatorOptions().api_key},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        process.terminate()
        process.communicate(timeout=10)

    assert done.returncode == 0, done.stderr
    assert any(event["event"] == "batch_posted" for event in events(done.stderr))


@contextmanager
def daemon(world: World, file: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """The service with a notify socket, as systemd would start it."""
    address = str(world.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        notify.settimeout(40)
        process = subprocess.Popen(
            [sys.executable, "-m", "optimizer", "run", "--config", str(file)],
            env={**os.environ, **world.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000000"},
            cwd=world.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process, notify
        finally:
            process.kill()
            process.wait(timeout=10)
            if process.stderr is not None:
                process.stderr.close()


def told(notify: socket.socket, word: bytes) -> bytes:
    """The next message that holds ``word``."""
    while True:
        message = notify.recv(4096)
        if word in message:
            return message


def line_with(process: subprocess.Popen[str], event: str) -> dict:
    """Read the log until an event appears."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["event"] == event:
            return json.loads(line)
    pytest.fail(f"the log ended without {event}")


def test_the_service_tells_that_it_is_ready_posts_feeds_the_watchdog_and_ends_on_sigterm(live):
    with daemon(live, live.settings()) as (process, notify):
        told(notify, b"READY=1")
        posted = line_with(process, "batch_posted")
        told(notify, b"WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=STOPS_WITHIN_S)

    assert posted["batch_id"] == live.simulator.posts[0].batch_id
    assert code == 0


def test_sigterm_ends_the_service_before_systemd_kills_it_while_the_network_hangs(live):
    live.simulator.add_fault(Fault(where="GET site", delay_s=100, times=None))
    with daemon(live, live.settings()) as (process, notify):
        told(notify, b"READY=1")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=STOPS_WITHIN_S)

    assert code == 0


def test_a_stop_signal_that_a_library_s_thread_takes_before_we_wait_for_it_is_not_lost():
    ended = threading.Event()
    library = threading.Thread(target=ended.wait, daemon=True)
    library.start()
    with stop_signals() as told_to_stop:
        assert library.ident is not None
        signal.pthread_kill(library.ident, signal.SIGTERM)
        told_to_stop()
    ended.set()
    library.join()

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_kill_in_the_middle_of_a_post_leaves_its_intent_and_the_next_start_goes_on(live):
    live.simulator.add_fault(Fault(where="POST", delay_s=100, times=1))
    file = live.settings()
    with daemon(live, file) as (process, _):
        line_with(process, "planned")
        deadline = monotonic() + 20
        while not live.simulator.posts and monotonic() < deadline:
            pass
        process.kill()
    ledger = Ledger.open_read_only(live.folder / "ledger.sqlite3")
    outcomes = [record.outcome for record in ledger.cycles(SITE_ID)]
    ledger.close()

    again = command(live, "run", "--config", str(file), "--once")

    assert outcomes == ["intent"]
    assert again.returncode == 0, again.stderr


def test_one_site_s_failure_does_not_keep_another_from_being_posted(tmp_path):
    other = "00000000-0000-4000-8000-000000000002"
    simulator = Simulator(SimulatorOptions(extra_site_ids=(other,)), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        world = World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)
        simulator.set_online(SITE_ID, False)
        file = world.settings()
        second = f'[[sites]]\nsite_id = "{other}"\ntimezone = "Europe/Berlin"\n'
        second += '[sites.tariff]\nstrategy = "flat"\nimport_price = 0.3\n'
        file.write_text(file.read_text() + second)

        done = command(world, "run", "--config", str(file), "--once")

    assert done.returncode == 1
    assert [post.site_id for post in simulator.posts] == [other]
