"""The one-method contracts through which a cycle reaches the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import pandas as pd

from optimizer.domain.command import Batch, Command, Pair, Receipt
from optimizer.domain.forecast import Issued
from optimizer.domain.horizon import Horizon
from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.domain.series import Series
from optimizer.domain.snapshot import HcuReading, SiteReading
from optimizer.domain.tariff import Market
from optimizer.last_assets import LastAssets
from optimizer.reconcile import LastSoc


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When a cycle must be done with the network, on a monotonic clock that is passed in."""

    monotonic: Callable[[], float]
    ends_at_s: float

    def within_s(self, most_s: float, *, keep_s: float = 0.0) -> float:
        """Seconds that a call may take: at most ``most_s``, leaving ``keep_s`` for what comes after."""
        return max(0.0, min(most_s, self.ends_at_s - self.monotonic() - keep_s))


class ReadSite(Protocol):
    """Read one site from the cloud. Raises SourceError."""

    def read_site(self, site_id: str, *, within_s: float) -> SiteReading: ...


class ReadHcu(Protocol):
    """Read the hydronic control unit. Raises SourceError."""

    def read_hcu(self, *, within_s: float) -> HcuReading: ...


class PostBatch(Protocol):
    """Send a batch once. Raises DeliveryRejected or DeliveryUnconfirmed."""

    def post_batch(self, site_id: str, batch: Batch, *, within_s: float) -> Receipt: ...


RecordedReading = tuple[datetime, float, float | None, float | None]
"""When, state of charge (percent), battery power (charge less discharge, kW) and load (kW)."""


class RememberBatches(Protocol):
    """The record of batches; see ``batch_book.BatchBook``. Every method raises LedgerUnavailable."""

    def take_over(self, site_id: str, now: datetime) -> int: ...

    def intend(
        self, site_id: str, slot: datetime, batch: Batch, kind: BatchKind, *, epoch: int, now: datetime
    ) -> Intent: ...

    def answered(self, key: str, receipt: Receipt, now: datetime) -> None: ...

    def judge(self, key: str, state: BatchState, now: datetime, detail: str | None = None) -> None: ...

    def newest(self, site_id: str, count: int = 20) -> tuple[Intent, ...]: ...

    def sends_between(self, site_id: str, since: datetime, now: datetime) -> int: ...

    def mark(self, site_id: str, name: str) -> dict[str, Any] | None: ...

    def set_mark(self, site_id: str, name: str, content: Mapping[str, Any], now: datetime) -> None: ...

    def readings(self, site_id: str, since: datetime, until: datetime) -> list[RecordedReading]: ...

    def respected(self, site_id: str, now: datetime) -> frozenset[Pair]: ...

    def respect_until(self, site_id: str, foreign: Command, lease: timedelta, now: datetime) -> datetime: ...


class FetchMarket(Protocol):
    """What the feeds know now; a feed that has nothing to offer is left out."""

    def market(self, horizon: Horizon) -> Market: ...


class RecallHistory(Protocol):
    """15-minute means of recorded telemetry before ``now``; see ``ForecastInputs.history``."""

    def history(self, site_id: str, now: datetime) -> pd.DataFrame: ...


class RecallMeter(Protocol):
    """Mean power across the connection point per metering interval; see ``siting.Moment.metered``."""

    def metered(self, site_id: str, interval_minutes: int, since: datetime, now: datetime) -> pd.DataFrame: ...


class RecallForecasts(Protocol):
    """The forecasts that were made at about these instants, where they are on record."""

    def issued(self, site_id: str, instants: Sequence[datetime]) -> tuple[Issued, ...]: ...


class RecallSoc(Protocol):
    """The newest plausible state of charge on record, if it is young enough to be used."""

    def last_soc(self, site_id: str, now: datetime) -> LastSoc | None: ...


class RecallAssets(Protocol):
    """What the site's earlier answers held, where it is on record."""

    def last_assets(self, site_id: str) -> LastAssets: ...


class ExternalForecasts(Protocol):
    """Forecasts that the operator supplies, by name (``load``, ``solar``, ``heat``), kW."""

    def external(self, horizon: Horizon) -> Mapping[str, Series]: ...
