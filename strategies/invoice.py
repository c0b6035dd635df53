"""What the supplier will bill for metered energy: the tariff applied to a meter's record, line by line. Pure.

The same tariff and the same rules price a plan in the linear program; the conformance tests hold both against
each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction
from optimizer.domain.tariff import EnergyTiers, Meter, PeakCharge, Tariff
from optimizer.domain.windows import BillingPeriod
from strategies.charge_law import (
    CountedSlots,
    Period,
    counted_slots,
    intervals_of,
    is_due,
    known_by_day,
    least_amount,
    least_kw,
    of_period,
    peak_kw,
    period_bounds,
    period_label,
    period_of,
    power_charge,
    slot_days,
)
from strategies.netting import netting_groups
from strategies.wall_clock import Calendar, Floats, LocalHorizon, local_horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line. ``amount`` is exact and holds its VAT; credits are negative. ``net`` is rounded, without VAT.

    ``later`` is what the same meter adds to later bills, where a charge is a mean over several of them, less
    what this bill holds for earlier ones.
    """

    name: str
    quantity: float
    unit: str
    amount: float
    net: float
    vat_percent: float
    later: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """The bill for one span of time. ``vat`` is the rounded tax by its rate in percent."""

    currency: str
    start: datetime
    end: datetime
    lines: tuple[InvoiceLine, ...]
    vat: dict[float, float]
    decimals: int

    @property
    def exact(self) -> float:
        """All amounts before rounding, VAT included."""
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> float:
        """What is due: the rounded net lines and the rounded VAT on their sum."""
        return _rounded(sum(line.net for line in self.lines) + sum(self.vat.values()), self.decimals)

    @property
    def caused(self) -> float:
        """What the metered energy costs in all, on this bill and on later ones: what a plan minimises."""
        return self.exact + sum(line.later for line in self.lines)


def invoice(tariff: Tariff, meter: Meter) -> Invoice:
    """The bill for what was metered. The tariff's slots are those of the meter's horizon.

    What the tariff's charges know of before (known peaks, energy so far) is taken as billed already. Raises
    ValueError where tariff and meter do not have the same slots.
    """
    merged: dict[tuple[str, str], _Item] = {}
    for item in _items(tariff, meter):
        known = merged.get((item.name, item.unit))
        merged[item.name, item.unit] = item if known is None else known.joined(item)
    lines = []
    for item in merged.values():
        vat_percent = item.vat_percent
        if vat_percent is None:
            vat_percent = tariff.export_vat_percent if item.is_export else tariff.vat_percent
        lines.append(
            InvoiceLine(
                name=item.name,
                quantity=item.quantity,
                unit=item.unit,
                amount=item.amount,
                net=_rounded(item.amount / (1 + vat_percent / 100), tariff.decimals),
                vat_percent=vat_percent,
                later=item.later,
            )
        )
    rates = dict.fromkeys(line.vat_percent for line in lines if line.vat_percent)
    vat = {
        rate: _rounded(sum(line.net for line in lines if line.vat_percent == rate) * rate / 100, tariff.decimals)
        for rate in rates
    }
    horizon = meter.horizon
    return Invoice(
        currency=tariff.currency,
        start=horizon.start,
        end=horizon.end,
        lines=tuple(lines),
        vat=vat,
        decimals=tariff.decimals,
    )


def counted_in_month(tariff: Tariff, meter: Meter, at: datetime) -> float:
    """What counts towards a minimum charge in the local month of ``at``."""
    calendar = Calendar(zone=meter.horizon.zone, holiday_country=tariff.holiday_country)
    month = period_of(BillingPeriod.MONTH, calendar.day_of(at))
    items = _items(replace(tariff, minimum_charge=None), meter)
    return sum(item.amount for item in items if item.month == month)


