"""Whatever happens to the output of a command, it ends with a line and a code, never with a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "optimizer"]
FULL = Path("/dev/full")
PROBLEM = {
    "schema": "heat-optimizer/problem/1",
    "horizon": {"start": "2026-06-01T12:00:00Z", "slot_minutes": 60, "slots": 4},
    "load_kw": 1,
    "currency": "€",
    "import_price_per_kwh": [0.1, 0.1, 0.5, 0.5],
    "export_price_per_kwh": 0,
    "batteries": [
        {"name": "Süd", "capacity_kwh": 4, "soc_kwh": 0, "soc_max_kwh": 4, "max_charge_kw": 2, "max_discharge_kw": 2}
    ],
}
PRINTING = [
    ["strategies"],
    ["solve", "--schema"],
    ["solve", "-"],
    ["solve", "-", "--format", "json"],
]


def run(arguments, *, out=subprocess.PIPE, encoding=None):
    """A command of its own, asked for the plan of ``PROBLEM`` where it reads standard input."""
    environment = os.environ | ({"PYTHONIOENCODING": encoding} if encoding else {"PYTHONUTF8": "1"})
    return subprocess.run(
        [*COMMAND, *arguments],
        input=json.dumps(PROBLEM).encode(),
        stdout=out,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_command_whose_reader_has_gone_ends_quietly_as_if_by_sigpipe(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = run(arguments, out=writer)
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["solve", "--help"]])
def test_help_that_nobody_reads_is_quiet(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = run(arguments, out=writer)
    finally:
        os.close(writer)

    assert (ended.returncode in {0, 141}, ended.stderr) == (True, b"")


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1"])
def test_what_the_output_has_no_character_for_is_replaced(encoding):
    ended = run(["solve", "-"], encoding=encoding)

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"optimal, objective 0.4000 ?\n")
    assert (b"S?d" if "ascii" in encoding else "Süd".encode("latin-1")) in ended.stdout


def test_an_output_that_has_every_character_replaces_none():
    assert "objective 0.4000 €\n" in run(["solve", "-"]).stdout.decode()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_told_in_one_line():
    with FULL.open("wb") as full:
        ended = run(["solve", "-"], out=full)

    assert (ended.returncode, ended.stderr) == (1, b"heat-optimizer: standard output: No space left on device\n")


def test_without_any_output_a_command_still_does_its_work():
    closed = [sys.executable, "-c", "import os, sys; os.close(1); os.execv(sys.argv[1], sys.argv[1:])"]
    ended = subprocess.run(
        [*closed, *COMMAND, "solve", "-"],
        input=json.dumps(PROBLEM).encode(),
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
