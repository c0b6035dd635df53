"""The ledger as the ports that a cycle knows: history, last state of charge, and the record of cycles."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import structlog

from optimizer.assets_record import last_assets, note_assets
from optimizer.curtailed import is_sun_cut
from optimizer.domain.conventions import Conventions
from optimizer.domain.forecast import Issued
from optimizer.domain.outcome import Failed, Held, Outcome, Posted, Skipped
from optimizer.domain.problem import Problem
from optimizer.domain.snapshot import SiteReading, SiteSnapshot
from optimizer.issued_record import DAMAGED_ISSUED, packed_issued, unpacked_issued
from optimizer.last_assets import LastAssets
from optimizer.ledger import DAMAGED_RECORD, Ledger, TelemetrySample, unpacked
from optimizer.ledger_schema import TELEMETRY_COLUMNS
from optimizer.planning import Planned
from optimizer.problem_file import problem_document
from optimizer.reconcile import LastSoc, plausible_soc
from optimizer.replay import replay_document

HISTORY = timedelta(days=35)
SOC_MAY_BE = timedelta(minutes=60)
FORECAST_MAY_BE = timedelta(minutes=45)
METER_COLUMNS = ("import_kw", "export_kw", "readings")


def sample_of(snapshot: SiteSnapshot, conventions: Conventions, stale_after: timedelta) -> TelemetrySample | None:
    """What a snapshot teaches. None where the site's report is stale; single values None where untrue.

    A curtailed array does not show what the sun could give; an HCU in defrost or fault does not show demand.
    """
    reading, hcu = snapshot.reading, snapshot.hcu
    age_s = reading.age_s
    if age_s is not None and age_s > stale_after.total_seconds():
        return None
    curtailed = is_sun_cut(snapshot, conventions, snapshot.taken_at)
    teaches_heat = hcu is None or hcu.teaches
    return TelemetrySample(
        at=snapshot.taken_at,
        load_kw=snapshot.load_kw,
        solar_kw=None if curtailed else reading.solar_kw,
        heat_kw=snapshot.heat_kw if teaches_heat else None,
        thermal_kw=hcu.thermal_kw if hcu is not None and hcu.teaches else None,
        outdoor_c=None if hcu is None else hcu.outdoor_c,
        other_kw=snapshot.other_kw,
        soc_percent=None if reading.battery is None else plausible_soc(reading.battery.soc_percent),
        battery_kw=net_battery_kw(reading),
    )


def net_battery_kw(reading: SiteReading) -> float | None:
    """Charge less discharge as reported; None where it is not."""
    battery = reading.battery
    if battery is None or battery.charge_kw is None or battery.discharge_kw is None:
        return None
    return battery.charge_kw - battery.discharge_kw


@dataclass(frozen=True, slots=True)
class LedgerHistory:
    """Recorded telemetry as the forecasts want it. A ledger that cannot be read is reported and counts as empty."""

    ledger: Ledger

    def history(self, site_id: str, now: datetime) -> pd.DataFrame:
        """15-minute means of the last weeks, UTC, columns as in the ledger, NaN where nothing was recorded."""
        try:
            starts, columns = self.ledger.quarter_hour_means(site_id, now - HISTORY, now)
        except sqlite3.Error as error:
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=str(error))
            starts, columns = [], {name: [] for name in TELEMETRY_COLUMNS}
        index = pd.to_datetime(starts, unit="s", utc=True)
        return pd.DataFrame(columns, index=pd.DatetimeIndex(index), columns=list(TELEMETRY_COLUMNS), dtype=float)

    def metered(self, site_id: str, interval_minutes: int, since: datetime, now: datetime) -> pd.DataFrame:
        """Mean power across the connection point in each metering interval on record, and from how many readings."""
        try:
            rows = self.ledger.interval_means(site_id, since, now, interval_minutes * 60)
        except sqlite3.Error as error:
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=str(error))
            rows = []
        index = pd.DatetimeIndex(pd.to_datetime([row[0] for row in rows], unit="s", utc=True))
        columns = {name: [row[number] for row in rows] for number, name in enumerate(METER_COLUMNS, start=1)}
        return pd.DataFrame(columns, index=index, dtype=float)

    def issued(self, site_id: str, instants: Sequence[datetime]) -> tuple[Issued, ...]:
        """The forecasts of the cycles nearest before ``instants``; left out is what is not on record, or damaged."""
        try:
            found = self.ledger.issued_at(site_id, instants, FORECAST_MAY_BE)
        except sqlite3.Error as error:
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=str(error))
            return ()
        made = []
        for packed, body in found:
            try:
                kept = packed if body is None else _packed_issued(unpacked(body).get("problem"))
                if kept is not None:
                    made.append(unpacked_issued(kept))
            except (*DAMAGED_ISSUED, *DAMAGED_RECORD, KeyError, AttributeError) as error:
                detail = f"a forecast on record is damaged: {error}"
                structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=detail)
        return tuple(made)

    def last_soc(self, site_id: str, now: datetime) -> LastSoc | None:
        """The newest state of charge of the last hour."""
        try:
            found = self.ledger.newest_soc(site_id, now - SOC_MAY_BE, now)
        except sqlite3.Error as error:
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=str(error))
            return None
        if found is None:
            return None
        at, soc_percent = found
        return LastSoc(soc_percent=soc_percent, age_s=(now - at).total_seconds())

    def last_assets(self, site_id: str) -> LastAssets:
        """What the site's earlier answers held."""
        try:
            return last_assets(self.ledger, site_id)
        except sqlite3.Error as error:
            structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=str(error))
            return LastAssets()


