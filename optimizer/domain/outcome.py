"""How a cycle ends: a closed set."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.domain.command import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The batch is in force. ``receipt.batch_id`` is None where only reading back told so."""

    receipt: Receipt
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Nothing was sent, because what is in force already does what the plan wants."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """The inputs did not allow a plan; the schedule in force stays. ``error`` is a heading of RUNBOOK.md."""

    error: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Planning or delivery failed; the schedule in force stays. ``error`` is a heading of RUNBOOK.md."""

    error: str
    detail: str


Outcome = Posted | Held | Skipped | Failed


def is_success(outcome: Outcome) -> bool:
    """Whether the site now does what its newest plan wants."""
    return isinstance(outcome, Posted | Held)
