"""What the operator states for every day, laid onto a horizon: by hand, on the days when clocks change, and at random."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from builders import NOON, SITE_ID, battery, hours, problem
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.peaks import Direction, PeakStep
from optimizer.domain.problem import Problem
from optimizer.domain.site import (
    BatterySettings,
    DeferrableLoadSettings,
    DepthCost,
    EvSessionSettings,
    GensetSettings,
    GridSettings,
    HeatStoreSettings,
    LimitWindow,
    NightBand,
    Site,
    SocTarget,
    SolarSettings,
    TaperStep,
)
from optimizer.domain.tariff import KnownPeak, PeakCharge, Tariff
from optimizer.domain.uncertainty import Scenario, Uncertainty
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.siting import (
    Moment,
    calendar_of,
    contract,
    contradictions,
    metering_needs,
    state_site,
    stated_battery,
    without_forecast_heat,
)
from strategies.wall_clock import Calendar, local_horizon

BERLIN = "Europe/Berlin"
ZONE = ZoneInfo(BERLIN)
SPRING = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
"""Local midnight of the day on which 02:00 to 03:00 does not exist."""
AUTUMN = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
"""Local midnight of the day on which 02:00 to 03:00 comes twice."""
DAY = timedelta(days=1)


def at(start: str, end: str, **more: tuple) -> LocalWindow:
    first, last = ((int(text[:2]) * 60 + int(text[3:])) for text in (start, end))
    return LocalWindow(start_min=first, end_min=last, **more)


def site(**changes: object) -> Site:
    return Site(site_id=SITE_ID, zone=BERLIN, **changes)


def local_hours(count: float, start: datetime, slot_minutes: int = 60) -> Horizon:
    return plan_horizon(start, slot_minutes=slot_minutes, horizon_hours=count, zone=BERLIN)


def stated(over: Horizon, where: Site, moment: Moment | None = None, **changes: object) -> Problem:
    return state_site(problem(over, **changes), where, moment or Moment(at=over.start)).problem


def metered(kw_at: dict[datetime, float], column: str = "import_kw", readings: int = 15) -> pd.DataFrame:
    index = pd.DatetimeIndex(sorted(kw_at))
    other = "export_kw" if column == "import_kw" else "import_kw"
    return pd.DataFrame({column: [kw_at[one] for one in index], other: 0.0, "readings": float(readings)}, index=index)


def hours_inside(over: Horizon, window: LocalWindow, **calendar: str) -> float:
    shares = local_horizon(over, Calendar(zone=BERLIN, **calendar)).shares(window)
    return sum(share * h for share, h in zip(shares, over.slot_h, strict=True))


@pytest.mark.parametrize("slot_minutes", [5, 15, 60])
@pytest.mark.parametrize(
    ("start", "window", "expected_h"),
    [
        (SPRING, at("02:00", "03:00"), 0.0),
        (SPRING, at("02:30", "03:30"), 0.5),
        (SPRING, at("00:00", "06:00"), 5.0),
        (AUTUMN, at("02:00", "03:00"), 2.0),
        (AUTUMN, at("02:15", "02:45"), 1.0),
        (AUTUMN, at("00:00", "06:00"), 7.0),
    ],
)
def test_a_window_is_open_while_the_wall_shows_its_hours(start, window, expected_h, slot_minutes):
    assert hours_inside(local_hours(20, start, slot_minutes), window) == pytest.approx(expected_h)


def test_a_partial_first_slot_counts_by_its_own_length():
    over = plan_horizon(NOON + timedelta(minutes=7, seconds=30), slot_minutes=15, horizon_hours=1, zone="UTC")

    shares = local_horizon(over, Calendar(zone="UTC")).shares(at("12:00", "12:10"))

    assert shares[0] == pytest.approx(2.5 / 7.5)
    assert list(shares[1:]) == [0.0] * (len(over) - 1)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    friday = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
    over = local_hours(48, friday)
    window = at("22:00", "06:00", days=("fri",))

    shares = local_horizon(over, Calendar(zone=BERLIN)).shares(window)

    open_from = [start for start, share in zip(over.starts, shares, strict=True) if share]
    assert (open_from[0], len(open_from)) == (datetime(2026, 6, 5, 20, 0, tzinfo=UTC), 8)


def test_a_public_holiday_is_no_weekday():
    monday = datetime(2026, 4, 5, 22, 0, tzinfo=UTC)  # Easter Monday, from its local midnight
    over = local_hours(24, monday)

    assert hours_inside(over, at("08:00", "10:00", days=("weekday",)), holiday_country="DE") == 0
    assert hours_inside(over, at("08:00", "10:00", days=("holiday",)), holiday_country="DE") == 2
    assert hours_inside(over, at("08:00", "10:00", days=("weekday",))) == 2


def test_a_wall_time_that_is_skipped_is_the_instant_of_the_jump():
    calendar = Calendar(zone=BERLIN)

    assert calendar.instant(date(2026, 3, 29), 150) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert calendar.instant(date(2026, 10, 25), 150) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.instant(date(2026, 6, 1), 24 * 60) == datetime(2026, 6, 1, 22, 0, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(
    start_min=st.integers(0, 366 * 24 * 60),
    slot_minutes=st.sampled_from([5, 15, 60]),
    first=st.integers(0, 1439),
    length=st.integers(1, 1440),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_the_hours_inside_are_those_that_a_wall_clock_would_count(start_min, slot_minutes, first, length, zone):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start_min)
    over = plan_horizon(begin, slot_minutes=slot_minutes, horizon_hours=8, zone=zone)
    window = LocalWindow(start_min=first, end_min=(first + length - 1) % 1440 + 1)

    shares = local_horizon(over, Calendar(zone=zone)).shares(window)

    minutes = 0
    moment = over.start
    while moment < over.end:
        wall = moment.astimezone(ZoneInfo(zone))
        minutes += (wall.hour * 60 + wall.minute - first) % 1440 < length
        moment += timedelta(minutes=1)
    assert sum(share * h for share, h in zip(shares, over.slot_h, strict=True)) == pytest.approx(minutes / 60)


def test_a_limit_counts_in_every_slot_that_its_window_touches_and_the_tightest_wins():
    over = local_hours(4, NOON)  # 14:00 local on
    limits = (
        LimitWindow(window=at("15:30", "16:30"), limit_kw=4.2),
        LimitWindow(window=at("16:00", "17:00"), limit_kw=9),
    )
    where = site(grid=GridSettings(import_limits=limits))

    assert stated(over, where).import_limit_kw == (20.0, 4.2, 4.2, 20.0)
    assert stated(over, where, import_limit_kw=None).import_limit_kw == (float("inf"), 4.2, 4.2, float("inf"))


def test_without_windows_a_limit_stays_one_number_or_none():
    assert stated(hours(2), site()).import_limit_kw == 20.0
    assert stated(hours(2), site(), export_limit_kw=None).export_limit_kw is None


def test_nothing_is_exported_under_a_ban_or_below_the_floor_price():
    prices = (0.08, 0.01, -0.02, 0.05)

    floored = stated(hours(4), site(grid=GridSettings(export_floor_price_per_kwh=0.05)), export_price_per_kwh=prices)
    banned = stated(hours(4), site(grid=GridSettings(export_ban=True)))

    assert floored.export_limit_kw == (15.0, 0.0, 0.0, 15.0)
    assert banned.export_limit_kw == 0.0


def test_a_price_buys_no_more_than_the_connection_carries_or_the_forecast_needs():
    where = site(grid=GridSettings(import_over_price_per_kwh=2.0))
    moment = Moment(at=NOON, import_rated_kw=25.0, export_rated_kw=25.0)

    modest = stated(hours(2), where, moment)
    heavy = stated(hours(2), where, moment, load_kw=30.0)

    assert (modest.import_over_price_per_kwh, modest.import_rating_kw, modest.export_rating_kw) == (2.0, 25.0, None)
    assert heavy.import_rating_kw == 30.0


def test_wishes_and_the_inverter_reach_the_problem():
    grid = GridSettings(self_consumption_price_per_kwh=0.02, co2_price_per_kg=0.1, co2_kg_per_kwh=0.4)
    found = stated(hours(2), site(grid=grid, solar=SolarSettings(inverter_limit_kw=8.0, curtailment_steps=4)))

    assert (found.export_extra_cost_per_kwh, found.co2_price_per_kg, found.co2_kg_per_kwh) == (0.02, 0.1, 0.4)
    assert (found.inverter_limit_kw, found.curtailment_steps) == (8.0, 4)


def of_battery(over: Horizon, demand_kw: float = 0.0, **changes: object):
    return stated_battery(
        battery(capacity_kwh=20.0, soc_max_kwh=18.0, soc_min_kwh=2.0, reserve_kwh=3.0),
        BatterySettings(**changes),
        over,
        Calendar(zone=BERLIN),
        (demand_kw,) * len(over),
    )


def test_percent_become_kwh():
    found = of_battery(
        hours(2),
        charge_taper=(TaperStep(soc_percent=80, limit_kw=5), TaperStep(soc_percent=100, limit_kw=1)),
        depth_costs=(DepthCost(percent=75, cost_per_kwh=0), DepthCost(percent=25, cost_per_kwh=0.02)),
        self_discharge_percent_per_h=0.5,
        charges_from_grid=False,
        discharges_to_grid=False,
        min_charge_kw=9.0,
        standby_kw=0.03,
        is_dc_coupled=True,
    )

    assert [(point.soc_kwh, point.limit_kw) for point in found.charge_taper] == [(16.0, 5), (20.0, 1)]
    assert [segment.kwh for segment in found.depth_segments] == [15.0, 5.0]
    assert (found.self_discharge_per_h, found.standby_kw, found.is_dc_coupled) == (0.005, 0.03, True)
    assert (found.charges_from_grid, found.discharges_to_grid) == (False, False)
    assert found.min_charge_kw == 5.0, "never more than it can take at all"
    assert found.reserve_kwh == 3.0, "the fixed reserve where no hours are stated"


def test_the_reserve_covers_the_hours_to_come_and_repeats_the_last_day_behind_the_end():
    found = of_battery(hours(4), demand_kw=1.9, reserve_hours=3.0)

    assert found.reserve_kwh == pytest.approx((2.0 + 3 * 1.9 / 0.95,) * 4)


def test_the_reserve_is_capped_at_the_window_s_top_and_never_below_the_fixed_one():
    assert of_battery(hours(3), demand_kw=50.0, reserve_hours=3.0).reserve_kwh == (18.0,) * 3
    assert of_battery(hours(3), demand_kw=0.0, reserve_hours=3.0).reserve_kwh == (3.0,) * 3


@pytest.mark.parametrize(
    ("start", "goal_starts"),
    [
        (SPRING, [datetime(2026, 3, 29, 4, 45, tzinfo=UTC)]),
        (AUTUMN, [datetime(2026, 10, 25, 5, 45, tzinfo=UTC)]),
        (SPRING - DAY, [datetime(2026, 3, 28, 5, 45, tzinfo=UTC)]),
    ],
)
def test_a_target_holds_at_its_local_time_whatever_the_clocks_do(start, goal_starts):
    over = local_hours(24, start, 15)

    found = of_battery(over, targets=(SocTarget(at_min=7 * 60, soc_percent=60),))

    assert [begin for begin, level in zip(over.starts, found.goal_kwh, strict=True) if level] == goal_starts
    assert max(found.goal_kwh) == 12.0


def test_a_target_s_price_is_for_each_missing_kwh_whatever_the_slot_s_length():
    over = local_hours(24, NOON, 15)
    target = SocTarget(at_min=7 * 60, soc_percent=60)

    assert of_battery(over, targets=(target,), goal_price_per_kwh=0.5).goal_price_per_kwh == pytest.approx(2.0)
    assert of_battery(over, goal_price_per_kwh=0.5).goal_price_per_kwh is None


def test_a_target_between_two_boundaries_is_met_at_the_earlier_one_and_other_days_ask_nothing():
    over = local_hours(24, NOON)  # Monday
    wanted = SocTarget(at_min=7 * 60 + 30, soc_percent=50, days=("tue",))
    other = SocTarget(at_min=7 * 60 + 30, soc_percent=50, days=("mon",))

    found = of_battery(over, targets=(wanted,))

    assert [slot for slot, level in enumerate(found.goal_kwh) if level] == [16]  # 06:00 to 07:00 local
    assert of_battery(over, targets=(other,)).goal_kwh is None


DISHES = DeferrableLoadSettings(name="dishes", power_kw=2.0, run_hours=1.5, window=at("10:00", "18:00"))


def test_a_load_is_planned_in_each_window_that_begins_and_ends_within_the_horizon():
    over = local_hours(36, datetime(2026, 6, 1, 6, 0, tzinfo=UTC))  # 08:00 local to 20:00 the next day

    found = stated(over, site(deferrable_loads=(DISHES,))).deferrable_loads

    assert [(load.name, load.first_slot, load.end_slot) for load in found] == [
        ("dishes 2026-06-01", 2, 10),
        ("dishes 2026-06-02", 26, 34),
    ]
    assert {(load.run_h, load.is_on_off, load.is_single_block) for load in found} == {(1.5, True, True)}


def test_a_load_whose_window_is_open_may_have_run_and_one_that_is_cut_off_can_wait():
    over = local_hours(23, datetime(2026, 6, 1, 14, 0, tzinfo=UTC))  # 16:00 local to 15:00 the next day
    again = DeferrableLoadSettings(
        name="dishes", power_kw=2.0, run_hours=1.5, window=at("10:00", "18:00"), include_open_window=True
    )

    assert stated(over, site(deferrable_loads=(DISHES,))).deferrable_loads == ()
    (load,) = stated(over, site(deferrable_loads=(again,))).deferrable_loads
    assert (load.first_slot, load.end_slot) == (0, 2)
    late = local_hours(12, datetime(2026, 6, 1, 15, 0, tzinfo=UTC))  # an hour is left, an hour and a half is needed
    assert stated(late, site(deferrable_loads=(again,))).deferrable_loads == ()


@pytest.mark.parametrize(("start", "run_h", "slots"), [(SPRING, 0.5, 2), (AUTUMN, 1.5, 10), (SPRING - DAY, 1.5, 6)])
def test_a_window_in_the_night_of_the_change_is_one_stretch(start, run_h, slots):
    night = DeferrableLoadSettings(name="pump", power_kw=1.0, run_hours=1.5, window=at("02:00", "03:30"))

    (load,) = stated(local_hours(20, start, 15), site(deferrable_loads=(night,))).deferrable_loads

    assert (load.run_h, load.end_slot - load.first_slot) == (run_h, slots)


VAN = EvSessionSettings(name="van", energy_kwh=20.0, max_charge_kw=10.0, window=at("18:00", "06:00"), efficiency=1.0)


def test_a_vehicle_that_is_cut_off_takes_its_share_and_one_that_stands_there_what_still_fits():
    whole = stated(local_hours(24, NOON), site(ev_sessions=(VAN,))).ev_sessions
    cut = stated(local_hours(6, NOON), site(ev_sessions=(VAN,))).ev_sessions
    standing = stated(local_hours(12, datetime(2026, 6, 2, 3, 0, tzinfo=UTC)), site(ev_sessions=(VAN,))).ev_sessions

    assert [(each.name, each.energy_kwh, each.first_slot, each.end_slot) for each in whole] == [
        ("van 2026-06-01", 20.0, 4, 16)
    ]
    assert [each.energy_kwh for each in cut] == [pytest.approx(20.0 * 2 / 12)]
    assert [(each.name, each.energy_kwh) for each in standing] == [("van 2026-06-01", 10.0)]


@pytest.mark.parametrize(("reading_kw", "running"), [(None, False), (0.0, False), (8.0, True)])
def test_a_single_genset_is_seen_to_run(reading_kw, running):
    where = site(gensets=(GensetSettings(name="diesel", max_kw=20, fuel_cost_per_kwh=0.4, min_up_hours=2),))

    (found,) = stated(hours(2), where, Moment(at=NOON, genset_kw=reading_kw)).gensets

    assert (found.is_running, found.min_up_h) == (running, 2)


def tank(**changes: object) -> HeatStoreSettings:
    given_ = {
        "name": "tank",
        "kwh_per_k": 0.6,
        "temperature_c": 45.0,
        "comfort_min_c": 40.0,
        "comfort_max_c": 55.0,
        "max_kw": 3.0,
    }
    return HeatStoreSettings(**(given_ | changes))


def test_a_heat_store_has_its_night_and_what_a_kelvin_costs_to_make():
    over = local_hours(12, NOON + timedelta(hours=6))  # 20:00 to 08:00 local
    night = NightBand(window=at("22:00", "05:30"), min_c=35.0, max_c=50.0)

    (found,) = stated(over, site(heat_stores=(tank(night=night, cop=3.0),))).heat_stores

    assert found.comfort_min_c == (40.0, 40.0, *(35.0,) * 7, *(40.0,) * 3)
    assert found.comfort_max_c[2] == 50.0
    assert found.value_per_k == pytest.approx(0.6 * 0.30 / 3.0)


def test_without_a_cop_the_outdoor_temperature_tells_or_a_note_says_that_it_does_not():
    where = site(heat_stores=(tank(),))
    known = state_site(problem(), where, Moment(at=NOON, outdoor_c=5.0))
    unknown = state_site(problem(), where, Moment(at=NOON))

    assert known.problem.heat_stores[0].cop == pytest.approx((0.85 * (6.08 - 0.0941 * 30 + 0.000464 * 900),) * 4)
    assert known.notes == ()
    assert unknown.problem.heat_stores[0].cop == 3.0
    assert "tank" in unknown.notes[0]


def test_heat_that_is_planned_is_not_forecast_as_well():
    outcomes = Uncertainty(scenarios=(Scenario(probability=0.5, load_kw=(1.0,), heat_kw=(2.0,)),))

    replaced = stated(hours(2), site(heat_stores=(tank(replaces_heat_forecast=True),)), heat_kw=2.0)
    beside = stated(hours(2), site(heat_stores=(tank(),)), heat_kw=2.0)

    assert (replaced.heat_kw, beside.heat_kw) == ((0.0, 0.0), (2.0, 2.0))
    assert without_forecast_heat(outcomes).scenarios == (Scenario(probability=0.5, load_kw=(1.0,)),)


def charge(**changes: object) -> PeakCharge:
    return PeakCharge(**({"name": "peak", "price_per_kw": 10.0} | changes))


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


@settings(max_examples=40, deadline=None)
@given(
    start_min=st.integers(0, 366 * 24 * 60),
    slot_minutes=st.sampled_from([5, 15, 60]),
    interval_minutes=st.sampled_from([5, 15, 60]),
    first=st.integers(0, 1439),
    length=st.integers(1, 1440),
    period=st.sampled_from(BillingPeriod),
    highest_days=st.integers(1, 3),
)
def test_whatever_is_stated_makes_a_problem_and_no_slot_is_billed_twice(
    start_min, slot_minutes, interval_minutes, first, length, period, highest_days
):
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start_min)
    window = LocalWindow(start_min=first, end_min=(first + length - 1) % 1440 + 1)
    where = site(
        grid=GridSettings(import_limits=(LimitWindow(window=window, limit_kw=4.0),)),
        peak_charges=(
            charge(window=window, billing_period=period, highest_days=highest_days, interval_minutes=interval_minutes),
        ),
        deferrable_loads=(DeferrableLoadSettings(name="load", power_kw=1.0, run_hours=length / 60, window=window),),
        ev_sessions=(EvSessionSettings(name="car", energy_kwh=5.0, max_charge_kw=11.0, window=window),),
        heat_stores=(tank(night=NightBand(window=window, min_c=30.0, max_c=50.0)),),
    )
    over = plan_horizon(begin, slot_minutes=slot_minutes, horizon_hours=30, zone=BERLIN)

    found = stated(over, where)

    assert not list(contradictions(where, over))
    limit_kw = found.import_limit_kw
    assert all(kw in {4.0, 20.0} for kw in (limit_kw if isinstance(limit_kw, tuple) else (limit_kw,)))
    billed = [sum(one.interval_of_slot[slot] >= 0 for one in found.peak_charges) for slot in range(len(over))]
    shares = local_horizon(over, Calendar(zone=BERLIN)).shares(window)
    assert billed == [int(share > 0.5) for share in shares]
    for each in (*found.deferrable_loads, *found.ev_sessions):
        assert 0 <= each.first_slot < each.end_slot <= len(over)
        inside = shares[each.first_slot : each.end_slot]
        assert all(share == 1 for share in inside) or length == 1440


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (site(gensets=(GensetSettings(name="import", max_kw=1, fuel_cost_per_kwh=1),)), "taken by a cost"),
        (site(peak_charges=(charge(), charge())), "two charges are named 'peak'"),
        (
            site(battery=BatterySettings(charge_taper=(TaperStep(soc_percent=50, limit_kw=1),))),
            "charge_taper has one point",
        ),
        (
            site(
                battery=BatterySettings(
                    depth_costs=(DepthCost(percent=5, cost_per_kwh=1), DepthCost(percent=5, cost_per_kwh=0))
                )
            ),
            "depth_segments must cost more the deeper",
        ),
        (site(heat_stores=(tank(loss_kw_per_k=3.0),)), "give shorter slots"),
        (site(peak_charges=(charge(name="carbon", window=LocalWindow(months=(1,))),)), "taken by a cost"),
        (
            site(
                deferrable_loads=(replace(DISHES, name="van", window=replace(VAN.window, days=("sun",))),),
                ev_sessions=(VAN,),
            ),
            "two assets or charges are called 'van 2026-06-0",
        ),
    ],
)
def test_what_contradicts_itself_is_told_before_there_is_a_plan(where, words):
    (found,) = contradictions(where, hours(72))

    assert words in found
