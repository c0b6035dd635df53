"""Charges on power: the billing periods that a horizon touches, and what was metered in the running one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from optimizer.domain.peaks import PeakCharge
from optimizer.domain.site import BillingPeriod, PeakChargeSettings, Site
from optimizer.forecast.align import Floats, Ints
from optimizer.forecast.plausible import plausible_kw
from optimizer.siting.local_time import FIRST_DAY, LocalHorizon, WallTimes, are_inside, calendar_of, wall_times

MOSTLY = 0.5
LEAST_READINGS = 3
"""A mean of fewer is no metering interval's: one kettle would pass for a quarter of an hour."""
YEAR = timedelta(days=366)
LATE = timedelta(days=1)
"""A record that begins this long after its billing period counts as whole."""

Period = tuple[int, int, int]
"""Year, month and day of a billing period, 0 where it is not told apart by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterNeed:
    """Which record of metered power a site's charges ask for."""

    interval_minutes: int
    since: datetime


def metering_needs(site: Site, now: datetime) -> tuple[MeterNeed, ...]:
    """One for each length of metering interval: since the running billing period began, a year for a ratchet."""
    since: dict[int, datetime] = {}
    for charge in site.peak_charges:
        begin = now - YEAR if charge.ratchet_percent else _period_start(site, charge, now)
        minutes = charge.interval_minutes
        since[minutes] = min(begin, since.get(minutes, begin))
    return tuple(MeterNeed(interval_minutes=minutes, since=begin) for minutes, begin in since.items())


