from datetime import UTC, datetime, timedelta
from math import isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.horizon import Horizon, plan_horizon
from strategies import ForecastGap, Market, Series, SourceMalformed, Tariff
from strategies.series import SeriesTariff

BERLIN = "Europe/Berlin"
DAY = datetime(2026, 5, 5, 22, 0, tzinfo=UTC)  # midnight of 6 May in Berlin


def every(minutes: int, values: list[float], start: datetime = DAY) -> Series:
    step = timedelta(minutes=minutes)
    starts = tuple(start + step * n for n in range(len(values)))
    return Series(starts=starts, ends=tuple(at + step for at in starts), values=tuple(values))


def joined(*parts: Series) -> Series:
    return Series(
        starts=sum((part.starts for part in parts), ()),
        ends=sum((part.ends for part in parts), ()),
        values=sum((part.values for part in parts), ()),
    )


def tariff(horizon: Horizon, options: dict | None = None, **series: Series) -> Tariff:
    given = {"extension": "day_before", **(options or {})}
    return SeriesTariff(SeriesTariff.Options.model_validate(given)).tariff(horizon, Market(series=series))


def whole(hours: int, start: datetime = DAY, minutes: int = 60, zone: str = BERLIN) -> Horizon:
    return plan_horizon(start, slot_minutes=minutes, horizon_hours=hours, zone=zone)


def test_hourly_prices_hold_for_each_quarter_of_their_hour():
    priced = tariff(whole(2, minutes=15), **{"import": every(60, [0.1, -0.2])})
    assert priced.import_price_per_kwh == (0.1,) * 4 + (-0.2,) * 4
    assert priced.export_price_per_kwh == (0.0,) * 8
    assert (priced.known_until, priced.notes) == (None, ())


def test_quarter_hourly_prices_are_averaged_over_an_hour():
    priced = tariff(whole(1), **{"import": every(15, [0.1, 0.2, -0.4, 0.3])})
    assert priced.import_price_per_kwh == pytest.approx([0.05])


def test_a_partial_first_slot_counts_only_what_is_left_of_it():
    horizon = plan_horizon(DAY + timedelta(minutes=40), slot_minutes=60, horizon_hours=0.3, zone=BERLIN)
    priced = tariff(horizon, **{"import": every(15, [9.0, 9.0, 0.1, 0.4])})
    assert priced.import_price_per_kwh == pytest.approx([(5 * 0.1 + 15 * 0.4) / 20])


def test_factor_and_adder_turn_the_market_s_price_into_the_site_s():
    options = {"import_factor": 1.19, "import_adder": 0.18, "export_series": "spot", "export_adder": -0.01}
    series = every(60, [0.10])
    priced = tariff(whole(1), options, **{"import": series, "spot": series})
    assert priced.import_price_per_kwh == pytest.approx([0.299])
    assert priced.export_price_per_kwh == pytest.approx([0.09])


def test_a_flat_export_price_stands_beside_a_dynamic_import_price():
    assert tariff(whole(1), {"export_price": 0.08}, **{"import": every(60, [0.1])}).export_price_per_kwh == (0.08,)


def test_while_tomorrow_is_missing_today_stands_in_and_the_operator_is_told():
    today = every(60, [float(hour) for hour in range(24)])
    priced = tariff(whole(36, DAY + timedelta(hours=12)), **{"import": today})
    assert priced.import_price_per_kwh == tuple(float(n % 24) for n in range(12, 48))
    assert priced.known_until == DAY + timedelta(hours=24)
    assert priced.notes == (
        (
            "import: 24 slots from 2026-05-06T22:00Z to 2026-05-07T22:00Z have no published price: "
            "same time of the day before stands in"
        ),
    )


def test_a_gap_in_the_middle_takes_the_same_time_of_the_day_before():
    yesterday = every(60, [float(hour) for hour in range(24)])
    gap = joined(
        yesterday, every(60, [30.0] * 3, DAY + timedelta(hours=24)), every(60, [30.0] * 20, DAY + timedelta(hours=28))
    )
    priced = tariff(whole(24, DAY + timedelta(hours=24)), **{"import": gap})
    assert priced.import_price_per_kwh[:5] == (30.0, 30.0, 30.0, 3.0, 30.0)
    assert priced.known_until == DAY + timedelta(hours=27)
    assert len(priced.notes) == 1
    assert "1 slot from 2026-05-07T01:00Z" in priced.notes[0]


def test_a_slot_that_is_covered_in_part_counts_as_unknown():
    series = joined(every(60, [1.0] * 24), every(15, [5.0] * 3, DAY + timedelta(hours=24)))
    priced = tariff(whole(1, DAY + timedelta(hours=24)), **{"import": series})
    assert priced.import_price_per_kwh == (1.0,)
    assert priced.known_until == DAY + timedelta(hours=24)  # nothing of the horizon is known


def test_where_the_day_before_is_unknown_an_earlier_one_of_the_week_stands_in():
    series = joined(every(60, [7.0]), every(60, [3.0], DAY + timedelta(days=4, hours=1)))
    priced = tariff(whole(1, DAY + timedelta(days=5)), {"max_age_hours": 100}, **{"import": series})
    assert priced.import_price_per_kwh == (7.0,)
    assert "earlier day of the week before" in priced.notes[0]


