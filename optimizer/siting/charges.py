"""A tariff's charges on power and on a period's energy, laid onto one horizon as the model knows them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from optimizer.domain.charges import LeastBill, NettedEnergy, TieredEnergy
from optimizer.domain.peaks import BilledPeak
from optimizer.domain.problem import Problem
from optimizer.domain.tariff import EnergyTiers, Meter, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from strategies.charge_law import (
    CountedSlots,
    counted_slots,
    intervals_of,
    is_due,
    known_by_day,
    least_amount,
    least_kw,
    looked_back,
    of_period,
    period_bounds,
    period_label,
    period_of,
    slot_days,
)
from strategies.invoice import counted_in_month, counts_towards_minimum, invoice
from strategies.netting import netting_groups
from strategies.wall_clock import LocalHorizon


def with_charges(problem: Problem, tariff: Tariff, local: LocalHorizon) -> Problem:
    """``problem`` with all that the tariff charges but the price of energy."""
    nothing = Meter(
        horizon=local.horizon, import_kwh=(0.0,) * len(local.horizon), export_kwh=(0.0,) * len(local.horizon)
    )
    groups = netting_groups(tariff, local)
    peaks = tuple(charge for stated in tariff.peak_charges for charge in _peaks(stated, local))
    tiers = tuple(tier for stated in tariff.energy_tiers for tier in _tiers(stated, local))
    return replace(
        problem,
        peak_charges=peaks,
        energy_tiers=tiers,
        netting=None
        if groups is None
        else NettedEnergy(
            group_of_slot=groups.of_slot,
            so_far_import_kwh=groups.so_far_import_kwh,
            so_far_export_kwh=groups.so_far_export_kwh,
        ),
        least_bills=tuple(_least_bills(tariff, local, (*tiers, *peaks), nothing)),
        fixed_charge=invoice(tariff, nothing).caused,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one charge sees of a horizon in one billing period."""

    counted: CountedSlots
    of_slot: tuple[int, ...]
    days: tuple[date, ...]


def _peaks(stated: PeakCharge, local: LocalHorizon) -> Iterator[BilledPeak]:
    days = slot_days(local)
    looks = []
    for counted in counted_slots(stated.billing_period, stated.window, local):
        intervals = intervals_of(stated.interval_minutes, local, counted.mask, days)
        looks.append(_Look(counted=counted, of_slot=tuple(intervals.of_slot.tolist()), days=intervals.days))
    running = period_of(stated.billing_period, local.calendar.day_of(local.horizon.start))
    for number, look in enumerate(looks):
        if is_due(stated, look.counted.period):
            yield _peak(stated, look, looks[:number], is_running=look.counted.period == running)


def _peak(stated: PeakCharge, look: _Look, earlier: list[_Look], *, is_running: bool) -> BilledPeak:
    """A rolling mean of N months counts a month's peak for an Nth: price_per_kw / N for each kW of it."""
    by_day_kw = known_by_day(stated)
    period = look.counted.period
    known_kw = of_period(stated, period, by_day_kw)
    floor_kw = least_kw(stated, period, by_day_kw)
    runs_on = is_running and bool(look.counted.mask[0])
    charge = BilledPeak(
        name=stated.name if is_running else f"{stated.name} {period_label(period)}",
        interval_of_slot=look.of_slot,
        price_per_kw=stated.price_per_kw / stated.rolling_months,
        direction=stated.direction,
        sunk_kw=floor_kw if stated.highest_days > 1 else max([floor_kw, *known_kw.values()]),
        metered_kwh=stated.metered_kwh if runs_on else 0.0,
        metered_h=stated.metered_h if runs_on else 0.0,
        tiers=stated.tiers,
        steps=stated.steps,
    )
    if stated.ratchet_percent and earlier:
        charge = replace(
            charge, ratchet_share=stated.ratchet_percent / 100, ratchet_of_slot=_ratcheted(stated, look, earlier)
        )
    return charge if stated.highest_days == 1 else _by_days(charge, stated.highest_days, look.days, known_kw)


def _ratcheted(stated: PeakCharge, look: _Look, earlier: list[_Look]) -> tuple[int, ...]:
    """The intervals of earlier billing periods in the horizon that a ratchet looks at, numbered anew."""
    numbers: dict[tuple[int, int], int] = {}
    found = np.full(len(look.of_slot), -1)
    for which, other in enumerate(earlier):
        for slot, interval in enumerate(other.of_slot):
            if interval >= 0 and looked_back(stated, look.counted.period, other.days[interval]):
                found[slot] = numbers.setdefault((which, interval), len(numbers))
    return tuple(found.tolist())


def _by_days(charge: BilledPeak, highest_days: int, days: tuple[date, ...], known_kw: dict[date, float]) -> BilledPeak:
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


def _tiers(stated: EnergyTiers, local: LocalHorizon) -> Iterator[TieredEnergy]:
    running = period_of(stated.billing_period, local.calendar.day_of(local.horizon.start))
    for counted in counted_slots(stated.billing_period, stated.window, local):
        is_running = counted.period == running
        yield TieredEnergy(
            name=stated.name if is_running else f"{stated.name} {period_label(counted.period)}",
            counts=tuple(counted.mask.tolist()),
            above_kwh=tuple(tier.above_kwh for tier in stated.tiers),
            added_price_per_kwh=tuple(tier.added_price_per_kwh for tier in stated.tiers),
            direction=stated.direction,
            so_far_kwh=stated.so_far_kwh if is_running else 0.0,
        )


def _least_bills(
    tariff: Tariff, local: LocalHorizon, laid: tuple[TieredEnergy | BilledPeak, ...], nothing: Meter
) -> Iterator[LeastBill]:
    """One for each month that ends within the horizon; ``laid`` are the charges on it."""
    if tariff.minimum_charge is None:
        return
    periods = [period_of(BillingPeriod.MONTH, day) for day in slot_days(local)]
    without = replace(tariff, minimum_charge=None)
    settled = {
        peak.name for stated in tariff.peak_charges if counts_towards_minimum(stated) for peak in _peaks(stated, local)
    }
    for period in dict.fromkeys(periods):
        begins, ends = period_bounds(period, local.calendar)
        if ends > local.horizon.end:
            continue
        so_far = tariff.minimum_charge.so_far if begins <= local.horizon.start else 0.0
        first, end = periods.index(period), len(periods) - periods[::-1].index(period)
        counted = [
            each.name
            for each in laid
            if (isinstance(each, TieredEnergy) or each.name in settled) and first <= _first(each) < end
        ]
        yield LeastBill(
            name=f"minimum charge {period_label(period)}",
            missing=least_amount(tariff.minimum_charge, period) - so_far - counted_in_month(without, nothing, begins),
            first_slot=first,
            end_slot=end,
            charges=tuple(counted),
        )


def _first(charge: TieredEnergy | BilledPeak) -> int:
    if isinstance(charge, TieredEnergy):
        return charge.counts.index(True)
    return next(slot for slot, interval in enumerate(charge.interval_of_slot) if interval >= 0)
