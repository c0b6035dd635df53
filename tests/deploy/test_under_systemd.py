"""The unit as it is delivered, under a real systemd: started, watched, reloaded, restarted, stopped."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from deploy.contained_systemd import BUS, SERVICE, Booted, CannotBoot, booted, files_for
from service_process import until
from world import World

from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

WATCHDOG_S = 12


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    """A simulator on the real clock."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        yield World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)


def settings_of(world: World, top: str = '[web]\nlisten = ""') -> str:
    """The world's settings as an operator would have them under systemd."""
    text = world.settings(top=top).read_text(encoding="utf-8")
    text = text.replace('{env = "TEST_HEAT_KEY"}', '{credential = "heat-cloud-api-key"}')
    text = text.replace('{env = "TEST_ARIS_TOKEN"}', '{credential = "aris-hcu-token"}')
    return text.replace('[ledger]\npath = "ledger.sqlite3"\n', "")


@pytest.fixture
def systemd(live: World, tmp_path: Path) -> Iterator[Booted]:
    options = live.simulator.options
    secrets = {"key": options.api_key, "token": options.hcu_token}
    files = files_for(tmp_path / "files", settings_of(live), watchdog_s=WATCHDOG_S, **secrets)
    try:
        with booted(tmp_path, files) as found:
            yield found
    except CannotBoot as reason:
        pytest.skip(str(reason))


def restarted(systemd: Booted, times: int) -> None:
    """Wait until it was restarted so often and is up again."""
    until(lambda: (systemd.shows("NRestarts") == str(times) and systemd.shows("ActiveState") == "active") or None)


@pytest.mark.slow
def test_it_starts_confined_reloads_is_aborted_when_it_hangs_and_works_again(live, systemd):
    systemd.systemctl("start", SERVICE)
    assert systemd.shows("ActiveState") == "active", "Type=notify: the start ends when the service says READY"
    until(lambda: "posted" in systemd.shows("StatusText") or None)
    first = systemd.main_process()
    status = Path(f"/proc/{first}/status").read_text()
    confined = {name: re.search(rf"^{name}:\s+(\S+)", status, re.MULTILINE)[1] for name in ("NoNewPrivs", "Seccomp")}
    state = systemd.root / "var/lib/private/heat-optimizer/heat-optimizer.sqlite3"

    assert confined == {"NoNewPrivs": "1", "Seccomp": "2"}
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert Path(f"/proc/{first}").stat().st_uid not in {0, 65534}, "a dynamic user"
    assert state.stat().st_uid == Path(f"/proc/{first}").stat().st_uid
    assert live.simulator.posts[0].accepted

    file = systemd.root / "etc/heat-optimizer/heat-optimizer.toml"
    file.write_text(file.read_text().replace("export_price = 0.08", 'export_price = 0.08\ncurrency = "CHF"'))
    systemd.systemctl("reload", SERVICE)
    until(lambda: '"currency": "CHF"' in systemd.log() or None)
    assert systemd.shows("ActiveState") == "active"
    assert systemd.main_process() == first, "the same process"

    planned = systemd.log().count('"event": "planned"')
    os.kill(first, signal.SIGSTOP)
    restarted(systemd, 1)
    second = systemd.main_process()
    assert second != first
    assert "Fatal Python error: Aborted" in systemd.log(), "the stacks of its threads are in the log"
    until(lambda: systemd.log().count('"event": "planned"') > planned or None)

    os.kill(second, signal.SIGKILL)
    restarted(systemd, 2)
    until(lambda: "posted" in systemd.shows("StatusText") or "held" in systemd.shows("StatusText") or None)

    began = monotonic()
    systemd.systemctl("stop", SERVICE)
    assert monotonic() - began < 6
    assert (systemd.shows("Result"), systemd.shows("ExecMainStatus")) == ("success", "0")
    assert systemd.log().count('"event": "stopped"') == 1


@pytest.mark.slow
def test_without_its_key_it_is_not_started_and_says_so(systemd):
    (systemd.root / "etc/heat-optimizer/heat-cloud-api-key").unlink()
    done = systemd.run("systemctl", "start", SERVICE)

    assert done.returncode != 0
    until(lambda: systemd.shows("ExecMainStatus") == "243" or None)
    systemd.systemctl("stop", SERVICE)


@pytest.mark.slow
@pytest.mark.skipif(not BUS.exists(), reason="systemd-run waits for a command over D-Bus, which is not installed here")
def test_commands_run_as_the_service_while_it_runs_on_its_ledger_and_with_its_secrets(live, systemd):
    systemd.systemctl("start", SERVICE, "dbus.service")
    until(lambda: "posted" in systemd.shows("StatusText") or None)
    as_service = "/opt/heat-optimizer/bin/heat-optimizer-as-service"
    told = {name: systemd.run(as_service, *name.split()) for name in ("status", "batches", "plan", "replay nothing")}
    copied = systemd.run(as_service, "backup", "/var/lib/heat-optimizer/backup.sqlite3")

    assert f"{live.site_id}: good" in told["status"].stdout
    assert live.simulator.posts[0].batch_id[:8] in told["batches"].stdout
    assert [told[name].returncode for name in ("status", "batches", "plan")] == [0, 0, 0]
    assert told["replay nothing"].returncode == 2
    assert "checked" in copied.stdout
    assert (systemd.root / "var/lib/private/heat-optimizer/backup.sqlite3").exists()


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_one_site_that_hangs_for_two_intervals_is_enough_to_be_aborted_and_then_it_works_again(live, systemd):
    """The file of its prices is a pipe that nobody writes to: whoever opens it waits for ever. About 13 minutes."""
    etc = systemd.root / "etc/heat-optimizer"
    feed = '[sites.feeds.prices]\nfeed = "file"\npath = "prices.csv"\n'
    top = '[web]\nlisten = ""\n[planning]\nreplan_minutes = 5'
    (etc / "heat-optimizer.toml").write_text(settings_of(live, top) + feed)
    os.mkfifo(etc / "prices.csv", 0o644)
    systemd.systemctl("start", SERVICE)
    until(lambda: "planning_stalled" in systemd.log() or None, within_s=900)
    assert live.simulator.posts == []
    (etc / "whole.csv").write_text("start,price\n" + "".join(f"2021-01-01T{hour:02}:00Z,0.2\n" for hour in range(24)))
    (etc / "whole.csv").rename(etc / "prices.csv")

    until(lambda: systemd.shows("NRestarts") == "1" or None, within_s=120)
    assert "Fatal Python error: Aborted" in systemd.log()
    until(lambda: "posted" in systemd.shows("StatusText") or None)
    assert live.simulator.posts[0].accepted
    systemd.systemctl("stop", SERVICE)
