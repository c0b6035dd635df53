"""The variables of one charge on power."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.peaks import BilledPeak
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakColumns:
    """``billed_kw`` (one variable), each day's peak and its share among the highest days, the steps reached.

    ``over_kw`` is what exceeds each tier's bound; of ``falling`` ones, which are cheaper than the tier before,
    ``passed`` says whether it does.
    """

    charge: BilledPeak
    billed_kw: Columns
    day_kw: Columns | None
    day_over_kw: Columns | None
    threshold_kw: Columns | None
    reached: Columns | None
    over_kw: Columns | None
    falling: Ints
    passed: Columns


def days_ahead(charge: BilledPeak) -> int:
    """How many days of the horizon the charge looks at."""
    return max(charge.day_of_interval, default=-1) + 1


def added_prices(charge: BilledPeak) -> Floats:
    """What each tier's price adds to the one before it."""
    return np.diff([charge.price_per_kw, *(tier.price_per_kw for tier in charge.tiers)])


def create_peak(into: ColumnList, charge: BilledPeak) -> PeakColumns:
    """The mean of the N highest days is N * threshold + what each day exceeds it by, over N."""
    falling = np.flatnonzero(added_prices(charge) < 0).astype(np.int32)
    has_days = charge.highest_days > 1
    days = days_ahead(charge)
    return PeakColumns(
        charge=charge,
        billed_kw=into.add(f"{charge.name} billed_kw", 1),
        day_kw=into.add(f"{charge.name} day_kw", days) if has_days else None,
        day_over_kw=into.add(f"{charge.name} day_over_kw", days + len(charge.daily_peaks_kw)) if has_days else None,
        threshold_kw=into.add(f"{charge.name} threshold_kw", 1) if has_days else None,
        reached=into.binary(f"{charge.name} reached", len(charge.steps)) if charge.steps else None,
        over_kw=into.add(f"{charge.name} over_kw", len(charge.tiers)) if charge.tiers else None,
        falling=falling,
        passed=into.binary(f"{charge.name} passed", len(falling)),
    )
