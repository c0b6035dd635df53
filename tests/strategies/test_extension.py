"""How prices go on where none is published."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from optimizer.domain.horizon import Horizon, Slot, plan_horizon
from strategies import Market, Series
from strategies.extension import day_before, weekday_profile
from strategies.series import SeriesTariff

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 5, 3, 22, 0, tzinfo=UTC)  # midnight of Monday 4 May in Berlin
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def hourly(start: datetime, days: int, price) -> Series:
    starts = [start + n * HOUR for n in range(24 * days)]
    return Series(
        starts=tuple(starts),
        ends=tuple(at + HOUR for at in starts),
        values=tuple(price(at.astimezone(BERLIN)) for at in starts),
    )


def typical(local: datetime) -> float:
    """A day's shape, half of it at the weekend."""
    shape = 0.10 + 0.01 * local.hour
    return shape / 2 if local.weekday() >= 5 else shape


def slots(start: datetime, count: int) -> list[Slot]:
    return [Slot(start=start + n * HOUR, end=start + (n + 1) * HOUR) for n in range(count)]


def test_a_weekday_takes_the_mean_of_the_same_weekday_of_four_weeks():
    known = hourly(MONDAY - 28 * DAY, 28, typical)

    found = weekday_profile(known, slots(MONDAY + 8 * HOUR, 2), BERLIN)

    assert [each.value for each in found] == pytest.approx([0.18, 0.19])
    assert found[0].told == "same weekday of recent weeks, scaled by 1.00"


def test_after_a_sunday_a_monday_is_no_sunday():
    known = hourly(MONDAY - 28 * DAY, 28, typical)

    (monday,) = weekday_profile(known, slots(MONDAY + 8 * HOUR, 1), BERLIN)
    (yesterday,) = day_before(known, slots(MONDAY + 8 * HOUR, 1), BERLIN)

    assert (monday.value, yesterday.value) == pytest.approx((0.18, 0.09))


def test_a_dearer_day_today_lifts_the_profile_and_no_more_than_twofold():
    friday = MONDAY + 4 * DAY

    def lifted(factor: float):
        return lambda local: typical(local) * (factor if local.astimezone(UTC) >= friday else 1.0)

    for factor, expected in ((1.5, 1.5), (5.0, 2.0), (0.1, 0.5)):
        known = hourly(friday - 28 * DAY, 29, lifted(factor))
        next_friday = slots(friday + 7 * DAY + 8 * HOUR, 1)
        (found,) = weekday_profile(known, next_friday, BERLIN)
        profile = (3 * 0.18 + factor * 0.18) / 4
        assert found.value == pytest.approx(expected * profile)


def test_after_an_ordinary_saturday_an_ordinary_sunday_is_expected():
    def sunday_is_half(local: datetime) -> float:
        return 0.2 if local.weekday() == 5 else 0.1

    sunday = MONDAY - DAY
    known = hourly(sunday - 28 * DAY, 28, sunday_is_half)
    (found,) = weekday_profile(known, slots(sunday + 8 * HOUR, 1), BERLIN)

    assert found.value == pytest.approx(0.1), "the level compares Saturday with Saturdays, not with weekends"


def test_prices_in_another_unit_are_extended_in_the_same_way():
    friday = MONDAY + 4 * DAY

    def dearer(local: datetime) -> float:
        return typical(local) * (1.5 if local.astimezone(UTC) >= friday else 1.0)

    known = hourly(friday - 28 * DAY, 29, dearer)
    cents = Series(starts=known.starts, ends=known.ends, values=tuple(100 * value for value in known.values))
    tomorrow = slots(friday + DAY, 24)

    for money, in_cents in zip(
        weekday_profile(known, tomorrow, BERLIN), weekday_profile(cents, tomorrow, BERLIN), strict=True
    ):
        assert in_cents.value == pytest.approx(100 * money.value)


def test_where_all_is_nothing_so_is_what_follows():
    (found,) = weekday_profile(hourly(MONDAY - 28 * DAY, 28, lambda _: 0.0), slots(MONDAY, 1), BERLIN)

    assert found.value == 0.0


