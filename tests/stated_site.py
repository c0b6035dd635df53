"""A site in Berlin with what its operator may state for every day, and horizons by its wall clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from builders import SITE_ID, problem

from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.problem import Problem
from optimizer.domain.site import DeferrableLoadSettings, EvSessionSettings, HeatStoreSettings, Site
from optimizer.domain.tariff import PeakCharge
from optimizer.domain.windows import LocalWindow
from optimizer.siting import Moment, state_site
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


DISHES = DeferrableLoadSettings(name="dishes", power_kw=2.0, run_hours=1.5, window=at("10:00", "18:00"))


VAN = EvSessionSettings(name="van", energy_kwh=20.0, max_charge_kw=10.0, window=at("18:00", "06:00"), efficiency=1.0)


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


def charge(**changes: object) -> PeakCharge:
    return PeakCharge(**({"name": "peak", "price_per_kw": 10.0} | changes))
