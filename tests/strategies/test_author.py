"""An author's hour: a package built outside the checkout by the README alone, installed, used, proved, and proved wrong."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from optimizer.cli import main
from optimizer.errors import ConfigError
from optimizer.new_strategy import write_package
from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

ROOT = Path(__file__).parents[2]
README = (ROOT / "strategies" / "README.md").read_text(encoding="utf-8")
MODULE = "acme_tariff/__init__.py"


def block(name: str) -> str:
    """The README's block under the heading that is a file's name."""
    (text,) = re.findall(rf"^#### `{re.escape(name)}`$.*?```\w+\n(.*?)```", README, re.DOTALL | re.MULTILINE)[:1]
    return text


FILES = {name: block(name) for name in re.findall(r"^#### `(.*)`$", README, re.MULTILINE)}
TARIFFS = re.findall(r"```toml\n(\[sites\.(?:tariff|feeds).*?)```", README, re.DOTALL)


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True, kw_only=True)
class Author:
    """A folder and an environment of the author's own, which sees ours beneath it."""

    folder: Path
    python: Path

    def run(self, *command: str, folder: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), "-m", *command],
            cwd=folder or self.folder,
            env={**os.environ, "PYTHONPATH": "", **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def conformance(self, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("pytest", "-q", "-p", "no:cacheprovider", *options, tests)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """The README's package and a new one, both installed by pip."""
    folder = tmp_path_factory.mktemp("author")
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True, with_pip=False)
    (its_own,) = environment.glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (its_own / "beneath.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    author = Author(folder=folder, python=environment / "bin" / "python")

    written(folder / "acme_tariff", FILES)
    made = author.run("optimizer", "strategies", "new", "my_own")
    assert made.returncode == 0, made.stderr
    pip = (sys.executable, "-m", "pip", "--python", str(author.python), "install", "--quiet", "--no-deps")
    done = subprocess.run(
        [*pip, "--no-build-isolation", "./acme_tariff", "-e", "./my_own"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return author


def test_what_is_installed_is_found(author: Author):
    listed = author.run("optimizer", "strategies")

    assert "  acme  (acme-tariff 1.0.0 (acme_tariff:Acme))" in listed.stdout
    assert "  acme_spot  (acme-tariff 1.0.0 (acme_tariff.spot:AcmeSpot))" in listed.stdout
    assert "  acme_prices  (acme-tariff 1.0.0 (acme_tariff.feed:AcmePrices))" in listed.stdout
    assert "  my_own  (my-own 0.1.0 (my_own:MyOwnStrategy))" in listed.stdout


@pytest.fixture
def simulator() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    with simulator.serve() as addresses:
        yield simulator, addresses.heat_url


def settings_text(simulator: Simulator, url: str, tariff: str) -> str:
    return f"""
[heat_cloud]
base_url = "{url}"
api_key = {{env = "TEST_HEAT_KEY"}}
conventions = {{bess_power_positive = "charge"}}
[[sites]]
site_id = "{simulator.options.site_id}"
timezone = "Europe/Berlin"
{tariff}"""


def test_it_plans_and_its_prices_are_drawn_and_nothing_is_posted(author, simulator, tmp_path):
    (cloud, url), key = simulator, {"TEST_HEAT_KEY": simulator[0].options.api_key}
    file = tmp_path / "site.toml"
    file.write_text(settings_text(cloud, url, TARIFFS[0]), encoding="utf-8")
    show = ("optimizer", "strategies", "show")
    ascii_only = {"PYTHONIOENCODING": "ascii"}

    planned = author.run("optimizer", "plan", "--config", str(file), "--format", "json", **key)
    drawn = author.run(
        *show, "acme", "--config", str(file), "--day", "2026-03-29", "--png", "day.png", **key, **ascii_only
    )

    assert planned.returncode == 0, planned.stderr
    assert "peak" in json.loads(planned.stdout)["costs"]
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("0.3400") + drawn.stdout.count("0.2200") == 23, "the day has 23 hours"
    assert "fixed charge fee: 9.9 per month" in drawn.stdout
    assert "peak charge peak: 4 per kW; highest 15 min of import each month" in drawn.stdout
    assert (author.folder / "day.png").read_bytes().startswith(b"\x89PNG")
    assert drawn.stdout.isascii()
    assert "?" not in drawn.stdout
    assert cloud.posts == []


def test_on_the_feed_what_is_not_published_is_drawn_as_forecast(author, simulator, tmp_path):
    (cloud, url), key = simulator, {"TEST_HEAT_KEY": simulator[0].options.api_key}
    file = tmp_path / "site.toml"
    file.write_text(settings_text(cloud, url, TARIFFS[1]), encoding="utf-8")
    hours = {f"2026-05-{day:02d}T{hour:02d}:00:00+02:00": 87.5 for day in (5, 6) for hour in range(24)}
    del hours["2026-05-06T23:00:00+02:00"]
    (tmp_path / "prices.json").write_text(json.dumps(hours), encoding="utf-8")
    show = ("optimizer", "strategies", "show", "acme_spot", "--config", str(file), "--day")

    drawn = author.run(*show, "2026-05-06", **key)

    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("0.1279") == 24  # (0.0875 + 0.02) * 1.19
    assert (drawn.stdout.count("known "), drawn.stdout.count("forecast ")) == (24, 1)  # "known until" is one of them
    assert "known until 2026-05-06T21:00Z" in drawn.stdout


def test_the_conformance_runs_of_both_packages_pass(author):
    by_readme = author.conformance("acme_tariff/tests")
    new = author.conformance("my_own")

    assert by_readme.returncode == 0, by_readme.stdout
    assert "31 passed" in by_readme.stdout, "13 checks of each strategy, 5 of the feed"
    assert new.returncode == 0, new.stdout
    assert "13 passed" in new.stdout


HOURS = "hours = [start.astimezone(zone).hour for start in horizon.starts]"
MISTAKES = {
    "wrong unit": ("if 6 <= hour < 22 else options.night_price for", "* 100 if 6 <= hour < 22 else 22.0 for"),
    "gap": (" for hour in hours)", " for hour in hours[1:])"),
    "naive time": (
        HOURS,
        "import datetime as dt; hours = [(start - dt.datetime(2026, 1, 1)).seconds // 3600 for start in horizon.starts]",
    ),
    "shifted hour on the day of the clock change": (
        HOURS,
        "shift = horizon.starts[0].astimezone(zone).utcoffset(); hours = [(at + shift).hour for at in horizon.starts]",
    ),
    "NaN": ("options.export_price,) * len(horizon)", 'float("nan"),) * len(horizon)'),
    "wrong currency": ("currency=options.currency", 'currency="USD"'),
}


TWO_ZONES = (
    FILES["tests/test_acme.py"]
    .replace("@pytest.fixture", '@pytest.fixture(params=["Europe/Berlin", "Europe/Rome"])')
    .replace("tariff_case()", "tariff_case(request)")
    .replace('zone="Europe/Berlin"', "zone=request.param")
)


@pytest.fixture(scope="module")
def outcomes(author: Author, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What one run says of six copies of the package, each with a mistake, and of a case for two zones.

    By module: a line for each failure, or ``passed`` and the check's name. The program's cost is left out.
    """
    folder = tmp_path_factory.mktemp("mistakes")
    files = {"conftest.py": FILES["tests/conftest.py"], "test_two_zones.py": TWO_ZONES}
    for mistake, (right, wrong) in MISTAKES.items():
        assert right in FILES[MODULE]
        name = mistake.replace(" ", "_")
        files[f"{name}.py"] = FILES[MODULE].replace(right, wrong)
        files[f"test_{name}.py"] = FILES["tests/test_acme.py"].replace("acme_tariff", name)
    written(folder, files)
    author.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-k", "not invoice", "--junitxml=found.xml", "."), folder=folder
    )
    found: dict[str, list[str]] = defaultdict(list)
    for case in ET.parse(folder / "found.xml").iter("testcase"):
        failed = [failure.get("message", "") for failure in case.iter("failure")]
        found[case.get("classname", "")] += failed or [f"passed {case.get('name')}"]
    return found


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_seeded_mistake_is_caught_by_name(outcomes, mistake):
    found = outcomes[f"test_{mistake.replace(' ', '_')}"]

    assert any(f"{mistake}:" in line for line in found)
    others = [other for other in MISTAKES if other != mistake and any(f"{other}:" in line for line in found)]
    assert others == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Rome"])
def test_a_case_with_parameters_is_checked_for_each(outcomes, zone):
    passed = [line for line in outcomes["test_two_zones"] if line.startswith("passed") and zone in line]

    assert len(passed) == 12


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("my_own", "exists already: nothing was written"),
        ("flat", "a strategy 'flat' is installed already"),
        ("json", "a Python module 'json' is there already"),
        ("My-Own", "'My-Own' is no name for a package"),
        ("ends_", "'ends_' is no name for a package"),
        ("class", "'class' is no name for a package"),
        ("../my_own", "is no name for a package"),
    ],
)
def test_a_package_that_cannot_be_is_refused_and_nothing_is_touched(tmp_path, name, told):
    (tmp_path / "my_own").mkdir()

    with pytest.raises(ConfigError, match=re.escape(told)):
        write_package(name, tmp_path)

    assert [file.name for file in tmp_path.rglob("*")] == ["my_own"]


def test_the_command_says_so_and_ends_with_2(capsys):
    assert main(["strategies", "new", "flat"]) == 2
    assert "heat-optimizer: strategies new: a strategy 'flat' is installed already" in capsys.readouterr().err
