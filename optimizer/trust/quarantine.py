"""Signals that cannot be true: frozen, jumping, or moving without cause. Each is set aside by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from optimizer.trust.signs import LARGEST_GAP, STEPS, Sample, soc_step

FROZEN_AFTER = timedelta(minutes=45)
JUMP_PERCENT = 5.0
"""Beyond what the battery can do, a state of charge may still be corrected by so much at once (balancing)."""
RATING_SLACK = 1.3
STUCK_SAMPLES = 12
STUCK_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A signal that is not to be used now, and why."""

    signal: str
    why: str


def quarantine(
    samples: Sequence[Sample],
    load_kw: Sequence[float | None],
    *,
    capacity_kwh: float,
    rated_kw: float,
) -> Iterator[Suspicion]:
    """What to set aside. ``samples`` and ``load_kw`` are the newest hours, in order of time, the present last."""
    if len(samples) >= 2:
        yield from _jumping_soc(samples, capacity_kwh, rated_kw)
        yield from _frozen_soc(samples, capacity_kwh)
    if len(samples) == len(load_kw) >= STUCK_SAMPLES:
        yield from _stuck_load(samples, load_kw)


def _jumping_soc(samples: Sequence[Sample], capacity_kwh: float, rated_kw: float) -> Iterator[Suspicion]:
    """The newest step is larger than the rated power could make it."""
    before, now = samples[-2], samples[-1]
    gap = now.at - before.at
    if gap > LARGEST_GAP or capacity_kwh <= 0:
        return
    most = RATING_SLACK * rated_kw * gap.total_seconds() / 3600 / capacity_kwh * 100 + JUMP_PERCENT
    jump = now.soc_percent - before.soc_percent
    if abs(jump) > most:
        yield Suspicion(
            signal="soc",
            why=(
                f"the state of charge jumped from {before.soc_percent:g} to {now.soc_percent:g} % in "
                f"{gap.total_seconds() / 60:.0f} min; its power allows {most:.0f} %"
            ),
        )


def _frozen_soc(samples: Sequence[Sample], capacity_kwh: float) -> Iterator[Suspicion]:
    """The same state of charge for long, while the battery moved enough energy for several steps of it."""
    newest = samples[-1]
    moved_kwh, since = 0.0, newest.at
    for later, earlier in zip(reversed(samples), reversed(samples[:-1]), strict=False):
        if earlier.soc_percent != newest.soc_percent or later.at - earlier.at > LARGEST_GAP:
            break
        moved_kwh += (later.battery_kw or 0.0) * (later.at - earlier.at).total_seconds() / 3600
        since = earlier.at
    expected = abs(moved_kwh) / capacity_kwh * 100 if capacity_kwh > 0 else 0.0
    is_at_bound = newest.soc_percent >= 99.0 or newest.soc_percent <= 1.0
    if newest.at - since >= FROZEN_AFTER and expected > max(STEPS * soc_step(samples), 2.0) * 2 and not is_at_bound:
        yield Suspicion(
            signal="soc",
            why=(
                f"the state of charge has stood at {newest.soc_percent:g} % since {since:%H:%MZ} while the battery "
                f"moved {abs(moved_kwh):.2f} kWh"
            ),
        )


def _stuck_load(samples: Sequence[Sample], load_kw: Sequence[float | None]) -> Iterator[Suspicion]:
    """Exactly the same load for hours: no house does that."""
    newest = load_kw[-1]
    if newest is None or newest == 0.0:
        return
    count = 0
    for value in reversed(load_kw):
        if value != newest:
            break
        count += 1
    lasted = samples[-1].at - samples[-count].at
    if count >= STUCK_SAMPLES and lasted >= STUCK_FOR:
        yield Suspicion(
            signal="load", why=f"the load has read exactly {newest:g} kW for {lasted.total_seconds() / 3600:.1f} h"
        )
