"""What stands at a site when a cycle begins: our own batches, settled by what is in force, and foreign hands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from optimizer.dispatch import BATTERY_OR_GRID, ForeignSchedule, foreign_schedules, in_force_as_sent
from optimizer.domain.command import Batch, Command
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.intent import OPEN, BatchState, Intent
from optimizer.ports import RememberBatches


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """``intents`` are our newest batches, newest first; ``foreign`` schedules are to be respected now.

    ``last_sent`` is when the newest batch that was taken left.
    """

    intents: tuple[Intent, ...] = ()
    foreign: tuple[ForeignSchedule, ...] = ()
    last_sent: datetime | None = None

    @property
    def hands_off(self) -> str | None:
        """Why nothing may be sent: a foreign schedule decides what the battery does."""
        pairs = [each for each in self.foreign if each.pair in BATTERY_OR_GRID]
        if not pairs:
            return None
        names = ", ".join(each.pair.label for each in pairs)
        return f"{names} holds a schedule that this service did not write; it is respected for now"


def look(
    site_id: str, in_force: tuple[Command, ...], book: RememberBatches, rules: DispatchRules, now: datetime
) -> Standing:
    """Settle the batches that are open or not yet confirmed, and find foreign hands. Raises LedgerUnavailable."""
    log = structlog.get_logger().bind(site_id=site_id)
    intents = book.newest(site_id)
    settle(intents, in_force, book, rules, now)
    intents = book.newest(site_id)
    foreign = tuple(_respected(site_id, in_force, intents, book, rules, now))
    for each in foreign:
        log.warning("foreign_schedule", pair=each.pair.label, until=f"{each.end:%Y-%m-%dT%H:%M:%SZ}")
    taken = [intent.intended_at for intent in intents if intent.state not in {*OPEN, BatchState.REFUSED}]
    return Standing(intents=intents, foreign=foreign, last_sent=taken[0] if taken else None)


def settle(
    intents: tuple[Intent, ...],
    in_force: tuple[Command, ...],
    book: RememberBatches,
    rules: DispatchRules,
    now: datetime,
) -> None:
    """What is in force tells which open batches were taken, and whether the newest that was taken is there.

    ``intents`` are newest first. An open batch that is not there was lost on the way, or cut off by a later one.
    """
    log = structlog.get_logger()
    later_is_there = False
    for intent in intents:
        if intent.state not in {*OPEN, BatchState.ACCEPTED, BatchState.NOT_FOUND} or later_is_there:
            later_is_there = later_is_there or intent.state in {BatchState.IN_FORCE, BatchState.EFFECTIVE}
            continue
        bound = log.bind(site_id=intent.site_id, batch_key=intent.key, batch_id=intent.batch_id)
        if intent.end is not None and intent.end <= now:
            if intent.state is BatchState.SENT:
                book.judge(intent.key, BatchState.LOST, now, "sent, never answered, and over before it could be found")
                bound.warning("batch_lost", detail="it left before the service ended, and ended before it was back")
        elif in_force_as_sent(Batch(commands=intent.commands), in_force, now=now):
            book.judge(intent.key, BatchState.IN_FORCE, now, _told_by(intent))
            bound.info("batch_in_force", after_s=round((now - intent.intended_at).total_seconds()))
            later_is_there = True
        elif intent.state is BatchState.SENT:
            book.judge(intent.key, BatchState.LOST, now, "sent, never answered, and not found in force")
            bound.warning("batch_lost", detail="it left before the service ended, and is not in force")
        elif intent.state is BatchState.ACCEPTED and now - intent.intended_at > rules.confirm_within:
            book.judge(intent.key, BatchState.NOT_FOUND, now, "accepted, but not found in force")
            bound.error("batch_not_in_force", detail="the cloud accepted it and does not show it")


def _told_by(intent: Intent) -> str | None:
    return "its answer was lost; found in force" if intent.batch_id is None else None


def _respected(
    site_id: str,
    in_force: tuple[Command, ...],
    intents: tuple[Intent, ...],
    book: RememberBatches,
    rules: DispatchRules,
    now: datetime,
) -> Iterator[ForeignSchedule]:
    if not rules.foreign_lease:
        return
    for each in foreign_schedules(in_force, intents, now):
        if now < book.respect_until(site_id, Command(pair=each.pair, entries=each.entries), rules.foreign_lease, now):
            yield each
