"""Plans to draw: a problem really solved, compiled and checked, without a simulator behind it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from builders import LIMITS, SITE_ID, battery, conventions, hours, problem

from optimizer.dispatch import Publication, publish
from optimizer.domain.forecast import Forecast, Forecasts, Quality
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.peaks import BilledPeak
from optimizer.domain.problem import Problem
from optimizer.domain.site import DispatchMode
from optimizer.domain.snapshot import SiteReading, SiteSnapshot
from optimizer.domain.tariff import Tariff
from optimizer.lp import Planner
from optimizer.planning import Planned
from optimizer.siting import Priced

BERLIN = "Europe/Berlin"
SPRING, AUTUMN = datetime(2026, 3, 28, 17, tzinfo=UTC), datetime(2026, 10, 24, 16, tzinfo=UTC)
"""The evenings before the clock is put forward and back in Berlin, 18:00 local."""
NASTY = "</script><img src=x onerror=alert(1)>&<!--"


def planned_of(
    question: Problem,
    *,
    site_id: str = SITE_ID,
    known_until: datetime | None = None,
    notes: tuple[str, ...] = (),
    degradations: tuple[str, ...] = (),
) -> Planned:
    """What a cycle would think of ``question``; prices from ``known_until`` on are a forecast."""
    planner = Planner()
    plan = planner.consider(planner.solve(question))
    over = question.horizon
    publication = Publication(
        mode=DispatchMode.BATTERY_POWER,
        conventions=conventions(),
        limits=LIMITS,
        solar_rated_kw=8.0,
        in_force=(),
        theirs=frozenset(),
        first_start=over.start,
        publish_until=over.start + timedelta(hours=24),
    )
    tariff = Tariff(
        import_price_per_kwh=question.import_price_per_kwh,
        export_price_per_kwh=question.export_price_per_kwh,
        known_until=known_until,
        is_forecast=() if known_until is None else tuple(start >= known_until for start in over.starts),
        notes=notes,
    )
    return Planned(
        snapshot=_snapshot(site_id, over.start, degradations),
        priced=Priced(tariff=tariff),
        forecasts=Forecasts(
            load=_forecast(question.load_kw), heat=_forecast(question.heat_kw), solar=_forecast(question.solar_kw)
        ),
        plan=plan,
        batch=publish(plan, publication),
        clear=None,
        publication=publication,
        solving=planner.solving,
    )


def _forecast(kw: tuple[float, ...]) -> Forecast:
    return Forecast(kw=kw, quality=Quality.LEARNED, basis="28 days on record")


def _snapshot(site_id: str, at: datetime, degradations: tuple[str, ...]) -> SiteSnapshot:
    reading = SiteReading(
        site_id=site_id,
        read_at=at,
        reported_at=at,
        is_online=True,
        grid=None,
        battery=None,
        has_solar=True,
        solar_kw=None,
        solar_rated_kw=8.0,
        load_kw=None,
        heatpump_kw=None,
        ev_kw=None,
        genset_kw=None,
        wind_kw=None,
        in_force=(),
    )
    return SiteSnapshot(
        site_id=site_id,
        taken_at=at,
        reading=reading,
        hcu=None,
        battery=None,
        import_limit_kw=20.0,
        export_limit_kw=15.0,
        load_kw=None,
        heat_kw=None,
        other_kw=None,
        degradations=degradations,
    )


def sunny(over: Horizon, **changes: object) -> Problem:
    """A house with sun at noon, heat at night, a dear evening and a demand charge."""
    local_h = [(start.hour + start.minute / 60) for start in over.starts]
    given: dict[str, object] = {
        "load_kw": [0.4 + (1.6 if 16 <= hour < 20 else 0.3 if 5 <= hour < 8 else 0.0) for hour in local_h],
        "heat_kw": [1.2 if hour < 5 else 0.6 if hour >= 19 else 0.0 for hour in local_h],
        "solar_kw": [max(0.0, 6.5 - abs(hour - 11.5) ** 2 / 4.5) for hour in local_h],
        "import_price_per_kwh": [
            0.21 if hour < 4 else 0.44 if 15 <= hour < 19 else 0.30 + 0.01 * (int(hour) % 3) for hour in local_h
        ],
        "export_price_per_kwh": 0.08,
        "peak_charges": (
            BilledPeak(name="demand charge", interval_of_slot=tuple(range(len(over))), price_per_kw=0.25, sunk_kw=1.4),
        ),
        "battery": battery(soc_kwh=3.0, wear_cost_per_kwh=0.01, reserve_kwh=2.0),
    }
    return problem(over, **(given | changes))


def whole_days(year: int) -> Horizon:
    """The local days of a year in Berlin."""
    first, count = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    midnights = (datetime.combine(first + timedelta(days=n), time(0), ZoneInfo(BERLIN)) for n in range(count + 1))
    return Horizon(tuple(at.astimezone(UTC) for at in midnights), BERLIN)


def quarter_hours(start: datetime, count_h: int = 36, zone: str = BERLIN) -> Horizon:
    """From ``start`` on, which need not be on the grid: the first slot is then a short one."""
    return plan_horizon(start, slot_minutes=15, horizon_hours=count_h, zone=zone)


def usual(start: datetime = datetime(2026, 6, 1, 9, 4, 30, tzinfo=UTC), **changes: object) -> Planned:
    """36 hours in quarters, from four and a half minutes past, tomorrow's prices a forecast."""
    tomorrow = start.replace(hour=22, minute=0, second=0)
    given = {"known_until": tomorrow, "notes": ("Prices of the same weekdays go on from tomorrow.",)} | changes
    return planned_of(sunny(quarter_hours(start)), **given)  # type: ignore[arg-type]


def hourly(start: datetime, zone: str = BERLIN, **changes: object) -> Planned:
    """36 hours in whole hours; ``changes`` are those of the problem."""
    return planned_of(sunny(hours(36, start, zone=zone), **changes))


def without_battery() -> Planned:
    """A plan that can only watch, and cut the sun."""
    return hourly(datetime(2026, 6, 1, 4, tzinfo=UTC), battery=None)


def negative_prices() -> Planned:
    """Being paid for taking energy around noon, and paying to give it."""
    over = hours(36, datetime(2026, 6, 1, 4, tzinfo=UTC), zone=BERLIN)
    bought = tuple(-0.12 if 10 <= start.hour < 14 else 0.28 for start in over.starts)
    sold = tuple(-0.15 if 10 <= start.hour < 14 else 0.05 for start in over.starts)
    return planned_of(replace(sunny(over), import_price_per_kwh=bought, export_price_per_kwh=sold))
