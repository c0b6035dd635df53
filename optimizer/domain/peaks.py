"""What is charged for power, as distinct from energy, on one horizon."""

from dataclasses import dataclass
from enum import Enum

SAME_KW = 1e-6
"""A step is not passed by less than this: no meter tells it."""


class Direction(Enum):
    """Which way power crosses the connection point."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakStep:
    """Where the billed peak exceeds ``above_kw``, this is the charge of the period; the highest such step counts."""

    above_kw: float
    charge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakTier:
    """From ``above_kw`` of the billed peak on, each further kW costs ``price_per_kw``, up to the next tier."""

    above_kw: float
    price_per_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPeak:
    """A charge on the highest mean power over the metering intervals of one billing period.

    ``interval_of_slot`` numbers the metering interval (from 0, rising) that each slot belongs to; -1 where the
    charge does not look. A slot longer than the interval stands for all the intervals in it. Of interval 0,
    ``metered_kwh`` in ``metered_h`` may have passed already. ``sunk_kw`` is what the billing period has
    reached already, or a floor (a ratchet, a least billed power); only what exceeds it costs.

    Where ``highest_days`` is above 1, the billed peak is the mean of the highest daily peaks of that many
    days: ``day_of_interval`` numbers the days and ``daily_peaks_kw`` holds the peaks of the days gone by;
    ``daily_peaks_kw`` may also hold today's so far, under ``today_kw``, which belongs to day 0.

    From the first of ``tiers`` on they price each further kW in the place of ``price_per_kw``. Where an earlier
    billing period lies in the horizon too, ``ratchet_share`` of the means of its intervals, numbered by
    ``ratchet_of_slot`` in the same way, is billed at least.

    Money: what billed peak, tiers and step add to those that are billed even if nothing more flows.
    """

    name: str = "peak"
    interval_of_slot: tuple[int, ...]
    price_per_kw: float = 0.0
    direction: Direction = Direction.IMPORT
    sunk_kw: float = 0.0
    metered_kwh: float = 0.0
    metered_h: float = 0.0
    highest_days: int = 1
    day_of_interval: tuple[int, ...] = ()
    daily_peaks_kw: tuple[float, ...] = ()
    today_kw: float = 0.0
    tiers: tuple[PeakTier, ...] = ()
    steps: tuple[PeakStep, ...] = ()
    ratchet_share: float = 0.0
    ratchet_of_slot: tuple[int, ...] = ()
