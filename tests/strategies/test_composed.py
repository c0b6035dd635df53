"""Tariffs stacked from parts: prices, windows, taxes, negative prices, and what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stacked_tariff import HOUR, MODULE_3, NOON, SPOT, composed, hours, spot

from optimizer.domain.peaks import Direction
from strategies import ConfigError, Market, Series


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


def test_where_a_slot_holds_several_prices_a_part_counts_for_the_share_of_time_in_which_it_may():
    quarters = tuple(NOON + n * HOUR / 4 for n in range(5))
    market = Market(
        series={"day_ahead": Series(starts=quarters[:4], ends=quarters[1:], values=(0.04, -0.30, 0.02, 0.10))}
    )
    rule = {"only_while": "not_negative", "of": "day_ahead"}
    tariff = composed(
        import_parts=[SPOT],
        export_parts=[
            {"name": "feed-in", "price": 0.08, **rule},
            {"name": "at the market", "series": "day_ahead", "factor": 0.5, **rule},
            {"name": "levy", "price": -0.01, "only_while": "negative", "of": "day_ahead"},
        ],
    ).tariff(hours(NOON, 1), market)

    assert tariff.import_price_per_kwh == pytest.approx([(0.04 - 0.30 + 0.02 + 0.10) / 4])
    feed_in, at_the_market, levy = tariff.parts_of(Direction.EXPORT)
    assert feed_in.price_per_kwh == pytest.approx([0.08 * 3 / 4])
    assert at_the_market.price_per_kwh == pytest.approx([0.5 * (0.04 + 0.02 + 0.10) / 4])
    assert levy.price_per_kwh == pytest.approx([-0.01 / 4])


@pytest.mark.parametrize(
    ("midnight", "length"),
    [(datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25)],
)
def test_on_the_odd_days_quarters_of_an_hourly_and_a_quarter_hourly_series_are_met_exactly(midnight, length):
    quarters = [midnight + n * HOUR / 4 for n in range(4 * length)]
    first = 4 * 10  # ten hours are published hour by hour, the rest by the quarter
    starts = [*quarters[:first:4], *quarters[first:]]
    ends = [*starts[1:], midnight + length * HOUR]
    prices = [round(0.1 - 0.007 * n, 6) for n in range(len(starts))]
    market = Market(series={"day_ahead": Series(starts=tuple(starts), ends=tuple(ends), values=tuple(prices))})
    night = {"name": "fee", "price": 0.2, "windows": [{"start": "02:00", "end": "03:00", "price": 0.1}]}
    tariff = composed(import_parts=[SPOT, night]).tariff(hours(midnight, length, minutes=15), market)

    spot_line, fee = tariff.parts
    assert spot_line.price_per_kwh[:first] == tuple(price for price in prices[:10] for _ in range(4))
    assert spot_line.price_per_kwh[first:] == tuple(prices[10:])
    assert fee.price_per_kwh.count(0.1) == 4 * (1 + length - 24), "the clock shows 02:xx not at all, or twice"
    assert tariff.notes == ()


def test_a_stand_in_keeps_to_the_floor_and_the_cap():
    cheap_then_dear = spot(NOON - 12 * HOUR, *([0.05] * 12 + [0.9] * 12))
    capped = {**SPOT, "floor": 0.08, "cap": 0.5}
    tariff = composed(import_parts=[capped]).tariff(hours(NOON, 36), cheap_then_dear)

    assert {min(tariff.import_price_per_kwh), max(tariff.import_price_per_kwh)} == {0.08, 0.5}


def test_a_series_can_have_a_floor_a_cap_and_a_factor():
    part = {**SPOT, "factor": 2.2, "floor": 0.0, "cap": 1.0}
    tariff = composed(import_parts=[part]).tariff(hours(NOON, 3), spot(NOON, 0.1, -0.3, 0.9))

    assert tariff.import_price_per_kwh == pytest.approx([0.22, 0.0, 1.0])


def test_missing_tomorrow_is_extended_marked_and_told():
    tariff = composed(import_parts=[SPOT, MODULE_3]).tariff(hours(NOON, 30), spot(NOON - 12 * HOUR, *([0.1] * 24)))

    assert tariff.known_until == NOON + 12 * HOUR
    assert tariff.is_forecast == (False,) * 12 + (True,) * 18
    assert "day_ahead" in tariff.notes[0]


@st.composite
def parts(draw, number):
    vat = draw(st.sampled_from((None, "added", "included", "none")))
    part = {"name": f"part {number}", **({} if vat is None else {"vat": vat})}
    price = st.floats(-1.0, 1.0).map(lambda drawn: round(drawn, 4))
    if draw(st.booleans()):
        part |= {"series": "day_ahead", "factor": draw(st.floats(-2.0, 2.0)), "floor": draw(st.none() | price)}
        part = {key: given for key, given in part.items() if given is not None}
    else:
        clock = st.sampled_from(("00:00", "06:30", "17:00", "22:10", "02:30"))
        windows = draw(st.lists(st.tuples(clock, clock, price).filter(lambda drawn: drawn[0] != drawn[1]), max_size=3))
        part |= {"price": draw(price), "windows": [{"start": s, "end": e, "price": p} for s, e, p in windows]}
    if draw(st.booleans()):
        part |= {"only_while": draw(st.sampled_from(("negative", "not_negative"))), "of": "day_ahead"}
    return part


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_stacked_the_parts_add_up_to_the_prices_in_every_slot(data):
    counts = data.draw(st.tuples(st.integers(1, 4), st.integers(0, 3)))
    bought, sold = ([data.draw(parts(number)) for number in range(count)] for count in counts)
    start = data.draw(
        st.sampled_from((datetime(2026, 3, 28, 20, 7, tzinfo=UTC), datetime(2026, 10, 24, 20, 7, tzinfo=UTC)))
    )
    known = data.draw(st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=40))
    horizon = hours(start, 24, minutes=data.draw(st.sampled_from((15, 30, 60))))
    tariff = composed(vat_percent=19.0, import_parts=bought, export_parts=sold).tariff(
        horizon, spot(start.replace(minute=0), *known)
    )

    for direction, whole in (("import", tariff.import_price_per_kwh), ("export", tariff.export_price_per_kwh)):
        lines = [part.price_per_kwh for part in tariff.parts if part.direction.value == direction]
        assert [part.name for part in tariff.parts if part.direction.value == direction] == [
            part["name"] for part in (bought if direction == "import" else sold)
        ]
        for slot in range(len(horizon)):
            assert whole[slot] == pytest.approx(sum(line[slot] for line in lines), abs=1e-12)
    assert (tariff.known_until is None) == (not any(tariff.is_forecast))


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
        (
            {"import_parts": [{**SPOT, "floor": 0.3, "cap": 0.1}]},
            "import_parts[0]: spot: floor (0.3) exceeds cap (0.1)",
        ),
        ({"import_parts": [{**SPOT, "vat": "half"}]}, "import_parts[0].vat: got 'half'"),
        ({"import_parts": [{**SPOT, "of": "x", "only_while": "positive"}]}, "import_parts[0].only_while"),
        (
            {"import_parts": [{"name": "x", "price": 1.0, "windows": [{"price": 2.0, "start": "25:00"}]}]},
            "sites[0].tariff.import_parts[0].windows[0].start: got '25:00'; '25:00' is not a local time",
        ),
        (
            {"import_parts": [SPOT], "fixed_charges": [{"name": "a", "amount": 1}, {"name": "a", "amount": 2}]},
            "two charges share a name: a, a",
        ),
        ({"import_parts": [SPOT], "extension": "guess"}, "sites[0].tariff.extension: got 'guess'"),
        (
            {"import_parts": [SPOT], "peak_charges": [{"name": "p"}]},
            "sites[0].tariff.peak_charges[0]: p: give price_per_kw",
        ),
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
