"""Signals that cannot be true: frozen, jumping, or moving without cause. Each is set aside by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from optimizer.trust.signs import LARGEST_GAP, STEPS, Sample, soc_step

FROZEN_AFTER = timedelta(minutes=45)
JUMP_PERCENT = 5.0
"""Beyond what the battery can do, a state of charge may still be corrected by so much at once (balancing)."""
RATING_SLACK = 1.3
BELIEVED_AGAIN = timedelta(minutes=20)
"""What has stood for so long after a jump is the new truth: a battery that was calibrated."""
STUCK_SAMPLES = 12
STUCK_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A signal that is not to be used now, and why. It was last believed at ``trusted_until``."""

    signal: str
    why: str
    trusted_until: datetime


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
    """A step larger than the rated power could make it, within the last ``BELIEVED_AGAIN``: then it may be true."""
    now = samples[-1].at
    for before, after in zip(reversed(samples[:-1]), reversed(samples[1:]), strict=True):
        if now - after.at >= BELIEVED_AGAIN or capacity_kwh <= 0:
            return
        gap = after.at - before.at
        if gap > LARGEST_GAP:
            continue
        most = RATING_SLACK * rated_kw * gap.total_seconds() / 3600 / capacity_kwh * 100 + JUMP_PERCENT
        jump = after.soc_percent - before.soc_percent
        if abs(jump) > most:
            yield Suspicion(
                signal="soc",
                why=(
                    f"the state of charge jumped from {before.soc_percent:g} to {after.soc_percent:g} % in "
                    f"{gap.total_seconds() / 60:.0f} min; its power allows {most:.0f} %"
                ),
                trusted_until=before.at,
            )
            return


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
            trusted_until=since,
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
            signal="load",
            why=f"the load has read exactly {newest:g} kW for {lasted.total_seconds() / 3600:.1f} h",
            trusted_until=samples[-count].at,
        )


def reckoned_soc(samples: Sequence[Sample], trusted_until: datetime, capacity_kwh: float) -> float:
    """The state of charge at the last sample, percent: the last one believed and the energy moved since then."""
    soc_percent = 0.0
    for earlier, later in pairwise(samples):
        if earlier.at <= trusted_until:
            soc_percent = earlier.soc_percent
        if later.at > trusted_until and later.at - earlier.at <= LARGEST_GAP:
            hours = (later.at - earlier.at).total_seconds() / 3600
            soc_percent += (earlier.battery_kw or 0.0) * hours / capacity_kwh * 100
    return min(max(soc_percent, 0.0), 100.0)
