"""A rate of the Utility Rate Database as a tariff: bills worked by hand, and the program's costs held against them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned_example import planned_example
from pydantic import ValidationError

from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.site import Site
from optimizer.domain.tariff import Meter, MinimumCharge, Tariff
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.lp import billed, price
from optimizer.siting import carried, contract
from strategies import ConfigError, ForecastGap, Invoice, Market, Series, SourceMalformed, invoice
from strategies.conformance.billing import flows_of, laid, metered
from strategies.registry import build_strategy
from strategies.urdb_charges import windows_of
from strategies.urdb_rate import Schedule
from strategies.urdb_tariff import UrdbTariff
from strategies.wall_clock import Calendar

COMMERCIAL = Path(__file__).parents[2] / "config" / "urdb-commercial-example.json"
PHOENIX, LOS_ANGELES = "America/Phoenix", "America/Los_Angeles"
NOT_SOLD = {"export": {"price": 0.0}}
EVENING = [[1 if 16 <= hour < 21 else 0 for hour in range(24)]] * 12
NEVER = [[0] * 24] * 12
TWO_PERIODS = {
    "label": "two",
    "energyratestructure": [[{"rate": 0.2}], [{"rate": 0.4}]],
    "energyweekdayschedule": EVENING,
    "energyweekendschedule": NEVER,
}
TIERED = {
    "label": "tiered",
    "energyratestructure": [[{"rate": 0.3, "max": 10, "unit": "kWh daily"}, {"rate": 0.4, "max": 20}, {"rate": 0.5}]],
    "fixedchargefirstmeter": 0.5,
    "fixedchargeunits": "$/day",
}


def commercial(**changes: object) -> dict[str, object]:
    return json.loads(COMMERCIAL.read_text(encoding="utf-8"))["items"][0] | changes


def hours(zone: str, first: date, after: date) -> Horizon:
    """Every hour from one local midnight to another."""
    begin, end = (datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for on in (first, after))
    count = int((end - begin).total_seconds()) // 3600
    return Horizon(tuple(begin + timedelta(hours=number) for number in range(count + 1)), zone)


def tariff_of(record: dict[str, object], horizon: Horizon, **options: object) -> Tariff:
    strategy = UrdbTariff(UrdbTariff.Options.model_validate({"rate": "rate"} | options))
    return strategy.tariff(horizon, Market(documents={"rate": json.dumps(record)}))


def meter_of(horizon: Horizon, import_kwh: dict[datetime, float], export_kwh: dict[datetime, float]) -> Meter:
    """What is stated for some local times, nothing at all others."""
    walls = [at.astimezone(ZoneInfo(horizon.zone)).replace(tzinfo=None) for at in horizon.starts]
    assert {*import_kwh, *export_kwh} <= set(walls)
    return Meter(
        horizon=horizon,
        import_kwh=tuple(import_kwh.get(wall, 0.0) for wall in walls),
        export_kwh=tuple(export_kwh.get(wall, 0.0) for wall in walls),
    )


def amounts(bill: Invoice) -> dict[str, float]:
    return {line.name: pytest.approx(line.amount) for line in bill.lines if line.amount}


def july(holiday_country: str = "US", known: tuple[dict[str, object], ...] = ()) -> Invoice:
    """20 kW throughout July 2026, 50 kW from noon to 18 h on the 22 working days, once 120 kW for an hour."""
    horizon = hours(PHOENIX, date(2026, 7, 1), date(2026, 8, 1))
    import_kwh = []
    for at in horizon.starts:
        wall = at.astimezone(ZoneInfo(PHOENIX))
        works = wall.weekday() < 5 and wall.day != 3
        import_kwh.append(50.0 if works and 12 <= wall.hour < 18 else 20.0)
        if (wall.day, wall.hour) == (14, 14):
            import_kwh[-1] = 120.0
    meter = Meter(horizon=horizon, import_kwh=tuple(import_kwh), export_kwh=(0.0,) * len(horizon))
    options = {"holiday_country": holiday_country, "known_peaks": known} | NOT_SOLD
    return invoice(tariff_of(commercial(), horizon, **options), meter)


def test_a_month_of_the_commercial_example_by_hand():
    bill = july()

    off_kwh = 22 * 11 * 20 + 9 * 24 * 20
    shoulder_kwh = 22 * 7 * 20
    peak_kwh = 22 * 6 * 50 + 70
    assert amounts(bill) == {
        "energy import": off_kwh * 0.0599 + shoulder_kwh * 0.0806 + peak_kwh * 0.125,
        "flat demand 1 2026-07": 100 * 7.9 + 20 * 7.05,
        "demand period 1 2026-07": 120 * 11.45,
        "fixed charge": 86.5,
    }
    assert bill.currency == "USD"
    assert bill.total == pytest.approx(1630.68 + 931.00 + 1374.00 + 86.50, abs=1e-9)


def test_the_ratchet_bills_eighty_percent_of_a_february_peak_and_forgets_the_july_before():
    february, july_before = {"on": date(2026, 2, 10), "kw": 200.0}, {"on": date(2025, 7, 14), "kw": 300.0}

    flat = amounts(july(known=(february, july_before)))["flat demand 1 2026-07"]

    assert flat == 100 * 7.9 + 60 * 7.05


def test_the_observed_holiday_costs_as_a_weekend_unless_holidays_are_never():
    on_the_third = 6 * 20 * (0.125 - 0.0599) + 7 * 20 * (0.0806 - 0.0599)

    assert july("never").exact - july("US").exact == pytest.approx(on_the_third)


def test_a_rate_without_holidays_stays_so_at_a_site_that_has_some():
    horizon = hours(PHOENIX, date(2026, 7, 3), date(2026, 7, 4))
    site = Site(site_id="here", zone=PHOENIX, holiday_country="US")

    with_none = contract(tariff_of(commercial(), horizon, holiday_country="never", **NOT_SOLD), site)
    with_some = contract(tariff_of(commercial(), horizon, **NOT_SOLD), site)

    counted = [
        [sum(slot >= 0 for slot in charge.interval_of_slot) for charge in laid(each, horizon).peak_charges]
        for each in (with_none, with_some)
    ]
    assert counted == [[24, 6], [24]], "flat demand always, demand by time of use from noon to 18 h"


def test_in_october_the_ratchet_looks_at_september_though_another_demand_price_held_there():
    horizon = hours(PHOENIX, date(2026, 9, 30), date(2026, 10, 2))
    tariff = tariff_of(commercial(mincharge=0), horizon, **NOT_SOLD)
    net_kw = [100.0] + [0.0] * 23 + [10.0] + [0.0] * 23

    bill = invoice(tariff, metered(horizon, flows_of(net_kw)))

    assert amounts(bill)["flat demand 1 2026-09"] == 100 * 7.9
    assert amounts(bill)["flat demand 0 2026-10"] == 80 * 6.1
    assert "flat demand 0 2026-09" not in amounts(bill)
    assert "flat demand 1 2026-10" not in amounts(bill)
    flows = flows_of(net_kw)
    problem = laid(tariff, horizon, load_kw=flows.import_kw, solar_kw=flows.export_kw)
    assert billed(problem, price(problem, flows_of(net_kw))) == pytest.approx(bill.caused)


def test_tiers_per_day_grow_with_the_month_and_begin_anew():
    february = hours(LOS_ANGELES, date(2026, 2, 1), date(2026, 3, 1))
    over = hours(LOS_ANGELES, date(2026, 2, 1), date(2026, 4, 1))
    in_february, in_march = {datetime(2026, 2, 27, 9): 700.0}, {datetime(2026, 3, 2, 9): 400.0}

    alone = invoice(tariff_of(TIERED, february, **NOT_SOLD), meter_of(february, in_february, {}))
    both = invoice(tariff_of(TIERED, over, **NOT_SOLD), meter_of(over, in_february | in_march, {}))

    assert alone.total == pytest.approx(280 * 0.3 + 280 * 0.4 + 140 * 0.5 + 28 * 0.5)
    assert both.total == pytest.approx(alone.total + 310 * 0.3 + 90 * 0.4 + 31 * 0.5)


def test_februaries_of_two_lengths_in_one_span_are_refused_for_tiers_per_day_alone():
    over = Horizon((datetime(2028, 2, 10, tzinfo=UTC), datetime(2029, 2, 10, tzinfo=UTC)), LOS_ANGELES)

    with pytest.raises(ForecastGap, match="Februaries of 28 and of 29 days"):
        tariff_of(TIERED, over, **NOT_SOLD)
    assert tariff_of(TWO_PERIODS, over, **NOT_SOLD).energy_tiers == ()


@pytest.mark.parametrize(
    ("least", "units", "due"), [(0.35, "$/day", 28 * 0.35), (12.0, "$/month", 12.0), (120.0, "$/year", 10.0)]
)
def test_a_minimum_charge_fills_the_bill_of_the_month(least, units, due):
    horizon = hours(LOS_ANGELES, date(2026, 2, 1), date(2026, 3, 1))
    record = {"energyratestructure": [[{"rate": 0.3}]], "mincharge": least, "minchargeunits": units}

    tariff = tariff_of(record, horizon, **NOT_SOLD)
    bill = invoice(tariff, meter_of(horizon, {datetime(2026, 2, 3, 9): 10.0}, {}))

    assert amounts(bill) == {"energy import": 3.0, "minimum charge": due - 3.0}
    assert (len(tariff.notes) == 1) == (units == "$/year")


@pytest.mark.parametrize(("surplus", "earned"), [(None, 10 * 0.4), (0.05, 10 * 0.05)])
def test_net_metering_sets_off_within_the_month_at_the_same_price_and_sells_the_rest(surplus, earned):
    horizon = hours(LOS_ANGELES, date(2026, 6, 1), date(2026, 7, 1))
    morning, evening = datetime(2026, 6, 2, 9), datetime(2026, 6, 2, 17)
    later = timedelta(days=14)
    more = {} if surplus is None else {"surplus_price": surplus}

    tariff = tariff_of(TWO_PERIODS | {"dgrules": "Net Metering"}, horizon, **more)
    bill = invoice(
        tariff, meter_of(horizon, {morning: 100.0, evening: 50.0}, {morning + later: 80.0, evening + later: 60.0})
    )

    assert amounts(bill) == {"energy import": 20 * 0.2, "energy export": -earned}


def test_net_billing_pays_the_sell_rate_by_the_instant_or_after_netting_the_hour():
    begin = datetime(2026, 6, 2, 16, tzinfo=UTC)
    horizon = Horizon((begin, begin + timedelta(minutes=30), begin + timedelta(hours=1)), LOS_ANGELES)
    meter = Meter(horizon=horizon, import_kwh=(2.0, 0.0), export_kwh=(0.0, 3.0))
    record = {"energyratestructure": [[{"rate": 0.3, "sell": 0.05}]]}

    by_instant = tariff_of(record | {"dgrules": "Net Billing Instantaneous"}, horizon)
    by_hour = tariff_of(record | {"dgrules": "Net Billing Hourly"}, horizon)

    assert invoice(by_instant, meter).exact == pytest.approx(2 * 0.3 - 3 * 0.05)
    assert invoice(by_hour, meter).exact == pytest.approx(-1 * 0.05)


def test_a_slot_over_two_periods_costs_their_mean_by_time():
    begin = datetime(2026, 6, 2, 22, 30, tzinfo=UTC)  # 15:30 on a Tuesday in Los Angeles
    horizon = Horizon((begin, begin + timedelta(minutes=15), begin + timedelta(minutes=75)), LOS_ANGELES)

    priced = tariff_of(TWO_PERIODS, horizon, **NOT_SOLD).import_price_per_kwh

    assert priced == (0.2, pytest.approx(0.25 * 0.2 + 0.75 * 0.4))


@pytest.mark.parametrize(("day", "dear"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_on_the_days_when_clocks_change_the_wall_s_hours_count(day, dear):
    rows = [[1 if hour == 1 else 0 for hour in range(24)]] * 12
    record = TWO_PERIODS | {"energyweekdayschedule": rows, "energyweekendschedule": rows}
    horizon = hours(LOS_ANGELES, day, day + timedelta(days=1))

    prices = tariff_of(record, horizon, **NOT_SOLD).import_price_per_kwh

    assert len(prices) == dear
    assert [at for at, found in enumerate(prices) if found == 0.4] == ([1] if dear == 23 else [1, 2])


def test_windows_join_hours_days_and_months_that_are_alike():
    summer = [1 if hour in {0, 1, 13, 23} else 0 for hour in range(24)]
    schedule = Schedule(
        weekday=tuple(tuple(summer) if 6 <= month <= 7 else (0,) * 24 for month in range(1, 13)),
        weekend=tuple(tuple(summer) if month == 7 else (0,) * 24 for month in range(1, 13)),
    )

    found = windows_of(schedule, 1, (5, 6, 7))

    spans = ((0, 120), (13 * 60, 14 * 60), (23 * 60, 24 * 60))
    weekdays = [LocalWindow(start_min=a, end_min=b, days=("weekday",), months=(6,)) for a, b in spans]
    assert found == (*weekdays, *(LocalWindow(start_min=a, end_min=b, months=(7,)) for a, b in spans))


def test_what_the_record_of_the_month_holds_is_counted_in_the_hours_of_its_period_alone():
    tiers = [{"rate": 0.4, "max": 100}, {"rate": 0.6}]
    record = TWO_PERIODS | {"energyratestructure": [[{"rate": 0.2}], tiers]}
    now = datetime(2026, 6, 3, 14, tzinfo=UTC)  # the first two days of June, Monday and Tuesday, are over
    since = datetime(2026, 6, 1, 7, tzinfo=UTC)
    index = pd.date_range(since, now, freq="15min", inclusive="left")
    frame = pd.DataFrame({"import_kw": 10.0, "export_kw": 0.0, "readings": 15.0}, index=index)
    horizon = plan_horizon(now, slot_minutes=60, horizon_hours=24, zone=LOS_ANGELES)

    tariff = carried(tariff_of(record, horizon, **NOT_SOLD), horizon, Calendar(zone=LOS_ANGELES), {15: frame}).tariff

    assert tariff.energy_tiers[0].so_far_kwh == pytest.approx(2 * 5 * 10.0)


MONTH_ENDS = (
    datetime(2026, 5, 31, 18, 10, tzinfo=UTC),
    datetime(2026, 9, 30, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 31, 20, 0, tzinfo=UTC),  # into the night in which clocks go back
    datetime(2026, 12, 31, 22, 40, tzinfo=UTC),  # into a holiday
)


@st.composite
def horizons(draw):
    start = draw(st.sampled_from(MONTH_ENDS))
    minutes = draw(st.sampled_from((15, 30, 60)))
    first = start.replace(minute=start.minute // minutes * minutes) + timedelta(minutes=minutes)
    count = draw(st.integers(4, 28))
    return Horizon((start, *(first + n * timedelta(minutes=minutes) for n in range(count))), LOS_ANGELES)


@st.composite
def records(draw):
    unit = draw(st.sampled_from(("kWh", "kWh daily")))
    blocks = [
        [{"rate": 0.1, "sell": 0.04, "max": 0.6, "unit": unit}, {"rate": 0.25, "max": 1.5}, {"rate": 0.2, "adj": 0.01}],
        [{"rate": 0.3, "sell": 0.05}],
        [{"rate": 0.15, "sell": 0.03, "max": 20}, {"rate": 0.12}],
        [{"rate": 0.1, "sell": 0.04}],
    ]
    changes: dict[str, object] = {
        "energyratestructure": blocks,
        "lookbackpercent": draw(st.sampled_from((0, 0.5, 0.8))),
        "demandwindow": draw(st.sampled_from((15, 30, 60))),
        "dgrules": draw(st.sampled_from(("Net Metering", "Net Billing Instantaneous", "Net Billing Hourly"))),
        "minchargeunits": draw(st.sampled_from(("$/day", "$/month", "$/year"))),
    }
    if draw(st.booleans()):
        changes |= {"lookbackrange": 0, "lookbackmonths": [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0]}
    return commercial(**changes)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_program_prices_any_schedule_under_such_a_rate_as_the_invoice_does(data):
    horizon = data.draw(horizons())
    known = data.draw(
        st.sampled_from(((), ({"on": date(2026, 3, 4), "kw": 21.0}, {"on": date(2026, 9, 4), "kw": 9.0})))
    )
    country = data.draw(st.sampled_from(("US", "never")))
    tariff = tariff_of(data.draw(records()), horizon, known_peaks=known, holiday_country=country)
    kw = st.floats(-25, 35).map(lambda number: round(number, 3))
    net_kw = data.draw(st.lists(kw, min_size=len(horizon), max_size=len(horizon)))
    flows = flows_of(net_kw)
    problem = laid(tariff, horizon, load_kw=flows.import_kw, solar_kw=flows.export_kw)

    known_tariff = carried(tariff, horizon, Calendar(zone=LOS_ANGELES, holiday_country=country), {}).tariff
    bill = invoice(known_tariff, metered(horizon, flows))

    assert billed(problem, price(problem, flows)) == pytest.approx(bill.caused, abs=1e-6)


@pytest.mark.parametrize(
    ("market", "error", "words"),
    [
        (Market(), ForecastGap, "the feed 'rate' has brought no rate, the log tells why; rates at hand: none"),
        (Market(documents={"rates": "{}"}), ForecastGap, "rates at hand: rates"),
        (
            Market(series={"rate": Series(starts=(), ends=(), values=())}),
            ConfigError,
            'brings a series, not a rate; name one with feed = "urdb"',
        ),
        (Market(documents={"rate": "{"}), SourceMalformed, "feed 'rate': not JSON"),
    ],
)
def test_without_a_rate_it_says_what_is_missing(market, error, words):
    strategy = UrdbTariff(UrdbTariff.Options(rate="rate"))

    with pytest.raises(error, match=words):
        strategy.tariff(plan_horizon(MONTH_ENDS[0], slot_minutes=60, horizon_hours=4), market)


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"dgrules": "Buy All Sell All"}, {}, r"'Buy All Sell All' meters the array by itself.*export = \{price"),
        ({}, {}, "rate two: dgrules: missing, so it says nothing of export; state what export earns"),
        ({"dgrules": "Net Billing Hourly"}, {}, r"energyratestructure\[0\]\[0\].sell: missing"),
        ({}, {"surplus_price": 0.1}, "surplus_price is for net metering, but the rate two says nothing of export"),
        (
            {"energyratestructure": [[{"rate": 0.2}], [{"rate": 1, "max": 9, "unit": "kWh/kW"}, {"rate": 2}]]},
            NOT_SOLD,
            r"energyratestructure\[1\]: its tiers are bounded in kWh/kW.*choose another rate, or state bounds in kWh",
        ),
    ],
)
def test_what_cannot_be_priced_is_refused_by_name_with_a_way_out(changes, options, words):
    horizon = plan_horizon(MONTH_ENDS[0], slot_minutes=60, horizon_hours=4, zone=LOS_ANGELES)

    with pytest.raises(ConfigError, match=words):
        tariff_of(TWO_PERIODS | changes, horizon, **options)


def test_notes_tell_where_a_rate_is_not_valid_and_what_it_leaves_open():
    horizon = hours(LOS_ANGELES, date(2026, 6, 1), date(2026, 6, 2))
    tiers = [{"rate": 0.3, "max": 10, "sell": 0.1}, {"rate": 0.4, "sell": 0.2}]
    record = {"label": "x", "energyratestructure": [tiers], "dgrules": "Net Billing Instantaneous"}
    at = horizon.start.timestamp()

    assert tariff_of(record, horizon).notes == (
        "energy period 0: export earns the sell rate of the first tier, whatever was bought",
    )
    netted = {"dgrules": "Net Metering", "energyratestructure": [tiers, [{"rate": 0.3}]]}
    assert tariff_of(TWO_PERIODS | netted, horizon).notes == (
        "energy periods 0, 1 cost the same in their first tier and are netted as one",
    )
    assert tariff_of(record | {"enddate": at}, horizon, **NOT_SOLD).notes == (
        "rate x was valid until 2026-06-01 07:00 UTC; it is used beyond, look for its successor",
    )
    assert tariff_of(record | {"startdate": at + 3600}, horizon, **NOT_SOLD).notes == (
        "rate x is valid from 2026-06-01 08:00 UTC only; it is used before",
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"holiday_country": "ZZ"}, "no calendar of public holidays for holiday_country 'ZZ'"),
        ({"holiday_country": "us"}, r"tariff\.holiday_country: got 'us'"),
        ({"export": "net"}, r"^tariff\.export: got 'net'; .*; give \"as stated\" in the record, or"),
        (
            {"export": {"price": 0.1, "netting": "day"}},
            r"^tariff\.export\.netting: got 'day'; .*'none', 'hour' or 'month'",
        ),
        ({"export": {"price": 0.1}, "surplus_price": 0.1}, "surplus_price is for a rate with net metering"),
    ],
)
def test_wrong_options_are_told_with_their_path(options, words):
    with pytest.raises(ConfigError, match=words):
        build_strategy({"strategy": "urdb", "rate": "rate"} | options, path="tariff")


def test_the_example_plans_against_the_simulator_with_its_demand_charges(tmp_path):
    plan = planned_example("us-commercial-demand-ratchet", tmp_path, COMMERCIAL.name)

    assert (plan["status"], plan["currency"]) == ("optimal", "USD")
    assert any(name.startswith("flat demand") for name in plan["costs"])


def test_options_do_not_change():
    options = UrdbTariff.Options(rate="rate")

    with pytest.raises(ValidationError, match="frozen"):
        options.rate = "other"


def test_a_minimum_charge_is_of_a_month_unless_it_says_otherwise():
    assert MinimumCharge(amount=5.0).per is BillingPeriod.MONTH
