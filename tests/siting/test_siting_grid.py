"""Limits, bans and wishes at the connection, laid onto a horizon."""

from builders import NOON, hours
from stated_site import at, local_hours, site, stated

from optimizer.domain.site import GridSettings, LimitWindow, SolarSettings
from optimizer.siting import Moment


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
