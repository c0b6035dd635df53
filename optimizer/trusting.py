"""How far a site may be commanded, from what its battery has shown; remembered in the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from optimizer.dispatch import BATTERY_OR_GRID, SAME, value_at
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.intent import BatchState, Intent
from optimizer.domain.site import DispatchMode, Site
from optimizer.domain.snapshot import SiteSnapshot
from optimizer.ports import RememberBatches
from optimizer.task import SiteTask
from optimizer.trust import Answer, Sample, Told, answer_of, telemetry_contradiction

MARK = "signs"
LOOK_BACK = timedelta(hours=24)
UNPROVEN_SHARE = 0.10
POWER_SETTING = "heat_cloud.conventions.bess_power_positive"
TELEMETRY_SETTING = "heat_cloud.conventions.bess_telemetry_positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """``share`` of the battery's rating that may be commanded; ``blocked`` says why none of it may."""

    share: float = 1.0
    blocked: str | None = None


def trust_of(
    site: Site,
    conventions: Conventions,
    snapshot: SiteSnapshot,
    book: RememberBatches,
    intents: tuple[Intent, ...],
    now: datetime,
) -> Trust:
    """What the battery's answers so far allow. Raises LedgerUnavailable.

    A state of charge target has no sign, so a site that is commanded by targets needs no proof; its telemetry's
    sign is looked at nevertheless.
    """
    battery = snapshot.battery
    if battery is None:
        return Trust()
    rated_kw = max(battery.max_charge_kw, battery.max_discharge_kw)
    mark = tried(site, conventions, snapshot.reading.in_force, book, intents, now)
    since, trial_since = (datetime.fromisoformat(mark[name]) for name in ("since", "trial_since"))
    readings = book.readings(site.site_id, max(now - LOOK_BACK, min(since, now)), now)
    samples = [Sample(at=at, soc_percent=soc_percent, battery_kw=kw) for at, soc_percent, kw, _ in readings]
    contradiction = telemetry_contradiction(samples, rated_kw, battery.capacity_kwh)
    if contradiction is not None:
        other = _other(conventions.bess_telemetry_positive)
        return Trust(blocked=f'{contradiction}: set {TELEMETRY_SETTING} = "{other}" if this is so')
    if site.dispatch is DispatchMode.BATTERY_SOC or mark["answer"] == Answer.AS_TOLD.value:
        return Trust()
    if mark["answer"] == Answer.NONE_YET.value:
        tried_on = [sample for sample in samples if sample.at >= trial_since]
        answer, evidence = answer_of(tried_on, list(told_to(intents, conventions)), rated_kw, battery.capacity_kwh)
        if answer is not Answer.NONE_YET:
            mark = {**mark, "answer": answer.value, "evidence": evidence}
            book.set_mark(site.site_id, MARK, mark, now)
            log = structlog.get_logger().bind(site_id=site.site_id)
            if answer is Answer.AS_TOLD:
                log.info("battery_answers_as_told", evidence=evidence)
    if mark["answer"] == Answer.CONTRARY.value:
        other = _other(conventions.bess_power_positive)
        return Trust(blocked=f'{mark["evidence"]}: set {POWER_SETTING} = "{other}"')
    return Trust(share=1.0 if mark["answer"] == Answer.AS_TOLD.value else UNPROVEN_SHARE)


def tried(
    site: Site,
    conventions: Conventions,
    in_force: tuple[Command, ...],
    book: RememberBatches,
    intents: tuple[Intent, ...],
    now: datetime,
) -> dict[str, Any]:
    """The mark of a site's trial. Raises LedgerUnavailable.

    A trial that is open begins anew whenever something else than what we told stands at the site, or nothing does:
    what moved the battery until now was not we.
    """
    signature = f"{conventions.bess_power_positive.value}/{conventions.bess_telemetry_positive.value}"
    mark = _mark(site.site_id, book)
    if mark is None or mark["signature"] != signature:
        mark = {"signature": signature, "since": now.isoformat(), "answer": Answer.NONE_YET.value, "evidence": None}
    elif mark["answer"] != Answer.NONE_YET.value or ("trial_since" in mark and does_as_told(intents, in_force, now)):
        return {"trial_since": mark["since"], **mark}
    mark = {**mark, "trial_since": now.isoformat()}
    book.set_mark(site.site_id, MARK, mark, now)
    return mark


