"""Tariffs stacked from parts: prices, windows, taxes, negative prices, charges, and the bill to the cent."""

from datetime import UTC, datetime, timedelta

import pytest

from optimizer.domain.horizon import Horizon, plan_horizon
from strategies import ConfigError, Market, Meter, Series, invoice
from strategies.registry import build_strategy

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 5, 6, 10, 0, tzinfo=UTC)  # local noon, a Wednesday
HOUR = timedelta(hours=1)
SPOT = {"name": "spot", "series": "day_ahead"}
MODULE_3 = {
    "name": "grid fee",
    "price": 0.0562,
    "windows": [
        {"start": "17:00", "end": "22:00", "months": [4, 5, 6, 7, 8, 9], "price": 0.1075},
        {"start": "10:00", "end": "15:00", "months": [4, 5, 6, 7, 8, 9], "price": 0.0056},
    ],
}


def composed(**options):
    return build_strategy({"strategy": "composed", **options}, path="sites[0].tariff")


def hours(start: datetime, count: int, minutes: int = 60) -> Horizon:
    return plan_horizon(start, slot_minutes=minutes, horizon_hours=count, zone=BERLIN)


def spot(start: datetime, *prices: float) -> Market:
    starts = tuple(start + n * HOUR for n in range(len(prices)))
    return Market(
        series={"day_ahead": Series(starts=starts, ends=tuple(at + HOUR for at in starts), values=tuple(prices))}
    )


def test_parts_add_up_with_vat_on_each_that_bears_it():
    tariff = composed(
        vat_percent=19.0,
        import_parts=[SPOT, {"name": "tax", "price": 0.02}, {"name": "levy", "price": 0.01, "vat": "none"}],
        export_parts=[{"name": "feed-in", "price": 0.08}],
    ).tariff(hours(NOON, 2), spot(NOON, 0.10, -0.05))

    assert tariff.import_price_per_kwh == pytest.approx([1.19 * 0.12 + 0.01, 1.19 * -0.03 + 0.01])
    assert tariff.export_price_per_kwh == (0.08, 0.08)
    assert [part.name for part in tariff.parts] == ["spot", "tax", "levy", "feed-in"]


def test_what_holds_vat_already_is_not_taxed_twice():
    tariff = composed(
        vat_percent=5.0, currency="GBP", import_parts=[{"name": "unit rate", "series": "day_ahead", "vat": "included"}]
    ).tariff(hours(NOON, 1), spot(NOON, 0.21))

    assert tariff.import_price_per_kwh == (0.21,)
    assert tariff.vat_percent == 5.0


def test_module_3_has_three_levels_in_summer_and_one_in_winter():
    strategy = composed(import_parts=[MODULE_3])
    summer = strategy.tariff(hours(datetime(2026, 5, 5, 22, 0, tzinfo=UTC), 24), Market())
    winter = strategy.tariff(hours(datetime(2026, 1, 6, 23, 0, tzinfo=UTC), 24), Market())

    assert [summer.import_price_per_kwh[hour] for hour in (9, 10, 14, 15, 17, 21, 22)] == [
        *(0.0562, 0.0056, 0.0056, 0.0562, 0.1075, 0.1075, 0.0562)
    ]
    assert set(winter.import_price_per_kwh) == {0.0562}
    assert summer.known_until is None


@pytest.mark.parametrize(
    ("midnight", "length"),
    [(datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25)],
)
def test_on_the_odd_days_windows_go_by_the_wall_clock(midnight, length):
    night = {"name": "fee", "price": 1.0, "windows": [{"start": "00:00", "end": "06:00", "price": 0.0}]}
    tariff = composed(import_parts=[night]).tariff(hours(midnight, length), Market())

    assert len(tariff.import_price_per_kwh) == length
    assert tariff.import_price_per_kwh.count(0.0) == 6 + (length - 24)


def test_the_first_window_that_fits_counts_and_a_slot_over_two_is_their_mean():
    part = {
        "name": "fee",
        "price": 0.3,
        "windows": [
            {"start": "12:00", "end": "12:30", "price": 0.1},
            {"start": "12:00", "end": "13:00", "price": 0.2},
        ],
    }
    tariff = composed(import_parts=[part]).tariff(hours(NOON, 2), Market())

    assert tariff.import_price_per_kwh == pytest.approx([0.15, 0.3])


