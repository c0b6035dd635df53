"""The floor is the least bill of the plant, whatever else the settings wish for; what they wish for is told."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from backtest_data import SETTINGS, START, rows, write_data, write_settings

from optimizer.backtest import bounds
from optimizer.backtest.bills import bill, billing_of, import_bill, import_cost, without_battery
from optimizer.backtest.bounds import parts_of_floor, perfect_foresight, self_consumption
from optimizer.backtest.run import Run, live
from optimizer.backtest.setup import Asked, Setup, prepare
from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import MinimumCharge, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from optimizer.errors import SolverFailed
from optimizer.lp import tiers

HOUR = timedelta(hours=1)
GRID, SOLAR = "[sites.grid]\n", "[sites.solar]\npeak_kw = 5\n"
EV = '[[sites.ev_sessions]]\nname = "car"\narrives = "18:00"\nleaves = "07:00"\nenergy_kwh = 12\nmax_charge_kw = 11\n'
TASK = '[[sites.deferrable_loads]]\nname = "dishes"\npower_kw = 2\nrun_hours = 1.5\nstart = "10:00"\nend = "18:00"\n'
GENSET = '[[sites.gensets]]\nname = "g"\nmax_kw = 5\nfuel_cost_per_kwh = 0.05\n'
TANK = (
    '[[sites.heat_stores]]\nname = "tank"\nkwh_per_k = 0.5\ntemperature_c = 45\ncomfort_min_c = 40\n'
    "comfort_max_c = 60\ncop = 3\nmax_kw = 2\nloss_kw_per_k = 0.05\n"
)
LIMITS = '[[sites.grid.import_limits]]\nstart = "17:00"\nend = "20:00"\nlimit_kw = 1.0\n'
STATED = {
    "grid.export_floor_price_per_kwh": GRID + "export_floor_price_per_kwh = 0.09\n",
    "grid.self_consumption_price_per_kwh": GRID + "self_consumption_price_per_kwh = 0.1\n",
    "grid.co2_price_per_kg": GRID + "co2_price_per_kg = 0.5\nco2_kg_per_kwh = 0.4\n",
    "grid.import_limits": LIMITS,
    "grid.import_limit_kw": GRID + "import_limit_kw = 0.8\n",
    "solar.inverter_limit_kw": SOLAR + "inverter_limit_kw = 2\n",
    "solar.curtailment_steps": SOLAR + "curtailment_steps = 2\n",
    "deferrable_loads": TASK,
    "ev_sessions": EV,
    "gensets": GENSET,
    "heat_stores": TANK,
}


def quiet(*_: object) -> None:
    """Nobody listens."""


def setup_with(folder: Path, stated: str, **more: Any) -> Setup:
    settings = write_settings(folder, SETTINGS.replace("[sites.tariff]", stated + "[sites.tariff]", 1))
    return prepare(Asked(config=settings, data=write_data(folder / "data.csv", list(rows(2, HOUR))), **more))


@pytest.mark.parametrize("name", STATED)
def test_the_floor_is_under_the_rule_whatever_is_stated_and_what_the_bills_do_not_hold_is_told(tmp_path, name):
    setup = setup_with(tmp_path, STATED[name])
    billing = billing_of(setup)
    floor, rule, none = (
        bill(billing, billing.whole, lived)
        for lived in (perfect_foresight(setup, billing, quiet), self_consumption(setup, quiet), without_battery(setup))
    )

    assert floor <= min(rule, none) + 1e-6
    assert [note.partition(": ")[0] for note in setup.notes] == [f"sites[0].{name}"]


def test_the_floor_of_a_limited_connection_charges_no_more_than_the_plant_could(tmp_path):
    setup = setup_with(tmp_path, STATED["grid.import_limit_kw"])
    floor = perfect_foresight(setup, billing_of(setup), quiet)
    none = without_battery(setup)

    most_kwh = [max(0.8 / 4, kwh) for kwh in none.import_kwh.tolist()]
    assert all(kwh <= most + 1e-6 for kwh, most in zip(floor.import_kwh.tolist(), most_kwh, strict=True))


def test_the_daemon_does_nothing_for_what_the_plant_has_not(tmp_path):
    """A car that is planned for and never comes had the battery filled for it, at the highest price."""
    plain, with_car = (setup_with(tmp_path, stated).task.site for stated in ("", EV + TASK + GENSET + TANK))

    assert with_car == plain


def test_a_battery_that_is_to_be_spared_is_told_as_such(tmp_path):
    spared = "reserve_percent = 30\nwear_cost_per_kwh = 0.05\ncharges_from_grid = false\nmin_charge_kw = 0.5\n"
    setup = setup_with(tmp_path, spared)

    assert setup.notes == (
        "sites[0].battery.reserve_percent: the daemon keeps it, the other bills do not",
        "sites[0].battery.charges_from_grid: the daemon keeps it, the other bills do not",
        "sites[0].battery.wear_cost_per_kwh: the daemon weighs it, none of the bills holds it",
        "sites[0].battery.min_charge_kw: the daemon counts with it, the backtest's plant is without it",
    )


def test_under_a_ban_of_export_no_bill_exports(tmp_path):
    setup = setup_with(tmp_path, GRID + "export_ban = true\n", end=START + 25 * HOUR)
    billing = billing_of(setup)
    daemon = live(setup, Run(name="daemon"), quiet)
    others = (without_battery(setup), self_consumption(setup, quiet), perfect_foresight(setup, billing, quiet))
    bills = [bill(billing, billing.whole, each) for each in (*others, daemon)]

    assert [each.export_kwh.sum() for each in (*others, daemon)] == pytest.approx([0.0] * 4, abs=1e-9)
    assert bills[2] == pytest.approx(min(bills), abs=1e-4)


DAY = 96
PEAK = '[[sites.peak_charges]]\nname = "demand"\nprice_per_kw = 9.2\n'
JULY_20 = datetime(2026, 7, 19, 22, tzinfo=UTC)
"""Midnight in Berlin."""


def parts(charges: dict[str, Any], days: int = 60) -> list[tuple[int, int, int]]:
    edges = tuple(JULY_20 + number * timedelta(minutes=15) for number in range(days * DAY + 1))
    prices = (0.3,) * (days * DAY)
    tariff = Tariff(import_price_per_kwh=prices, export_price_per_kwh=prices, **charges)
    return [
        (first // DAY, until // DAY, beyond // DAY)
        for first, until, beyond in parts_of_floor(tariff, Horizon(edges, "Europe/Berlin"))
    ]


def test_the_floor_is_cut_where_local_months_end():
    assert parts({}) == [(0, 12, 19), (12, 43, 50), (43, 60, 60)], "with a week beyond"


def test_where_months_are_billed_for_more_than_energy_each_part_looks_to_the_end_of_the_next():
    by_month = [(0, 12, 43), (12, 43, 60), (43, 60, 60)]

    assert parts({"peak_charges": (PeakCharge(name="demand", price_per_kw=9.2),)}) == by_month
    assert parts({"minimum_charge": MinimumCharge(amount=10.0)}) == by_month


@pytest.mark.parametrize(
    "how", [{"billing_period": BillingPeriod.YEAR}, {"ratchet_percent": 80.0}, {"rolling_months": 12}], ids=str
)
def test_a_charge_that_looks_beyond_a_month_is_met_by_looking_at_all(how):
    assert parts({"peak_charges": (PeakCharge(name="demand", price_per_kw=9.2, **how),)}) == [(0, 60, 60)]


def test_the_floor_under_a_monthly_peak_is_least_on_its_own_terms(tmp_path, monkeypatch):
    """The evening of the sixth sets April's peak: nothing is spent to lower what stays below it later on."""
    content = list(rows(34, HOUR))
    content[13 * 24 + 19]["load_kw"] = 9.0
    settings = write_settings(tmp_path, SETTINGS.replace("[sites.tariff]", PEAK + "[sites.tariff]", 1))
    setup = prepare(Asked(config=settings, data=write_data(tmp_path / "data.csv", content)))
    billing = billing_of(setup)
    floor = bill(billing, billing.whole, perfect_foresight(setup, billing, quiet))
    monkeypatch.setattr(bounds, "parts_of_floor", lambda tariff, horizon: [(0, len(horizon), len(horizon))])

    assert floor == pytest.approx(bill(billing, billing.whole, perfect_foresight(setup, billing, quiet)), abs=1e-4)


