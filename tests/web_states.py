"""States of a service, made up for what tells them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.domain.plan import Flows
from optimizer.domain.snapshot import BatteryReading, BatteryState, GridReading, Ratings, SiteReading, SiteSnapshot
from optimizer.web import PlanSlots, PlanState, ServiceState, SiteState

NOW = datetime(2021, 4, 14, 12, 20, tzinfo=UTC)


CONVENTIONS = Conventions(
    bess_power_positive=BatterySign.CHARGE, bess_telemetry_positive=BatterySign.CHARGE, max_entries_per_command=96
)
BATTERY = BatteryState(
    capacity_kwh=10.0,
    soc_kwh=4.0,
    soc_min_kwh=1.0,
    soc_max_kwh=9.5,
    reserve_kwh=0.0,
    max_charge_kw=5.0,
    max_discharge_kw=5.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    wear_cost_per_kwh=0.0,
)
SLOT = timedelta(minutes=15)


def slots(**changes: Any) -> PlanSlots:
    """Two hours of quarters from 12:15 UTC on, the battery charging 2 kW and then resting."""
    count = 8
    flows = Flows(
        import_kw=(1.5,) * 4 + (0.0,) * 4,
        export_kw=(0.0,) * 4 + (0.5,) * 4,
        charge_kw=(2.0,) * 4 + (0.0,) * 4,
        discharge_kw=(0.0,) * count,
        curtailed_kw=(0.0,) * count,
        soc_kwh=(4.475, 4.95, 5.425, 5.9, 5.9, 5.9, 5.9, 5.9),
    )
    begin = NOW - timedelta(minutes=5)
    given: dict[str, Any] = {
        "edges": tuple(begin + number * SLOT for number in range(count + 1)),
        "import_price": (0.3,) * 4 + (0.4,) * 4,
        "export_price": (0.08,) * count,
        "known_until": begin + 6 * SLOT,
        "load_kw": (0.5,) * count,
        "heat_kw": (0.25,) * count,
        "solar_kw": (1.25,) * count,
        "flows": flows,
        "reasons": tuple(f"reason {number}" for number in range(count)),
    }
    return PlanSlots(**given | changes)


def command(pair: Pair, *entries: tuple[int, int, float]) -> Command:
    """Entries by minutes from NOW."""
    return Command(
        pair=pair,
        entries=tuple(
            Entry(start=NOW + timedelta(minutes=start), end=NOW + timedelta(minutes=end), value=value)
            for start, end, value in entries
        ),
    )


IN_FORCE = (
    command(Pair.GRID_UPPER_LIMIT, (-5, 1435, 20.0)),
    command(Pair.BESS_POWER, (-5, 25, 3.2), (25, 40, 3.2), (40, 100, 0.0)),
)


def seen(*in_force: Command, ago_s: float = 30.0) -> SiteSnapshot:
    """What the site told so long ago."""
    read_at = NOW - timedelta(seconds=ago_s)
    reading = SiteReading(
        site_id="home",
        read_at=read_at,
        reported_at=read_at,
        is_online=True,
        grid=GridReading(import_kw=1.5, export_kw=0.0, ratings=Ratings()),
        battery=BatteryReading(
            soc_percent=41.0, reported_capacity_kwh=10.0, charge_kw=3.1, discharge_kw=0.0, ratings=Ratings()
        ),
        has_solar=True,
        solar_kw=2.2,
        solar_rated_kw=5.0,
        load_kw=0.6,
        heatpump_kw=None,
        ev_kw=None,
        genset_kw=None,
        wind_kw=None,
        in_force=in_force or IN_FORCE,
    )
    return SiteSnapshot(
        site_id="home",
        taken_at=read_at,
        reading=reading,
        hcu=None,
        battery=replace(BATTERY, soc_kwh=4.1),
        import_limit_kw=20.0,
        export_limit_kw=None,
        load_kw=0.6,
        heat_kw=0.2,
        other_kw=None,
    )


def intent(*commands: Command, state: BatchState = BatchState.ACCEPTED, minutes: int = 0, **changes: Any) -> Intent:
    """A batch that was sent at so many minutes from NOW."""
    given: dict[str, Any] = {
        "key": f"home {minutes}",
        "site_id": "home",
        "slot": NOW,
        "kind": BatchKind.PLAN,
        "intended_at": NOW + timedelta(minutes=minutes),
        "commands": commands,
        "state": state,
        "sends": 1,
    }
    return Intent(**given | changes)


def plan(**changes: Any) -> PlanState:
    given: dict[str, Any] = {
        "made_at": NOW - timedelta(minutes=5),
        "verdict": "optimal",
        "solver": "HiGHS",
        "objective": 3.07,
        "currency": "EUR",
        "solve_s": 0.018,
        "price_step": "fresh",
        "price_why": None,
        "notes": (),
        "quality": {"load": "learned", "heat": "none", "solar": "profile"},
        "basis": {"load": "35 days of record", "heat": "", "solar": "half of a clear sky"},
        "read": {"load": True, "soc": False},
        "report_age_s": 12.0,
        "battery": BATTERY,
        "foreign": (),
        "slots": slots(),
    }
    return PlanState(**given | changes)


def site(**changes: Any) -> SiteState:
    given: dict[str, Any] = {
        "site_id": "home",
        "zone": "Europe/Berlin",
        "conventions": CONVENTIONS,
        "outcome": "posted",
        "ended_at": NOW - timedelta(minutes=5),
        "unplanned_s": 300.0,
        "was_good": True,
        "holds_lease": True,
        "plan": plan(),
        "seen": seen(),
        "outcomes": {"posted": 3},
        "price_steps": {"fresh": 3},
        "batch_state": "in_force",
        "told_until": NOW + timedelta(hours=11, minutes=40),
        "trusted_share": 1.0,
    }
    return SiteState(**given | changes)


def service(*sites: SiteState, **changes: Any) -> ServiceState:
    given: dict[str, Any] = {"at": NOW, "version": "1.2.3", "scheduler_runs": True, "loop_age_s": 1.0, "sites": sites}
    return ServiceState(**given | changes)
