"""Charges on power: what the record tells of the peak so far, and which slots are billed."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from builders import NOON, problem
from stated_site import AUTUMN, at, charge, local_hours, metered, site, stated

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction, PeakStep
from optimizer.domain.tariff import KnownPeak, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from optimizer.siting import Moment, calendar_of, contract, metering_needs, state_site


def charges(over: Horizon, stated_charge: PeakCharge, frame: pd.DataFrame | None = None, now=None):
    where = site(peak_charges=(stated_charge,))
    frames = {} if frame is None else {stated_charge.interval_minutes: frame}
    return stated(over, where, Moment(at=now or over.start, metered=frames)).peak_charges


def test_a_fresh_install_has_a_charge_without_a_past_and_says_so():
    found = state_site(problem(local_hours(4, NOON)), site(peak_charges=(charge(),)), Moment(at=NOON))

    (one,) = found.problem.peak_charges
    assert (one.sunk_kw, one.metered_h, one.interval_of_slot) == (0.0, 0.0, (0, 1, 2, 3))
    assert "not on record" in found.notes[0]
    assert "known_peaks" in found.notes[0]


def test_the_month_s_peak_is_the_highest_interval_on_record_in_the_window():
    now = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    frame = metered(
        {
            datetime(2026, 5, 31, 21, 45, tzinfo=UTC): 50.0,  # still May in Berlin
            datetime(2026, 5, 31, 22, 0, tzinfo=UTC): 7.0,  # June, but at night
            datetime(2026, 6, 3, 10, 0, tzinfo=UTC): 6.0,
            datetime(2026, 6, 3, 10, 15, tzinfo=UTC): 200_000.0,  # cannot be
            datetime(2026, 6, 6, 10, 0, tzinfo=UTC): 9.0,  # a Saturday
        }
    )
    over = local_hours(4, now)

    assert charges(over, charge(), frame)[0].sunk_kw == 9.0
    assert charges(over, charge(window=at("07:00", "21:00", days=("weekday",))), frame)[0].sunk_kw == 6.0


def test_an_interval_of_two_readings_is_no_peak():
    frame = metered({datetime(2026, 6, 3, 10, 0, tzinfo=UTC): 9.0}, readings=2)

    assert charges(local_hours(4, datetime(2026, 6, 10, 12, 0, tzinfo=UTC)), charge(), frame)[0].sunk_kw == 0.0


def test_export_peaks_come_from_what_was_exported():
    frame = metered({datetime(2026, 6, 3, 10, 0, tzinfo=UTC): 9.0}, column="export_kw")
    over = local_hours(4, datetime(2026, 6, 10, 12, 0, tzinfo=UTC))

    assert charges(over, charge(direction=Direction.EXPORT), frame)[0].sunk_kw == 9.0
    assert charges(over, charge(), frame)[0].sunk_kw == 0.0


def test_the_next_month_begins_from_its_floor():
    over = local_hours(6, datetime(2026, 6, 30, 19, 0, tzinfo=UTC))  # 21:00 local on the last of June
    frame = metered({datetime(2026, 6, 3, 10, 0, tzinfo=UTC): 9.0})

    june, july = charges(over, charge(floor_kw=2.5), frame)

    assert (june.name, june.interval_of_slot, june.sunk_kw) == ("peak", (0, 1, 2, -1, -1, -1), 9.0)
    assert (july.name, july.interval_of_slot, july.sunk_kw) == ("peak 2026-07", (-1, -1, -1, 0, 1, 2), 2.5)


def test_the_running_interval_is_half_metered():
    now = datetime(2026, 6, 10, 12, 20, tzinfo=UTC)
    frame = metered({datetime(2026, 6, 10, 12, 0, tzinfo=UTC): 6.0}, readings=1)
    over = local_hours(2, now, 15)

    (one,) = charges(over, charge(interval_minutes=60), frame)
    (unread,) = charges(over, charge(interval_minutes=60))

    assert one.interval_of_slot == (0, 0, 0, 1, 1, 1, 1, 2, 2)
    assert (one.metered_kwh, one.metered_h) == pytest.approx((2.0, 1 / 3))
    assert one.sunk_kw == 0.0, "an interval that runs is no peak yet"
    assert (unread.metered_kwh, unread.metered_h) == (0.0, 0.0)


def test_a_slot_longer_than_the_interval_stands_for_all_in_it():
    now = datetime(2026, 6, 10, 12, 20, tzinfo=UTC)
    frame = metered({datetime(2026, 6, 10, 12, 15, tzinfo=UTC): 6.0})

    (one,) = charges(local_hours(2, now), charge(interval_minutes=15), frame)

    assert (one.interval_of_slot, one.metered_h) == ((0, 1, 2), 0.0)


def test_a_slot_counts_where_more_than_half_of_it_is_inside():
    over = local_hours(3, NOON)  # 14:00 local on

    (one,) = charges(over, charge(window=at("14:30", "15:31")))

    assert one.interval_of_slot == (-1, 0, -1)
    assert charges(over, charge(window=at("20:00", "21:00"))) == ()


def test_of_the_highest_days_those_gone_by_are_known_and_today_is_day_0():
    now = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    frame = metered({datetime(2026, 6, day, 8, 0, tzinfo=UTC): float(day) for day in (2, 3, 4, 5, 10)})
    over = local_hours(12, now)  # 14:00 to 02:00 local

    (one,) = charges(over, charge(highest_days=3, known_peaks=(KnownPeak(on=date(2026, 6, 1), kw=4.5),)), frame)
    (evening,) = charges(local_hours(12, now), charge(highest_days=3, window=at("00:00", "12:00")), frame)

    assert (one.daily_peaks_kw, one.today_kw, one.sunk_kw) == ((5.0, 4.5, 4.0), 10.0, 0.0)
    assert one.day_of_interval == (0,) * 10 + (1,) * 2
    assert (evening.daily_peaks_kw, evening.today_kw) == ((10.0, 5.0, 4.0), 0.0), "today has passed for this charge"


def test_a_ratchet_bills_a_share_of_the_year_s_highest_peak_in_later_months_too():
    over = local_hours(6, datetime(2026, 6, 30, 19, 0, tzinfo=UTC))
    frame = metered({datetime(2026, 1, 3, 10, 0, tzinfo=UTC): 40.0, datetime(2026, 6, 3, 10, 0, tzinfo=UTC): 9.0})

    june, july = charges(over, charge(ratchet_percent=50), frame)

    assert (june.sunk_kw, july.sunk_kw) == (20.0, 20.0)


def test_in_a_rolling_mean_a_month_counts_its_share():
    (one,) = charges(local_hours(2, NOON), charge(price_per_kw=48.0, rolling_months=12, floor_kw=2.5))

    assert (one.price_per_kw, one.sunk_kw) == (4.0, 2.5)


def test_a_known_peak_fills_the_record_and_ends_the_note():
    known = charge(known_peaks=(KnownPeak(on=date(2026, 6, 1), kw=12.0),), steps=(PeakStep(above_kw=10, charge=5.0),))
    now = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)

    found = state_site(problem(local_hours(2, now)), site(peak_charges=(known,)), Moment(at=now))

    assert found.notes == ()
    assert (found.problem.peak_charges[0].sunk_kw, found.problem.peak_charges[0].steps) == (12.0, known.steps)


@pytest.mark.parametrize(
    ("period", "more", "since"),
    [
        (BillingPeriod.DAY, {}, datetime(2026, 6, 9, 22, 0, tzinfo=UTC)),
        (BillingPeriod.MONTH, {}, datetime(2026, 5, 31, 22, 0, tzinfo=UTC)),
        (BillingPeriod.YEAR, {}, datetime(2025, 12, 31, 23, 0, tzinfo=UTC)),
        (BillingPeriod.MONTH, {"ratchet_percent": 50}, datetime(2025, 5, 24, 22, 0, tzinfo=UTC)),
    ],
)
def test_no_more_of_the_record_is_asked_for_than_the_charge_needs(period, more, since):
    now = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)

    where = site(peak_charges=(charge(billing_period=period, **more),))
    bare = Tariff(import_price_per_kwh=(0.3,), export_price_per_kwh=(0.1,))
    (need,) = metering_needs(contract(bare, where), calendar_of(where), now)

    assert (need.interval_minutes, need.since) == (15, since)


def test_days_are_billed_by_local_days_even_when_they_last_25_hours():
    over = local_hours(26, AUTUMN)

    first, second = charges(over, charge(billing_period=BillingPeriod.DAY))

    assert sum(interval >= 0 for interval in first.interval_of_slot) == 25
    assert sum(interval >= 0 for interval in second.interval_of_slot) == 1