def counts_towards_minimum(charge: PeakCharge) -> bool:
    """Only a peak that the month's own bill settles does."""
    return charge.billing_period is not BillingPeriod.YEAR and charge.rolling_months == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One line in one month; ``month`` None where a minimum charge does not count it.

    ``vat_percent`` None: that of its direction.
    """

    name: str
    quantity: float
    unit: str
    amount: float
    month: Period | None
    later: float = 0.0
    is_export: bool = False
    vat_percent: float | None = None

    def joined(self, other: "_Item") -> "_Item":
        return replace(
            self,
            quantity=self.quantity + other.quantity,
            amount=self.amount + other.amount,
            later=self.later + other.later,
        )


def _items(tariff: Tariff, meter: Meter) -> Iterator[_Item]:
    slots = len(meter.horizon)
    if len(tariff.import_price_per_kwh) != slots:
        msg = f"the tariff prices {len(tariff.import_price_per_kwh)} slots, the meter has {slots}"
        raise ValueError(msg)
    calendar = Calendar(zone=meter.horizon.zone, holiday_country=tariff.holiday_country)
    local = local_horizon(meter.horizon, calendar)
    months = [period_of(BillingPeriod.MONTH, day) for day in slot_days(local)]
    energy = _after_netting(tariff, meter, local)
    items: list[_Item] = [
        *_energy_items(tariff, energy, months),
        *(item for tiers in tariff.energy_tiers for item in _tier_items(tiers, energy, local, months)),
        *(item for charge in tariff.peak_charges for item in _peak_items(charge, meter, local, months)),
        *_fixed_items(tariff, local),
    ]
    yield from items
    if tariff.minimum_charge is not None:
        for month in dict.fromkeys(months):
            begins, ends = period_bounds(month, calendar)
            if ends <= meter.horizon.end:
                so_far = tariff.minimum_charge.so_far if begins <= meter.horizon.start else 0.0
                billed = so_far + sum(item.amount for item in items if item.month == month)
                missing = max(least_amount(tariff.minimum_charge, month) - billed, 0.0)
                yield _Item(name="minimum charge", quantity=1.0, unit="month", amount=missing, month=None)


_Energy = dict[Direction, Floats]
"""Billed kWh of each slot."""


def _after_netting(tariff: Tariff, meter: Meter, local: LocalHorizon) -> _Energy:
    """What is matched within a group is taken off its first slot; the prices of its slots are the same."""
    energy = {Direction.IMPORT: np.array(meter.import_kwh), Direction.EXPORT: np.array(meter.export_kwh)}
    groups = netting_groups(tariff, local)
    if groups is None:
        return energy
    of_slot = np.array(groups.of_slot)
    before = (np.array(groups.so_far_import_kwh), np.array(groups.so_far_export_kwh))
    bought, sold = (np.bincount(of_slot, weights=series) for series in energy.values())
    matched = np.minimum(before[0] + bought, before[1] + sold) - np.minimum(*before)
    first = np.array([groups.of_slot.index(group) for group in range(len(matched))])
    for series in energy.values():
        series[first] -= matched
    return energy


def _energy_items(tariff: Tariff, energy: _Energy, months: list[Period]) -> Iterator[_Item]:
    for direction, sign in ((Direction.IMPORT, 1.0), (Direction.EXPORT, -1.0)):
        for month in dict.fromkeys(months):
            mask = np.array([each == month for each in months])
            kwh = np.where(mask, energy[direction], 0.0)
            for part in tariff.parts_of(direction):
                yield _Item(
                    name=part.name,
                    quantity=float(kwh.sum()),
                    unit="kWh" if direction is Direction.IMPORT else "kWh sold",
                    amount=sign * float(kwh @ np.array(part.price_per_kwh)),
                    month=month,
                    is_export=direction is Direction.EXPORT,
                    vat_percent=part.vat_percent,
                )


def _tier_items(tiers: EnergyTiers, energy: _Energy, local: LocalHorizon, months: list[Period]) -> Iterator[_Item]:
    running = period_of(tiers.billing_period, local.calendar.day_of(local.horizon.start))
    sign = 1.0 if tiers.direction is Direction.IMPORT else -1.0
    for counted in counted_slots(tiers.billing_period, tiers.window, local):
        before = tiers.so_far_kwh if counted.period == running else 0.0
        after = before + float(energy[tiers.direction][counted.mask].sum())
        added = sum(
            tier.added_price_per_kwh * (max(after - tier.above_kwh, 0.0) - max(before - tier.above_kwh, 0.0))
            for tier in tiers.tiers
        )
        yield _Item(
            name=tiers.name,
            quantity=after - before,
            unit="kWh counted",
            amount=sign * added,
            month=months[int(np.argmax(counted.mask))],
            is_export=tiers.direction is Direction.EXPORT,
        )


def _peak_items(charge: PeakCharge, meter: Meter, local: LocalHorizon, months: list[Period]) -> Iterator[_Item]:
    """The known days of a period are billed already. Later periods' ratchets look at earlier ones of the meter."""
    energy = np.array(getattr(meter, f"{charge.direction.value}_kwh"))
    slot_h = np.array(meter.horizon.slot_h)
    days = slot_days(local)
    by_day_kw = known_by_day(charge)
    running = period_of(charge.billing_period, local.calendar.day_of(local.horizon.start))
    for counted in counted_slots(charge.billing_period, charge.window, local):
        known_kw = of_period(charge, counted.period, by_day_kw)
        runs_on = counted.period == running and bool(counted.mask[0])
        metered = (charge.metered_kwh, charge.metered_h) if runs_on else (0.0, 0.0)
        intervals = intervals_of(charge.interval_minutes, local, counted.mask, days)
        all_kw = dict(known_kw)
        for day, kw in zip(intervals.days, intervals.means_kw(energy, slot_h, *metered), strict=True):
            all_kw[day] = max(float(kw), all_kw.get(day, 0.0))
        if is_due(charge, counted.period):
            yield _peak_item(charge, counted, (known_kw, all_kw), by_day_kw, months)
        by_day_kw |= all_kw


