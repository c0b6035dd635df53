"""Between cycles: is what we sent in force, and does the battery do it?"""

from datetime import datetime, timedelta

import structlog

from optimizer.curtailed import is_export_at_limit
from optimizer.domain.intent import BatchState
from optimizer.domain.snapshot import SiteSnapshot
from optimizer.ports import RememberBatches
from optimizer.standing import settle
from optimizer.task import SiteTask
from optimizer.trust import Effect, Sample, effect_of
from optimizer.trusting import does_as_told, told_to, tried, try_again

LOOK_BACK = timedelta(minutes=15)
IN_EFFECT = frozenset({BatchState.IN_FORCE, BatchState.EFFECTIVE, BatchState.DIVERGING})


def watch(task: SiteTask, book: RememberBatches, snapshot: SiteSnapshot, now: datetime) -> None:
    """Confirm the newest batch, and judge its effect by the newest readings. Raises LedgerUnavailable."""
    site_id = task.site.site_id
    settle(book.newest(site_id), snapshot.reading.in_force, book, task.rules, now)
    intents = book.newest(site_id)
    tried(task.site, task.conventions, snapshot.reading.in_force, book, intents, now)
    newest = next((intent for intent in intents if intent.state in IN_EFFECT), None)
    if newest is None or snapshot.battery is None:
        return
    readings = book.readings(site_id, now - LOOK_BACK, now)
    samples = [Sample(at=at, soc_percent=soc_percent, battery_kw=kw) for at, soc_percent, kw, _ in readings]
    rated_kw = max(snapshot.battery.max_charge_kw, snapshot.battery.max_discharge_kw)
    effect, words = effect_of(samples, list(told_to(intents, task.conventions)), rated_kw)
    log = structlog.get_logger().bind(site_id=site_id, batch_key=newest.key, batch_id=newest.batch_id)
    match effect:
        case Effect.AS_TOLD if newest.state is not BatchState.EFFECTIVE:
            book.judge(newest.key, BatchState.EFFECTIVE, now)
            log.info("batch_effective")
        case Effect.ELSE if is_export_at_limit(snapshot, now):
            pass  # a gateway may keep the limit by charging the battery before it cuts the sun
        case Effect.ELSE | Effect.CONTRARY if newest.state is not BatchState.DIVERGING:
            book.judge(newest.key, BatchState.DIVERGING, now, words)
            log.error("batch_diverging", detail=words)
    if effect is Effect.CONTRARY and does_as_told(intents, snapshot.reading.in_force, now):
        try_again(task.site, book, words or "", now)
