"""A measured home in closed loop: forecast, plan, command the battery for a slot, live through what really came."""

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimizer.domain.assets import Battery
from optimizer.domain.forecast import Forecasts, Issued
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.problem import Problem
from optimizer.domain.site import Site
from optimizer.domain.uncertainty import Uncertainty
from optimizer.forecast import ForecastInputs, Present, error_days, forecast_site, outcomes
from optimizer.lp import Planner, end_values

ZONE = "Europe/Paris"
SLOT = timedelta(minutes=30)
SLOT_H = 0.5
HORIZON_HOURS = 36.0
IMPORT_BY_DAY, IMPORT_BY_NIGHT, EXPORT = 0.1907, 0.1419, 0.065
SITE = Site(site_id="home", zone=ZONE)
HOME = Battery(
    capacity_kwh=10.0,
    soc_kwh=5.0,
    soc_max_kwh=10.0,
    max_charge_kw=5.0,
    max_discharge_kw=5.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
)


def recording() -> Path:
    """The data file; skips where the folder is absent."""
    folder = Path(os.environ.get("HEAT_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "emhass_home_30min_2024_2025.csv.gz"
    if not path.exists():
        pytest.skip(f"reference data {path.name} is absent: set HEAT_DATA_DIR to the folder that holds it")
    return path


@cache
def measured(path: Path) -> pd.DataFrame:
    """15-minute load and solar power; gaps stay gaps."""
    frame = pd.read_csv(path, parse_dates=["timestamp_utc"], index_col="timestamp_utc")[["load_kw", "solar_kw"]]
    quarters = pd.date_range(frame.index[0], frame.index[-1] + pd.Timedelta(minutes=15), freq="15min")
    return frame.reindex(quarters).ffill(limit=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What a stretch of days cost, day by day, and how often the plan minded scenarios."""

    bills: tuple[float, ...]
    minded: int


class MeasuredHome:
    """The home between two days, on a clock that moves a slot at a time."""

    def __init__(self, path: Path, scenarios: int) -> None:
        self._frame = measured(path)
        self._lived = self._frame.fillna(self._frame.median())
        self._scenarios = scenarios
        self._issued: dict[datetime, Issued] = {}
        self._planner = Planner()
        self._minded = 0

    def live(self, start: datetime, days: int) -> Lived:
        """Days from ``start`` on, half full at first. Forecasts of the weeks before are made first of all."""
        warm_up = self._scenarios + 2
        at = start - warm_up * timedelta(days=1)
        while self._scenarios and at < start:
            self._forecasts(at)
            at += SLOT
        bills, stored_kwh, at = [], HOME.capacity_kwh / 2, start
        for _ in range(days):
            bill = 0.0
            for _ in range(round(24 / SLOT_H)):
                cost, stored_kwh = self._slot(at, stored_kwh)
                bill += cost
                at += SLOT
            bills.append(bill)
        return Lived(bills=tuple(bills), minded=self._minded)

    def _slot(self, at: datetime, stored_kwh: float) -> tuple[float, float]:
        """Money and stored energy after a slot in which the battery did as told, within its window."""
        plan = self._planner.solve(self._problem(at, stored_kwh))
        self._minded += plan.caution is not None
        told_kw = plan.flows.charge_kw[0] - plan.flows.discharge_kw[0]
        room_kw = (HOME.capacity_kwh - stored_kwh) / HOME.charge_efficiency / SLOT_H
        left_kw = stored_kwh * HOME.discharge_efficiency / SLOT_H
        battery_kw = float(np.clip(told_kw, -left_kw, room_kw))
        gained_kw = battery_kw * HOME.charge_efficiency if battery_kw > 0 else battery_kw / HOME.discharge_efficiency
        came = self._lived.loc[at]
        grid_kw = came.load_kw - came.solar_kw + battery_kw
        price = float(_import_prices((at,))[0]) if grid_kw > 0 else EXPORT
        return price * grid_kw * SLOT_H, stored_kwh + gained_kw * SLOT_H

    def _problem(self, at: datetime, stored_kwh: float) -> Problem:
        horizon, forecasts = self._forecasts(at)
        slots = len(horizon)
        bought, sold = tuple(_import_prices(horizon.starts).tolist()), (EXPORT,) * slots
        battery = replace(HOME, soc_kwh=min(max(stored_kwh, 0.0), HOME.capacity_kwh))
        values = end_values(
            horizon,
            battery,
            demand_kw=forecasts.load.kw,
            solar_kw=forecasts.solar.kw,
            import_price_per_kwh=bought,
            export_price_per_kwh=sold,
        )
        return Problem(
            site_id=SITE.site_id,
            horizon=horizon,
            load_kw=forecasts.load.kw,
            heat_kw=forecasts.heat.kw,
            solar_kw=forecasts.solar.kw,
            import_price_per_kwh=bought,
            export_price_per_kwh=sold,
            currency="EUR",
            batteries=(replace(battery, end_values=values),),
            uncertainty=self._uncertainty(at, horizon, forecasts),
        )

    def _forecasts(self, at: datetime) -> tuple[Horizon, Forecasts]:
        horizon = plan_horizon(at, slot_minutes=30, horizon_hours=HORIZON_HOURS, zone=ZONE)
        history = self._history(at)
        last = history.iloc[-1]
        present = Present(
            at=at,
            load_kw=_known(last.load_kw),
            heat_kw=None,
            solar_kw=_known(last.solar_kw),
            other_kw=None,
            outdoor_c=None,
        )
        inputs = ForecastInputs(
            site=SITE,
            present=present,
            history=history,
            solar_rated_kw=None,
            has_solar=True,
            has_heat=False,
            external={},
        )
        forecasts = forecast_site(inputs, horizon)
        self._issued[at] = Issued(
            at=at,
            edges=horizon.edges,
            load_kw=forecasts.load.kw,
            heat_kw=forecasts.heat.kw,
            solar_kw=forecasts.solar.kw,
        )
        return horizon, forecasts

    def _history(self, at: datetime) -> pd.DataFrame:
        """35 days before ``at``, and nothing later."""
        return self._frame.loc[at - timedelta(days=35) : at - timedelta(minutes=1)]

    def _uncertainty(self, at: datetime, horizon: Horizon, forecasts: Forecasts) -> Uncertainty | None:
        asked = error_days(at, HORIZON_HOURS, self._scenarios)
        issued = [self._issued[day] for day in asked if day in self._issued]
        scenarios = outcomes(forecasts, horizon, issued, self._history(at), at)
        return Uncertainty(scenarios=scenarios) if scenarios else None


def _import_prices(starts: tuple[datetime, ...]) -> np.ndarray:
    hour = pd.DatetimeIndex(starts).tz_convert(ZONE).hour
    return np.where((hour >= 7) & (hour < 22), IMPORT_BY_DAY, IMPORT_BY_NIGHT)


def _known(kw: float) -> float | None:
    return None if np.isnan(kw) else float(kw)
