import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.horizon import Horizon, plan_horizon
from strategies import ConfigError, Market
from strategies.time_of_use import TimeOfUse

BERLIN = "Europe/Berlin"


def local_day(day: date, minutes: int = 60, zone: str = BERLIN) -> Horizon:
    """All slots of one local day, 92, 96 or 100 quarters of it."""
    here = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=here).astimezone(UTC)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=here).astimezone(UTC)
    count = (end - start) // timedelta(minutes=minutes)
    return Horizon(tuple(start + timedelta(minutes=minutes) * n for n in range(count + 1)), zone)


def import_prices(horizon: Horizon, periods: list[dict], **options: object) -> tuple[float, ...]:
    given_options = TimeOfUse.Options.model_validate({"import_price": 0.30, "periods": periods} | options)
    return TimeOfUse(given_options).tariff(horizon, Market()).import_price_per_kwh


def at_noon(day: date, periods: list[dict], **options: object) -> float:
    start = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
    return import_prices(Horizon((start, start + timedelta(hours=1)), BERLIN), periods, **options)[0]


PEAK = {"name": "peak", "import_price": 0.40, "start": "17:00", "end": "20:00"}
NIGHT = {"name": "night", "import_price": 0.20, "start": "22:00", "end": "06:00"}


def test_the_mean_of_a_day_is_the_one_worked_by_hand():
    # 3 h at 0.40, 8 h at 0.20, the other 13 h at 0.30: (1.2 + 1.6 + 3.9) / 24
    prices = import_prices(local_day(date(2026, 5, 6), 15), [PEAK, NIGHT])
    assert len(prices) == 96
    assert sum(prices) / len(prices) == pytest.approx(6.7 / 24, abs=1e-12)


def test_peak_hours_are_those_of_the_wall_clock_in_summer_and_winter():
    for day in (date(2026, 1, 14), date(2026, 7, 15)):
        prices = import_prices(local_day(day), [PEAK])
        assert [hour for hour, price in enumerate(prices) if price == 0.40] == [17, 18, 19]


def test_a_slot_over_a_boundary_costs_the_time_weighted_mean():
    start = datetime(2026, 5, 6, 14, 45, tzinfo=UTC)  # 16:45 in Berlin
    prices = import_prices(Horizon((start, start + timedelta(minutes=60)), BERLIN), [PEAK])
    assert prices == pytest.approx([(15 * 0.30 + 45 * 0.40) / 60], abs=1e-12)


def test_a_partial_first_slot_has_the_price_of_what_is_left_of_it():
    now = datetime(2026, 5, 6, 15, 7, 30, tzinfo=UTC)
    period = PEAK | {"start": "17:10"}
    prices = import_prices(plan_horizon(now, slot_minutes=15, horizon_hours=1, zone=BERLIN), [period])
    assert prices[0] == pytest.approx((150 * 0.30 + 300 * 0.40) / 450, abs=1e-12)
    assert prices[1] == 0.40


def test_the_hour_that_comes_twice_has_the_clock_s_price_both_times():
    prices = import_prices(local_day(date(2026, 10, 25)), [PEAK | {"start": "02:00", "end": "03:00"}])
    assert len(prices) == 25
    assert [n for n, price in enumerate(prices) if price == 0.40] == [2, 3]


def test_a_boundary_inside_the_repeated_hour_is_met_twice():
    prices = import_prices(local_day(date(2026, 10, 25), 15), [PEAK | {"start": "02:30", "end": "04:00"}])
    dear = [n for n, price in enumerate(prices) if price == 0.40]
    assert dear == [10, 11, 14, 15, 16, 17, 18, 19]  # 02:30 summer, 02:30 to 04:00 winter


def test_a_slot_over_the_change_to_winter_time_weighs_both_sides_of_it():
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 summer time, two hours long
    period = PEAK | {"start": "02:30", "end": "04:00"}
    assert import_prices(Horizon((start, start + timedelta(hours=2)), BERLIN), [period]) == pytest.approx([0.35])


def test_the_hour_that_the_clock_skips_does_not_occur():
    prices = import_prices(local_day(date(2026, 3, 29)), [PEAK | {"start": "02:00", "end": "03:00"}])
    assert len(prices) == 23
    assert set(prices) == {0.30}


def test_a_period_that_ends_in_the_skipped_hour_ends_at_the_change():
    prices = import_prices(local_day(date(2026, 3, 29), 15), [PEAK | {"start": "01:00", "end": "02:30"}])
    assert [n for n, price in enumerate(prices) if price == 0.40] == [4, 5, 6, 7]


