"""A day's four bills by hand, and the night that prices it from the ledger."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from world import FLAT, simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.horizon import Horizon
from optimizer.domain.snapshot import BatteryState
from optimizer.domain.tariff import Tariff
from optimizer.errors import ConfigError
from optimizer.ledger import Ledger, TelemetrySample
from optimizer.savings import DayBills, DayRecord, SavingsStore, price_day
from optimizer.savings_command import savings_text

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BATTERY = BatteryState(
    capacity_kwh=10,
    soc_kwh=0,
    soc_min_kwh=0,
    soc_max_kwh=10,
    reserve_kwh=0,
    max_charge_kw=5,
    max_discharge_kw=5,
    charge_efficiency=1.0,
    discharge_efficiency=1.0,
    wear_cost_per_kwh=0.0,
)


def record(*, bought: tuple[float, ...], sold: tuple[float, ...], end_kwh: float = 0.0) -> DayRecord:
    """Three hours: sun, a cheap hour, a dear one."""
    return DayRecord(
        day=date(2026, 6, 1),
        horizon=Horizon(tuple(NOON + number * HOUR for number in range(4))),
        load_kw=(0.0, 0.0, 4.0),
        heat_kw=(0.0, 0.0, 0.0),
        solar_kw=(2.0, 0.0, 0.0),
        import_kwh=bought,
        export_kwh=sold,
        soc_start_kwh=0.0,
        soc_end_kwh=end_kwh,
    )


TARIFF = Tariff(import_price_per_kwh=(0.3, 0.1, 0.4), export_price_per_kwh=(0.05,) * 3)


def test_the_four_bills_of_a_day_by_hand():
    bills = price_day(record(bought=(0, 1, 1), sold=(0, 0, 0)), TARIFF, BATTERY, (None, None))

    assert bills.no_battery == pytest.approx(4 * 0.4 - 2 * 0.05)
    assert bills.self_consumption == pytest.approx(2 * 0.4), "the sun serves half of the evening"
    assert bills.daemon == pytest.approx(0.1 + 0.4)
    assert bills.perfect_foresight == pytest.approx(2 * 0.1), "the sun, and two kWh of the cheap hour"
    assert bills.saved == pytest.approx(1.0)
    assert bills.regret == pytest.approx(0.3)


def test_what_is_left_in_the_battery_is_worth_the_cheapest_import():
    empty = price_day(record(bought=(0, 3, 0), sold=(0, 0, 0)), TARIFF, BATTERY, (None, None))
    full = price_day(record(bought=(0, 3, 0), sold=(0, 0, 0), end_kwh=1.0), TARIFF, BATTERY, (None, None))

    assert empty.daemon - full.daemon == pytest.approx(0.1)


def fill(ledger: Ledger, site_id: str, start: datetime, end: datetime) -> None:
    """A load of 1 kW, half of it imported, and a battery that stays as it is."""
    at = start - timedelta(minutes=20)
    while at < end:
        ledger.record_sample(
            site_id,
            TelemetrySample(
                at=at,
                load_kw=1.0,
                solar_kw=0.5,
                heat_kw=None,
                thermal_kw=None,
                outdoor_c=None,
                other_kw=0.0,
                soc_percent=50.0,
            ),
        )
        ledger.record_meter(site_id, at, import_kw=0.5, export_kw=0.0)
        at += timedelta(minutes=5)


@pytest.mark.parametrize(
    ("night", "hours"),
    [(datetime(2021, 4, 15, 1, 0), 24), (datetime(2021, 3, 29, 1, 0), 23), (datetime(2021, 11, 1, 2, 0), 25)],
    ids=["usual", "23 hours", "25 hours"],
)
def test_yesterday_is_priced_once_after_the_night_with_its_own_number_of_hours(tmp_path: Path, night, hours):
    night = night.replace(tzinfo=UTC)
    with simulated_world(tmp_path, start=night) as world:
        world.settings()
        ledger = Ledger.open(world.folder / "ledger.sqlite3")
        fill(ledger, world.site_id, night - timedelta(hours=30), night)
        ledger.close()
        with world.app(tariff=FLAT) as app:
            jobs = Jobs(app)
            jobs.plan(app.sites[0])
            jobs.plan(app.sites[0])
            (day,) = SavingsStore(app.ledger).days(world.site_id, 10)
            told = json.loads(savings_text(app, 10, "json"))
            shown = jobs.witness(app.sites[0]).state.savings
            table = savings_text(app, 10, "table")

    assert day.daemon == pytest.approx(0.5 * hours * 0.30)
    assert day.no_battery == pytest.approx(0.5 * hours * 0.30), "a battery that did nothing saved nothing"
    assert day.perfect_foresight <= day.daemon + 1e-6
    assert len([event for event in world.events if event["event"] == "day_priced"]) == 1
    assert told[0]["days"][0]["daemon"] == day.daemon
    assert [row.day for row in shown] == [day.day]
    assert "1 days" in table


def test_a_day_with_too_little_on_record_is_left_out(tmp_path: Path):
    night = datetime(2021, 4, 15, 1, 0, tzinfo=UTC)
    with simulated_world(tmp_path, start=night) as world:
        world.settings()
        ledger = Ledger.open(world.folder / "ledger.sqlite3")
        fill(ledger, world.site_id, night - timedelta(hours=12), night)
        ledger.close()
        with world.app() as app:
            Jobs(app).plan(app.sites[0])
            assert SavingsStore(app.ledger).days(world.site_id, 10) == ()
            assert "no day was priced yet" in savings_text(app, 10, "table")
            for count in (0, -1, 10**30):
                with pytest.raises(ConfigError, match=r"^--days .*: give a number from 1 to 36525$"):
                    savings_text(app, count, "table")


def test_days_are_kept_newest_first_and_one_that_is_priced_again_is_replaced(tmp_path: Path):
    ledger = Ledger.open(tmp_path / "ledger.sqlite3")
    store = SavingsStore(ledger)
    for number, cost in ((1, 5.0), (2, 6.0), (1, 4.0)):
        day = date(2026, 1, number)
        store.keep(
            "site",
            DayBills(day=day, no_battery=9, self_consumption=7, daemon=cost, perfect_foresight=3, currency="EUR"),
        )
    found = store.days("site", 10)
    ledger.close()

    assert [(bills.day.day, bills.daemon) for bills in found] == [(2, 6.0), (1, 4.0)]
