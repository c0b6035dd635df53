import json
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from strategies import ConfigError, SourceMalformed, SourceRejected, SourceUnauthorized, SourceUnavailable
from strategies.urdb import (
    demand_charge,
    demand_windows,
    energy_price_per_kwh,
    energy_tier,
    looked_back_months,
    parse_rate,
)
from strategies.urdb_rate import BoundUnit, ExportRule, Per, PeriodicCharge, Ratchet

EXAMPLE = json.loads(
    (Path(__file__).parent / "feeds" / "data" / "urdb-time-of-use-demand.json").read_text(encoding="utf-8")
)
PLAIN = {"label": "x1", "energyratestructure": [[{"rate": 0.2}]]}
TIERED = {
    "energyratestructure": [[{"rate": 0.1, "max": 6.8, "unit": "kWh daily"}, {"rate": 0.2, "max": 27.2}, {"rate": 0.4}]]
}


def example(**changes: object) -> dict[str, object]:
    return deepcopy(EXAMPLE["items"][0]) | changes


def with_demand(**changes: object) -> dict[str, object]:
    return PLAIN | {"flatdemandstructure": [[{"rate": 10.0}]], "demandwindow": 15} | changes


@pytest.mark.parametrize(
    ("local_time", "price"),
    [
        (datetime(2026, 7, 6, 14, 59), 0.083721),
        (datetime(2026, 7, 6, 15, 0), 0.137341),
        (datetime(2026, 7, 6, 19, 59), 0.137341),
        (datetime(2026, 7, 6, 20, 0), 0.083721),
        (datetime(2026, 7, 5, 15, 0), 0.083721),
        (datetime(2026, 12, 7, 15, 0), 0.115911),
        (datetime(2026, 4, 30, 15, 0), 0.115911),
        (datetime(2026, 5, 1, 15, 0), 0.137341),
    ],
)
def test_the_schedules_pick_the_period_by_month_and_hour_and_the_adjustment_is_added(local_time, price):
    assert energy_price_per_kwh(parse_rate(EXAMPLE), local_time, 0.0) == pytest.approx(price)


def test_a_public_holiday_is_priced_as_weekend():
    rate, friday = parse_rate(EXAMPLE), datetime(2026, 7, 3, 16)
    assert energy_price_per_kwh(rate, friday, 0.0) == pytest.approx(0.137341)
    assert energy_price_per_kwh(rate, friday, 0.0, public_holidays={date(2026, 7, 3)}) == pytest.approx(0.083721)


def test_what_else_the_record_states():
    rate = parse_rate(EXAMPLE)
    assert (rate.label, rate.sector) == ("5cacc9d15457a31d537780e2", "Residential")
    assert rate.start == datetime(2019, 1, 1, 7, tzinfo=UTC)
    assert rate.end is None
    assert rate.export_rule is ExportRule.NET_BILLING_INSTANTANEOUS
    assert rate.fixed_charge == PeriodicCharge(amount=12.99, per=Per.MONTH)
    assert rate.minimum_charge is None
    assert rate.demand_interval_min == 60
    assert rate.notes == ()


def test_a_bare_record_reads_like_one_in_an_answer():
    assert parse_rate(example()) == parse_rate(EXAMPLE)


def test_demand_by_time_of_use_has_one_window_for_each_period_that_costs_in_the_month():
    (july,) = demand_windows(parse_rate(EXAMPLE), 7)
    assert july.name == "demand period 2"
    assert july.weekday_hours == frozenset(range(15, 20))
    assert july.weekend_hours == frozenset()
    assert july.interval_min == 60
    assert demand_charge(july.tiers, 5.0) == pytest.approx(5 * 9.238)
    assert july.covers(datetime(2026, 7, 6, 15))
    assert not july.covers(datetime(2026, 7, 6, 20))
    assert not july.covers(datetime(2026, 7, 5, 15)), "a Sunday"
    assert not july.covers(datetime(2026, 8, 6, 15)), "another month"
    assert not july.covers(datetime(2026, 7, 6, 15), {date(2026, 7, 6)})
    (december,) = demand_windows(parse_rate(EXAMPLE), 12)
    assert december.name == "demand period 1"


