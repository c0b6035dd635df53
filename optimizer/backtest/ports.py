"""The ports of a cycle that live in memory: what a backtest remembers, and nothing that a plan does not rest on."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from optimizer.backtest.knowledge import KnownPast
from optimizer.backtest.quarters import QUARTER
from optimizer.domain.conventions import Conventions
from optimizer.domain.forecast import Issued
from optimizer.domain.outcome import Outcome
from optimizer.domain.plan import Plan
from optimizer.domain.series import Series
from optimizer.domain.site import Site
from optimizer.domain.snapshot import SiteSnapshot
from optimizer.last_assets import LastAssets
from optimizer.ledger import Ledger, migrate
from optimizer.lp import Planner
from optimizer.memory import METER_COLUMNS
from optimizer.planning import Planned, PlanningGrid
from optimizer.reconcile import LastSoc
from optimizer.simulator.meter import QuarterRow
from optimizer.trusting import MARK

READINGS = 15.0
"""A plant's own meter counts as read each minute."""


class QuietPlanner(Planner):
    """Plans without asking for alternatives: they explain a plan and change nothing about it."""

    def consider(self, plan: Plan) -> Plan:
        """The same."""
        return plan


@dataclass(frozen=True, slots=True)
class NoForecasts:
    """No external forecasts."""

    def external(self, horizon: object) -> Mapping[str, Series]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class NoShadows:
    """Nobody plans beside the cycle."""

    def observe(self, site: Site, grid: PlanningGrid, planned: Planned, now: datetime) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class SureOfAll:
    """The plant always tells its state of charge, and what it has."""

    def last_soc(self, site_id: str, now: datetime) -> LastSoc | None:
        """None is needed."""
        return None

    def last_assets(self, site_id: str) -> LastAssets:
        """Nor these."""
        return LastAssets()


@dataclass(frozen=True, slots=True)
class ForecastKeeper:
    """Records what later cycles go by: the forecasts that were made. The data themselves are the history."""

    past: KnownPast

    def record_reading(self, snapshot: SiteSnapshot, conventions: Conventions) -> None:
        """The data hold it already."""

    def begin(self, site_id: str, at: datetime, body: Mapping[str, Any]) -> int:
        """No record of its own."""
        return 0

    def end(self, cycle_id: int, outcome: Outcome, planned: Planned | None, body: Mapping[str, Any]) -> None:
        """The forecasts of a plan."""
        if planned is not None:
            self.past.remember(issued_by(planned))


def issued_by(planned: Planned) -> Issued:
    """The forecasts that a plan was made with."""
    problem = planned.plan.problem
    return Issued(
        at=problem.horizon.start,
        edges=problem.horizon.edges,
        load_kw=problem.load_kw,
        heat_kw=problem.heat_kw,
        solar_kw=problem.solar_kw,
    )


class PlantMeter:
    """What the plant's own meter showed, as the ledger's record of the connection point is asked."""

    def __init__(self) -> None:
        self.rows: list[QuarterRow] = []
        self._starts_s: list[int] = []
        self._kw: list[tuple[float, float]] = []

    def add(self, rows: list[QuarterRow]) -> None:
        """Quarters that are over."""
        self.rows += rows
        for start, end, import_kwh, export_kwh in rows:
            hours = (end - start) / timedelta(hours=1)
            self._starts_s.append(int(start.timestamp()) // 900 * 900)
            self._kw.append((import_kwh / hours, export_kwh / hours))

    def metered(self, site_id: str, interval_minutes: int, since: datetime, now: datetime) -> pd.DataFrame:
        """See ``ports.RecallMeter``."""
        first = int(np.searchsorted(self._starts_s, since.timestamp()))
        starts_s = np.array(self._starts_s[first:], dtype=np.int64)
        kw = np.array(self._kw[first:], dtype=np.float64).reshape(-1, 2)
        interval_s = interval_minutes * 60
        frame = pd.DataFrame(
            {METER_COLUMNS[0]: kw[:, 0], METER_COLUMNS[1]: kw[:, 1], METER_COLUMNS[2]: np.full(len(kw), READINGS)},
            index=pd.DatetimeIndex(pd.to_datetime(starts_s, unit="s", utc=True)),
        )
        if interval_s <= QUARTER.total_seconds() or frame.empty:
            return frame
        groups = pd.to_datetime(starts_s // interval_s * interval_s, unit="s", utc=True)
        means = frame.groupby(groups).mean()
        means[METER_COLUMNS[2]] = frame.groupby(groups)[METER_COLUMNS[2]].sum()
        return means


def ledger_in_memory(content: bytes | None = None) -> Ledger:
    """A ledger that no file holds: an empty one, or what ``content_of`` gave."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    if content is None:
        migrate(connection, 0)
    else:
        connection.deserialize(content)
    return Ledger(connection)


def content_of(ledger: Ledger) -> bytes:
    """All of a ledger."""
    with ledger.transaction() as connection:
        return connection.serialize()


def proven_signs(conventions: Conventions) -> dict[str, Any]:
    """The mark of a battery that has answered as told: the plant is built from the same conventions."""
    return {
        "signature": f"{conventions.bess_power_positive.value}/{conventions.bess_telemetry_positive.value}",
        "since": datetime(1970, 1, 1, tzinfo=UTC).isoformat(),
        "answer": "as told",
        "evidence": "the plant of a backtest",
    }


SIGNS = MARK