def test_the_hours_after_midnight_belong_to_the_day_on_which_the_period_began():
    friday_night = NIGHT | {"days": ["fri"]}
    assert import_prices(local_day(date(2026, 5, 8)), [friday_night])[:7] == (0.30,) * 7
    assert import_prices(local_day(date(2026, 5, 8)), [friday_night])[22:] == (0.20,) * 2
    assert import_prices(local_day(date(2026, 5, 9)), [friday_night])[:7] == (0.20,) * 6 + (0.30,)
    assert set(import_prices(local_day(date(2026, 5, 9)), [friday_night])[22:]) == {0.30}


def test_a_wrapped_night_keeps_the_season_in_which_it_began():
    winter_night = NIGHT | {"season_start": "10-01", "season_end": "12-31"}
    assert import_prices(local_day(date(2027, 1, 1)), [winter_night])[:7] == (0.20,) * 6 + (0.30,)
    assert set(import_prices(local_day(date(2026, 10, 1)), [winter_night])[:6]) == {0.30}


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        (date(2026, 9, 30), False),
        (date(2026, 10, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), True),
        (date(2027, 3, 31), True),
        (date(2027, 4, 1), False),
    ],
)
def test_a_season_wraps_the_new_year_and_includes_both_its_ends(day, inside):
    season = {"name": "winter", "import_price": 0.40, "season_start": "10-01", "season_end": "03-31"}
    assert at_noon(day, [season]) == (0.40 if inside else 0.30)


def test_months_are_those_of_the_local_date():
    assert at_noon(date(2026, 7, 31), [{"name": "summer", "import_price": 0.10, "months": [6, 7, 8]}]) == 0.10
    assert at_noon(date(2026, 9, 1), [{"name": "summer", "import_price": 0.10, "months": [6, 7, 8]}]) == 0.30
    first = import_prices(local_day(date(2026, 6, 1)), [{"name": "june", "import_price": 0.10, "months": [6]}])
    assert set(first) == {0.10}  # begins at 22:00 UTC in May


WEEK_TARIFF = [
    {"name": "holiday", "import_price": 0.10, "days": ["holiday"]},
    {"name": "weekend", "import_price": 0.20, "days": ["weekend"]},
    {"name": "working", "import_price": 0.40, "days": ["weekday"]},
]


def test_a_holiday_is_a_holiday_and_no_weekday_where_the_tariff_names_holidays():
    ascension = date(2026, 5, 14)  # a Thursday
    assert at_noon(ascension, WEEK_TARIFF, holiday_country="DE") == 0.10
    assert at_noon(ascension, WEEK_TARIFF[::-1], holiday_country="DE") == 0.10
    thursday = WEEK_TARIFF[0] | {"days": ["sun", "holiday"]}, WEEK_TARIFF[2] | {"days": ["thu"]}
    assert at_noon(ascension, list(thursday)[::-1], holiday_country="DE") == 0.10
    assert at_noon(date(2026, 5, 13), WEEK_TARIFF, holiday_country="DE") == 0.40
    assert at_noon(date(2026, 5, 16), WEEK_TARIFF, holiday_country="DE") == 0.20


def test_a_holiday_is_an_ordinary_weekday_where_no_period_names_it():
    assert at_noon(date(2026, 5, 14), WEEK_TARIFF[1:], holiday_country="DE") == 0.40


def test_a_holiday_on_a_sunday_stays_a_weekend_day():
    assert at_noon(date(2026, 5, 24), WEEK_TARIFF[1:] + WEEK_TARIFF[:1], holiday_country="DE") == 0.20


def test_some_holidays_are_kept_in_one_part_of_the_country_only():
    epiphany = date(2026, 1, 6)  # a Tuesday, free in BW, not in Berlin
    assert at_noon(epiphany, WEEK_TARIFF, holiday_country="DE", holiday_subdivision="BW") == 0.10
    assert at_noon(epiphany, WEEK_TARIFF, holiday_country="DE", holiday_subdivision="BE") == 0.40


def test_the_first_period_that_matches_wins():
    dear, cheap = PEAK | {"start": "00:00", "end": "24:00"}, {"name": "all", "import_price": 0.10}
    assert at_noon(date(2026, 5, 6), [dear, cheap]) == 0.40
    assert at_noon(date(2026, 5, 6), [cheap, dear]) == 0.10


def test_a_period_that_prices_export_only_hides_no_later_import_price():
    options = TimeOfUse.Options.model_validate(
        {
            "import_price": 0.30,
            "periods": [{"name": "sun", "export_price": -0.02}, {"name": "all", "import_price": 0.1}],
        }
    )
    tariff = TimeOfUse(options).tariff(local_day(date(2026, 5, 6)), Market())
    assert set(tariff.import_price_per_kwh) == {0.1}
    assert set(tariff.export_price_per_kwh) == {-0.02}