def test_tiers_per_day_grow_with_the_days_of_the_month():
    rate = parse_rate(TIERED)
    assert rate.energy_periods[0].unit is BoundUnit.KWH_DAILY
    february, march = datetime(2026, 2, 10), datetime(2026, 3, 10)
    assert energy_price_per_kwh(rate, february, 6.8 * 28 - 0.1) == 0.1
    assert energy_price_per_kwh(rate, february, 6.8 * 28) == 0.2
    assert energy_price_per_kwh(rate, march, 6.8 * 28) == 0.1
    assert energy_price_per_kwh(rate, march, 27.2 * 31 - 0.1) == 0.2
    assert energy_price_per_kwh(rate, march, 27.2 * 31) == 0.4
    assert energy_price_per_kwh(rate, datetime(2028, 2, 1), 6.8 * 29 - 0.1) == 0.1, "a leap year"


def test_tiers_per_kw_grow_with_the_peak_of_the_month_and_need_it():
    tiers = [{"rate": 0.3, "max": 100, "unit": "kWh/kW"}, {"rate": 0.1, "unit": "kWh/kW"}]
    rate = parse_rate(PLAIN | {"energyratestructure": [tiers]})
    at = datetime(2026, 4, 1)
    assert energy_price_per_kwh(rate, at, 499, month_peak_kw=5) == 0.3
    assert energy_price_per_kwh(rate, at, 500, month_peak_kw=5) == 0.1
    with pytest.raises(ConfigError, match="x1: its tiers are bounded in kWh/kW, which needs the peak of the month"):
        energy_price_per_kwh(rate, at, 499)
    daily = parse_rate(PLAIN | {"energyratestructure": [[tier | {"unit": "kWh/kW daily"} for tier in tiers]]})
    assert energy_price_per_kwh(daily, at, 100 * 5 * 30 - 1, month_peak_kw=5) == 0.3
    assert energy_price_per_kwh(daily, at, 100 * 5 * 30, month_peak_kw=5) == 0.1


def test_the_credit_for_export_is_kept_and_its_absence_is_not_zero():
    tiers = [
        {"rate": 0.3, "sell": 0.05, "max": 100},
        {"rate": 0.4, "sell": 0},
    ]
    rate = parse_rate(PLAIN | {"energyratestructure": [tiers]})
    assert energy_tier(rate, datetime(2026, 4, 1), 0).sell_per_kwh == 0.05
    assert energy_tier(rate, datetime(2026, 4, 1), 100).sell_per_kwh == 0
    assert energy_tier(parse_rate(PLAIN), datetime(2026, 4, 1), 0).sell_per_kwh is None


def test_flat_demand_is_indexed_by_month_and_comes_before_the_periods():
    rate = parse_rate(
        example(
            flatdemandstructure=[[{"rate": 0}], [{"rate": 5, "max": 20}, {"rate": 7, "adj": -1}]],
            flatdemandmonths=[0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0],
        )
    )
    assert [window.name for window in demand_windows(rate, 5)] == ["demand period 2"]
    flat, _ = demand_windows(rate, 6)
    assert flat.name == "flat demand"
    assert flat.weekday_hours == flat.weekend_hours == frozenset(range(24))
    assert demand_charge(flat.tiers, 10) == pytest.approx(50)
    assert demand_charge(flat.tiers, 30) == pytest.approx(20 * 5 + 10 * 6)
    assert demand_charge(flat.tiers, 0) == 0


def test_a_rate_without_demand_has_no_window():
    assert all(demand_windows(parse_rate(PLAIN), month) == () for month in range(1, 13))


def test_a_ratchet_belongs_to_the_flat_demand():
    rate = parse_rate(example(flatdemandstructure=[[{"rate": 3}]], lookbackpercent=0.8, lookbackrange=11))
    flat, period = demand_windows(rate, 7)
    assert flat.ratchet == Ratchet(share=0.8, previous_months=11)
    assert period.ratchet is None


