"""What a battery saves in a year, from the span that was lived through: energy by days, peaks by billing periods."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from optimizer.backtest.bills import Billing, bill
from optimizer.backtest.run import Lived
from optimizer.domain.tariff import PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from strategies.charge_law import Period, is_due, period_of

YEAR = timedelta(days=365.25)
PERIODS_A_YEAR = {BillingPeriod.DAY: 365.25, BillingPeriod.MONTH: 12.0, BillingPeriod.YEAR: 1.0}


def saved_per_year(billing: Billing, without: Lived, daemon: Lived) -> float:
    """The daemon's saving against no battery, the span being typical of its year.

    A charge on power is due for each billing period that is touched, however little of it was lived through: its
    saving is that of one such period, as often as a year has them due. All else grows with the days.
    """
    edges = billing.whole.horizon.edges
    by_days = YEAR / (edges[-1] - edges[0])
    whole = billing.whole.tariff

    def saved(tariff: Tariff) -> float:
        span = replace(billing.whole, tariff=tariff)
        return bill(billing, span, without) - bill(billing, span, daemon)

    bare = replace(whole, peak_charges=())
    of_energy = saved(bare)
    of_peaks = of_peaks_a_year = 0.0
    for charge in whole.peak_charges:
        part = saved(replace(bare, peak_charges=(charge,))) - of_energy
        touched = _due_periods(charge, billing)
        of_peaks += part
        if touched:
            of_peaks_a_year += part * _due_a_year(charge) / len(touched)
    return (saved(whole) - of_peaks) * by_days + of_peaks_a_year


def notes_on_a_year(billing: Billing) -> Iterator[str]:
    """The charges of which a span of other months tells nothing."""
    for charge in billing.whole.tariff.peak_charges:
        if not _due_periods(charge, billing):
            yield f"{charge.name!r} is not due within the span: what is said of a year is without it"


def _due_a_year(charge: PeakCharge) -> float:
    share = len(charge.due_months) / 12 if charge.due_months else 1.0
    return share * PERIODS_A_YEAR[charge.billing_period]


def _due_periods(charge: PeakCharge, billing: Billing) -> set[Period]:
    touched = {period_of(charge.billing_period, day) for day in _days(billing)}
    return {period for period in touched if is_due(charge, period)}


def _days(billing: Billing) -> set[date]:
    """The local days that are touched."""
    zone = ZoneInfo(billing.whole.horizon.zone)
    return {edge.astimezone(zone).date() for edge in billing.whole.horizon.edges[:-1]}