def test_percents_are_of_what_import_costs_with_the_charges_on_it(tmp_path):
    plain, with_peak = setup_with(tmp_path, ""), setup_with(tmp_path, PEAK)
    billing, none = billing_of(plain), without_battery(plain)
    energy = import_cost(billing, billing.whole, none)
    billed = billing_of(with_peak)

    assert import_bill(billing, billing.whole, none) == pytest.approx(energy)
    peak_kw = 4 * none.import_kwh.max()
    assert import_bill(billed, billed.whole, none) == pytest.approx(energy + 9.2 * peak_kw)


def test_a_machine_too_busy_to_find_a_floor_in_time_is_given_more(tmp_path, monkeypatch):
    setup = setup_with(tmp_path, "")
    billing = billing_of(setup)
    usual = perfect_foresight(setup, billing, quiet)
    monkeypatch.setattr(tiers, "LEAST_SOLVE_S", 1e-9)
    monkeypatch.setattr(sys.modules["optimizer.lp.solve"], "cbc_is_installed", lambda: False)
    monkeypatch.setattr(bounds, "SOLVER_TIME_S", 1e-9)
    monkeypatch.setattr(bounds, "PATIENCE", 1.0)
    with pytest.raises(SolverFailed):
        perfect_foresight(setup, billing, quiet)
    monkeypatch.setattr(bounds, "PATIENCE", 1e12)
    late = perfect_foresight(setup, billing, quiet)

    assert bill(billing, billing.whole, late) == pytest.approx(bill(billing, billing.whole, usual))