def test_a_ratchet_looks_back_a_number_of_months_or_on_marked_ones():
    assert looked_back_months(Ratchet(share=0.5, previous_months=2), 2026, 1) == ((2025, 12), (2025, 11))
    marks = [False] * 5 + [True] * 4 + [False] * 3
    rate = parse_rate(with_demand(lookbackpercent=0.5, lookbackmonths=marks, lookbackrange=0))
    assert rate.ratchet == Ratchet(share=0.5, months=frozenset({6, 7, 8, 9}))
    assert looked_back_months(rate.ratchet, 2026, 8) == ((2026, 7), (2026, 6), (2025, 9))
    assert parse_rate(with_demand(lookbackpercent=0, lookbackmonths=[0] * 12)).ratchet is None


def test_what_is_usually_left_out_has_its_usual_meaning():
    rate = parse_rate(PLAIN | {"flatdemandstructure": [[{"rate": 10.0}]], "enddate": None, "unknown": {"a": 1}})
    assert energy_price_per_kwh(rate, datetime(2026, 1, 1), 1e6) == 0.2
    assert rate.demand_interval_min == 15
    assert rate.notes == ("demandwindow is missing: demand is averaged over 15 minutes",)
    assert len(demand_windows(rate, 2)) == 1


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"demandreactivepowercharge": 0.3}, "the charge for reactive power (demandreactivepowercharge) is left out"),
        ({"approved": False}, "the record is not approved by the database's editors"),
        (
            {"energyratestructure": [[{"rate": 0.1, "max": 300}, {"rate": 0.2, "max": 900}]]},
            "energyratestructure[0]: the last tier also holds above its max of 900",
        ),
    ],
)
def test_what_is_assumed_or_left_out_is_told(change, note):
    assert parse_rate(PLAIN | change).notes == (note,)


