"""What a site has been told already, read back as a plan's flows."""

from collections.abc import Sequence

from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.horizon import Horizon, Slot


def published_battery_kw(
    horizon: Horizon, in_force: Sequence[Command], conventions: Conventions
) -> tuple[float | None, ...]:
    """Charge less discharge that stands for each slot, its mean in kW; None where a part of it is free."""
    entries = [entry for command in in_force if command.pair is Pair.BESS_POWER for entry in command.entries]
    sign = 1.0 if conventions.bess_power_positive is BatterySign.CHARGE else -1.0
    return tuple(_mean(slot, entries, sign) for slot in horizon)


def _mean(slot: Slot, entries: Sequence[Entry], sign: float) -> float | None:
    covered_s = energy_kws = 0.0
    for entry in entries:
        seconds = (min(entry.end, slot.end) - max(entry.start, slot.start)).total_seconds()
        if seconds > 0:
            covered_s += seconds
            energy_kws += seconds * entry.value * sign
    length_s = (slot.end - slot.start).total_seconds()
    return energy_kws / length_s if covered_s >= length_s - 1.0 else None
