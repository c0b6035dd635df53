"""The record of batches for who plans dry: all is read, nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from optimizer.batch_book import BatchBook, lease_of
from optimizer.domain.command import Batch, Command, Receipt
from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.errors import NotInControl

REASON = "a dry run sends nothing and writes nothing down"


@dataclass(frozen=True, slots=True)
class DryBook(BatchBook):
    """What a cycle would find on record, and be told of it, without its traces."""

    def take_over(self, site_id: str, now: datetime) -> int:
        """Raises NotInControl."""
        raise NotInControl(REASON)

    def intend(
        self, site_id: str, slot: datetime, batch: Batch, kind: BatchKind, *, epoch: int, now: datetime
    ) -> Intent:
        """Raises NotInControl."""
        raise NotInControl(REASON)

    def answered(self, key: str, receipt: Receipt, now: datetime) -> None:
        """Nothing."""

    def judge(self, key: str, state: BatchState, now: datetime, detail: str | None = None) -> None:
        """Nothing."""

    def set_mark(self, site_id: str, name: str, content: Mapping[str, Any], now: datetime) -> None:
        """Nothing."""

    def respect_until(self, site_id: str, foreign: Command, lease: timedelta, now: datetime) -> datetime:
        """As it would be written down now."""
        until_s, _ = lease_of(self.known_foreign(site_id, foreign.pair), foreign, lease, now)
        return datetime.fromtimestamp(until_s, UTC)
