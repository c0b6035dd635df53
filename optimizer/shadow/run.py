"""Each cycle, each contender: settle what happened, price the days that are over, plan again. Nothing is posted."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from math import isfinite

import pandas as pd
import structlog

from optimizer.domain.horizon import Horizon, floor_to_slot
from optimizer.domain.site import Site
from optimizer.domain.snapshot import BatteryState, SiteSnapshot
from optimizer.domain.tariff import Market, Meter
from optimizer.errors import HeatOptimizerError
from optimizer.lp import Planner
from optimizer.planning import Planned, PlanningGrid, stated_problem
from optimizer.ports import FetchMarket, RecallHistory
from optimizer.pricing import PriceSources, price_site
from optimizer.shadow.book import Decided, Settled, settle
from optimizer.shadow.store import ShadowDay, ShadowStore, Standing
from optimizer.siting import Priced, PriceStep, calendar_of, carried
from strategies import invoice
from strategies.wall_clock import Calendar

CHAMPION = "champion"
QUARTER = timedelta(minutes=15)
QUARTER_H = 0.25
LONGEST_GAP = timedelta(days=3)
"""After a longer silence a contender starts anew from the battery as it is."""
HAPPENED = ("load_kw", "heat_kw", "other_kw", "solar_kw")
COVERED = 0.9
"""A day with less of it on record is not priced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One strategy that runs in shadow: the champion's own, or a challenger's."""

    name: str
    prices: PriceSources
    switching_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class _Given:
    """A market that was fetched already."""

    known: Market

    def market(self, horizon: Horizon) -> Market:
        return self.known


@dataclass(frozen=True, slots=True)
class _ShadowMeter:
    """What a contender's meter would have shown, as the real one is asked."""

    store: ShadowStore
    name: str

    def metered(self, site_id: str, interval_minutes: int, since: datetime, now: datetime) -> pd.DataFrame:
        return self.store.metered(site_id, self.name, interval_minutes, since, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cycle:
    """What the champion's cycle knew."""

    site: Site
    grid: PlanningGrid
    planned: Planned
    battery: BatteryState
    market: Market
    history: pd.DataFrame
    now: datetime

    @property
    def until(self) -> datetime:
        """The end of the last whole quarter."""
        return floor_to_slot(self.now, 15)


@dataclass(slots=True)
class Shadows:
    """The contenders of one site. ``history`` is asked as ``ports.RecallHistory``; planners only stay warm."""

    contenders: tuple[Contender, ...]
    store: ShadowStore
    feeds: FetchMarket
    history: RecallHistory
    _planners: dict[str, Planner] = field(default_factory=dict)

    def observe(self, site: Site, grid: PlanningGrid, planned: Planned, now: datetime) -> None:
        """After a cycle. Whatever fails here is logged and costs the site nothing."""
        if not self.contenders or planned.snapshot.battery is None:
            return
        log = structlog.get_logger().bind(site_id=site.site_id)
        cycle = _Cycle(
            site=_alone(site),
            grid=grid,
            planned=planned,
            battery=planned.snapshot.battery,
            market=self.feeds.market(planned.plan.problem.horizon),
            history=self.history.history(site.site_id, now),
            now=now,
        )
        for contender in self.contenders:
            try:
                self._follow(contender, cycle)
                for day in self._price_days(contender, cycle):
                    log.info(
                        "challenger_day",
                        challenger=contender.name,
                        day=day.day.isoformat(),
                        cost=round(day.cost, 4),
                        currency=day.currency,
                    )
            except (HeatOptimizerError, sqlite3.Error) as error:
                log.warning("challenger_failed", challenger=contender.name, detail=f"{type(error).__name__}: {error}")

    def _follow(self, contender: Contender, cycle: _Cycle) -> None:
        """Settle the quarters since the last cycle by what happened, then decide anew."""
        until, site_id = cycle.until, cycle.site.site_id
        standing = self.store.standing(site_id, contender.name)
        if standing is None or not until - LONGEST_GAP <= standing.settled_until <= until:
            standing = Standing(soc_kwh=cycle.battery.soc_kwh, settled_until=until, decided=Decided())
        settled: list[tuple[datetime, Settled]] = []
        soc_kwh, at = standing.soc_kwh, standing.settled_until
        while at < until:
            happened = _happened(cycle.history, cycle.planned.snapshot, at)
            if happened is not None:
                demand_kw, sun_kw = happened
                power, cut = standing.decided.over(at, at + QUARTER)
                sun_kw *= 1 - cut
                quarter = settle(cycle.battery, soc_kwh, power, demand_kw=demand_kw, sun_kw=sun_kw, h=QUARTER_H)
                soc_kwh = quarter.soc_kwh
                settled.append((at, quarter))
            at += QUARTER
        decided = standing.decided.since(until).followed_by(self._decide(contender, cycle, soc_kwh))
        standing = Standing(soc_kwh=soc_kwh, settled_until=until, decided=decided)
        self.store.keep(site_id, contender.name, standing, settled)

    def _decide(self, contender: Contender, cycle: _Cycle, soc_kwh: float) -> Decided:
        """What the contender's own prices ask of its own battery, with the champion's forecasts."""
        horizon = cycle.planned.plan.problem.horizon
        battery = replace(cycle.battery, soc_kwh=min(soc_kwh, cycle.battery.capacity_kwh))
        priced = self._priced(contender, cycle, horizon, cycle.now)
        stated = stated_problem(
            cycle.site,
            replace(cycle.planned.snapshot, battery=battery),
            cycle.planned.forecasts,
            priced,
            horizon,
            cycle.grid,
            cycle.history,
            (None,) * len(horizon),
        )
        plan = self._planners.setdefault(contender.name, Planner()).solve(stated.problem)
        net = zip(plan.batteries[0].charge_kw, plan.batteries[0].discharge_kw, strict=True)
        cut = zip(plan.flows.curtailed_kw, plan.problem.solar_kw, strict=True)
        return Decided(
            starts=horizon.starts,
            battery_kw=tuple(charge - discharge for charge, discharge in net),
            cut_share=tuple(kw / sun if sun > 0 else 0.0 for kw, sun in cut),
        )

    def _priced(self, contender: Contender, cycle: _Cycle, horizon: Horizon, now: datetime) -> Priced:
        meter = _ShadowMeter(self.store, contender.name)
        return price_site(cycle.site, contender.prices, _Given(cycle.market), meter, horizon, now)

    def _price_days(self, contender: Contender, cycle: _Cycle) -> Iterator[ShadowDay]:
        """Each local day that is over, on record and not priced yet, once its prices are all published."""
        calendar = calendar_of(cycle.site)
        today = calendar.day_of(cycle.until)
        days = [today - timedelta(days=back) for back in range(LONGEST_GAP.days, 0, -1)]
        known = self.store.priced_days(cycle.site.site_id, contender.name, days[0])
        for day in days:
            if day not in known:
                priced = self._price_day(contender, cycle, day, calendar)
                if priced is not None:
                    self.store.record_day(cycle.site.site_id, priced)
                    yield priced

    def _price_day(self, contender: Contender, cycle: _Cycle, day: date, calendar: Calendar) -> ShadowDay | None:
        """The bill, wear, and what the battery holds more or less at the end, at the day's mean price."""
        start, end = calendar.instant(day, 0), calendar.instant(day + timedelta(days=1), 0)
        found = self.store.quarters(cycle.site.site_id, contender.name, start - QUARTER, end)
        before, rows = (found[0], found[1:]) if found else (None, found)
        if before is None or len(rows) < COVERED * ((end - start) / QUARTER):
            return None
        edges = [datetime.fromtimestamp(row.at_s, UTC) for row in rows]
        horizon = Horizon((*edges, edges[-1] + QUARTER), cycle.site.zone)
        priced = self._priced(contender, cycle, horizon, start)
        if priced.step in {PriceStep.FALLBACK, PriceStep.EXTENDED}:
            return None
        tariff = carried(priced.tariff, horizon, calendar, priced.metered, priced.past).tariff
        record = Meter(
            horizon=horizon,
            import_kwh=tuple(row.import_kwh for row in rows),
            export_kwh=tuple(row.export_kwh for row in rows),
        )
        mean_price = sum(tariff.import_price_per_kwh) / len(rows)
        stored_kwh = (rows[-1].soc_kwh - before.soc_kwh) * cycle.battery.discharge_efficiency
        wear = sum(row.moved_kwh for row in rows) * cycle.battery.wear_cost_per_kwh
        return ShadowDay(
            name=contender.name,
            day=day,
            cost=invoice(tariff, record).caused + wear - stored_kwh * mean_price,
            currency=tariff.currency,
            quarters=len(rows),
        )


def _happened(history: pd.DataFrame, snapshot: SiteSnapshot, at: datetime) -> tuple[float, float] | None:
    """Mean demand and sun of a quarter on record; None where something that the site has is missing."""
    if at not in history.index:
        return None
    load_kw, heat_kw, other_kw, sun_kw = (float(history[name][at]) for name in HAPPENED)
    if not isfinite(load_kw) or (snapshot.heat_kw is not None and not isfinite(heat_kw)):
        return None
    if snapshot.reading.has_solar and not isfinite(sun_kw):
        return None
    demand_kw = sum(kw for kw in (load_kw, heat_kw, other_kw) if isfinite(kw))
    return demand_kw, sun_kw if isfinite(sun_kw) else 0.0


def _alone(site: Site) -> Site:
    """The site with its battery alone: what the other assets really did is in the recorded load."""
    return replace(site, deferrable_loads=(), ev_sessions=(), gensets=(), heat_stores=())