def peak_charges(
    site: Site, local: LocalHorizon, metered: Mapping[int, pd.DataFrame], now: datetime
) -> tuple[tuple[PeakCharge, ...], tuple[str, ...]]:
    """The charges of each billing period in the horizon, and what is missing of the record.

    A slot, or an interval on record, counts where more than half of it lies in the charge's window; it belongs to
    the billing period and the day in whose local time its middle lies. Intervals begin at whole multiples of
    their length in UTC. The running period starts from what it has reached; a later one from its floor alone.
    """
    charges: list[PeakCharge] = []
    notes: list[str] = []
    for stated in site.peak_charges:
        record = _record(site, stated, metered.get(stated.interval_minutes), now)
        charges += _of_each_period(stated, local, record)
        notes += _missing(site, stated, record)
    return tuple(charges), tuple(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """The peak of each local day that is known; the running interval's mean; when the record begins."""

    now: datetime
    today: date
    running: Period
    by_day_kw: dict[date, float]
    running_kw: float | None
    begins: datetime | None

    def days_of(self, stated: PeakChargeSettings, period: Period) -> dict[date, float]:
        """The known days of one billing period."""
        return {day: kw for day, kw in self.by_day_kw.items() if _period(stated.billing_period, day) == period}


def _record(site: Site, stated: PeakChargeSettings, frame: pd.DataFrame | None, now: datetime) -> _Record:
    calendar = calendar_of(site)
    today = calendar.day_of(now)
    by_day_kw: dict[date, float] = {}
    for peak in stated.known_peaks:
        by_day_kw[peak.on] = max(peak.kw, by_day_kw.get(peak.on, 0.0))
    running_kw: float | None = None
    begins: datetime | None = None
    if frame is not None and len(frame):
        starts_s, kw, readings = _columns(frame, stated)
        known = np.isfinite(kw)
        interval_s = stated.interval_minutes * 60
        running_s = int(now.timestamp()) // interval_s * interval_s
        at_now = known & (starts_s == running_s)
        running_kw = float(kw[at_now][0]) if at_now.any() else None
        done = known & (starts_s < running_s)
        if done.any():
            begins = datetime.fromtimestamp(int(starts_s[done][0]), UTC)
        done &= readings >= LEAST_READINGS
        walls = wall_times(starts_s[done] + interval_s // 2, site.zone)
        counts = are_inside(stated.window, walls, calendar)
        for number, day_kw in _daily(walls, kw[done], counts):
            day = FIRST_DAY + timedelta(days=number)
            by_day_kw[day] = max(day_kw, by_day_kw.get(day, 0.0))
    return _Record(
        now=now,
        today=today,
        running=_period(stated.billing_period, today),
        by_day_kw=by_day_kw,
        running_kw=running_kw,
        begins=begins,
    )


def _columns(frame: pd.DataFrame, stated: PeakChargeSettings) -> tuple[Ints, Floats, Floats]:
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("s")
    kw = frame[f"{stated.direction.value}_kw"].to_numpy(dtype=np.float64, na_value=np.nan)
    return index.asi8, plausible_kw(kw), frame["readings"].to_numpy(dtype=np.float64, na_value=0.0)


def _daily(walls: WallTimes, kw: Floats, counts: np.ndarray) -> Iterator[tuple[int, float]]:
    days, which = np.unique(walls.day[counts], return_inverse=True)
    peaks = np.zeros(len(days))
    np.maximum.at(peaks, which, kw[counts])
    yield from zip(days.tolist(), peaks.tolist(), strict=True)


def _of_each_period(stated: PeakChargeSettings, local: LocalHorizon, record: _Record) -> Iterator[PeakCharge]:
    edges_s = np.array([edge.timestamp() for edge in local.horizon.edges])
    middles = wall_times(((edges_s[:-1] + edges_s[1:]) / 2).astype(np.int64), local.calendar.zone)
    looked = local.shares(stated.window) > MOSTLY
    dates = middles.dates
    periods = [_period(stated.billing_period, day) for day in dates]
    for period in dict.fromkeys(each for each, here in zip(periods, looked, strict=True) if here):
        mask = looked & np.array([each == period for each in periods])
        yield _charge(stated, local, record, period, mask, dates)


def _charge(
    stated: PeakChargeSettings,
    local: LocalHorizon,
    record: _Record,
    period: Period,
    mask: np.ndarray,
    dates: list[date],
) -> PeakCharge:
    """A rolling mean of N months counts a month's peak for an Nth: price_per_kw / N for each kW of it."""
    slots = np.flatnonzero(mask)
    interval_s = stated.interval_minutes * 60
    starts_s = np.array([int(local.horizon.starts[slot].timestamp()) for slot in slots])
    _, first_of, number = np.unique(starts_s // interval_s, return_index=True, return_inverse=True)
    interval_of_slot = np.full(len(local.horizon), -1)
    interval_of_slot[slots] = number
    days = [dates[slots[first]] for first in first_of]
    is_running = period == record.running
    known_kw = record.days_of(stated, period) if is_running else {}
    floor_kw = max(stated.floor_kw, stated.ratchet_percent / 100 * _highest_of_a_year(record))
    metered_kwh, metered_h = _metered(local, record, interval_s) if is_running and mask[0] else (0.0, 0.0)
    name = stated.name if is_running else f"{stated.name} {_label(period)}"
    charge = PeakCharge(
        name=name,
        interval_of_slot=tuple(interval_of_slot.tolist()),
        price_per_kw=stated.price_per_kw / stated.rolling_months,
        direction=stated.direction,
        sunk_kw=floor_kw if stated.highest_days > 1 else max([floor_kw, *known_kw.values()]),
        metered_kwh=metered_kwh,
        metered_h=metered_h,
        steps=stated.steps,
    )
    return charge if stated.highest_days == 1 else _by_days(charge, stated.highest_days, days, known_kw)


def _by_days(charge: PeakCharge, highest_days: int, days: list[date], known_kw: dict[date, float]) -> PeakCharge:
    """Only the highest days gone by can be among the billed; what today has reached belongs to its first day ahead."""
    numbered = {day: number for number, day in enumerate(dict.fromkeys(days))}
    gone = sorted((kw for day, kw in known_kw.items() if day != days[0]), reverse=True)
    return replace(
        charge,
        highest_days=highest_days,
        day_of_interval=tuple(numbered[day] for day in days),
        daily_peaks_kw=tuple(gone[:highest_days]),
        today_kw=known_kw.get(days[0], 0.0),
    )


def _metered(local: LocalHorizon, record: _Record, interval_s: int) -> tuple[float, float]:
    """Energy and hours of the running interval so far; none where slots do not lie within intervals, or unread."""
    start_s = local.horizon.start.timestamp()
    passed_s = start_s % interval_s
    if record.running_kw is None or local.horizon.edges[1].timestamp() > start_s - passed_s + interval_s:
        return 0.0, 0.0
    return record.running_kw * passed_s / 3600, passed_s / 3600


def _highest_of_a_year(record: _Record) -> float:
    since = record.today - YEAR
    return max((kw for day, kw in record.by_day_kw.items() if day >= since), default=0.0)


def _missing(site: Site, stated: PeakChargeSettings, record: _Record) -> Iterator[str]:
    """What the record cannot tell, unless the operator does."""
    if stated.billing_period is BillingPeriod.DAY and not stated.ratchet_percent:
        return
    on_record = "not on record" if record.begins is None else f"on record from {record.begins:%Y-%m-%d %H:%M} UTC on"
    begun = _period_start(site, stated, record.now)
    if not any(_period(stated.billing_period, peak.on) == record.running for peak in stated.known_peaks) and (
        record.begins is None or record.begins > begun + LATE
    ):
        yield (
            f"peak charge {stated.name}: grid power is {on_record}, its billing period began "
            f"{begun:%Y-%m-%d %H:%M} UTC; an earlier peak is not known, state it in known_peaks"
        )
    before = record.now - YEAR + LATE
    if stated.ratchet_percent and not stated.known_peaks and (record.begins is None or record.begins > before):
        yield f"peak charge {stated.name}: twelve months are not on record; state their highest peak in known_peaks"


def _period(kind: BillingPeriod, day: date) -> Period:
    match kind:
        case BillingPeriod.YEAR:
            return day.year, 0, 0
        case BillingPeriod.MONTH:
            return day.year, day.month, 0
        case BillingPeriod.DAY:
            return day.year, day.month, day.day


def _label(period: Period) -> str:
    """2026, 2026-07 or 2026-07-01."""
    return "-".join(f"{part:02d}" for part in period if part)


def _period_start(site: Site, stated: PeakChargeSettings, now: datetime) -> datetime:
    calendar = calendar_of(site)
    year, month, day = _period(stated.billing_period, calendar.day_of(now))
    return calendar.instant(date(year, month or 1, day or 1), 0)
