"""What was metered, carried into a tariff's charges: the peaks and the energy of the running billing periods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction
from optimizer.domain.tariff import EnergyTiers, KnownPeak, Meter, NettedSoFar, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from optimizer.forecast.align import Floats, Ints
from optimizer.forecast.plausible import plausible_kw
from strategies.charge_law import counted_slots, is_due, known_by_day, period_bounds, period_of
from strategies.invoice import counted_in_month
from strategies.wall_clock import FIRST_DAY, Calendar, WallTimes, are_inside, local_horizon, wall_times

LEAST_READINGS = 3
"""A mean of fewer is no metering interval's: one kettle would pass for a quarter of an hour."""
YEAR = timedelta(days=366)
LATE = timedelta(days=1)
"""A record that begins this long after its billing period counts as whole."""
METER_MINUTES = 15
MONTH = timedelta(days=31)

Frames = Mapping[int, pd.DataFrame]
"""Mean ``import_kw`` and ``export_kw`` of metering intervals and their ``readings``, by the interval's minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterNeed:
    """Which record of metered power a site's charges ask for."""

    interval_minutes: int
    since: datetime


def metering_needs(tariff: Tariff, calendar: Calendar, now: datetime) -> tuple[MeterNeed, ...]:
    """One for each length of metering interval: since the running billing period began, longer for a ratchet."""
    since: dict[int, datetime] = {}

    def need(minutes: int, begin: datetime) -> None:
        since[minutes] = min(begin, since.get(minutes, begin))

    for charge in tariff.peak_charges:
        begin = _period_start(calendar, charge.billing_period, now)
        months = max(charge.ratchet_months if charge.ratchet_percent else 0, charge.rolling_months - 1)
        need(charge.interval_minutes, begin - months * MONTH)
    for tiers in tariff.energy_tiers:
        need(METER_MINUTES, _period_start(calendar, tiers.billing_period, now))
    if tariff.netting is not None or tariff.minimum_charge is not None:
        need(METER_MINUTES, _period_start(calendar, BillingPeriod.MONTH, now))
    return tuple(MeterNeed(interval_minutes=minutes, since=begin) for minutes, begin in since.items())


def month_to_date(calendar: Calendar, now: datetime) -> MeterNeed:
    """The record that every strategy is given."""
    return MeterNeed(interval_minutes=METER_MINUTES, since=_period_start(calendar, BillingPeriod.MONTH, now))


