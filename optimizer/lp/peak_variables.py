"""The variables of one charge on power."""

from dataclasses import dataclass

from optimizer.domain.peaks import PeakCharge
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakColumns:
    """``billed_kw`` (one variable), each day's peak and its share among the highest days, and the steps reached."""

    charge: PeakCharge
    billed_kw: Columns
    day_kw: Columns | None
    day_over_kw: Columns | None
    threshold_kw: Columns | None
    reached: Columns | None


def days_ahead(charge: PeakCharge) -> int:
    """How many days of the horizon the charge looks at."""
    return max(charge.day_of_interval, default=-1) + 1


def create_peak(into: ColumnList, charge: PeakCharge) -> PeakColumns:
    """The mean of the N highest days is N * threshold + what each day exceeds it by, over N."""
    has_days = charge.highest_days > 1
    days = days_ahead(charge)
    return PeakColumns(
        charge=charge,
        billed_kw=into.add(f"{charge.name} billed_kw", 1),
        day_kw=into.add(f"{charge.name} day_kw", days) if has_days else None,
        day_over_kw=into.add(f"{charge.name} day_over_kw", days + len(charge.daily_peaks_kw)) if has_days else None,
        threshold_kw=into.add(f"{charge.name} threshold_kw", 1) if has_days else None,
        reached=into.binary(f"{charge.name} reached", len(charge.steps)) if charge.steps else None,
    )
