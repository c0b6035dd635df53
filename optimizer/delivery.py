"""Send a batch so that afterwards it is known whether it is in force; never more than two sends a cycle."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from structlog.typing import FilteringBoundLogger

from optimizer.dispatch import in_force_as_sent
from optimizer.domain.command import Batch, Receipt
from optimizer.domain.intent import BatchKind, BatchState
from optimizer.errors import (
    DeliveryError,
    DeliveryRejected,
    DeliveryUnconfirmed,
    LedgerUnavailable,
    SourceError,
    StaleData,
)
from optimizer.planning import Planned
from optimizer.ports import Deadline, PostBatch, ReadSite, RememberBatches

MOST_SENDS = 2
POST_S = 10.0
READ_BACK_S = 4.0
MOST_MOVED = timedelta(minutes=2)
"""No cycle takes so long: a clock that moved by more leapt, or the machine slept."""
FOUND_IN_FORCE = Receipt(batch_id=None, accepted=None)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One cycle's sending to one site, counting its sends; ``began`` is the instant that it plans for.

    The ledger holds each batch before its request leaves; where it cannot, nothing leaves.
    """

    site_id: str
    slot: datetime
    began: datetime
    epoch: int
    poster: PostBatch
    reader: ReadSite
    book: RememberBatches
    now: Callable[[], datetime]
    deadline: Deadline
    pause: Callable[[float], object]
    log: FilteringBoundLogger
    sends: int = 0
    key: str = ""

    def deliver(self, planned: Planned) -> Receipt:
        """The receipt of a batch that is in force. Raises DeliveryError, or StaleData when the cycle took too long."""
        if planned.clear is not None:
            self._clear(planned.clear)
        receipt = self._send_until_known(planned.batch)
        if planned.clear is not None:
            self._confirm_overwrite(planned)
        return receipt

    def _clear(self, clear: Batch) -> None:
        """Ask for the other battery pair to go. If that fails, the batch itself overwrites it."""
        pairs = ", ".join(sorted(pair.label for pair in clear.pairs))
        try:
            receipt = self.send(clear, BatchKind.CLEAR)
        except DeliveryError as error:
            self.log.warning("clear_failed", pairs=pairs, error=error.name, detail=str(error))
        else:
            self.log.info("pair_cleared", pairs=pairs, batch_id=receipt.batch_id, accepted=receipt.accepted)

    def _send_until_known(self, batch: Batch) -> Receipt:
        while True:
            try:
                return self.send(batch)
            except DeliveryRejected as error:
                wait_s = error.retry_after_s
                if wait_s is None or self.sends >= MOST_SENDS or wait_s >= self.deadline.within_s(wait_s + 1.0):
                    raise
                self.log.warning("batch_postponed", detail=str(error), wait_s=wait_s)
                self.pause(wait_s)
            except DeliveryUnconfirmed as error:
                self.log.warning("batch_unconfirmed", detail=str(error), sends=self.sends)
                if self._is_in_force(batch, error):
                    self._remember(lambda key: self.book.answered(key, FOUND_IN_FORCE, self.now()))
                    return FOUND_IN_FORCE
                if self.sends >= MOST_SENDS or self.deadline.within_s(POST_S) < 1.0:
                    raise

    def send(self, batch: Batch, kind: BatchKind = BatchKind.PLAN) -> Receipt:
        """One request, written down before it leaves. Raises DeliveryError, StaleData or what the ledger raises."""
        within_s = self.deadline.within_s(POST_S, keep_s=READ_BACK_S)
        if within_s <= 0:
            within_s = self.deadline.within_s(POST_S)
        if within_s <= 0:
            msg = "planning took so long that its inputs are too old to act on; nothing was sent"
            raise StaleData(msg)
        now = self.now()
        if abs(now - self.began) > MOST_MOVED:
            msg = (
                f"the clock went from {self.began:%Y-%m-%dT%H:%M:%SZ} to {now:%Y-%m-%dT%H:%M:%SZ} within one cycle: "
                "what was planned is for another time; nothing was sent"
            )
            raise StaleData(msg)
        intent = self.book.intend(self.site_id, self.slot, batch, kind, epoch=self.epoch, now=now)
        self.key = intent.key
        self.sends += 1
        try:
            receipt = self.poster.post_batch(self.site_id, batch, within_s=within_s)
        except DeliveryRejected as error:
            words = str(error)
            # the refusal tells nothing of an earlier request that was never answered: that one may still arrive
            state = BatchState.LOST if intent.may_stand else BatchState.REFUSED
            self._remember(lambda key: self.book.judge(key, state, self.now(), words))
            raise
        except DeliveryUnconfirmed as error:
            words = str(error)
            self._remember(lambda key: self.book.judge(key, BatchState.LOST, self.now(), words))
            raise
        self._remember(lambda key: self.book.answered(key, receipt, self.now()))
        return receipt

    def _remember(self, write: Callable[[str], None]) -> None:
        """What came of a batch that has left. Where the ledger fails now, the next cycle finds it out again."""
        try:
            write(self.key)
        except LedgerUnavailable as error:
            self.log.error("ledger_not_written", record=self.key, detail=str(error))

    def _is_in_force(self, batch: Batch, unconfirmed: DeliveryUnconfirmed) -> bool:
        """Read the site's schedules back. Raises the unconfirmed error where even that fails."""
        try:
            reading = self.reader.read_site(self.site_id, within_s=self.deadline.within_s(READ_BACK_S))
        except SourceError as error:
            self.log.warning("read_back_failed", error=error.name, detail=str(error))
            msg = f"{unconfirmed}; reading back failed too: {error}"
            raise DeliveryUnconfirmed(msg) from None
        return in_force_as_sent(batch, reading.in_force, now=reading.read_at)

    def _confirm_overwrite(self, planned: Planned) -> None:
        """The pair that had to go is looked for once more, so that nobody has to believe the documents."""
        try:
            reading = self.reader.read_site(self.site_id, within_s=self.deadline.within_s(READ_BACK_S))
        except SourceError as error:
            self.log.warning("read_back_failed", error=error.name, detail=str(error))
            return
        gone = planned.clear is None or not any(
            command.pair in planned.clear.pairs and command.entries for command in reading.in_force
        )
        if gone and in_force_as_sent(planned.batch, reading.in_force, now=reading.read_at):
            self.log.info("overwrite_confirmed")
        else:
            self.log.error("overwrite_not_confirmed", other_pair_gone=gone)
