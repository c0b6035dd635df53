"""What a site has and what its contract asks: from TOML to the domain, and how mistakes are told."""

import pytest

from optimizer.app import build_live
from optimizer.configured import site_of
from optimizer.domain.peaks import Direction, PeakStep
from optimizer.domain.site import DispatchMode, Site
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.errors import ConfigError
from optimizer.settings_file import load_settings

LOAD = '[[sites.deferrable_loads]]\nname = "dishes"\npower_kw = 2\nrun_hours = 1.5\nstart = "10:00"\nend = "18:00"\n'
CAR = '[[sites.ev_sessions]]\nname = "car"\narrives = "18:00"\nleaves = "07:00"\nenergy_kwh = 12\nmax_charge_kw = 11\n'
GENSET = '[[sites.gensets]]\nname = "diesel"\nmax_kw = 20\nfuel_cost_per_kwh = 0.4\n'
TANK = (
    '[[sites.heat_stores]]\nname = "tank"\nkwh_per_k = 0.6\ntemperature_c = 45\ncomfort_min_c = 40\n'
    "comfort_max_c = 55\nmax_kw = 3\n"
)
PEAK = '[[sites.peak_charges]]\nname = "peak"\nprice_per_kw = 9\n'
HCU = '[sites.hcu]\nbase_url = "http://192.168.1.50"\ntoken = {env = "TOKEN"}\n'


SMALL = """
[heat_cloud]
base_url = "https://cloud.example.com/"
api_key = {env = "SOME_KEY"}
[heat_cloud.conventions]
bess_power_positive = "charge"
[planning]
%s
[[sites]]
site_id = "one"
timezone = "Europe/Berlin"
%s
[sites.tariff]
strategy = "flat"
import_price = 0.3
"""


def write(tmp_path, *, site: str, planning: str = ""):
    file = tmp_path / "settings.toml"
    file.write_text(SMALL % (planning, site), encoding="utf-8")
    return file


def the_site(tmp_path, text: str) -> Site:
    return site_of(load_settings(write(tmp_path, site=text)).sites[0])


def test_nothing_stated_is_nothing_there(tmp_path):
    assert the_site(tmp_path, "") == Site(site_id="one", zone="Europe/Berlin", dispatch=DispatchMode.PER_SLOT)


def test_limits_by_local_time_keep_their_days(tmp_path):
    text = '[[sites.grid.import_limits]]\nstart = "22:00"\nend = "06:00"\nlimit_kw = 4.2\ndays = ["fri", "holiday"]\n'
    (limit,) = the_site(tmp_path, f'holiday_country = "DE"\n{text}').grid.import_limits

    assert limit.window == LocalWindow(start_min=22 * 60, end_min=6 * 60, days=("fri", "holiday"))
    assert limit.limit_kw == 4.2


def test_a_peak_charge_keeps_all_that_is_said(tmp_path):
    more = (
        'direction = "export"\nbilling_period = "year"\nmonths = [11, 12]\nhighest_days = 3\ninterval_minutes = 60\n'
        "steps = [{ above_kw = 10, charge = 20 }]\nknown_peaks = [{ on = 2026-01-15, kw = 24.5 }]\n"
    )
    (charge,) = the_site(tmp_path, PEAK + more).peak_charges

    assert (charge.direction, charge.billing_period) == (Direction.EXPORT, BillingPeriod.YEAR)
    assert charge.window == LocalWindow(months=(11, 12))
    assert (charge.highest_days, charge.interval_minutes, charge.steps) == (3, 60, (PeakStep(above_kw=10, charge=20),))
    assert (charge.known_peaks[0].on.isoformat(), charge.known_peaks[0].kw) == ("2026-01-15", 24.5)


def test_every_asset_reaches_the_domain(tmp_path):
    night = '[sites.heat_stores.night]\nstart = "22:00"\nend = "05:00"\nmin_c = 35\nmax_c = 50\n'
    found = the_site(tmp_path, LOAD + CAR + GENSET + TANK + night)

    assert [found.deferrable_loads[0].window.start_min, found.ev_sessions[0].window.end_min] == [600, 420]
    assert found.gensets[0].fuel_cost_per_kwh == 0.4
    assert (found.heat_stores[0].night.min_c, found.heat_stores[0].replaces_heat_forecast) == (35, False)


