"""Local time on an axis of instants: names of slots and ticks, right on days of 23 and 25 hours too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from optimizer.domain.horizon import Horizon

FINEST = timedelta(minutes=15)
"""All zones of today are whole quarters of an hour away from UTC."""
HOUR_STEPS = (1, 2, 3, 6, 12)
MOST_DAYS_WITH_HOURS = 15
MOST_DAYS_WITH_DAYS = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Instants that are marked, and what is written there; a line break is ``<br>``."""

    at: tuple[datetime, ...]
    texts: tuple[str, ...]


def slot_names(horizon: Horizon) -> tuple[str, ...]:
    """``Mon 1 Jun 2026 12:00 to 12:15`` in local time, with the zone's short name where an hour comes twice.

    Slots of whole local days are called by their day.
    """
    zone = ZoneInfo(horizon.zone)
    return tuple(_slot_name(start.astimezone(zone), end.astimezone(zone)) for start, end in pairwise(horizon.edges))


def _slot_name(start: datetime, end: datetime) -> str:
    day = f"{start:%a} {start.day} {start:%b %Y}"
    if start.time() == end.time() == time(0) and (end.date() - start.date()).days == 1:
        return day
    until = clock(end) if end.date() == start.date() else f"{end:%a} {clock(end)}"
    return f"{day} {clock(start)} to {until}"


def clock(local: datetime) -> str:
    """Hour and minute, seconds where there are any, and ``CEST`` or ``CET`` where the wall clock shows it twice."""
    text = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{text} {local:%Z}" if is_twice(local) else text


def is_twice(local: datetime) -> bool:
    """Whether the wall clock shows this time again, or showed it before, because it is set back."""
    earlier, later = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return earlier is not None and later is not None and earlier > later


def tick_levels(horizon: Horizon) -> tuple[Ticks, ...]:
    """Ticks from fine to coarse; who draws takes the first level whose texts have room."""
    zone = ZoneInfo(horizon.zone)
    days = (horizon.end - horizon.start) / timedelta(days=1)
    levels: list[Ticks] = []
    if days <= MOST_DAYS_WITH_HOURS:
        levels += [_hour_ticks(local_hours(horizon, step)) for step in HOUR_STEPS]
    midnights = list(_midnights(horizon, zone))
    if days <= MOST_DAYS_WITH_DAYS:
        form = "%a<br>{day} %b" if days <= MOST_DAYS_WITH_HOURS else "{day} %b"
        levels += [_ticks(midnights, form), _ticks(midnights[::2], form)]
        levels.append(_ticks([local for local in midnights if local.weekday() == 0], "{day} %b"))
    months = [local for local in midnights if local.day == 1]
    levels.append(_month_ticks(months))
    levels.append(_month_ticks([local for local in months if local.month in {1, 4, 7, 10}]))
    levels.append(_ticks([local for local in months if local.month == 1], "%Y"))
    return tuple(level for level in levels if level.at)


def local_hours(horizon: Horizon, step_h: int) -> list[datetime]:
    """The full local hours that ``step_h`` divides; one that comes twice only once, where its second is too near."""
    full = _full_hours(horizon, ZoneInfo(horizon.zone))
    return [local for local in full if local.hour % step_h == 0 and not (step_h > 1 and local.fold)]


def _full_hours(horizon: Horizon, zone: ZoneInfo) -> Iterator[datetime]:
    at = datetime.fromtimestamp(-(-horizon.start.timestamp() // 900) * 900, UTC)
    while at <= horizon.end:
        local = at.astimezone(zone)
        if local.minute == 0:
            yield local
        at += FINEST


def _midnights(horizon: Horizon, zone: ZoneInfo) -> Iterator[datetime]:
    """The first instant of each local day in the horizon."""
    day: date = horizon.start.astimezone(zone).date()
    while (local := datetime.combine(day, time(0), zone)).astimezone(UTC) <= horizon.end:
        if local.astimezone(UTC) >= horizon.start:
            yield local.astimezone(UTC).astimezone(zone)
        day += timedelta(days=1)


def _hour_ticks(locals_: list[datetime]) -> Ticks:
    """Hours; the first of each day says which day it is, unless the next day's stands right beside it."""
    texts: list[str] = []
    for place, local in enumerate(locals_):
        before, after = (locals_[at].date() if 0 <= at < len(locals_) else None for at in (place - 1, place + 1))
        starts_day = local.date() != before and (local.hour == 0 or local.date() == after)
        below = f"<br>{local:%a} {local.day} {local:%b}" if starts_day else f"<br>{local:%Z}" if is_twice(local) else ""
        texts.append(f"{local:%H:%M}{below}")
    return _at(locals_, texts)


def _month_ticks(locals_: list[datetime]) -> Ticks:
    years = [local.year for local in locals_]
    is_new = [place == 0 or year != years[place - 1] for place, year in enumerate(years)]
    return _at(
        locals_, [f"{at:%b}<br>{at.year}" if new else f"{at:%b}" for at, new in zip(locals_, is_new, strict=True)]
    )


def _ticks(locals_: list[datetime], form: str) -> Ticks:
    return _at(locals_, [local.strftime(form).format(day=local.day) for local in locals_])


def _at(locals_: list[datetime], texts: list[str]) -> Ticks:
    return Ticks(at=tuple(local.astimezone(UTC) for local in locals_), texts=tuple(texts))
