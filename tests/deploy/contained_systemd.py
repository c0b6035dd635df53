"""A real systemd as process 1 of namespaces of its own, with the service's unit as it is delivered.

Root, processes, names and control groups are its own, and nothing of the host is writable for it; the network is
shared, so that a simulator can be reached. Controllers of resources are left out: MemoryMax and TasksMax do nothing.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from service_process import until

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
UNIT = CHECKOUT / "deploy" / "heat-optimizer.service"
SERVICE = "heat-optimizer"
GROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
BOOT_WITHIN_S = 20.0
SHORTER = """[Service]
WatchdogSec={watchdog_s}
RestartSec=1
StandardOutput=append:/var/log/heat-optimizer.log
StandardError=append:/var/log/heat-optimizer.log
"""
COMMAND = """#!/bin/sh
export PYTHONPATH=/opt/checkout:/opt/packages LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/{python} -m optimizer "$@"
"""
BUS = Path("/usr/bin/dbus-daemon")
BUS_SOCKET = """[Unit]
DefaultDependencies=no
[Socket]
ListenStream=/run/dbus/system_bus_socket
"""
BUS_SERVICE = """[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/dbus-daemon --config-file=/etc/bus.conf --address=systemd: --nofork --nopidfile --systemd-activation
"""
BUS_POLICY = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="signal"/>
    <allow receive_type="method_return"/><allow receive_type="error"/>
  </policy>
</busconfig>
"""


class CannotBoot(Exception):
    """Why no systemd runs here."""


@dataclass(frozen=True, slots=True)
class Booted:
    """A systemd that runs: ``pid`` is its process as the host sees it, ``root`` its root."""

    pid: int
    root: Path

    def run(self, *command: str, within_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """A command inside."""
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-r", "-w", *command],
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def systemctl(self, *arguments: str) -> str:
        """What it answers; fails where it fails."""
        done = self.run("systemctl", *arguments)
        assert done.returncode == 0, f"systemctl {arguments}: {done.stderr}\n{self.log()[-3000:]}"
        return done.stdout.strip()

    def shows(self, name: str) -> str:
        """A property of the service."""
        return self.systemctl("show", SERVICE, "--value", "-p", name)

    def log(self) -> str:
        """All that the service has written."""
        file = self.root / "var/log/heat-optimizer.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def main_process(self) -> int:
        """The service's process as the host sees it."""
        inside = self.shows("MainPID")
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                if fields["NSpid"].split()[1:2] == [inside] and _same_namespace(int(fields["Pid"]), self.pid):
                    return int(fields["Pid"])
        raise AssertionError(f"no process {inside}")


def _same_namespace(pid: int, other: int) -> bool:
    return Path(f"/proc/{pid}/ns/pid").readlink() == Path(f"/proc/{other}/ns/pid").readlink()


def why_not() -> str | None:
    """What is missing here to boot one."""
    missing = [name for name in ("unshare", "nsenter", "pivot_root", "systemctl") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed here"
    if os.geteuid() != 0:
        return "only root may boot a systemd of its own"
    return None if Path("/usr/lib/systemd/systemd").exists() else "systemd is not installed here"


def files_for(folder: Path, settings: str, *, key: str, token: str, watchdog_s: int) -> Path:
    """What the installation guide puts into /etc and /opt."""
    etc, system = folder / "etc/heat-optimizer", folder / "etc/systemd/system"
    command = folder / "opt/heat-optimizer/bin/heat-optimizer"
    for each in (etc, system / f"{SERVICE}.service.d", command.parent):
        each.mkdir(parents=True)
    shutil.copy(UNIT, system)
    shutil.copy(UNIT.with_name("heat-optimizer-as-service"), command.parent)
    shorter = SHORTER.format(watchdog_s=watchdog_s)
    (system / f"{SERVICE}.service.d" / "shorter.conf").write_text(shorter, encoding="utf-8")
    (etc / "heat-optimizer.toml").write_text(settings, encoding="utf-8")
    for name, secret in (("heat-cloud-api-key", key), ("aris-hcu-token", token)):
        (etc / name).write_text(secret, encoding="utf-8")
        (etc / name).chmod(0o600)
    for name, text in (("dbus.socket", BUS_SOCKET), ("dbus.service", BUS_SERVICE)):
        (system / name).write_text(text, encoding="utf-8")
    (folder / "etc/bus.conf").write_text(BUS_POLICY, encoding="utf-8")
    command.write_text(COMMAND.format(python=f"python{sysconfig.get_python_version()}"), encoding="utf-8")
    command.chmod(0o755)
    return folder


@contextmanager
def booted(folder: Path, files: Path) -> Iterator[Booted]:
    """A systemd whose root lies in ``folder`` and holds ``files``. Raises CannotBoot."""
    reason = why_not()
    if reason is not None:
        raise CannotBoot(reason)
    root, log = folder / "root", folder / "boot.log"
    root.mkdir()
    packages = Path(np.__file__).parents[1]
    with _control_groups(f"heat-optimizer-test-{os.getpid()}") as enter, log.open("w") as out:
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                f'{enter} exec unshare --pid --fork --mount --uts --ipc --cgroup --kill-child=SIGKILL "$@"',
                "-",
                "sh",
                str(HERE / "boot.sh"),
                *map(str, (root, CHECKOUT, sys.base_prefix, packages, files)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            yield _up(process, log)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=20)


def _up(process: subprocess.Popen[bytes], log: Path) -> Booted:
    """Once it is up. Raises CannotBoot."""
    ends_s, pause, told = monotonic() + BOOT_WITHIN_S, threading.Event(), ""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while monotonic() < ends_s and process.poll() is None:
        for child in children.read_text().split():
            it = Booted(int(child), Path(f"/proc/{child}/root"))
            told = it.run("systemctl", "is-system-running").stdout.strip()
            if told in {"running", "degraded"}:
                return it
        pause.wait(0.1)
    raise CannotBoot(f"systemd did not come up here ({told or 'no answer'}): {log.read_text()[-500:]}")


@contextmanager
def _control_groups(name: str) -> Iterator[str]:
    """Groups of its own in the hierarchies that systemd uses; the shell's words that enter them."""
    mine: list[Path] = []
    try:
        for group in GROUPS[:2] if GROUPS[0].is_dir() else GROUPS[2:]:
            if (group / "cgroup.procs").exists():
                (group / name).mkdir()
                mine.append(group / name)
        yield "".join(f"echo $$ > {group}/cgroup.procs && " for group in mine)
    except OSError as error:
        if mine or error.errno not in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise
        raise CannotBoot(f"no control group can be made here: {error}") from None
    finally:
        for group in mine:
            until(lambda group=group: _removed(group))


def _removed(group: Path) -> bool | None:
    """True once its processes are gone and it with them."""
    with suppress(OSError):
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    return None if group.exists() else True