@pytest.mark.parametrize(
    ("period", "complaint"),
    [
        ({"name": "x"}, "sets no price"),
        (PEAK | {"start": "20:00"}, "leaves no time"),
        (PEAK | {"start": "24:00"}, "leaves no time"),
        (PEAK | {"start": "25:00"}, "not a time of the day"),
        (PEAK | {"season_start": "10-01"}, "both season_start and season_end"),
        (PEAK | {"season_start": "02-30", "season_end": "03-01"}, "season_start"),
        (PEAK | {"months": [0]}, "months"),
        (PEAK | {"months": []}, "an empty list"),
        (PEAK | {"days": []}, "an empty list"),
        (PEAK | {"days": ["monday"]}, "days"),
        (PEAK | {"days": ["holiday"]}, "needs holiday_country"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(period, complaint):
    with pytest.raises(ValueError, match=complaint):
        TimeOfUse.Options.model_validate({"import_price": 0.3, "periods": [period]})


@pytest.mark.parametrize("where", [{"holiday_country": "XX"}, {"holiday_country": "DE", "holiday_subdivision": "QQ"}])
def test_a_country_without_a_calendar_is_refused(where):
    with pytest.raises(ValueError, match="no calendar of public holidays for holiday_country"):
        TimeOfUse.Options.model_validate({"import_price": 0.3} | where)


def test_a_zone_that_does_not_exist_is_a_setting_to_mend():
    horizon = Horizon(local_day(date(2026, 5, 6)).edges, "Europe/Berlyn")
    with pytest.raises(ConfigError, match="Europe/Berlyn"):
        import_prices(horizon, [PEAK])


def test_145_slots_take_less_than_5_ms():
    strategy = TimeOfUse(
        TimeOfUse.Options.model_validate(
            {"import_price": 0.3, "holiday_country": "DE", "periods": [*WEEK_TARIFF, PEAK]}
        )
    )
    now = datetime(2026, 10, 24, 14, 7, tzinfo=UTC)
    horizon = plan_horizon(now, slot_minutes=15, horizon_hours=36, zone=BERLIN)
    assert len(horizon) >= 144
    strategy.tariff(horizon, Market())
    took_s = []
    for _ in range(20):
        began = time.perf_counter()
        strategy.tariff(horizon, Market())
        took_s.append(time.perf_counter() - began)
    assert min(took_s) < 0.005


wall_times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
periods = st.lists(
    st.builds(
        lambda start, end, price, days: {
            "name": "p",
            "import_price": price,
            "start": start,
            "end": end if end != start else "24:00",
            "days": days,
        },
        wall_times,
        wall_times,
        st.floats(-1, 1),
        st.lists(st.sampled_from(["mon", "sun", "weekend", "weekday"]), min_size=1),
    ),
    max_size=4,
)


def price_by_the_minute(at: datetime, zone: str, some: list[dict]) -> float:
    """The law once more, asked of one instant: no holidays, no seasons."""
    local = at.astimezone(ZoneInfo(zone))
    clock = local.strftime("%H:%M")
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    for period in some:
        wraps = period["end"] < period["start"]
        tail = wraps and clock < period["end"]
        inside = tail or (clock >= period["start"] and (wraps or clock < period["end"]))
        began = (local.date() - timedelta(days=1 if tail else 0)).weekday()
        if inside and {names[began], "weekend" if began > 4 else "weekday"} & set(period["days"]):
            return period["import_price"]
    return 0.30


@settings(max_examples=60, deadline=None)
@given(
    start=st.one_of(
        st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
        st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 3), timezones=st.just(UTC)),
        st.datetimes(datetime(2026, 3, 28, 20), datetime(2026, 3, 29, 3), timezones=st.just(UTC)),
    ),
    zone=st.sampled_from([BERLIN, "Australia/Lord_Howe", "America/Santiago", "UTC", "Asia/Kathmandu"]),
    minutes=st.sampled_from([5, 15, 60]),
    some=periods,
)
def test_whatever_the_periods_each_slot_costs_the_mean_of_its_minutes(start, zone, minutes, some):
    horizon = plan_horizon(start.replace(second=0), slot_minutes=minutes, horizon_hours=6, zone=zone)
    prices = import_prices(horizon, some)
    assert len(prices) == len(horizon)
    for slot, price in zip(horizon, prices, strict=True):
        count = (slot.end - slot.start) // timedelta(minutes=1)
        each = [price_by_the_minute(slot.start + timedelta(minutes=n), zone, some) for n in range(count)]
        assert price == pytest.approx(sum(each) / count, abs=1e-9)