def test_nothing_is_paid_for_export_while_the_spot_price_is_negative():
    feed_in = {"name": "feed-in", "price": 0.08, "only_while": "not_negative", "of": "day_ahead"}
    tariff = composed(import_parts=[SPOT], export_parts=[feed_in]).tariff(hours(NOON, 3), spot(NOON, 0.1, -0.01, 0.0))

    assert tariff.export_price_per_kwh == (0.08, 0.0, 0.08)


def test_a_series_can_have_a_floor_a_cap_and_a_factor():
    part = {**SPOT, "factor": 2.2, "floor": 0.0, "cap": 1.0}
    tariff = composed(import_parts=[part]).tariff(hours(NOON, 3), spot(NOON, 0.1, -0.3, 0.9))

    assert tariff.import_price_per_kwh == pytest.approx([0.22, 0.0, 1.0])


def test_missing_tomorrow_is_extended_marked_and_told():
    tariff = composed(import_parts=[SPOT, MODULE_3]).tariff(hours(NOON, 30), spot(NOON - 12 * HOUR, *([0.1] * 24)))

    assert tariff.known_until == NOON + 12 * HOUR
    assert tariff.is_forecast == (False,) * 12 + (True,) * 18
    assert "day_ahead" in tariff.notes[0]


def test_a_bill_worked_by_hand():
    tariff = composed(
        vat_percent=25.0,
        currency="NOK",
        import_parts=[{"name": "energy", "price": 0.40}, {"name": "fee", "price": 0.20}],
        export_parts=[{"name": "sold", "price": 0.30}],
        fixed_charges=[{"name": "subscription", "amount": 30.0}],
        peak_charges=[
            {
                "name": "capacity",
                "interval_minutes": 60,
                "highest_days": 3,
                "steps": [
                    {"above_kw": 0, "charge": 100},
                    {"above_kw": 2, "charge": 200},
                    {"above_kw": 5, "charge": 300},
                ],
            }
        ],
    )
    start = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)  # April in Berlin
    horizon = hours(start, 30 * 24)
    bought = [1.0] * len(horizon)
    for hour, kw in ((10, 6.0), (11, 7.0), (40, 4.0), (90, 3.5)):
        bought[hour] = kw
    sold = [0.0] * len(horizon)
    sold[300], bought[300] = 10.0, 0.0
    bill = invoice(
        tariff.tariff(horizon, Market()), Meter(horizon=horizon, import_kwh=tuple(bought), export_kwh=tuple(sold))
    )

    lines = {line.name: (round(line.quantity, 3), line.net) for line in bill.lines}
    energy = 720 - 1 + 5 + 6 + 3 + 2.5
    assert lines["energy"] == (energy, round(energy * 0.4, 2))
    assert lines["fee"] == (energy, round(energy * 0.2, 2))
    assert lines["sold"] == (10.0, -3.0)
    assert lines["subscription"] == (1.0, 30.0)
    assert lines["capacity 2026-04"] == (pytest.approx((7.0 + 4.0 + 3.5) / 3, abs=1e-3), 200.0)
    assert bill.vat == {25.0: 167.83}, "a quarter of 294.20 + 147.10 + 30 + 200, half a cent rounded up"
    assert bill.total == 836.13


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"import_parts": []}, "sites[0].tariff.import_parts"),
        ({"import_parts": [{"name": "x"}]}, "x: give either price (with windows, where it changes) or series"),
        ({"import_parts": [{"name": "x", "price": 1.0, "series": "y"}]}, "give either price"),
        ({"import_parts": [{"name": "x", "price": 1.0, "floor": 0.0}]}, "floor is for a series"),
        ({"import_parts": [{"name": "x", "price": 1.0, "of": "y"}]}, "only_while and of belong together"),
        ({"import_parts": [{"name": "x", "prise": 1.0}]}, "sites[0].tariff.import_parts[0].prise: unknown option"),
        ({"import_parts": [{"name": "x", "price": 1.0}] * 2}, "two parts share a name: x, x"),
        ({"import_parts": [SPOT], "nets_month": True, "netting_minutes": 15}, "give netting_minutes or nets_month"),
        (
            {"import_parts": [{"name": "x", "price": 1.0, "windows": [{"price": 2.0, "days": ["holiday"]}]}]},
            "needs holiday_country",
        ),
    ],
)
def test_a_wrong_option_is_told_with_its_place_and_way_out(options, words):
    with pytest.raises(ConfigError) as refused:
        composed(**options)
    assert words in str(refused.value)
