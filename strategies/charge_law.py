"""When charges on power and on a period's energy look, and what they come to: the one place of these rules.

A slot counts where more than half of it lies in a charge's window; it belongs to the billing period and the day
in whose local time its middle lies. Metering intervals begin at whole multiples of their length in UTC.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from optimizer.domain.peaks import SAME_KW, PeakStep, PeakTier
from optimizer.domain.tariff import MinimumCharge, PeakCharge
from optimizer.domain.windows import BillingPeriod, Windows
from strategies.wall_clock import Calendar, Flags, Floats, Ints, LocalHorizon, wall_times

MOSTLY = 0.5

Period = tuple[int, int, int]
"""Year, month and day of a billing period, 0 where it is not told apart by them."""


def period_of(kind: BillingPeriod, day: date) -> Period:
    """The billing period of a local day."""
    match kind:
        case BillingPeriod.YEAR:
            return day.year, 0, 0
        case BillingPeriod.MONTH:
            return day.year, day.month, 0
        case BillingPeriod.DAY:
            return day.year, day.month, day.day


def period_label(period: Period) -> str:
    """2026, 2026-07 or 2026-07-01."""
    return "-".join(f"{part:02d}" for part in period if part)


def first_day(period: Period) -> date:
    """The day on which a billing period begins."""
    year, month, day = period
    return date(year, month or 1, day or 1)


def period_bounds(period: Period, calendar: Calendar) -> tuple[datetime, datetime]:
    """The instants at which a billing period begins and ends."""
    year, month, day = period
    begins = first_day(period)
    if day:
        after = date.fromordinal(begins.toordinal() + 1)
    elif month:
        after = date(year + month // 12, month % 12 + 1, 1)
    else:
        after = date(year + 1, 1, 1)
    return calendar.instant(begins, 0), calendar.instant(after, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSlots:
    """The slots that count in one billing period, as flags."""

    period: Period
    mask: Flags


def slot_days(local: LocalHorizon) -> list[date]:
    """The local day of each slot's middle."""
    edges_s = np.array([edge.timestamp() for edge in local.horizon.edges])
    return wall_times(((edges_s[:-1] + edges_s[1:]) / 2).astype(np.int64), local.calendar.zone).dates


def counted_slots(kind: BillingPeriod, window: Windows, local: LocalHorizon) -> Iterator[CountedSlots]:
    """The slots that count, for each billing period in which any do."""
    looked: Flags = local.shares(window) > MOSTLY
    periods = [period_of(kind, day) for day in slot_days(local)]
    for period in dict.fromkeys(each for each, here in zip(periods, looked, strict=True) if here):
        yield CountedSlots(period=period, mask=looked & np.array([each == period for each in periods]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Metering intervals: the number of each slot's (-1: it does not count), and the local day of each interval."""

    of_slot: Ints
    days: tuple[date, ...]

    def means_kw(self, energy_kwh: Floats, slot_h: Floats, metered_kwh: float, metered_h: float) -> Floats:
        """Mean power of each; of the first, ``metered_kwh`` in ``metered_h`` passed before."""
        counts = self.of_slot >= 0
        into = self.of_slot[counts]
        kwh = np.bincount(into, weights=energy_kwh[counts], minlength=len(self.days)).astype(np.float64)
        hours = np.bincount(into, weights=slot_h[counts], minlength=len(self.days)).astype(np.float64)
        kwh[0] += metered_kwh
        hours[0] += metered_h
        return kwh / hours


def intervals_of(minutes: int, local: LocalHorizon, mask: Flags, days: list[date]) -> Intervals:
    """The metering intervals of the slots that count; ``days`` is the local day of every slot."""
    slots = np.flatnonzero(mask)
    starts_s = np.array([int(local.horizon.starts[slot].timestamp()) for slot in slots])
    _, first_of, number = np.unique(starts_s // (minutes * 60), return_index=True, return_inverse=True)
    of_slot = np.full(len(local.horizon), -1)
    of_slot[slots] = number
    return Intervals(of_slot=of_slot, days=tuple(days[slots[first]] for first in first_of))


def known_by_day(charge: PeakCharge) -> dict[date, float]:
    """The highest known power of each day gone by."""
    found: dict[date, float] = {}
    for peak in charge.known_peaks:
        found[peak.on] = max(peak.kw, found.get(peak.on, 0.0))
    return found


def of_period(charge: PeakCharge, period: Period, by_day_kw: Mapping[date, float]) -> dict[date, float]:
    """The days of one billing period."""
    return {day: kw for day, kw in by_day_kw.items() if period_of(charge.billing_period, day) == period}


def peak_kw(charge: PeakCharge, daily_kw: Iterable[float]) -> float:
    """The highest day, or the mean of the highest days; a day that is not there counts as 0."""
    highest = sorted(daily_kw, reverse=True)[: charge.highest_days]
    return sum(highest) / charge.highest_days


def looked_back(charge: PeakCharge, period: Period, day: date) -> bool:
    """Whether a ratchet on ``period`` looks at the peak of ``day``."""
    begins = first_day(period)
    months = (begins.year - day.year) * 12 + begins.month - day.month
    counts = not charge.ratchet_counts or day.month in charge.ratchet_counts
    return day < begins and months <= charge.ratchet_months and counts


def least_kw(charge: PeakCharge, period: Period, by_day_kw: Mapping[date, float]) -> float:
    """What is billed at least: the floor, or the ratchet's share of the highest peak that it looks at."""
    seen = (kw for day, kw in by_day_kw.items() if looked_back(charge, period, day))
    return max(charge.floor_kw, charge.ratchet_percent / 100 * max(seen, default=0.0))


def is_due(charge: PeakCharge, period: Period) -> bool:
    """Whether a period's bill holds the charge."""
    return not charge.due_months or period[1] in charge.due_months


def least_amount(charge: MinimumCharge, month: Period) -> float:
    """What the bill of a month comes to at least."""
    match charge.per:
        case BillingPeriod.DAY:
            return charge.amount * monthrange(month[0], month[1])[1]
        case BillingPeriod.MONTH:
            return charge.amount
        case BillingPeriod.YEAR:
            return charge.amount / 12


def power_charge(price_per_kw: float, tiers: tuple[PeakTier, ...], steps: tuple[PeakStep, ...], kw: float) -> float:
    """What a billed peak costs: price, tiers and step."""
    bounds = [0.0, *(tier.above_kw for tier in tiers), float("inf")]
    prices = [price_per_kw, *(tier.price_per_kw for tier in tiers)]
    graduated = sum(
        price * max(min(kw, upper) - lower, 0.0)
        for price, lower, upper in zip(prices, bounds[:-1], bounds[1:], strict=True)
    )
    return graduated + max((step.charge for step in steps if kw > step.above_kw + SAME_KW), default=0.0)
