"""From a checked batch to the site: sent, held, or taken back."""

from datetime import datetime, timedelta

import structlog

from optimizer.delivery import Delivery
from optimizer.dispatch import foreign_schedules, why_send
from optimizer.domain.command import Batch, Command, Pair
from optimizer.domain.horizon import floor_to_slot
from optimizer.domain.intent import BatchKind
from optimizer.domain.limits import SiteLimits
from optimizer.domain.outcome import Held, Outcome, Posted
from optimizer.errors import HeatOptimizerError
from optimizer.planning import Planned, check
from optimizer.ports import Deadline
from optimizer.standing import Standing
from optimizer.stepdown import step_down, told_last
from optimizer.task import CyclePorts, SiteTask

HOUR = timedelta(hours=1)
NO_MOVE = SiteLimits(import_limit_kw=None, export_limit_kw=None, max_charge_kw=0.0, max_discharge_kw=0.0)
"""What a batch may ask for that lets the battery rest or takes back what was told."""


def act(
    task: SiteTask,
    ports: CyclePorts,
    planned: Planned,
    now: datetime,
    deadline: Deadline,
    standing: Standing,
    epoch: int,
) -> Outcome:
    """Send the batch, or hold it where the site already does the same or must be left alone."""
    if standing.hands_off is not None:
        return Held(reason=standing.hands_off)
    if not planned.batch.commands:
        return Held(reason="nothing at this site takes commands")
    half = timedelta(hours=task.grid.publish_hours / 2)
    until = min(now + half, planned.batch.end or now + half)
    reason = why_send(
        planned.batch,
        [command for command in planned.snapshot.reading.in_force if command.pair not in left_alone(planned, standing)],
        now=now,
        until=until,
        tolerance=task.hold_tolerance_kw,
    )
    if reason is None and standing.last_sent is not None and not now - task.rules.refresh < standing.last_sent <= now:
        reason = f"unchanged since {when(standing.last_sent)}: refreshed"
    if reason is None:
        return Held(reason=f"the schedule in force says the same until {when(until)}")
    site_id = task.site.site_id
    writes = ports.book.sends_between(site_id, now - HOUR, now)
    if writes >= task.rules.most_writes_per_hour:
        return Held(reason=f"{writes} requests changed the site within an hour, the most allowed; wanted: {reason}")
    delivery = delivery_to(task, ports, epoch, now, deadline)
    receipt = delivery.deliver(planned)
    delivery.log.info(
        "batch_posted",
        batch_id=receipt.batch_id,
        accepted=receipt.accepted,
        commands=len(planned.batch.commands),
        entries=planned.batch.entry_count,
        horizon=f"{when(planned.plan.problem.horizon.start)}/{when(planned.batch.end)}",
        because=reason,
        confirmed_by="answer" if receipt.batch_id is not None else "read_back",
    )
    return Posted(receipt=receipt, until=planned.batch.end)


def left_alone(planned: Planned, standing: Standing) -> set[Pair]:
    """The pairs that a batch says nothing of: foreign ones, and the battery's where the plan has none."""
    theirs = {each.pair for each in standing.foreign}
    return theirs if planned.plan.problem.battery is not None else theirs | {Pair.BESS_POWER, Pair.BESS_SOC}


def take_back(
    task: SiteTask, ports: CyclePorts, standing: Standing, in_force: tuple[Command, ...], epoch: int, deadline: Deadline
) -> None:
    """Clear every pair in which we stand, once; what is foreign stays, for there is nothing to put in its place.

    Raises HeatOptimizerError.
    """
    now = ports.now()
    theirs = {each.pair for each in foreign_schedules(in_force, standing.intents, now)}
    pairs = [command.pair for command in in_force if command.entries and command.pair not in theirs]
    if not pairs:
        return
    batch = Batch(commands=tuple(Command(pair=pair, entries=()) for pair in pairs))
    check(batch, in_force, NO_MOVE, task.conventions, now)
    delivery = delivery_to(task, ports, epoch, now, deadline)
    receipt = delivery.send(batch, BatchKind.CLEAR)
    names = ", ".join(pair.label for pair in pairs)
    delivery.log.warning("schedules_taken_back", pairs=names, batch_id=receipt.batch_id)


def step_site_down(task: SiteTask, ports: CyclePorts, epoch: int, now: datetime, deadline: Deadline) -> str | None:
    """The next step down while no plan can be made; what was done, or None. Never raises a HeatOptimizerError."""
    site_id = task.site.site_id
    log = structlog.get_logger().bind(site_id=site_id)
    try:
        intents = ports.book.newest(site_id)
        step = step_down(task.site, intents, ports.book.respected(site_id, now), task.rules, now)
        if step is None:
            return None
        kind, batch = step
        check(batch, told_last(intents), NO_MOVE, task.conventions, now)
        receipt = delivery_to(task, ports, epoch, now, deadline).send(batch, kind)
    except HeatOptimizerError as error:
        log.error("step_down_failed", error=error.name, detail=str(error))
        return None
    done = "the battery was told to rest" if kind is BatchKind.REST else "our schedules were cleared"
    log.warning("stepped_down", to=kind.value, batch_id=receipt.batch_id)
    return done


def delivery_to(task: SiteTask, ports: CyclePorts, epoch: int, now: datetime, deadline: Deadline) -> Delivery:
    """The way to one site for one cycle."""
    return Delivery(
        site_id=task.site.site_id,
        slot=floor_to_slot(now, task.grid.slot_minutes),
        began=now,
        epoch=epoch,
        poster=ports.poster,
        reader=ports.plan.site,
        book=ports.book,
        now=ports.now,
        deadline=deadline,
        pause=ports.pause,
        log=structlog.get_logger().bind(site_id=task.site.site_id),
    )


def when(at: datetime | None) -> str | None:
    """An instant as people write it."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