def _mark(site_id: str, book: RememberBatches) -> dict[str, Any] | None:
    """The trial on record; None where there is none or it cannot be read, for then the battery is tried anew."""
    mark = book.mark(site_id, MARK)
    if mark is None:
        return None
    try:
        Answer(mark["answer"])
        times = [datetime.fromisoformat(mark[name]) for name in ("since", "trial_since") if name in mark]
        is_sound = isinstance(mark["signature"], str) and mark.keys() >= {"since", "evidence"}
    except (ValueError, TypeError, KeyError):
        is_sound, times = False, []
    if is_sound and all(at.tzinfo is not None for at in times):
        return mark
    detail = f"what is on record of '{MARK}' is damaged: the battery is tried anew"
    structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=detail)
    return None


def try_again(site: Site, book: RememberBatches, why: str, now: datetime) -> None:
    """A battery that had answered as told runs the other way: it must prove itself anew. Raises LedgerUnavailable."""
    mark = _mark(site.site_id, book)
    if mark is None or mark["answer"] != Answer.AS_TOLD.value:
        return
    mark = {**mark, "trial_since": now.isoformat(), "answer": Answer.NONE_YET.value, "evidence": None}
    book.set_mark(site.site_id, MARK, mark, now)
    structlog.get_logger().bind(site_id=site.site_id).error("battery_runs_contrary", detail=why)


def does_as_told(intents: tuple[Intent, ...], in_force: tuple[Command, ...], now: datetime) -> bool:
    """Whether of all that can move the battery only the power that we told it last is in force."""
    values = {command.pair: value_at(command.entries, now) for command in in_force if command.pair in BATTERY_OR_GRID}
    stands = {pair: value for pair, value in values.items() if value is not None}
    taken = next((intent for intent in intents if intent.state not in {BatchState.REFUSED, BatchState.LOST}), None)
    told = None if taken is None else value_at(_battery_entries(taken), now)
    return told is not None and stands.keys() == {Pair.BESS_POWER} and abs(stands[Pair.BESS_POWER] - told) <= SAME


def held_to(snapshot: SiteSnapshot, trust: Trust) -> SiteSnapshot:
    """The snapshot with a battery of no more power than is trusted."""
    battery = snapshot.battery
    if battery is None or trust.share >= 1.0:
        return snapshot
    note = (
        f"the battery has not yet answered a command in the told direction: it is commanded with at most "
        f"{trust.share:.0%} of its rating"
    )
    held = replace(
        battery,
        max_charge_kw=trust.share * battery.max_charge_kw,
        max_discharge_kw=trust.share * battery.max_discharge_kw,
    )
    return replace(snapshot, battery=held).degraded(note)


def as_trusted(task: SiteTask, trust: Trust) -> SiteTask:
    """``task`` as far as it may be done: until the battery has answered a command it is given powers only, for a
    battery that follows cannot be held to a share."""
    if trust.share >= 1.0 or task.site.dispatch is not DispatchMode.PER_SLOT:
        return task
    return replace(task, site=replace(task.site, dispatch=DispatchMode.BATTERY_POWER))


def told_to(intents: tuple[Intent, ...], conventions: Conventions) -> Iterator[Told]:
    """What the battery was told when, in order of time: each batch until the next one that was taken."""
    sign = 1.0 if conventions.bess_power_positive is BatterySign.CHARGE else -1.0
    taken = [intent for intent in reversed(intents) if intent.state not in {BatchState.REFUSED, BatchState.LOST}]
    for number, intent in enumerate(taken):
        until = taken[number + 1].intended_at if number + 1 < len(taken) else None
        for entry in _battery_entries(intent):
            start = max(entry.start, intent.intended_at)
            end = entry.end if until is None else min(entry.end, until)
            if start < end:
                yield Told(start=start, end=end, battery_kw=sign * entry.value)


def _battery_entries(intent: Intent) -> tuple[Entry, ...]:
    return next((command.entries for command in intent.commands if command.pair is Pair.BESS_POWER), ())


def _other(sign: BatterySign) -> str:
    return "discharge" if sign is BatterySign.CHARGE else "charge"
