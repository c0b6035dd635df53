"""Each night: the days that are over and not priced yet, by the tariff that applied."""

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import structlog

from optimizer.app import Application, SiteRuntime
from optimizer.domain.horizon import Horizon
from optimizer.domain.snapshot import BatteryState
from optimizer.domain.tariff import Tariff
from optimizer.errors import HeatOptimizerError
from optimizer.pricing import price_site
from optimizer.savings import DayBills, SavingsStore, price_day
from optimizer.siting import PriceStep, calendar_of, carried
from optimizer.task import SiteTask

LOOK_BACK_DAYS = 3
"""A machine that slept, or prices that came late: so many days are made up for."""
NOT_REAL = frozenset({PriceStep.EXTENDED, PriceStep.FALLBACK})


def price_days(app: Application, site: SiteRuntime, now: datetime) -> Iterator[DayBills]:
    """Price and keep each of the last days that has a whole record; what cannot be priced is logged and left out."""
    task, store = site.task, SavingsStore(app.ledger)
    site_id = task.site.site_id
    log = structlog.get_logger().bind(site_id=site_id)
    calendar = calendar_of(task.site)
    today = calendar.day_of(now)
    try:
        known = {bills.day for bills in store.days(site_id, LOOK_BACK_DAYS + 1)}
        battery = _battery(app, site_id)
        for back in range(LOOK_BACK_DAYS, 0, -1):
            day = today - timedelta(days=back)
            if day in known or battery is None:
                continue
            bills = _price(site, store, day, calendar.instant(day, 0), calendar.instant(day + timedelta(1), 0), battery)
            if bills is not None:
                store.keep(site_id, bills)
                yield bills
    except (HeatOptimizerError, sqlite3.Error) as error:
        log.warning("day_not_priced", detail=f"{type(error).__name__}: {error}")


def _price(
    site: SiteRuntime, store: SavingsStore, day: date, start: datetime, end: datetime, battery: BatteryState
) -> DayBills | None:
    task = site.task
    record = store.record(task.site.site_id, day, start, end, task.site.zone, battery)
    if record is None:
        return None
    priced = _priced(task, site, record.horizon, start)
    if priced is None:
        return None
    limits = (task.site.grid.import_limit_kw, task.site.grid.export_limit_kw)
    return price_day(record, priced, battery, limits)


def _priced(task: SiteTask, site: SiteRuntime, horizon: Horizon, start: datetime) -> Tariff | None:
    priced = price_site(task.site, task.prices, site.ports.market, site.ports.meter, horizon, start)
    if priced.step in NOT_REAL:
        return None
    return carried(priced.tariff, horizon, calendar_of(task.site), priced.metered, priced.past).tariff


def _battery(app: Application, site_id: str) -> BatteryState | None:
    """As the newest cycle saw it; None where there is none."""
    for cycle in app.ledger.cycles(site_id, limit=1):
        found = cycle.body.get("snapshot", {}).get("battery")
        return None if found is None else BatteryState(**found)
    return None
