from datetime import UTC, datetime

import pytest

from optimizer.domain.horizon import plan_horizon
from strategies import Market
from strategies.flat import Flat


def test_each_slot_costs_the_same_and_all_is_known():
    horizon = plan_horizon(datetime(2026, 5, 4, 10, 7, tzinfo=UTC), slot_minutes=15, horizon_hours=36)
    tariff = Flat(Flat.Options(import_price=0.32, export_price=-0.01, currency="CHF")).tariff(horizon, Market())
    assert set(tariff.import_price_per_kwh) == {0.32}
    assert set(tariff.export_price_per_kwh) == {-0.01}
    assert len(tariff.import_price_per_kwh) == len(horizon)
    assert (tariff.currency, tariff.known_until, tariff.notes) == ("CHF", None, ())


@pytest.mark.parametrize("price", [True, "0.3", float("nan"), float("inf"), 1e6])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(ValueError, match="import_price"):
        Flat.Options(import_price=price)
