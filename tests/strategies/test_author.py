"""An author's hour: a package built outside the checkout by the README alone, installed, used, proved, and proved wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

ROOT = Path(__file__).parents[2]
README = (ROOT / "strategies" / "README.md").read_text(encoding="utf-8")
FILES = ("pyproject.toml", "acme_tariff/__init__.py", "tests/conftest.py", "tests/test_acme.py")


def run(*command: str, folder: Path, path: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The README's own blocks, written where it says."""
    folder = tmp_path_factory.mktemp("author") / "acme_tariff"
    for name in FILES:
        (block,) = re.findall(rf"`{re.escape(name)}`.*?```\w+\n(.*?)```", README, re.DOTALL)[:1]
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Installed by pip into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    done = run(
        *("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target), str(package)),
        folder=package,
    )
    assert done.returncode == 0, done.stderr
    return str(target)


def test_it_is_found_and_plans(installed: str, tmp_path: Path):
    listed = run("optimizer", "strategies", folder=tmp_path, path=installed)
    assert "acme  (acme-tariff 1.0.0 (acme_tariff:Acme))" in listed.stdout

    (tariff,) = re.findall(r"```toml\n(\[sites\.tariff\].*?)```", README, re.DOTALL)
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        file = tmp_path / "site.toml"
        file.write_text(
            f"""
[heat_cloud]
base_url = "{addresses.heat_url}"
api_key = {{env = "TEST_HEAT_KEY"}}
conventions = {{bess_power_positive = "charge"}}
[[sites]]
site_id = "{simulator.options.site_id}"
timezone = "Europe/Berlin"
{tariff}"""
        )
        key = {"TEST_HEAT_KEY": simulator.options.api_key}
        planned = run(
            "optimizer", "plan", "--config", str(file), "--format", "json", folder=tmp_path, path=installed, **key
        )
        drawn = run(
            *("optimizer", "strategies", "show", "acme", "--config", str(file), "--day", "2026-03-29"),
            folder=tmp_path,
            path=installed,
            **key,
        )

    assert planned.returncode == 0, planned.stderr
    assert "peak" in json.loads(planned.stdout)["costs"]
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("0.3400") + drawn.stdout.count("0.2200") == 23, "the day has 23 hours"
    assert "fixed charge fee: 9.9 per month" in drawn.stdout


def conformance(package: Path, path: str) -> subprocess.CompletedProcess[str]:
    return run("pytest", "-q", "-p", "no:cacheprovider", "tests", folder=package, path=path)


def test_its_conformance_run_passes(package: Path, installed: str):
    done = conformance(package, installed)

    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout


MISTAKES = {
    "wrong unit": (
        "if 6 <= hour < 22 else options.night_price for",
        "* 100 if 6 <= hour < 22 else options.night_price for",
    ),
    "gap": (" for hour in hours", " for hour in hours[1:]"),
    "naive time": (
        "hours = [start.astimezone(zone).hour for start in horizon.starts]",
        "import datetime as dt; hours = [(start - dt.datetime(2026, 1, 1)).seconds // 3600 for start in horizon.starts]",
    ),
    "shifted hour on the day of the clock change": (
        "hours = [start.astimezone(zone).hour for start in horizon.starts]",
        "shift = horizon.starts[0].astimezone(zone).utcoffset(); hours = [(at + shift).hour for at in horizon.starts]",
    ),
    "NaN": ("options.export_price,) * len(horizon)", 'float("nan"),) * len(horizon)'),
    "wrong currency": ("currency=options.currency", 'currency="USD"'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_seeded_mistake_is_caught_by_name(package: Path, tmp_path: Path, mistake: str):
    right, wrong = MISTAKES[mistake]
    for name in FILES[1:]:
        text = (package / name).read_text(encoding="utf-8")
        if name == "acme_tariff/__init__.py":
            assert right in text
            text = text.replace(right, wrong)
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    done = conformance(tmp_path, str(tmp_path))

    assert done.returncode == 1
    assert mistake in done.stdout, done.stdout


def test_a_new_package_is_written_once_and_passes(tmp_path: Path):
    made = run("optimizer", "strategies", "new", "my_own", folder=tmp_path)
    again = run("optimizer", "strategies", "new", "my_own", folder=tmp_path)
    taken = run("optimizer", "strategies", "new", "flat", folder=tmp_path)
    bad = run("optimizer", "strategies", "new", "My-Own", folder=tmp_path)

    assert made.returncode == 0, made.stderr
    assert "nothing was written" in again.stderr
    assert "installed already" in taken.stderr
    assert "no name for a package" in bad.stderr
    assert {again.returncode, taken.returncode, bad.returncode} == {2}
    done = conformance(tmp_path / "my_own", str(tmp_path / "my_own"))
    assert done.returncode == 0, done.stdout
