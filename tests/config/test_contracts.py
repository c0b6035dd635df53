"""The contracts among the examples: each planned by the real program and invoiced for a month."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from planned_example import planned_example

from optimizer.domain.horizon import plan_horizon
from optimizer.settings_file import load_settings
from strategies import FeedContext, Market, Meter, invoice
from strategies.registry import build_feed, build_strategy

CONFIG = Path(__file__).parents[2] / "config"


def month(name: str, start: datetime, days: int, bought_kw: dict[int, float], base_kw: float = 0.5):
    """The invoice of so many days with a base load and some hours that differ, by their number."""
    (site,) = load_settings(CONFIG / f"{name}.toml").sites
    horizon = plan_horizon(start, slot_minutes=60, horizon_hours=24 * days, zone=site.timezone)
    context = FeedContext(base_folder=CONFIG, zone=site.timezone)
    series = {
        key: build_feed(options, path=key, context=context).fetch(horizon.start, horizon.end)
        for key, options in site.feeds.items()
    }
    tariff = build_strategy(site.tariff, path="tariff").tariff(horizon, Market(series=series))
    bought = tuple(bought_kw.get(hour, base_kw) for hour in range(len(horizon)))
    return invoice(tariff, Meter(horizon=horizon, import_kwh=bought, export_kwh=(0.0,) * len(horizon)))


def test_the_norwegian_step_goes_by_the_three_highest_days():
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    two_on_one_day = month("norway-capacity-steps", april, 30, {10: 6.0, 11: 7.0, 50: 4.0, 100: 3.7})
    lines = {line.name: line for line in two_on_one_day.lines}

    assert lines["capacity step 2026-04"].quantity == pytest.approx((7.0 + 4.0 + 3.7) / 3)
    assert lines["capacity step 2026-04"].net == 160.0
    assert lines["energy"].net == pytest.approx((720 * 0.5 + 5.5 + 6.5 + 3.5 + 3.2) * 0.40, abs=0.005)
    higher = month("norway-capacity-steps", april, 30, {10: 7.0, 50: 5.0, 100: 3.7})
    assert {line.name: line.net for line in higher.lines}["capacity step 2026-04"] == 260.0


def test_the_belgian_peak_is_billed_at_a_twelfth_of_the_year_and_at_least_two_and_a_half_kw():
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    low = {line.name: line for line in month("belgium-capacity", april, 30, {}).lines}
    high = {line.name: line for line in month("belgium-capacity", april, 30, {40: 6.0}).lines}

    assert low["capacity 2026-04"].net == round(40.4 / 12 * 2.5, 2)
    assert high["capacity 2026-04"].net == round(40.4 / 12 * 6.0, 2)
    assert low["data management"].net == round(18 * 30 / 365, 2)
    assert low["excise block"].quantity == pytest.approx(360.0)
    assert low["excise block"].net == round((360 - 250) * 0.002 / 1.0, 2)


def test_the_german_fee_has_its_levels_and_the_spot_price_its_line():
    day = datetime(2026, 3, 27, 23, 0, tzinfo=UTC)
    lines = {line.name: line for line in month("germany-module-3", day, 1, {}).lines}

    assert lines["grid fee, module 3"].net == round(24 * 0.5 * 0.0562, 2), "March is in the first quarter: one level"
    assert lines["electricity tax and levies"].net == round(12 * 0.047, 2)
    assert lines["module 1 reduction"].net == round(-120 / 365, 2)
    assert lines["spot"].quantity == 12.0


@pytest.mark.parametrize(
    ("name", "currency", "cost"),
    [
        ("norway-capacity-steps", "NOK", "capacity step"),
        ("belgium-capacity", "EUR", "capacity"),
        ("germany-module-3", "EUR", "import"),
    ],
)
def test_each_is_planned_by_the_program(tmp_path: Path, name: str, currency: str, cost: str):
    plan = planned_example(name, tmp_path, "prices-example.csv")

    assert plan["currency"] == currency
    assert cost in plan["costs"]


def test_a_twelfth_of_a_month_is_a_twelfth_of_the_bill():
    whole = month("norway-capacity-steps", datetime(2026, 3, 31, 22, 0, tzinfo=UTC), 30, {})
    assert whole.end - whole.start == timedelta(days=30)
    assert whole.total == pytest.approx(whole.exact, abs=0.005 * (len(whole.lines) + 2))
