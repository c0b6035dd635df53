"""The author's checks: every built-in strategy passes, and each mistake is caught by its name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from optimizer.domain.horizon import Horizon
from strategies import Series
from strategies.composed import Composed
from strategies.conformance import StrategyCase
from strategies.conformance.horizons import odd_days
from strategies.conformance.strategy_checks import CHECKS
from strategies.flat import Flat
from strategies.registry import BUILT_IN_STRATEGIES
from strategies.series import SeriesTariff
from strategies.time_of_use import TimeOfUse
from strategies.urdb_tariff import UrdbTariff

RATE_FILE = Path(__file__).parents[2] / "config" / "urdb-commercial-example.json"
PERIODS = [{"name": "evening", "import_price": 0.42, "start": "17:00", "end": "20:00"}]
HOUR = timedelta(hours=1)


def spot(horizon: Horizon) -> dict[str, Series]:
    """Hourly prices from a fixed day on to the horizon's end."""
    first = datetime(2025, 12, 1, tzinfo=UTC)
    hours = int((horizon.end - first) / HOUR) + 1
    starts = tuple(first + timedelta(hours=n) for n in range(hours))
    prices = np.round(0.08 + 0.05 * np.sin(np.arange(hours) / 3.8), 5)
    return {"spot": Series(starts=starts, ends=(*starts[1:], starts[-1] + HOUR), values=tuple(prices.tolist()))}


CASES = {
    "flat": StrategyCase(strategy=Flat, options={"import_price": 0.3, "export_price": 0.08}, currency="EUR"),
    "time_of_use": StrategyCase(
        strategy=TimeOfUse, options={"import_price": 0.3, "periods": PERIODS}, currency="EUR", zone="America/New_York"
    ),
    "series": StrategyCase(
        strategy=SeriesTariff, options={"import_series": "spot", "import_adder": 0.15}, currency="EUR", series=spot
    ),
    "composed": StrategyCase(
        strategy=Composed,
        options={
            "currency": "NOK",
            "vat_percent": 25.0,
            "import_parts": [
                {"name": "spot", "series": "spot", "factor": 11.0},
                {"name": "fee", "price": 0.3, "windows": [{"start": "06:00", "end": "22:00", "price": 0.4}]},
            ],
            "peak_charges": [{"name": "step", "interval_minutes": 60, "steps": [{"above_kw": 2, "charge": 100}]}],
        },
        currency="NOK",
        zone="Europe/Oslo",
        series=spot,
    ),
    "urdb": StrategyCase(
        strategy=UrdbTariff,
        options={"rate": "rate", "export": {"price": 0.03, "netting": "hour"}},
        currency="USD",
        zone="America/Denver",
        documents={"rate": RATE_FILE.read_text(encoding="utf-8")},
    ),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_each_built_in_strategy_passes(name, check):
    check(CASES[name])


def test_every_built_in_strategy_is_among_them():
    assert set(CASES) == set(BUILT_IN_STRATEGIES)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ["2026-03-29", "2026-10-25"]),
        ("Australia/Sydney", ["2026-04-05", "2026-10-04"]),
        ("America/Phoenix", []),
    ],
)
def test_the_odd_days_are_those_on_which_the_clocks_change(zone, days):
    assert [day.isoformat() for day in odd_days(zone)] == days
