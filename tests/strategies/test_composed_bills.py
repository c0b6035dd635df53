"""What a stacked tariff charges besides prices, and its bill to the cent."""

from datetime import UTC, datetime

import pytest
from stacked_tariff import MODULE_3, NOON, SPOT, composed, hours, spot

from strategies import ForecastGap, Market, Meter, invoice


def test_a_charge_says_for_itself_what_vat_it_bears_and_what_export_earns_bears_none():
    tariff = composed(
        vat_percent=20.0,
        import_parts=[{"name": "energy", "price": 0.30}],
        export_parts=[{"name": "sold", "price": 0.10}],
        fixed_charges=[{"name": "fee", "amount": 10.0}, {"name": "rent", "amount": 12.0, "vat": "included"}],
        peak_charges=[{"name": "peak", "price_per_kw": 5.0, "vat": "none"}],
        energy_tiers=[
            {"name": "block", "tiers": [{"above_kwh": 100, "added_price_per_kwh": 0.05}]},
            {"name": "bonus", "direction": "export", "tiers": [{"above_kwh": 0, "added_price_per_kwh": 0.02}]},
        ],
        minimum_charge=30.0,
    ).tariff(hours(NOON, 1), Market())

    assert [charge.amount for charge in tariff.fixed_charges] == [12.0, 12.0]
    assert tariff.peak_charges[0].price_per_kw == 5.0
    assert [tiers.tiers[0].added_price_per_kwh for tiers in tariff.energy_tiers] == pytest.approx([0.06, 0.02])
    assert tariff.minimum_charge.amount == 36.0
    assert tariff.export_vat_percent == 0.0


def test_a_part_that_bears_no_vat_shows_none_on_the_bill():
    tariff = composed(
        vat_percent=19.0,
        import_parts=[{"name": "energy", "price": 0.30}, {"name": "levy", "price": 0.20, "vat": "none"}],
        export_parts=[
            {"name": "sold", "price": 0.10, "vat": "added"},
            {"name": "bonus", "price": 0.08, "vat": "none"},
        ],
    ).tariff(hours(NOON, 1), Market())
    bill = invoice(tariff, Meter(horizon=hours(NOON, 1), import_kwh=(100.0,), export_kwh=(100.0,)))
    lines = {line.name: (line.net, line.vat_percent) for line in bill.lines}

    assert lines == {"energy": (30.0, 19.0), "levy": (20.0, 0.0), "sold": (-10.0, 19.0), "bonus": (-8.0, 0.0)}
    assert bill.vat == {19.0: 3.8}
    assert bill.total == pytest.approx(bill.exact)


def test_netting_limits_and_emissions_reach_the_tariff():
    start = NOON.replace(hour=9)
    market = Market(series={"carbon": spot(start, 400.0, 300.0).series["day_ahead"]})
    options = {"import_parts": [{"name": "energy", "price": 0.30}], "import_limit_kw": 4.2, "export_limit_kw": 7.0}
    quarter = composed(**options, netting_minutes=15, co2_series="carbon", co2_factor=0.001)
    priced = quarter.tariff(hours(start, 2), market)

    assert (priced.netting.minutes, priced.import_limit_kw, priced.export_limit_kw) == (15, 4.2, 7.0)
    assert priced.co2_kg_per_kwh == pytest.approx([0.4, 0.3])
    assert composed(**options, nets_month=True).tariff(hours(start, 2), market).netting.minutes is None
    assert composed(**options).tariff(hours(start, 2), market).netting is None


def test_without_the_emissions_there_are_prices_and_a_note_and_without_the_spot_price_there_is_none():
    strategy = composed(import_parts=[SPOT], co2_series="carbon")
    priced = strategy.tariff(hours(NOON, 1), spot(NOON, 0.1))

    assert (priced.import_price_per_kwh, priced.co2_kg_per_kwh) == ((0.1,), ())
    assert priced.notes == (
        "co2_series: no price series 'carbon' in the market; there are: day_ahead: the tariff says nothing of emissions",
    )
    with pytest.raises(ForecastGap, match="no price series 'day_ahead'"):
        strategy.tariff(hours(NOON, 1), Market())


def test_a_day_of_a_german_house_is_billed_to_the_cent():
    """Bought at noon (the spot price is negative), at five and at ten in the evening of a day in May."""
    start = datetime(2026, 5, 5, 22, 0, tzinfo=UTC)
    horizon = hours(start, 24)
    bought, sold = [0.0] * 24, [0.0] * 24
    bought[12], bought[17], bought[22] = 4.0, 2.0, 6.0
    sold[12], sold[15] = 1.0, 3.0
    prices = [0.10] * 24
    prices[12], prices[17] = -0.02, 0.25
    tariff = composed(
        vat_percent=19.0,
        import_parts=[SPOT, MODULE_3, {"name": "tax", "price": 0.0205}],
        export_parts=[{"name": "feed-in", "price": 0.0786, "only_while": "not_negative", "of": "day_ahead"}],
        fixed_charges=[{"name": "basic", "amount": 365.0, "per": "year"}],
    ).tariff(horizon, spot(start, *prices))
    bill = invoice(tariff, Meter(horizon=horizon, import_kwh=tuple(bought), export_kwh=tuple(sold)))

    assert [(line.name, line.net) for line in bill.lines] == [
        ("spot", 1.02),  # 4 * -0.02 + 2 * 0.25 + 6 * 0.10
        ("grid fee", 0.57),  # 4 * 0.0056 + 2 * 0.1075 + 6 * 0.0562 = 0.5746
        ("tax", 0.25),  # 12 * 0.0205 = 0.246
        ("feed-in", -0.24),  # 3 * 0.0786 = 0.2358; the kWh at noon earns nothing
        ("basic", 1.00),
    ]
    assert bill.vat == {19.0: 0.54}  # 19 % of 2.84 is 0.5396
    assert bill.total == 3.14  # 2.84 + 0.54 - 0.24


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
