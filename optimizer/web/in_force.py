"""What each pair of the site is told now, until when, and what comes next: read off what stands in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from optimizer.domain.command import Entry, Pair
from optimizer.domain.intent import BatchState
from optimizer.web.state import SiteState

ORDER = (
    Pair.BESS_POWER,
    Pair.BESS_SOC,
    Pair.GRID_POWER,
    Pair.SOLAR_CURTAILMENT,
    Pair.GRID_UPPER_LIMIT,
    Pair.GRID_LOWER_LIMIT,
)
"""What decides most comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What one pair is told: ``value`` on the wire (None: nothing) ``until`` it becomes ``next_value``.

    ``until`` None: nothing more is told. ``is_confirmed``: read back from the site, not just accepted.
    ``is_foreign``: somebody else's schedule.
    """

    pair: Pair
    value: float | None
    until: datetime | None
    next_value: float | None
    is_confirmed: bool
    is_foreign: bool


def running(site: SiteState, at: datetime) -> tuple[Running, ...]:
    """Each pair that is told something now, and then those that are told something later; the battery first."""
    return tuple(sorted(_running(site, at), key=lambda each: each.value is None))


def next_change(found: tuple[Running, ...]) -> tuple[datetime, tuple[Running, ...]] | None:
    """When something changes next, and which pairs do."""
    instants = [each.until for each in found if each.until is not None]
    if not instants:
        return None
    return min(instants), tuple(each for each in found if each.until == min(instants))


def _running(site: SiteState, at: datetime) -> Iterator[Running]:
    stored, fresh = _stored(site)
    foreign = set() if site.plan is None else set(site.plan.foreign)
    for pair in ORDER:
        left = [entry for entry in stored.get(pair, ()) if entry.end > at]
        if left:
            value = _value_at(left, at)
            until = next((edge for edge in _edges(left) if edge > at and _value_at(left, edge) != value), None)
            yield Running(
                pair=pair,
                value=value,
                until=until,
                next_value=None if until is None else _value_at(left, until),
                is_confirmed=pair not in fresh,
                is_foreign=pair.label in foreign and pair not in fresh,
            )


def _stored(site: SiteState) -> tuple[dict[Pair, tuple[Entry, ...]], set[Pair]]:
    """The site's schedules as last read, with the batches over them that were taken after that; and whose those are."""
    read_at = None if site.seen is None else site.seen.reading.read_at
    found = {} if site.seen is None else {each.pair: each.entries for each in site.seen.reading.in_force}
    fresh: set[Pair] = set()
    newer = [
        intent
        for intent in site.sent
        if intent.state is BatchState.ACCEPTED
        or (intent.confirmed_at is not None and (read_at is None or intent.confirmed_at > read_at))
    ]
    for intent in reversed(newer):
        for command in intent.commands:
            found[command.pair] = command.entries
            if intent.state is BatchState.ACCEPTED:
                fresh.add(command.pair)
            else:
                fresh.discard(command.pair)
    return found, fresh


def _edges(entries: list[Entry]) -> list[datetime]:
    return sorted({edge for entry in entries for edge in (entry.start, entry.end)})


def _value_at(entries: list[Entry], at: datetime) -> float | None:
    return next((entry.value for entry in entries if entry.start <= at < entry.end), None)
