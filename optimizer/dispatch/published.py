"""What a site has been told already, read back as a plan's flows."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from optimizer.domain.command import Command, Pair
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.domain.horizon import Horizon


def published_battery_kw(
    horizon: Horizon, in_force: Sequence[Command], conventions: Conventions
) -> tuple[float | None, ...]:
    """Charge less discharge that stands for each slot, its mean in kW; None where a part of it is free."""
    sign = 1.0 if conventions.bess_power_positive is BatterySign.CHARGE else -1.0
    entries = sorted(
        (entry.start.timestamp(), entry.end.timestamp(), sign * entry.value)
        for command in in_force
        if command.pair is Pair.BESS_POWER
        for entry in command.entries
    )
    edges_s = [edge.timestamp() for edge in horizon.edges]
    return tuple(_means(edges_s, entries))


def _means(edges_s: Sequence[float], entries: Sequence[tuple[float, float, float]]) -> Iterator[float | None]:
    """One walk along both; ``entries`` are in order of their starts."""
    first = 0
    for start_s, end_s in pairwise(edges_s):
        while first < len(entries) and entries[first][1] <= start_s:
            first += 1
        covered_s = energy_kws = 0.0
        number = first
        while number < len(entries) and entries[number][0] < end_s:
            begin_s, until_s, kw = entries[number]
            seconds = min(until_s, end_s) - max(begin_s, start_s)
            if seconds > 0:
                covered_s += seconds
                energy_kws += seconds * kw
            number += 1
        length_s = end_s - start_s
        yield energy_kws / length_s if covered_s >= length_s - 1.0 else None
