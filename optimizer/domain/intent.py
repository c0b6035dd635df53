"""A batch that is, was or may be in force: written down before it is sent, and again with what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from optimizer.domain.command import Batch, Command


class BatchKind(Enum):
    """Why a batch was sent: to carry out a plan, to let the battery rest, or to take back what we had told."""

    PLAN = "plan"
    REST = "rest"
    CLEAR = "clear"


class BatchState(Enum):
    """How far a batch has come.

    ``SENT`` is written before the request leaves, so after a crash it means "may have been sent".
    """

    SENT = "sent"
    ACCEPTED = "accepted"
    IN_FORCE = "in_force"
    EFFECTIVE = "effective"
    DIVERGING = "diverging"
    REFUSED = "refused"
    LOST = "lost"
    NOT_FOUND = "not_found"


OPEN = frozenset({BatchState.SENT, BatchState.LOST})
"""Whether it was taken is not known."""
STANDING = frozenset(
    {BatchState.ACCEPTED, BatchState.IN_FORCE, BatchState.EFFECTIVE, BatchState.DIVERGING, BatchState.NOT_FOUND}
)
"""The cloud took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One batch as the ledger holds it. ``key`` is the site, the slot and the content; ``batch_id`` None: unknown.

    ``may_stand``: an earlier request with the same content was never answered, whatever comes of this one.
    """

    key: str
    site_id: str
    slot: datetime
    kind: BatchKind
    intended_at: datetime
    commands: tuple[Command, ...]
    state: BatchState
    sends: int
    batch_id: str | None = None
    accepted: int | None = None
    confirmed_at: datetime | None = None
    detail: str | None = None
    may_stand: bool = False

    @property
    def end(self) -> datetime | None:
        """When its last entry ends; None where it only clears."""
        return Batch(commands=self.commands).end