def test_where_no_earlier_day_is_known_the_next_one_stands_in_and_then_the_mean():
    series = every(60, [4.0, 8.0], DAY + timedelta(hours=24))
    priced = tariff(whole(3), **{"import": series})
    assert priced.import_price_per_kwh == (4.0, 8.0, 6.0)
    assert ["day after" in priced.notes[0], "mean of all known prices" in priced.notes[1]] == [True, True]
    assert priced.known_until == DAY


def test_a_price_that_stands_in_is_never_itself_a_stand_in():
    priced = tariff(whole(72), {"max_age_hours": 0}, **{"import": every(60, [float(n) for n in range(24)])})
    assert priced.import_price_per_kwh == tuple(float(n) for n in range(24)) * 3
    assert [("day before" in note, "week before" in note) for note in priced.notes] == [(True, False), (False, True)]


def test_the_day_before_the_23_hour_day_is_met_at_the_same_wall_time():
    saturday = datetime(2026, 3, 27, 23, 0, tzinfo=UTC)
    sunday = saturday + timedelta(hours=24)
    priced = tariff(whole(23, sunday), **{"import": every(60, [float(n) for n in range(24)], saturday)})
    assert priced.import_price_per_kwh == (0.0, 1.0, *(float(n) for n in range(3, 24)))


def test_the_day_before_the_25_hour_day_gives_its_third_hour_twice():
    saturday = datetime(2026, 10, 23, 22, 0, tzinfo=UTC)
    sunday = saturday + timedelta(hours=24)
    priced = tariff(whole(25, sunday), **{"import": every(60, [float(n) for n in range(24)], saturday)})
    assert priced.import_price_per_kwh == (0.0, 1.0, 2.0, 2.0, *(float(n) for n in range(3, 24)))


def test_known_until_is_the_earlier_of_import_and_export():
    series = {"import": every(60, [1.0] * 20), "spot": every(60, [1.0] * 12)}
    priced = tariff(whole(24), {"export_series": "spot"}, **series)
    assert priced.known_until == DAY + timedelta(hours=12)
    assert [note.split(":")[0] for note in priced.notes] == ["import", "spot"]


def test_one_series_for_both_directions_is_reported_once():
    priced = tariff(whole(24), {"export_series": "import"}, **{"import": every(60, [1.0] * 20)})
    assert len(priced.notes) == 1


def test_a_value_that_is_no_number_is_a_gap():
    priced = tariff(whole(3), **{"import": every(60, [1.0, nan, float("-inf")])})
    assert priced.import_price_per_kwh == (1.0, 1.0, 1.0)
    assert priced.known_until == DAY + timedelta(hours=1)


def test_a_series_that_nobody_fetched_is_named_with_those_that_exist():
    with pytest.raises(ForecastGap, match="no price series 'import' in the market; there are: gas, spot"):
        tariff(whole(1), spot=every(60, [1.0]), gas=every(60, [1.0]))


@pytest.mark.parametrize("values", [[], [nan]])
def test_a_series_without_a_price_is_refused(values):
    with pytest.raises(ForecastGap, match="'import' holds no usable price"):
        tariff(whole(1), **{"import": every(60, values)})


def test_prices_that_ended_too_long_ago_are_refused():
    with pytest.raises(ForecastGap, match=r"ends at 2026-05-05T23:00Z, 49\.0 h before"):
        tariff(whole(1, DAY + timedelta(hours=50)), **{"import": every(60, [1.0])})
    assert tariff(whole(1, DAY + timedelta(hours=49)), **{"import": every(60, [1.0])}).import_price_per_kwh == (1.0,)


def test_times_without_a_zone_are_refused():
    with pytest.raises(SourceMalformed, match="without a zone"):
        tariff(whole(1), **{"import": every(60, [1.0], DAY.replace(tzinfo=None))})


@pytest.mark.parametrize(
    "options",
    [{"export_series": "x", "export_price": 0.1}, {"export_adder": 0.1}, {"export_price": 0.1, "export_factor": 2.0}],
)
def test_options_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError, match="export"):
        SeriesTariff.Options.model_validate(options)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([15, 30, 60]), st.floats(width=32), st.booleans()), min_size=1, max_size=120
    ),
    late_min=st.integers(-2000, 2500),
    slot_minutes=st.sampled_from([5, 15, 60]),
)
def test_whatever_is_published_each_slot_has_a_finite_price_or_the_gap_is_named(steps, late_min, slot_minutes):
    at, starts, ends, values = DAY, [], [], []
    for minutes, value, there in steps:
        after = at + timedelta(minutes=minutes)
        if there:
            starts.append(at)
            ends.append(after)
            values.append(value)
        at = after
    series = Series(starts=tuple(starts), ends=tuple(ends), values=tuple(values))
    horizon = plan_horizon(DAY + timedelta(minutes=late_min), slot_minutes=slot_minutes, horizon_hours=24, zone=BERLIN)
    try:
        priced = tariff(horizon, {"export_series": "import", "export_factor": -3.5}, **{"import": series})
    except ForecastGap:
        return
    for prices in (priced.import_price_per_kwh, priced.export_price_per_kwh):
        assert len(prices) == len(horizon)
        assert all(map(isfinite, prices))
    assert (priced.known_until is None) == (priced.notes == ())