def test_behind_an_hcu_a_heat_store_is_what_the_forecast_was_about(tmp_path):
    assert the_site(tmp_path, HCU + TANK).heat_stores[0].replaces_heat_forecast
    assert not the_site(tmp_path, f"{HCU}{TANK}replaces_heat_forecast = false").heat_stores[0].replaces_heat_forecast


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (
            '[[sites.grid.import_limits]]\nstart = "17:00"\nend = "25:00"\nlimit_kw = 1',
            "sites[0].grid.import_limits[0].end: '25:00' is not a local time of the form \"HH:MM\"",
        ),
        (
            '[[sites.grid.import_limits]]\nstart = "17:00"\nend = "17:00"\nlimit_kw = 1',
            'sites[0].grid.import_limits[0]: start "17:00" leaves no time before end "17:00"',
        ),
        (
            '[[sites.grid.import_limits]]\nstart = "17:00"\nend = "18:00"\nlimit_kv = 1',
            "sites[0].grid.import_limits[0].limit_kv: unknown setting; did you mean 'limit_kw'?",
        ),
        (
            '[[sites.grid.export_limits]]\nstart = "17:00"\nend = "18:00"\nlimit_kw = 1\ndays = ["holiday"]',
            'sites[0]: grid.export_limits[0].days: "holiday" needs holiday_country',
        ),
        ("[sites.grid]\nexport_ban = true\nexport_over_price_per_kwh = 1", "export_ban and export_over_price_per_kwh"),
        ("[sites.grid]\nco2_price_per_kg = 0.1", "co2_price_per_kg needs co2_kg_per_kwh"),
        ("[sites.battery]\nis_dc_coupled = true", "battery.is_dc_coupled needs solar.inverter_limit_kw"),
        ("[sites.battery]\nmax_charge_kw = 3\nmin_charge_kw = 4", "min_charge_kw (4) exceeds max_charge_kw (3)"),
        (
            "[sites.battery]\ndepth_costs = [{ percent = 70, cost_per_kwh = 0 }, { percent = 70, cost_per_kwh = 1 }]",
            "add up to more than 100",
        ),
        ('[[sites.peak_charges]]\nname = "peak"', "peak: give price_per_kw, tiers or steps"),
        (f'{PEAK}billing_period = "year"\nrolling_months = 12', "rolling_months is a mean of monthly peaks"),
        (f"{PEAK}rolling_months = 12\nsteps = [{{ above_kw = 1, charge = 1 }}]", "they have no share of a mean"),
        (f'{PEAK}billing_period = "day"\nhighest_days = 3', 'highest_days needs a billing_period of "month"'),
        (
            f"{PEAK}steps = [{{ above_kw = 2, charge = 2 }}, {{ above_kw = 1, charge = 3 }}]",
            "steps must rise in above_kw and in charge",
        ),
        (LOAD.replace("1.5", "9"), "dishes: run_hours needs 9.00 h, but from start to end there are 8.00 h"),
        (CAR.replace("= 12", "= 200"), "car: energy_kwh at max_charge_kw needs 20.20 h"),
        (f"{CAR}min_charge_kw = 12", "car: min_charge_kw (12) exceeds max_charge_kw (11)"),
        (f"{GENSET}min_kw = 30", "diesel: min_kw (30) exceeds max_kw (20)"),
        (TANK.replace("comfort_min_c = 40", "comfort_min_c = 60"), "comfort_min_c (60) exceeds comfort_max_c (55)"),
    ],
)
def test_a_mistake_is_named_by_path_and_way_out(tmp_path, site, words):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, site=site))

    assert words in str(caught.value)


def test_metering_intervals_and_slots_must_share_their_boundaries(tmp_path):
    with pytest.raises(ConfigError, match="peak: interval_minutes 30 and slots of 20 min do not fit"):
        load_settings(write(tmp_path, site=f"{PEAK}interval_minutes = 30", planning="slot_minutes = 20"))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (GENSET + GENSET, r"sites\[0\]: two assets or charges are called 'diesel'"),
        ("[sites.battery]\ncharge_taper = [{ soc_percent = 80, limit_kw = 1 }]", r"charge_taper has one point"),
        (f"{TANK}loss_kw_per_k = 3", r"tank.loss_kw_per_k is 3: beyond 2.4 the store cools down"),
    ],
)
def test_what_no_plan_would_take_ends_the_start_and_not_the_first_cycle(tmp_path, site, words):
    file = write(tmp_path, site=site)

    with pytest.raises(ConfigError, match=words):
        build_live(file, environ={"SOME_KEY": "made-up", "STATE_DIRECTORY": str(tmp_path)})
