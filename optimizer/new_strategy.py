"""A working strategy package, written for an author to change."""

import keyword
import re
from importlib.util import find_spec
from pathlib import Path

from optimizer.errors import ConfigError
from strategies.registry import strategy_names

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "0.1.0"
description = "A tariff strategy for Heat Optimizer"
requires-python = ">=3.12"
dependencies = ["heat-optimizer"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

[project.entry-points."heat_optimizer.strategies"]
{name} = "{name}:{class_name}"

[tool.hatch.build]
dev-mode-dirs = ["src"]

[tool.hatch.build.targets.wheel]
packages = ["src/{name}"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
"""

MODULE = '''\
"""The strategy "{name}": a day and a night price by local time, a monthly fee, and a charge on the highest quarter."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from strategies import Currency, FixedCharge, Horizon, Market, PeakCharge, Price, StrategyOptions, Tariff


class {class_name}:
    """Night is from 22:00 to 06:00 local time. All prices and amounts include VAT."""

    class Options(StrategyOptions):
        """What the operator writes under [sites.tariff], beside strategy = "{name}"."""

        day_price: Annotated[Price, Field(description="price per kWh by day, e.g. day_price = 0.34")]
        night_price: Annotated[Price, Field(description="price per kWh from 22:00 to 06:00, e.g. night_price = 0.22")]
        export_price: Annotated[Price, Field(description="price per kWh sold")] = 0.08
        monthly_fee: Annotated[float, Field(ge=0, description="due every month")] = 0.0
        peak_price_per_kw: Annotated[float, Field(ge=0, description="per kW of the month's highest quarter")] = 0.0
        currency: Currency = "EUR"

    def __init__(self, options: Options) -> None:
        self._options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """One price for each slot. 22:00 and 06:00 are on the hour, so no slot of up to an hour straddles them."""
        options, zone = self._options, ZoneInfo(horizon.zone)
        hours = [start.astimezone(zone).hour for start in horizon.starts]
        prices = tuple(options.day_price if 6 <= hour < 22 else options.night_price for hour in hours)
        peaks = (PeakCharge(name="peak", price_per_kw=options.peak_price_per_kw),)
        return Tariff(
            import_price_per_kwh=prices,
            export_price_per_kwh=(options.export_price,) * len(horizon),
            currency=options.currency,
            fixed_charges=(FixedCharge(name="monthly fee", amount=options.monthly_fee),),
            peak_charges=peaks if options.peak_price_per_kw else (),
        )
'''

CONFTEST = '''\
"""The conformance checks of Heat Optimizer."""

pytest_plugins = ["strategies.conformance"]
'''

TEST = '''\
"""One fixture: the checks of strategies.conformance come by themselves."""

from datetime import UTC, datetime

import pytest
from {name} import {class_name}

from strategies.conformance import StrategyCase


@pytest.fixture
def tariff_case() -> StrategyCase:
    return StrategyCase(
        strategy={class_name},
        options={{"day_price": 0.34, "night_price": 0.22, "monthly_fee": 9.9, "peak_price_per_kw": 4.0}},
        currency="EUR",
        zone="Europe/Berlin",
        known_prices=(
            (datetime(2026, 5, 6, 10, 0, tzinfo=UTC), 0.34),  # local noon
            (datetime(2026, 5, 6, 22, 0, tzinfo=UTC), 0.22),  # local midnight
        ),
    )
'''

README = """\
# {name}

A tariff strategy for Heat Optimizer.

    pip install -e '.[test]'
    pytest
    heat-optimizer strategies

In the settings of a site:

    [sites.tariff]
    strategy = "{name}"
    day_price = 0.34
    night_price = 0.22
"""


def write_package(name: str, into: Path) -> list[Path]:
    """The files of the package ``into/name``. Raises ConfigError for a bad or taken name, or a folder that exists."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        msg = f"strategies new: '{name}' is no name for a package: use small letters, digits and _, e.g. my_tariff"
        raise ConfigError(msg)
    if name in strategy_names():
        msg = f"strategies new: a strategy '{name}' is installed already: choose another name"
        raise ConfigError(msg)
    folder = into / name
    if not folder.exists() and find_spec(name) is not None:
        msg = f"strategies new: a Python module '{name}' is there already: choose another name"
        raise ConfigError(msg)
    class_name = "".join(part.capitalize() for part in name.split("_")).removesuffix("Strategy") + "Strategy"
    words = {"name": name, "class_name": class_name, "distribution": name.replace("_", "-")}
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": README,
        f"src/{name}/__init__.py": MODULE,
        "tests/conftest.py": CONFTEST,
        f"tests/test_{name}.py": TEST,
    }
    try:
        folder.mkdir()
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.format(**words), encoding="utf-8")
    except FileExistsError:
        msg = f"strategies new: {folder} exists already: nothing was written"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"strategies new: {folder}: {error.strerror}"
        raise ConfigError(msg) from None
    return [folder / path for path in files]
