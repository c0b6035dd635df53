"""The rules of a valid schedule, each a small named predicate.

Written from the vendor's documents and our own rules, not from the code that builds schedules: it shares
only the vocabulary with it. A rule yields one phrase for each place where a batch breaks it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from math import isfinite

from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.limits import SiteLimits

MOST_COMMANDS = 10
ROUNDING_KW = 1e-6
BATTERY_PAIRS = frozenset({Pair.BESS_POWER, Pair.BESS_SOC})
OWNERS = (Pair.GRID_POWER, Pair.BESS_POWER, Pair.BESS_SOC)
"""Each of these alone fixes the site's one degree of freedom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a batch is judged against."""

    now: datetime
    in_force: tuple[Command, ...]
    limits: SiteLimits
    conventions: Conventions


Rule = Callable[[Batch, Circumstances], Iterator[str]]
Windows = Mapping[Pair, Sequence[Entry]]


def find_conflicts(batch: Batch, circumstances: Circumstances) -> tuple[str, ...]:
    """Every broken rule, by name and place. An empty tuple means that the batch may be sent."""
    return tuple(f"{rule.__name__}: {finding}" for rule in RULES for finding in rule(batch, circumstances))


def command_count(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """1a. One to ten commands."""
    if not 1 <= len(batch.commands) <= MOST_COMMANDS:
        yield f"{len(batch.commands)} commands, allowed are 1 to {MOST_COMMANDS}"


def each_pair_once(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """1b. Each (asset, type) pair at most once; that only supported ones exist is the enum's doing."""
    pairs = [command.pair for command in batch.commands]
    for pair in Pair:
        if pairs.count(pair) > 1:
            yield f"{pair.label} appears {pairs.count(pair)} times"


def entry_count(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """1c. No more entries in a command than the site's gateway is said to take."""
    most = circumstances.conventions.max_entries_per_command
    for command in batch.commands:
        if len(command.entries) > most:
            yield f"{command.pair.label} has {len(command.entries)} entries, allowed are {most}"


def entry_times(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """2a. UTC, whole seconds, start before end, none wholly in the past."""
    for label, entry in _entries(batch):
        for at in (entry.start, entry.end):
            if at.utcoffset() != timedelta(0) or at.microsecond:
                yield f"{label}: {at.isoformat()} is not a whole second in UTC"
        if entry.start >= entry.end:
            yield f"{label}: starts at {entry.start.isoformat()}, not before its end {entry.end.isoformat()}"
        elif entry.end <= circumstances.now:
            yield f"{label}: ended at {entry.end.isoformat()}, before now"


def entries_in_order(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """2b. Sorted and without overlap, half-open: touching is not overlapping."""
    for command in batch.commands:
        for earlier, later in pairwise(command.entries):
            if later.start < earlier.end:
                yield f"{command.pair.label}: {later.start.isoformat()} lies before {earlier.end.isoformat()}"


def finite_values(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """2c. Every value is a finite number."""
    for label, entry in _entries(batch):
        if not isfinite(entry.value):
            yield f"{label}: value {entry.value}"


def values_within_limits(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """3. Powers within ratings and contract limits, percentages from 0 to 100."""
    for command in batch.commands:
        low, high = _allowed(command.pair, circumstances.limits, circumstances.conventions)
        for entry in command.entries:
            if not low - ROUNDING_KW <= entry.value <= high + ROUNDING_KW:
                yield f"{command.pair.label}: {entry.value} lies outside {low} to {high}"


def one_battery_pair(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """4a. The two battery pairs never stand in one request."""
    if batch.pairs >= BATTERY_PAIRS:
        yield "bess.activePowerkW and bess.optimalSocPcnt in one request"


def battery_pairs_after(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """4b, 7. Once the batch is in force, only one battery pair is."""
    after = state_after(batch, circumstances.in_force, circumstances.now)
    if after.get(Pair.BESS_POWER) and after.get(Pair.BESS_SOC):
        yield "bess.activePowerkW and bess.optimalSocPcnt would both be in force"


def one_owner(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """5, 7. At no instant do two setpoints claim the one degree of freedom."""
    after = state_after(batch, circumstances.in_force, circumstances.now)
    for first, second in _pairs_touched(OWNERS, batch):
        for a in after.get(first, ()):
            for b in after.get(second, ()):
                if a.start < b.end and b.start < a.end:
                    yield f"{first.label} and {second.label} coincide at {max(a.start, b.start).isoformat()}"


def limits_in_order(batch: Batch, circumstances: Circumstances) -> Iterator[str]:
    """6, 7. At every instant lower limit <= grid setpoint <= upper limit."""
    after = state_after(batch, circumstances.in_force, circumstances.now)
    order = (Pair.GRID_LOWER_LIMIT, Pair.GRID_POWER, Pair.GRID_UPPER_LIMIT)
    for lower, upper in _pairs_touched(order, batch):
        for a in after.get(lower, ()):
            for b in after.get(upper, ()):
                if a.start < b.end and b.start < a.end and a.value > b.value:
                    at = max(a.start, b.start).isoformat()
                    yield f"{lower.label} {a.value} exceeds {upper.label} {b.value} at {at}"


RULES: tuple[Rule, ...] = (
    command_count,
    each_pair_once,
    entry_count,
    entry_times,
    entries_in_order,
    finite_values,
    values_within_limits,
    one_battery_pair,
    battery_pairs_after,
    one_owner,
    limits_in_order,
)


def state_after(batch: Batch, in_force: Sequence[Command], now: datetime) -> Windows:
    """What will be in force: a posted pair replaces its stored entries, a pair not posted keeps them.

    Posting entries for one battery pair drops the other (vendor: "overwrites any existing").
    """
    after = {command.pair: [entry for entry in command.entries if entry.end > now] for command in in_force}
    for command in batch.commands:
        after[command.pair] = list(command.entries)
        if command.pair in BATTERY_PAIRS and command.entries:
            (other,) = BATTERY_PAIRS - {command.pair}
            if other not in batch.pairs:
                after.pop(other, None)
    return after


def _pairs_touched(pairs: Sequence[Pair], batch: Batch) -> Iterator[tuple[Pair, Pair]]:
    """Two at a time, at least one of them set by the batch: a quarrel among what others stored is not its doing."""
    setting = {command.pair for command in batch.commands if command.entries}
    for first, second in combinations(pairs, 2):
        if first in setting or second in setting:
            yield first, second


def _entries(batch: Batch) -> Iterator[tuple[str, Entry]]:
    for command in batch.commands:
        for number, entry in enumerate(command.entries):
            yield f"{command.pair.label}[{number}]", entry


def _allowed(pair: Pair, limits: SiteLimits, conventions: Conventions) -> tuple[float, float]:
    """The closed interval of legal values; unbounded where no limit is known."""
    unbounded = float("inf")
    match pair:
        case Pair.SOLAR_CURTAILMENT | Pair.BESS_SOC:
            return 0.0, 100.0
        case Pair.BESS_POWER:
            charge = 0.0 if limits.max_charge_kw is None else limits.max_charge_kw
            discharge = 0.0 if limits.max_discharge_kw is None else limits.max_discharge_kw
            if conventions.bess_power_positive is BatterySign.CHARGE:
                return -discharge, charge
            return -charge, discharge
        case Pair.GRID_POWER | Pair.GRID_LOWER_LIMIT | Pair.GRID_UPPER_LIMIT:
            most_import = unbounded if limits.import_limit_kw is None else limits.import_limit_kw
            most_export = unbounded if limits.export_limit_kw is None else limits.export_limit_kw
            return -most_export, most_import
