"""For each built-in strategy: 200 random schedules, and the program's cost of each is its invoice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from optimizer.domain.horizon import plan_horizon
from optimizer.lp import billed, price
from strategies import Market, Series, invoice
from strategies.conformance.billing import flows_of, laid, metered, with_state
from strategies.registry import BUILT_IN_STRATEGIES, build_strategy

RATE = (Path(__file__).parents[2] / "config" / "urdb-commercial-example.json").read_text(encoding="utf-8")
STARTS = (
    datetime(2026, 3, 28, 18, 7, tzinfo=UTC),
    datetime(2026, 10, 24, 18, 0, tzinfo=UTC),
    datetime(2026, 11, 29, 20, 22, tzinfo=UTC),
)
OPTIONS = {
    "flat": {"import_price": 0.3, "export_price": 0.08},
    "time_of_use": {
        "import_price": 0.3,
        "export_price": 0.08,
        "periods": [{"name": "evening", "import_price": 0.4, "export_price": 0.45, "start": "17:00", "end": "20:00"}],
    },
    "series": {"import_series": "spot", "import_factor": 1.19, "import_adder": 0.15, "export_series": "spot"},
    "urdb": {"rate": "rate", "export": {"price": 0.03, "netting": "hour"}},
    "composed": {
        "vat_percent": 21.0,
        "import_parts": [
            {"name": "spot", "series": "spot"},
            {"name": "fee", "price": 0.06, "windows": [{"start": "17:00", "end": "21:00", "price": 0.12}]},
        ],
        "export_parts": [{"name": "feed-in", "price": 0.08, "only_while": "not_negative", "of": "spot"}],
        "peak_charges": [
            {"name": "quarter", "price_per_kw": 40.0, "rolling_months": 12, "floor_kw": 2.5},
            {"name": "hour", "interval_minutes": 60, "highest_days": 3, "steps": [{"above_kw": 2, "charge": 20}]},
            {"name": "demand", "price_per_kw": 5.0, "tiers": [{"above_kw": 10, "price_per_kw": 3.0}]},
        ],
        "energy_tiers": [{"name": "block", "tiers": [{"above_kwh": 40, "added_price_per_kwh": -0.02}]}],
        "fixed_charges": [{"name": "basic", "amount": 10.0}],
        "minimum_charge": 30.0,
    },
}
ZONES = {"urdb": "America/Phoenix"}


def market(start: datetime) -> Market:
    starts = [start.replace(minute=0) + timedelta(hours=n) for n in range(-30 * 24, 30)]
    prices = np.random.default_rng(5).normal(0.08, 0.09, len(starts))
    spot = Series(
        starts=tuple(starts), ends=tuple(at + timedelta(hours=1) for at in starts), values=tuple(prices.tolist())
    )
    return Market(series={"spot": spot}, documents={"rate": RATE})


def test_each_built_in_strategy_is_tried():
    assert set(OPTIONS) == set(BUILT_IN_STRATEGIES)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_program_s_cost_of_200_random_schedules_is_their_invoice(name: str):
    strategy = build_strategy({"strategy": name, **OPTIONS[name]}, path="tariff")
    random = np.random.default_rng(20261123)
    for number in range(200):
        horizon = plan_horizon(
            STARTS[number % 3],
            slot_minutes=(15, 30, 60)[number % 3],
            horizon_hours=(6, 12, 36)[number // 3 % 3],
            zone=ZONES.get(name, "Europe/Berlin"),
        )
        tariff = strategy.tariff(horizon, market(horizon.start))
        net_kw = np.round(random.normal(1.0, 6.0, len(horizon)), 3).tolist()
        problem = laid(
            tariff,
            horizon,
            load_kw=tuple(max(kw, 0.0) for kw in net_kw),
            solar_kw=tuple(max(-kw, 0.0) for kw in net_kw),
        )
        flows = flows_of(net_kw)

        bill = invoice(with_state(tariff, horizon), metered(horizon, flows))

        assert billed(problem, price(problem, flows)) == pytest.approx(bill.caused, abs=1e-6)
        assert abs(bill.total - bill.exact) <= 0.005 * (len(bill.lines) + len(bill.vat) + 1) + 1e-9
