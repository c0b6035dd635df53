"""The systemd unit is valid, tightly confined, and says the same as the program and its documents."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.daemon import STOP_WITHIN_S, watchdog_interval_s

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "heat-optimizer.service"
MOST_EXPOSURE = 1.2
COMMAND = "/opt/heat-optimizer/bin/heat-optimizer"

needs_systemd_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


def _values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60, env=environ
    )


@needs_systemd_analyze
def test_the_unit_is_verified_without_a_word_once_its_command_exists(tmp_path: Path):
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text(encoding="utf-8").replace(COMMAND, sys.executable), encoding="utf-8")
    verdict = _analyze("verify", "--man=no", str(installed))
    ours = [line for line in (verdict.stdout + verdict.stderr).splitlines() if "heat-optimizer" in line]
    assert not ours
    assert verdict.returncode == 0


@needs_systemd_analyze
def test_the_verification_would_notice_a_command_that_is_missing(tmp_path: Path):
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text(encoding="utf-8").replace(COMMAND, str(tmp_path / "absent")), encoding="utf-8")
    assert "absent" in _analyze("verify", "--man=no", str(installed)).stderr


@needs_systemd_analyze
def test_the_exposure_is_at_most_one_point_two():
    report = _analyze("security", "--offline=true", str(UNIT))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", report.stdout)
    assert found, report.stdout + report.stderr
    assert float(found[1]) <= MOST_EXPOSURE


def test_the_service_is_told_alive_by_the_main_process_alone():
    assert _values("Type") == ["notify"]
    assert _values("NotifyAccess") == ["main"]


def test_a_reload_is_a_signal_that_every_systemd_of_the_guide_knows_to_send():
    """notify-reload is unknown before systemd 253, which ignores the line and takes the service for a simple one."""
    assert _values("ExecReload") == ["/bin/sh -c 'kill -HUP $MAINPID'"]


def test_the_watchdog_is_fed_more_than_twice_before_it_bites():
    (seconds,) = _values("WatchdogSec")
    interval_s = watchdog_interval_s(f"{int(seconds)}000000")
    assert interval_s is not None
    assert interval_s * 2 < int(seconds)


def test_a_stop_is_given_longer_than_the_daemon_takes():
    (seconds,) = _values("TimeoutStopSec")
    assert float(seconds) > 2 * STOP_WITHIN_S


def test_a_failed_service_is_started_again_for_ever():
    assert _values("Restart") == ["on-failure"]
    assert _values("StartLimitIntervalSec") == ["0"]
    assert not _values("RestartPreventExitStatus")
    assert "RestartMaxDelaySec=5min" in (DEPLOY / "backoff.conf").read_text(encoding="utf-8")


def test_both_secrets_are_handed_over_and_only_the_key_is_indispensable():
    loaded = dict(value.split(":", 1) for value in _values("LoadCredential"))
    assert loaded == {
        "heat-cloud-api-key": "/etc/heat-optimizer/heat-cloud-api-key",
        "aris-hcu-token": "/etc/heat-optimizer/aris-hcu-token",
    }
    assert _values("SetCredential") == [r"aris-hcu-token:\n"], "an empty stand-in, so that the program can name it"


def test_the_command_is_the_one_that_the_guide_installs():
    assert _values("ExecStart") == [f"{COMMAND} run --config /etc/heat-optimizer/heat-optimizer.toml"]
    guide = (DEPLOY / "INSTALL.md").read_text(encoding="utf-8")
    assert COMMAND in guide
    assert "/etc/heat-optimizer/heat-optimizer.toml" in guide


def test_check_and_plan_run_as_the_service_with_the_same_secrets_and_ledger():
    script = (DEPLOY / "heat-optimizer-as-service").read_text(encoding="utf-8")
    for key in ("LoadCredential", "SetCredential", "StateDirectory", "StateDirectoryMode", "User", "DynamicUser"):
        for value in _values(key):
            assert f"{key}={value}" in script


def test_the_script_is_one_that_a_shell_reads():
    script = DEPLOY / "heat-optimizer-as-service"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", str(script)], check=False, timeout=10).returncode == 0


def test_the_guides_name_no_registry_and_no_path_of_a_developer():
    for file in (DEPLOY / "INSTALL.md", DEPLOY / "RUNBOOK.md"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"/home/|/tmp/", text, re.IGNORECASE), file.name
        hosts = set(re.findall(r"https?://([\w.-]+)", text))
        assert hosts <= {"cloud.example.com", "127.0.0.1"}, file.name