def _peak_item(
    charge: PeakCharge,
    counted: CountedSlots,
    daily_kw: tuple[dict[date, float], dict[date, float]],
    by_day_kw: dict[date, float],
    months: list[Period],
) -> _Item:
    floor_kw = least_kw(charge, counted.period, by_day_kw)
    known_kw, all_kw = daily_kw
    billed_kw = max(floor_kw, peak_kw(charge, all_kw.values()))
    before_kw = max(floor_kw, peak_kw(charge, known_kw.values())) if known_kw else 0.0
    due, caused = _due(charge, counted.period, billed_kw, by_day_kw)
    if known_kw:
        due_before, caused_before = _due(charge, counted.period, before_kw, by_day_kw)
        due, caused = due - due_before, caused - caused_before
    return _Item(
        name=f"{charge.name} {period_label(counted.period)}",
        quantity=billed_kw,
        unit="kW",
        amount=due,
        month=months[int(np.argmax(counted.mask))] if counts_towards_minimum(charge) else None,
        later=caused - due,
        is_export=charge.direction is Direction.EXPORT,
    )


def _due(charge: PeakCharge, period: Period, billed_kw: float, by_day_kw: dict[date, float]) -> tuple[float, float]:
    """What this period's bill holds, and what the peak costs over all the bills that hold it."""
    if charge.rolling_months == 1:
        due = power_charge(charge.price_per_kw, charge.tiers, charge.steps, billed_kw)
        return due, due
    year, month, _ = period
    earlier = [(year * 12 + month - 1 - back) for back in range(1, charge.rolling_months)]
    peaks = [billed_kw]
    for number in earlier:
        of_month = of_period(charge, (number // 12, number % 12 + 1, 0), by_day_kw)
        if of_month:
            peaks.append(max(charge.floor_kw, peak_kw(charge, of_month.values())))
    share = charge.price_per_kw / charge.rolling_months
    return share * sum(peaks) / len(peaks), share * billed_kw


def _fixed_items(tariff: Tariff, local: LocalHorizon) -> Iterator[_Item]:
    """Each month of the span, each charge: its share of the time."""
    horizon: Horizon = local.horizon
    days = [local.calendar.day_of(horizon.start), local.calendar.day_of(horizon.end - timedelta(microseconds=1))]
    all_days = [days[0] + timedelta(days=number) for number in range((days[1] - days[0]).days + 1)]
    for charge in tariff.fixed_charges:
        for month in dict.fromkeys(period_of(BillingPeriod.MONTH, day) for day in all_days):
            in_month = [day for day in all_days if period_of(BillingPeriod.MONTH, day) == month]
            share = 0.0
            for period in dict.fromkeys(period_of(charge.per, day) for day in in_month):
                begins, ends = period_bounds(period, local.calendar)
                share += (
                    _overlap_s(horizon, period_bounds(month, local.calendar), (begins, ends))
                    / (ends - begins).total_seconds()
                )
            yield _Item(
                name=charge.name, quantity=share, unit=charge.per.value, amount=charge.amount * share, month=month
            )


def _overlap_s(horizon: Horizon, *spans: tuple[datetime, datetime]) -> float:
    begins = max(horizon.start, *(span[0] for span in spans))
    ends = min(horizon.end, *(span[1] for span in spans))
    return max((ends - begins).total_seconds(), 0.0)


def _rounded(amount: float, decimals: int) -> float:
    """Half a unit is rounded away from zero, as on paper; what is a hair below half counts as half."""
    unit = Decimal(1).scaleb(-decimals)
    return float(Decimal(str(round(amount, decimals + 7))).quantize(unit, rounding=ROUND_HALF_UP))