def test_a_day_below_zero_shifts_the_profile_down_and_keeps_its_shape():
    known = hourly(MONDAY - 28 * DAY, 35, lambda at: -0.05 if at.astimezone(UTC) >= MONDAY + 6 * DAY else typical(at))
    monday, later = weekday_profile(known, [slots(MONDAY + 7 * DAY, 9)[n] for n in (0, 8)], BERLIN)

    sunday_mean = (0.10 + 0.01 * 11.5) / 2
    assert monday.value == pytest.approx(0.10 - 0.05 - sunday_mean)
    assert later.value - monday.value == pytest.approx(0.08)


def test_an_adder_is_not_scaled_with_the_market():
    friday = MONDAY + 4 * DAY
    known = hourly(friday - 28 * DAY, 29, lambda at: 0.2 if at.astimezone(UTC) >= friday else 0.1)
    saturday = Horizon(tuple(friday + DAY + n * HOUR for n in range(3)), "Europe/Berlin")
    priced = SeriesTariff(SeriesTariff.Options(import_adder=0.15)).tariff(saturday, Market(series={"import": known}))

    assert priced.import_price_per_kwh == pytest.approx([2 * 0.1 + 0.15] * 2)


def test_around_zero_the_level_is_a_shift_and_never_turns_prices_over():
    def sunny(local: datetime) -> float:
        return -0.05 if 10 <= local.hour < 16 else 0.02

    known = hourly(
        MONDAY - 28 * DAY, 28, lambda local: sunny(local) - (0.01 if local.astimezone(UTC) >= MONDAY - DAY else 0)
    )
    noon, night = weekday_profile(known, [*slots(MONDAY + 11 * HOUR, 1), *slots(MONDAY + 2 * HOUR, 1)], BERLIN)

    assert noon.value < 0 < night.value
    assert "shifted by -0.010" in noon.told


def test_with_a_single_day_on_record_it_is_that_day():
    known = hourly(MONDAY, 1, typical)

    (found,) = weekday_profile(known, slots(MONDAY + DAY + 8 * HOUR, 1), BERLIN)

    assert found.value == pytest.approx(0.18)
    assert found.told.startswith("like days of recent weeks")


def test_on_both_odd_days_it_goes_by_the_wall_clock():
    for odd in (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)):
        known = hourly(odd - 28 * DAY, 28, typical)
        for number in range(30):
            slot = Slot(start=odd + number * HOUR, end=odd + (number + 1) * HOUR)
            (found,) = weekday_profile(known, [slot], BERLIN)
            local = slot.start.astimezone(BERLIN)
            if 4 <= local.hour <= 22:
                assert found.value == pytest.approx(typical(local)), local


def test_the_strategy_marks_what_is_forecast_and_has_no_cliff():
    known = hourly(MONDAY - 28 * DAY, 29, typical)
    horizon = plan_horizon(MONDAY + 12 * HOUR, slot_minutes=15, horizon_hours=36, zone="Europe/Berlin")
    priced = SeriesTariff(SeriesTariff.Options()).tariff(horizon, Market(series={"import": known}))

    assert priced.known_until == MONDAY + DAY
    assert priced.is_forecast == tuple(start >= MONDAY + DAY for start in horizon.starts)
    steps = [abs(later - earlier) for earlier, later in pairwise(priced.import_price_per_kwh)]
    at_the_end = horizon.starts.index(MONDAY + DAY) - 1
    assert steps[at_the_end] <= 0.24, "midnight itself has a step of 0.23 on known days too"
    assert priced.import_price_per_kwh[at_the_end + 1 + 8 * 4] == pytest.approx(0.18)


def test_a_gap_inside_is_filled_and_marked_as_well():
    known = hourly(MONDAY - 28 * DAY, 30, typical)
    gap = next(number for number, at in enumerate(known.starts) if at == MONDAY + 14 * HOUR)
    holed = Series(
        starts=known.starts[:gap] + known.starts[gap + 1 :],
        ends=known.ends[:gap] + known.ends[gap + 1 :],
        values=known.values[:gap] + known.values[gap + 1 :],
    )
    horizon = Horizon(tuple(MONDAY + n * HOUR for n in range(12, 18)), "Europe/Berlin")
    priced = SeriesTariff(SeriesTariff.Options()).tariff(horizon, Market(series={"import": holed}))

    assert priced.is_forecast == (False, False, True, False, False)
    assert priced.import_price_per_kwh[2] == pytest.approx(0.24)
