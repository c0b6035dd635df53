"""``plan`` with pictures, as a process against the served simulator: files, a terminal, and mistakes."""

import json
import os
import pty
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pictured import SPRING, hourly, usual
from world import World

from optimizer.picture import draw_plans
from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A simulator on the real clock."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        folder = tmp_path_factory.mktemp("plans")
        yield World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=folder)


def plan(world: World, *arguments: str, config: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "optimizer", "plan", "--config", str(config or world.settings()), *arguments],
        env=os.environ | {"PYTHONUTF8": "1"} | world.environ | environ,
        cwd=world.folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def png_size(file: Path) -> tuple[int, int]:
    found = file.read_bytes()
    assert found.startswith(PNG)
    width, height = struct.unpack(">II", found[16:24])
    return width, height


def test_one_run_writes_the_json_the_page_with_the_same_json_and_the_png(live):
    done = plan(live, "--format", "json", "--output", "plan.json", "--html", "plan.html", "--png", "plan.png")
    text = (live.folder / "plan.html").read_text(encoding="utf-8")
    (embedded,) = re.findall(r'<script type="application/json" class="plan">(.*?)</script>', text)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert json.loads(embedded) == json.loads((live.folder / "plan.json").read_text(encoding="utf-8"))
    assert png_size(live.folder / "plan.png") == (1210, 825)
    assert live.simulator.posts == []


def test_a_site_that_was_not_planned_is_named_on_the_page(live):
    config = live.settings()
    other = '\n[[sites]]\nsite_id = "barn"\ntimezone = "Europe/Berlin"\n[sites.tariff]\nstrategy = "flat"\nimport_price = 0.3\nexport_price = 0.1\n'
    config.write_text(config.read_text(encoding="utf-8") + other, encoding="utf-8")
    done = plan(live, "--html", "two.html", config=config)

    assert done.returncode == 1
    assert "Not planned: barn. The log says why." in (live.folder / "two.html").read_text(encoding="utf-8")


def test_plot_is_another_name_of_png(live):
    done = plan(live, "--plot", "old.png")

    assert done.returncode == 0, done.stderr
    assert png_size(live.folder / "old.png") == (1210, 825)


def test_where_nobody_looks_the_chart_comes_when_asked_for_and_without_colours(live):
    plain, charted = plan(live).stdout, plan(live, "--chart", FORCE_COLOR="").stdout

    assert "█" not in plain
    assert re.search(r"^price {4}\S", charted, re.MULTILINE)
    assert re.search(r"^stored .* of 10 kWh$", charted, re.MULTILINE)
    assert "\x1b[" not in charted


def test_an_output_of_ascii_alone_gets_letters(live):
    done = plan(live, "--chart", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("stored ")]

    assert "?" not in row
    assert set(row[9:50]) <= set("_.-~=+*# ")


def test_a_terminal_gets_the_chart_in_colour_and_none_where_it_wants_none(live):
    coloured, plain = on_terminal(live), on_terminal(live, NO_COLOR="1")

    assert re.search(r"\x1b\[[\d;]*m[▁-█]", coloured)
    assert re.search(r"^price {4}[▁-█]", plain, re.MULTILINE)


def on_terminal(world: World, **environ: str) -> str:
    """What a terminal of 100 columns is sent."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "optimizer", "plan", "--config", str(world.settings())],
        env=os.environ | {"PYTHONUTF8": "1", "TERM": "xterm-256color", "COLUMNS": "100"} | world.environ | environ,
        cwd=world.folder,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    found = bytearray()
    try:
        while chunk := os.read(ours, 65536):
            found += chunk
    except OSError:
        pass  # the other end is closed: that is how a terminal says so
    finally:
        os.close(ours)
    assert process.wait(timeout=60) == 0
    return found.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--html", "/dev/full/plan.html"], "--html /dev/full/plan.html: cannot be written: Not a directory"),
        (["--png", "/dev/full/plan.png"], "--png /dev/full/plan.png: cannot be written: Not a directory"),
        (["--chart", "--format", "csv"], "--chart goes with --format table, not with csv: leave one of them out"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_option(live, arguments, words):
    done = plan(live, *arguments)

    assert done.returncode == 2
    assert f"heat-optimizer: {words}\n" in done.stderr


def test_several_plans_stand_one_below_the_other_in_the_png(tmp_path):
    draw_plans([usual(), hourly(SPRING)], tmp_path / "two.png")

    assert png_size(tmp_path / "two.png") == (1210, 1650)