def meter_of(frame: pd.DataFrame, since: datetime, now: datetime, zone: str) -> Meter | None:
    """The record as energy of quarter hours up to ``now``; one without a reading is taken at the mean of the others.

    It begins with the record, or at ``since``. None where there is no record.
    """
    columns = {}
    step_s = METER_MINUTES * 60
    for direction in Direction:
        starts_s, kw, _ = _columns(frame, direction)
        known = np.isfinite(kw) & (starts_s + step_s > since.timestamp()) & (starts_s < now.timestamp())
        if not known.any():
            return None
        columns[direction] = (starts_s[known], kw[known])
    first_s = max(min(int(starts_s[0]) for starts_s, _ in columns.values()), int(since.timestamp()))
    grid_s = np.arange(first_s // step_s * step_s, now.timestamp(), step_s, dtype=np.int64)
    edges_s = np.append(np.maximum(grid_s, first_s), int(now.timestamp()))
    if len(edges_s) < 2 or edges_s[-1] <= edges_s[-2]:
        return None
    energy: dict[Direction, tuple[float, ...]] = {}
    for direction, (starts_s, kw) in columns.items():
        filled = np.full(len(grid_s), float(kw.mean()))
        at = np.searchsorted(grid_s, starts_s)
        filled[at] = kw
        energy[direction] = tuple((filled * np.diff(edges_s) / 3600).tolist())
    edges = tuple(datetime.fromtimestamp(int(edge), UTC) for edge in edges_s)
    return Meter(horizon=Horizon(edges, zone), import_kwh=energy[Direction.IMPORT], export_kwh=energy[Direction.EXPORT])


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A tariff whose charges know what was metered, and what is missing of the record."""

    tariff: Tariff
    notes: tuple[str, ...]


def carried(
    tariff: Tariff, horizon: Horizon, calendar: Calendar, frames: Frames, past: tuple[Tariff, Meter] | None = None
) -> Carried:
    """``tariff`` with the peaks and the energy that the running billing periods have reached already.

    ``past``: the month's prices so far and what was metered under them, for netting and a minimum charge.
    """
    now = horizon.start
    notes: list[str] = []
    peaks = []
    for stated in tariff.peak_charges:
        record = _record(stated, frames.get(stated.interval_minutes), calendar, now)
        notes += _missing(stated, record, calendar)
        peaks.append(_with_peaks(stated, record, horizon))
    quarter_hours = frames.get(METER_MINUTES)
    tiers = []
    for stated_tiers in tariff.energy_tiers:
        since = _period_start(calendar, stated_tiers.billing_period, now)
        meter = None if quarter_hours is None else meter_of(quarter_hours, since, now, horizon.zone)
        if meter is None or meter.horizon.start > since + LATE:
            notes.append(
                f"{stated_tiers.name}: the energy of its billing period is not on record since {since:%Y-%m-%d}"
            )
        tiers.append(stated_tiers if meter is None else _with_energy(stated_tiers, meter, calendar))
    tariff = replace(tariff, peak_charges=tuple(peaks), energy_tiers=tuple(tiers))
    if past is not None:
        tariff = _with_past(tariff, past, horizon)
    return Carried(tariff=tariff, notes=tuple(notes))


def _with_energy(stated: EnergyTiers, meter: Meter, calendar: Calendar) -> EnergyTiers:
    local = local_horizon(meter.horizon, calendar)
    running = period_of(stated.billing_period, calendar.day_of(meter.horizon.end))
    energy = np.array(getattr(meter, f"{stated.direction.value}_kwh"))
    counted = [
        float(energy[each.mask].sum())
        for each in counted_slots(stated.billing_period, stated.window, local)
        if each.period == running
    ]
    return replace(stated, so_far_kwh=stated.so_far_kwh + sum(counted))


def _with_past(tariff: Tariff, past: tuple[Tariff, Meter], horizon: Horizon) -> Tariff:
    priced, meter = past
    if tariff.netting is not None:
        minutes = tariff.netting.minutes
        since = meter.horizon.start
        if minutes is not None:
            now_s = int(horizon.start.timestamp())
            since = datetime.fromtimestamp(now_s // (minutes * 60) * minutes * 60, UTC)
        reached: dict[tuple[float, float], tuple[float, float]] = {}
        rows = zip(
            meter.horizon.starts,
            priced.import_price_per_kwh,
            priced.export_price_per_kwh,
            meter.import_kwh,
            meter.export_kwh,
            strict=True,
        )
        for start, import_price, export_price, import_kwh, export_kwh in rows:
            if start >= since:
                before = reached.get((import_price, export_price), (0.0, 0.0))
                reached[import_price, export_price] = (before[0] + import_kwh, before[1] + export_kwh)
        so_far = tuple(
            NettedSoFar(import_price_per_kwh=a, export_price_per_kwh=b, import_kwh=bought, export_kwh=sold)
            for (a, b), (bought, sold) in reached.items()
        )
        tariff = replace(tariff, netting=replace(tariff.netting, so_far=so_far))
    if tariff.minimum_charge is not None:
        billed = counted_in_month(replace(priced, minimum_charge=None), meter, horizon.start)
        tariff = replace(tariff, minimum_charge=replace(tariff.minimum_charge, so_far=billed))
    return tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """The peak of each local day that is known; the running interval's mean; when the record begins."""

    now: datetime
    by_day_kw: dict[date, float]
    running_kw: float | None
    begins: datetime | None


def _record(stated: PeakCharge, frame: pd.DataFrame | None, calendar: Calendar, now: datetime) -> _Record:
    by_day_kw = known_by_day(stated)
    running_kw: float | None = None
    begins: datetime | None = None
    if frame is not None and len(frame):
        starts_s, kw, readings = _columns(frame, stated.direction)
        known = np.isfinite(kw)
        interval_s = stated.interval_minutes * 60
        running_s = int(now.timestamp()) // interval_s * interval_s
        at_now = known & (starts_s == running_s)
        running_kw = float(kw[at_now][0]) if at_now.any() else None
        done = known & (starts_s < running_s)
        if done.any():
            begins = datetime.fromtimestamp(int(starts_s[done][0]), UTC)
        done &= readings >= LEAST_READINGS
        walls = wall_times(starts_s[done] + interval_s // 2, calendar.zone)
        counts = are_inside(stated.window, walls, calendar)
        for number, day_kw in _daily(walls, kw[done], counts):
            day = FIRST_DAY + timedelta(days=number)
            by_day_kw[day] = max(day_kw, by_day_kw.get(day, 0.0))
    return _Record(now=now, by_day_kw=by_day_kw, running_kw=running_kw, begins=begins)


def _columns(frame: pd.DataFrame, direction: Direction) -> tuple[Ints, Floats, Floats]:
    index = pd.DatetimeIndex(frame.index).tz_convert("UTC").as_unit("s")
    kw = frame[f"{direction.value}_kw"].to_numpy(dtype=np.float64, na_value=np.nan)
    return index.asi8, plausible_kw(kw), frame["readings"].to_numpy(dtype=np.float64, na_value=0.0)


def _daily(walls: WallTimes, kw: Floats, counts: np.ndarray) -> Iterator[tuple[int, float]]:
    days, which = np.unique(walls.day[counts], return_inverse=True)
    peaks = np.zeros(len(days))
    np.maximum.at(peaks, which, kw[counts])
    yield from zip(days.tolist(), peaks.tolist(), strict=True)


def _with_peaks(stated: PeakCharge, record: _Record, horizon: Horizon) -> PeakCharge:
    """Of the running interval nothing is carried where slots do not lie within intervals, or where it is unread."""
    known = tuple(KnownPeak(on=day, kw=kw) for day, kw in sorted(record.by_day_kw.items()))
    interval_s = stated.interval_minutes * 60
    start_s = horizon.start.timestamp()
    passed_s = start_s % interval_s
    if record.running_kw is None or horizon.edges[1].timestamp() > start_s - passed_s + interval_s:
        return replace(stated, known_peaks=known)
    return replace(
        stated, known_peaks=known, metered_kwh=record.running_kw * passed_s / 3600, metered_h=passed_s / 3600
    )


def _missing(stated: PeakCharge, record: _Record, calendar: Calendar) -> Iterator[str]:
    """What the record cannot tell, unless the operator does."""
    if stated.billing_period is BillingPeriod.DAY and not stated.ratchet_percent:
        return
    on_record = "not on record" if record.begins is None else f"on record from {record.begins:%Y-%m-%d %H:%M} UTC on"
    begun = _period_start(calendar, stated.billing_period, record.now)
    running = period_of(stated.billing_period, calendar.day_of(record.now))
    stated_now = any(period_of(stated.billing_period, peak.on) == running for peak in stated.known_peaks)
    if is_due(stated, running) and not stated_now and (record.begins is None or record.begins > begun + LATE):
        yield (
            f"peak charge {stated.name}: grid power is {on_record}, its billing period began "
            f"{begun:%Y-%m-%d %H:%M} UTC; an earlier peak is not known, state it in known_peaks"
        )
    before = record.now - YEAR + LATE
    if stated.ratchet_percent and not stated.known_peaks and (record.begins is None or record.begins > before):
        yield f"peak charge {stated.name}: twelve months are not on record; state their highest peak in known_peaks"


def _period_start(calendar: Calendar, kind: BillingPeriod, now: datetime) -> datetime:
    return period_bounds(period_of(kind, calendar.day_of(now)), calendar)[0]
