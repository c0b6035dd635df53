"""The one place that makes signed values: a plan's flows as the entries of a batch."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import floor, isfinite, nan

from optimizer.dispatch.following import following_slots
from optimizer.dispatch.rails import LEAST_CURTAILMENT_KW, kept_by_rail, rails_of
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.conventions import (
    AfterLastEntry,
    BatterySign,
    Conventions,
    CurtailmentBase,
    CurtailmentPercent,
)
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import Plan
from optimizer.domain.site import DispatchMode

Window = tuple[int, datetime, datetime]
"""Slot number, start and end of what is published for it."""


def compile_batch(
    plan: Plan,
    *,
    mode: DispatchMode,
    conventions: Conventions,
    limits: SiteLimits,
    solar_rated_kw: float | None,
    in_force: Sequence[Command],
    first_start: datetime,
    publish_until: datetime,
) -> Batch:
    """The commands that carry out ``plan`` from ``first_start`` to ``publish_until`` at the latest.

    The battery always gets a command where the plan has one (idle is an explicit 0 kW), the grid limits
    stand as guard rails, the sun is cut only where the plan cuts it. A pair that is in force at the site
    and has no place in the plan is cleared. The other battery pair is never part of the batch: the cloud
    drops it when this one arrives, and where it is in force it is cleared by a request of its own before.
    """
    owner = Pair.BESS_SOC if mode is DispatchMode.BATTERY_SOC else Pair.BESS_POWER
    other = Pair.BESS_SOC if owner is Pair.BESS_POWER else Pair.BESS_POWER
    rails = rails_of(plan, limits, conventions)
    kept = kept_by_rail(plan, rails, conventions)
    follows = mode is DispatchMode.PER_SLOT and conventions.battery_holds_grid_setpoint
    following = following_slots(plan, kept) if follows else frozenset()
    charging = _may_take_more(plan, mode)

    def made(windows: Sequence[Window]) -> dict[Pair, list[Entry]]:
        followed = following - {windows[-1][0]} if _must_rest(windows, conventions) else following
        by_itself = kept & (followed | charging)
        return {
            owner: _battery(plan, windows, owner, conventions, limits, followed),
            Pair.GRID_POWER: _followed(windows, followed),
            Pair.SOLAR_CURTAILMENT: _cut(plan, windows, conventions, solar_rated_kw, by_itself),
            Pair.GRID_UPPER_LIMIT: _rail(windows, rails.import_kw, 1.0, conventions.power_step_kw),
            Pair.GRID_LOWER_LIMIT: _rail(windows, rails.export_kw, -1.0, conventions.power_step_kw),
        }

    windows = list(_windows(plan, first_start, publish_until))
    entries = made(windows)
    end = _common_end(windows, entries.values(), conventions.max_entries_per_command)
    if end < windows[-1][2]:
        entries = made([window for window in windows if window[2] <= end])
    present = {command.pair for command in in_force if command.entries}
    cleared = [pair for pair in present if pair is not other and not entries.get(pair)]
    if plan.problem.battery is None:
        cleared = [pair for pair in cleared if pair.asset != "bess"]
    commands = [
        Command(pair=pair, entries=tuple(entries.get(pair, ())))
        for pair in Pair
        if entries.get(pair) or pair in cleared
    ]
    return Batch(commands=tuple(commands))


def _battery(
    plan: Plan,
    windows: Sequence[Window],
    owner: Pair,
    conventions: Conventions,
    limits: SiteLimits,
    following: frozenset[int],
) -> list[Entry]:
    """In the slots in which the battery follows, it has no command of its own."""
    if plan.problem.battery is None:
        return []
    values = _battery_power(plan, conventions, limits) if owner is Pair.BESS_POWER else _battery_soc(plan, conventions)
    values = _end_harmless(values, windows, owner, conventions)
    return list(_merge(windows, [nan if slot in following else value for slot, value in enumerate(values)]))


def _followed(windows: Sequence[Window], following: frozenset[int]) -> list[Entry]:
    """A grid setpoint of zero, which has no sign, where the battery is to follow."""
    slots = windows[-1][0] + 1
    return list(_merge(windows, [0.0 if slot in following else nan for slot in range(slots)]))


def _may_take_more(plan: Plan, mode: DispatchMode) -> frozenset[int]:
    """The slots in which it does no harm that a gateway keeps the export limit by charging the battery first.

    A battery that is told to rest or to discharge would be moved against it, and one that is told powers alone, as
    while it is on trial, beyond them.
    """
    slots = range(len(plan.problem.horizon))
    if plan.problem.battery is None:
        return frozenset(slots)
    if mode is not DispatchMode.PER_SLOT:
        return frozenset()
    return frozenset(slot for slot in slots if plan.flows.charge_kw[slot] > LEAST_CURTAILMENT_KW)


def _cut(
    plan: Plan,
    windows: Sequence[Window],
    conventions: Conventions,
    solar_rated_kw: float | None,
    by_itself: frozenset[int],
) -> list[Entry]:
    """Entries where the plan cuts, but for the slots in which the gateway does by itself; a gateway that holds its last
    value is told to release it.
    """
    released = 0.0 if conventions.curtailment_percent is CurtailmentPercent.CUT else 100.0
    percent = enumerate(_curtailment(plan, conventions, solar_rated_kw))
    entries = list(_merge(windows, [released if slot in by_itself else value for slot, value in percent]))
    cutting = [entry for entry in entries if entry.value != released]
    if cutting and conventions.after_last_entry is AfterLastEntry.HOLD:
        return entries
    return cutting


def _windows(plan: Plan, first_start: datetime, publish_until: datetime) -> Iterator[Window]:
    """Each published slot; at least the first."""
    for number, slot in enumerate(plan.problem.horizon):
        if number > 0 and slot.end > publish_until:
            return
        yield number, (first_start if number == 0 else slot.start), slot.end


def _merge(windows: Sequence[Window], values: Sequence[float]) -> Iterator[Entry]:
    """Equal neighbours become one entry; a slot without a finite value has none."""
    running: Entry | None = None
    for slot, start, end in windows:
        value = values[slot]
        if not isfinite(value):
            continue
        if running is not None and running.value == value and running.end == start:
            running = Entry(start=running.start, end=end, value=value)
            continue
        if running is not None:
            yield running
        running = Entry(start=start, end=end, value=value)
    if running is not None:
        yield running


def _on_grid(value: float, step: float, *, most: float | None = None) -> float:
    """The nearest multiple of ``step``, or the largest one that does not exceed ``most`` in size."""
    steps = round(abs(value) / step)
    if most is not None and steps * step > most:
        steps = floor(most / step + 1e-9)
    size = round(steps * step, 9)
    return -size if value < 0 and size > 0 else size


def _battery_power(plan: Plan, conventions: Conventions, limits: SiteLimits) -> list[float]:
    charge_sign = 1.0 if conventions.bess_power_positive is BatterySign.CHARGE else -1.0
    step = conventions.power_step_kw
    values = []
    for charge_kw, discharge_kw in zip(plan.flows.charge_kw, plan.flows.discharge_kw, strict=True):
        if charge_kw >= discharge_kw:
            size, sign = _on_grid(charge_kw - discharge_kw, step, most=limits.max_charge_kw), charge_sign
        else:
            size, sign = _on_grid(discharge_kw - charge_kw, step, most=limits.max_discharge_kw), -charge_sign
        values.append(size * sign if size > 0 else 0.0)
    return values


def _battery_soc(plan: Plan, conventions: Conventions) -> list[float]:
    battery = plan.problem.battery
    if battery is None:
        return []
    return [
        min(max(_on_grid(soc / battery.capacity_kwh * 100, conventions.percent_step), 0.0), 100.0)
        for soc in plan.flows.soc_kwh
    ]


def _end_harmless(
    values: list[float],
    windows: Sequence[Window],
    owner: Pair,
    conventions: Conventions,
) -> list[float]:
    """Rest in the last published slot, unless the gateway is known to fall back to self-consumption.

    Should no newer batch arrive, whatever the gateway makes of the time after begins from rest.
    """
    last = windows[-1][0]
    if not _must_rest(windows, conventions):
        return values
    rest = 0.0 if owner is Pair.BESS_POWER else values[last - 1]
    return [rest if slot == last else value for slot, value in enumerate(values)]


def _must_rest(windows: Sequence[Window], conventions: Conventions) -> bool:
    """Whether the last published slot is one of rest."""
    return conventions.after_last_entry is not AfterLastEntry.SELF_CONSUMPTION and windows[-1][0] > 0


def _curtailment(plan: Plan, conventions: Conventions, solar_rated_kw: float | None) -> list[float]:
    """Percent per slot. Of available power, or of the rating where the gateway counts from there."""
    values = []
    for solar_kw, curtailed_kw in zip(plan.problem.solar_kw, plan.flows.curtailed_kw, strict=True):
        cut_percent = 0.0
        if curtailed_kw > LEAST_CURTAILMENT_KW and solar_kw > 0:
            base_kw = solar_kw
            if conventions.curtailment_base is CurtailmentBase.RATED and solar_rated_kw:
                base_kw = max(solar_rated_kw, solar_kw)
            cut_percent = 100.0 * (base_kw - (solar_kw - curtailed_kw)) / base_kw
        cut_percent = min(_on_grid(cut_percent, conventions.percent_step), 100.0)
        if conventions.curtailment_percent is CurtailmentPercent.ALLOW:
            cut_percent = round(100.0 - cut_percent, 9)
        values.append(cut_percent)
    return values


def _common_end(windows: Sequence[Window], commands: Iterable[Sequence[Entry]], most_entries: int) -> datetime:
    """The end of the published time: earlier where a command would have too many entries.

    One entry is kept free for the rest at the end.
    """
    end = windows[-1][2]
    for entries in commands:
        if len(entries) > most_entries:
            end = min(end, entries[max(most_entries - 2, 0)].end)
    return end


def _rail(windows: Sequence[Window], each_kw: Sequence[float], sign: float, step: float) -> list[Entry]:
    """A limit at the connection, positive = import, rounded inwards."""
    # "or 0.0": no minus zero goes over the wire
    values = [sign * (_on_grid(kw, step, most=kw) if isfinite(kw) else kw) or 0.0 for kw in each_kw]
    return list(_merge(windows, values))


def other_battery_pair(batch: Batch) -> Pair | None:
    """The battery pair that must not stay in force beside this batch; None where it commands no battery."""
    for command in batch.commands:
        if command.pair is Pair.BESS_POWER:
            return Pair.BESS_SOC
        if command.pair is Pair.BESS_SOC:
            return Pair.BESS_POWER
    if any(command.pair is Pair.GRID_POWER and command.entries for command in batch.commands):
        return Pair.BESS_SOC
    return None