def test_a_bound_that_means_infinity_is_none():
    rate = parse_rate(PLAIN | {"energyratestructure": [[{"rate": 0.1, "max": 1e38}]]})
    assert rate.energy_periods[0].tiers[0].bound is None
    assert rate.notes == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"coincidentratestructure": [[{"rate": 12.5}]]}, "coincidentratestructure: demand at the hour"),
        ({"fueladjustmentsmonthly": [0.01] * 12}, "fueladjustmentsmonthly: a fuel adjustment"),
        ({"minmonthlycharge": 5}, "minmonthlycharge: a minimum charge of an old version"),
        ({"demandrateunit": "hp"}, "demandrateunit: demand in 'hp' is not supported, only in kW"),
        ({"demandrateunit": "kVA"}, "demandrateunit: demand in 'kVA'"),
        ({"demandwindow": 7}, "demandwindow: 7 minutes is none of"),
        ({"dgrules": "Gross"}, "dgrules: 'Gross' is none of: Net Metering"),
        ({"fixedchargeunits": "$/bill"}, "fixedchargeunits: '\\$/bill' is none of: \\$/day"),
        ({"energyratestructure": [[{"rate": 0.1, "unit": "MWh"}]]}, "the unit 'MWh' is none of: kWh, kWh daily"),
        (
            {"energyratestructure": [[{"rate": 0.1, "max": 3, "unit": "kWh"}, {"rate": 0.1, "unit": "kWh daily"}]]},
            "different units: kWh, kWh daily",
        ),
        ({"demandratestructure": [[{"rate": 1, "adj": -2}]] * 3}, "a demand charge below zero"),
        ({"lookbackpercent": 0.5, "lookbackrange": 3}, "lookbackpercent: a ratchet without flat demand"),
    ],
)
def test_what_cannot_be_priced_is_refused_by_its_name(change, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        parse_rate(example(**change))
    assert "5cacc9d15457a31d537780e2" in str(caught.value)
    assert "choose another rate" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"energyratestructure": None}, "energyratestructure: missing"),
        ({"energyratestructure": [[]]}, r"energyratestructure\[0\]: the period has no tier"),
        ({"energyratestructure": [[{"unit": "kWh"}]]}, r"energyratestructure\[0\]\[0\].rate: missing"),
        ({"energyratestructure": [[{"rate": "0.1"}]]}, r"energyratestructure\[0\]\[0\].rate: '0.1' is not a number"),
        ({"energyratestructure": [[{"rate": True}]]}, "True is not a number"),
        ({"energyratestructure": [[{"rate": float("nan")}]]}, "nan is not a number"),
        ({"energyratestructure": [[7]]}, "7 is not a tier"),
        ({"energyratestructure": {}}, "{} is not a list"),
        ({"energyratestructure": [[{"rate": 1}, {"rate": 2}]]}, "the bounds of its tiers do not rise"),
        ({"energyratestructure": [[{"rate": 1, "max": 9}, {"rate": 2, "max": 9}, {"rate": 3}]]}, "do not rise"),
        ({"energyratestructure": [[{"rate": 1}], [{"rate": 2}]]}, "is no index of one of the 2 periods"),
        ({"energyweekendschedule": None}, "energyweekendschedule: missing, though there are 3 periods"),
        ({"energyweekdayschedule": [[0] * 24] * 11}, "not 12 months of 24 hours"),
        ({"energyweekdayschedule": [[0] * 23] * 12}, "not 12 months of 24 hours"),
        ({"energyweekdayschedule": [[3] * 24] * 12}, "3 is no index"),
        ({"energyweekdayschedule": [[0.5] * 24] * 12}, "0.5 is no index"),
        ({"flatdemandstructure": [[{"rate": 1}], [{"rate": 2}]]}, "flatdemandmonths: missing"),
        ({"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0] * 11}, "11 values are not 12 months"),
        ({"lookbackpercent": 80}, "80 is not a share between 0 and 1"),
        ({"flatdemandstructure": [[{"rate": 1}]], "lookbackpercent": 0.8}, "either lookbackrange or lookbackmonths"),
        (
            {
                "flatdemandstructure": [[{"rate": 1}]],
                "lookbackpercent": 0.8,
                "lookbackrange": 3,
                "lookbackmonths": [1] * 12,
            },
            "either lookbackrange or lookbackmonths",
        ),
        (
            {"flatdemandstructure": [[{"rate": 1}]], "lookbackpercent": 0.8, "lookbackmonths": [2] * 12},
            "lookbackmonths: .* is not a mark",
        ),
        (
            {"flatdemandstructure": [[{"rate": 1}]], "lookbackpercent": 0.8, "lookbackrange": 1.5},
            "lookbackrange: 1.5 is not a number of months",
        ),
        ({"fixedchargeunits": None}, "fixedchargeunits: missing, so fixedchargefirstmeter 12.99 has no period"),
        ({"mincharge": 3}, "minchargeunits: missing"),
        ({"startdate": "2019"}, "startdate: '2019' is not a number"),
        ({"startdate": 1e300}, "startdate: 1e\\+300 is not a time"),
        ({"name": 5}, "name: 5 is not a text"),
    ],
)
def test_what_the_database_does_not_describe_is_malformed(change, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        parse_rate(example(**change))


@pytest.mark.parametrize(
    ("document", "error", "complaint"),
    [
        ([], SourceMalformed, "not a rate"),
        ({"items": [3]}, SourceMalformed, "not a list of rates"),
        ({"items": []}, ConfigError, "no rate; is the label that of a rate"),
        ({"items": [PLAIN, PLAIN | {"label": "x2"}]}, ConfigError, "2 rates: x1, x2; keep one"),
        ({"error": {"code": "API_KEY_MISSING", "message": "No key"}}, SourceUnauthorized, "API_KEY_MISSING: No key"),
        ({"error": {"code": "OVER_RATE_LIMIT", "message": "Slow"}}, SourceUnavailable, "OVER_RATE_LIMIT: Slow"),
        ({"error": {"code": "OTHER", "message": "Gone"}}, SourceRejected, "OTHER: Gone"),
        ({"error": "odd"}, SourceRejected, "odd"),
    ],
)
def test_an_answer_without_one_rate_says_why(document, error, complaint):
    with pytest.raises(error, match=complaint):
        parse_rate(document)
