"""Which schedule requests are valid: documented rules first, then this simulator's stated readings.

A request is judged as a whole: one breach rejects all of it.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.schedule import Entry, Pair, ScheduleCommand, Schedules, apply, coincidences, not_ended

MOST_COMMANDS = 10
TOLERANCE_KW = 1e-9
TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRules:
    """What a request is judged against: the site's ratings and conventions, and what is stored for it."""

    options: SimulatorOptions = field(default_factory=SimulatorOptions)
    stored: Schedules = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a request is refused: an HTTP status, a code for machines and a sentence for people."""

    status: int = 422
    error: str
    message: str


class _RefusedError(Exception):
    """Carries a rejection out of the depth of the checks."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.rejection = Rejection(error=error, message=message)


def judge_request(body: object, site: SiteRules, now: datetime) -> Rejection | list[ScheduleCommand]:
    """The validated commands of a parsed JSON body, or the first reason to reject all of it."""
    try:
        commands = [_command(item, number, site, now) for number, item in enumerate(_listed(body))]
        _each_pair_once(commands)
        _battery_pairs_apart(commands)
        _limits_in_order(commands, site, now)
    except _RefusedError as refused:
        return refused.rejection
    return commands


def allowed_range(pair: Pair, options: SimulatorOptions) -> tuple[float, float]:
    """The lowest and highest legal value of a pair, as sent (kW or percent)."""
    match pair:
        case Pair.SOLAR_CURTAILMENT | Pair.BESS_SOC:
            return 0.0, 100.0
        case Pair.BESS_POWER:
            if options.bess_power_positive == "charge":
                return -options.max_discharge_kw, options.max_charge_kw
            return -options.max_charge_kw, options.max_discharge_kw
        case Pair.GRID_POWER if options.grid_power_positive == "export":
            return -options.grid_import_limit_kw, options.grid_export_limit_kw
        case Pair.GRID_UPPER | Pair.GRID_LOWER | Pair.GRID_POWER:
            return -options.grid_export_limit_kw, options.grid_import_limit_kw


def _listed(body: object) -> list[object]:
    if not isinstance(body, Mapping):
        raise _RefusedError("invalid_body", f"the body must be a JSON object, not {_quote(body)}")
    items = body.get("schedules")
    if not isinstance(items, list):
        raise _RefusedError("invalid_body", "the body must have a list named schedules")
    if not 1 <= len(items) <= MOST_COMMANDS:
        raise _RefusedError("invalid_command_count", f"{len(items)} commands, allowed are 1 to {MOST_COMMANDS}")
    return items


def _command(item: object, number: int, site: SiteRules, now: datetime) -> ScheduleCommand:
    where = f"schedules[{number}]"
    if not isinstance(item, Mapping):
        raise _RefusedError("invalid_command", f"{where} must be an object, not {_quote(item)}")
    pair = _pair(item, where)
    items = item.get("entries")
    if not isinstance(items, list):
        raise _RefusedError("invalid_command", f"{where} must have a list named entries")
    most = site.options.max_entries_per_command
    if most is not None and len(items) > most:
        raise _RefusedError("too_many_entries", f"{where} has {len(items)} entries, allowed here are {most}")
    low, high = allowed_range(pair, site.options)
    entries = []
    for position, raw in enumerate(items):
        entry = _entry(raw, f"{where}.entries[{position}]")
        if not low - TOLERANCE_KW <= entry.value <= high + TOLERANCE_KW:
            raise _RefusedError(
                "value_out_of_range",
                f"{where}.entries[{position}]: {pair.label} {entry.value:g} lies outside {low:g} to {high:g}",
            )
        if site.options.reject_past and entry.end <= now:
            raise _RefusedError(
                "entry_in_past",
                f"{where}.entries[{position}] ended at {entry.end.isoformat()}; this simulator takes no past entries",
            )
        entries.append(entry)
    return ScheduleCommand(pair=pair, entries=_without_overlap(entries, where))


def _pair(item: Mapping[object, object], where: str) -> Pair:
    asset, kind = item.get("asset"), item.get("type")
    for pair in Pair:
        if pair.value == (asset, kind):
            return pair
    raise _RefusedError("unsupported_pair", f"{where}: {_quote(asset)} with {_quote(kind)} is not supported")


def _entry(raw: object, where: str) -> Entry:
    if not isinstance(raw, Mapping):
        raise _RefusedError("invalid_entry", f"{where} must be an object, not {_quote(raw)}")
    start = _timestamp(raw.get("startAt"), f"{where}.startAt")
    end = _timestamp(raw.get("endAt"), f"{where}.endAt")
    if start >= end:
        raise _RefusedError("invalid_entry", f"{where}: startAt must lie before endAt")
    return Entry(start=start, end=end, value=_number(raw.get("value"), f"{where}.value"))


def _timestamp(raw: object, where: str) -> datetime:
    if not isinstance(raw, str) or TIMESTAMP.fullmatch(raw) is None:
        raise _RefusedError("invalid_timestamp", f"{where}: {_quote(raw)} is not like 2026-06-01T08:00:00Z")
    try:
        return datetime.strptime(raw, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _RefusedError("invalid_timestamp", f"{where}: {_quote(raw)} is no date") from None


def _number(raw: object, where: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _RefusedError("invalid_value", f"{where}: {_quote(raw)} is not a number")
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _RefusedError("invalid_value", f"{where} is not finite")
    return number


def _without_overlap(entries: list[Entry], where: str) -> tuple[Entry, ...]:
    ordered = sorted(entries, key=lambda entry: entry.start)
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise _RefusedError("overlapping_entries", f"{where}: entries overlap at {later.start.isoformat()}")
    return tuple(ordered)


def _each_pair_once(commands: list[ScheduleCommand]) -> None:
    for pair, count in Counter(command.pair for command in commands).items():
        if count > 1:
            raise _RefusedError("duplicate_pair", f"{pair.label} appears {count} times, allowed is once")


def _battery_pairs_apart(commands: list[ScheduleCommand]) -> None:
    entries = {command.pair: command.entries for command in commands}
    for power, _ in coincidences(entries.get(Pair.BESS_POWER, ()), entries.get(Pair.BESS_SOC, ())):
        raise _RefusedError(
            "bess_pairs_overlap",
            "bess.activePowerkW and bess.optimalSocPcnt overlap in the entry that starts at "
            f"{power.start.isoformat()}; that this is forbidden is this simulator's reading of 'mutually exclusive'",
        )


def _limits_in_order(commands: list[ScheduleCommand], site: SiteRules, now: datetime) -> None:
    after = apply(not_ended(site.stored, now), commands, site.options.replace_rule)
    for lower, upper in coincidences(after.get(Pair.GRID_LOWER, ()), after.get(Pair.GRID_UPPER, ())):
        if lower.value > upper.value:
            raise _RefusedError(
                "limits_crossed",
                f"grid.lowerLimitkW {lower.value:g} would exceed grid.upperLimitkW {upper.value:g} "
                f"at {max(lower.start, upper.start).isoformat()}",
            )


def _quote(raw: object) -> str:
    """A short, printable form of anything a client may send."""
    if isinstance(raw, list | dict):
        return f"a {type(raw).__name__}"
    if isinstance(raw, int) and abs(raw) > 10**LONGEST_QUOTE:
        return "a huge number"
    text = ascii(raw)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."