@dataclass(frozen=True, slots=True)
class LedgerRecorder:
    """Writes cycles. A ledger that cannot be written is reported and does not stop dispatch."""

    ledger: Ledger
    stale_after: timedelta

    def record_reading(self, snapshot: SiteSnapshot, conventions: Conventions) -> None:
        """Store the snapshot's sample."""
        sample = sample_of(snapshot, conventions, self.stale_after)
        if sample is None:
            return
        grid = snapshot.reading.grid
        try:
            self.ledger.record_sample(snapshot.site_id, sample)
            note_assets(self.ledger, snapshot.site_id, snapshot.reading)
            if grid is not None and grid.import_kw is not None and grid.export_kw is not None:
                self.ledger.record_meter(
                    snapshot.site_id, sample.at, import_kw=grid.import_kw, export_kw=grid.export_kw
                )
        except sqlite3.Error as error:
            _complain(snapshot.site_id, error)

    def begin(self, site_id: str, at: datetime, body: Mapping[str, Any]) -> int:
        """Store the intent; -1 where the ledger cannot be written."""
        try:
            return self.ledger.begin_cycle(site_id, at, _recorded(body))
        except sqlite3.Error as error:
            _complain(site_id, error)
            return -1

    def end(self, cycle_id: int, outcome: Outcome, planned: Planned | None, body: Mapping[str, Any]) -> None:
        """Store what came of it."""
        detail, batch_id, accepted = None, None, None
        match outcome:
            case Posted(receipt=receipt):
                batch_id, accepted = receipt.batch_id, receipt.accepted
            case Held(reason=reason):
                detail = reason
            case Skipped(error=error, detail=words) | Failed(error=error, detail=words):
                detail = f"{error}: {words}"
        if cycle_id < 0:
            return
        plan, recorded = None if planned is None else planned.plan, _recorded(body)
        try:
            self.ledger.end_cycle(
                cycle_id,
                outcome=type(outcome).__name__.lower(),
                detail=detail,
                batch_id=batch_id,
                accepted=accepted,
                verdict=None if plan is None else str(plan.verdict),
                objective=None if plan is None else plan.objective,
                currency=None if plan is None else plan.problem.currency,
                body=recorded,
                issued=_packed_issued(recorded.get("problem")),
            )
        except sqlite3.Error as failure:
            _complain(str(cycle_id), failure)


def _recorded(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A cycle's problem is stored in the form that ``heat-optimizer solve`` reads, with what a replay needs beside."""
    found = dict(body)
    if isinstance(found.get("problem"), Problem):
        found["problem"] = problem_document(found["problem"])
    if isinstance(found.get("replay"), Planned):
        found["replay"] = replay_document(found["replay"])
    return found


def _packed_issued(problem: Mapping[str, Any] | None) -> bytes | None:
    """The forecast in a recorded problem; None without one."""
    if problem is None:
        return None
    edges = tuple(datetime.fromisoformat(edge) for edge in problem["horizon"]["edges"])
    kw = {name: tuple(problem[name]) for name in ("load_kw", "heat_kw", "solar_kw")}
    return packed_issued(Issued(at=edges[0], edges=edges, **kw))


def _complain(what: str, error: sqlite3.Error) -> None:
    structlog.get_logger().error("ledger_not_written", record=what, detail=str(error))
