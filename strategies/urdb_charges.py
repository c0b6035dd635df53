"""What a rate of the Utility Rate Database charges, as the parts of a ``Tariff``. Money is US dollars."""

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from optimizer.domain.peaks import PeakTier
from optimizer.domain.tariff import EnergyTier, EnergyTiers, FixedCharge, KnownPeak, MinimumCharge, PeakCharge
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.errors import ConfigError, ForecastGap
from strategies.urdb_rate import BoundUnit, DemandTiers, EnergyPeriod, Per, Ratchet, Rate, Schedule
from strategies.wall_clock import FIRST_DAY, ONE_DAY, Floats, LocalHorizon

WEEKDAY, WEEKEND = ("weekday",), ("weekend", "holiday")
LAST_YEAR_MONTHS = 11
WHOLE = 1 - 1e-9
PERIOD = {Per.DAY: BillingPeriod.DAY, Per.MONTH: BillingPeriod.MONTH, Per.YEAR: BillingPeriod.YEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """The calendar months that a horizon touches, with the days that each has."""

    lengths: tuple[tuple[int, int], ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """1 to 12, each once."""
        return tuple(dict.fromkeys(number for number, _ in self.lengths))

    def by_days(self) -> dict[int, tuple[int, ...]]:
        """The months of each length. Raises ForecastGap where a February has two."""
        if len(self.lengths) > len(self.numbers):
            msg = "Februaries of 28 and of 29 days in one span: tiers in kWh daily have no one bound; take years apart"
            raise ForecastGap(msg)
        distinct = sorted({days for _, days in self.lengths})
        return {days: tuple(number for number, length in self.lengths if length == days) for days in distinct}


def months_of(local: LocalHorizon) -> Months:
    """The months of a horizon's local days."""
    days = [FIRST_DAY + int(day) * ONE_DAY for day in np.unique(local.walls.day)]
    return Months(lengths=tuple(sorted({(day.month, monthrange(day.year, day.month)[1]) for day in days})))


def windows_of(schedule: Schedule, index: int, months: Collection[int]) -> tuple[LocalWindow, ...]:
    """When a period is in force in these months: whole local hours, none over midnight."""
    found: dict[tuple[tuple[str, ...], int, int], list[int]] = {}
    for month in months:
        weekday, weekend = schedule.weekday[month - 1], schedule.weekend[month - 1]
        kinds = [((), weekday)] if weekday == weekend else [(WEEKDAY, weekday), (WEEKEND, weekend)]
        for days, periods in kinds:
            for first, end in _runs(periods, index):
                found.setdefault((days, first, end), []).append(month)
    return tuple(
        LocalWindow(start_min=first * 60, end_min=end * 60, days=days, months=tuple(numbers))
        for (days, first, end), numbers in found.items()
    )


def _runs(periods: tuple[int, ...], index: int) -> Iterator[tuple[int, int]]:
    """``[first, end)`` of the hours in a row that belong to a period."""
    marks = [0, *(int(period == index) for period in periods), 0]
    edges = [hour for hour, (before, after) in enumerate(pairwise(marks)) if before != after]
    yield from zip(edges[::2], edges[1::2], strict=True)


def by_period(rate: Rate, local: LocalHorizon, months: Months, price_of: dict[int, float]) -> tuple[float, ...]:
    """Each slot at the price of the energy period of its local hours: a mean by time where it lies in several."""
    total = np.zeros(len(local.horizon))
    whole = np.full(len(local.horizon), np.nan)
    for index, price in price_of.items():
        shares: Floats = local.shares(windows_of(rate.energy_schedule, index, months.numbers))
        total += shares * price
        whole[shares > WHOLE] = price
    return tuple(np.where(np.isnan(whole), total, whole).tolist())


def periods_of(rate: Rate, months: Months) -> dict[int, EnergyPeriod]:
    """The energy periods that are in force at any time in these months, by their index in the record."""
    used = {
        index
        for month in months.numbers
        for table in (rate.energy_schedule.weekday, rate.energy_schedule.weekend)
        for index in table[month - 1]
    }
    return {index: rate.energy_periods[index] for index in sorted(used)}


def energy_tiers(rate: Rate, months: Months) -> Iterator[EnergyTiers]:
    """Each period counts its own energy, month by month. Raises ConfigError for bounds per kW."""
    for index, period in periods_of(rate, months).items():
        if len(period.tiers) == 1:
            continue
        name = f"energy period {index} tiers"
        match period.unit:
            case BoundUnit.KWH:
                yield _tiers_of(name, rate, index, 1, months.numbers)
            case BoundUnit.KWH_DAILY:
                for days, numbers in months.by_days().items():
                    yield _tiers_of(f"{name} ({days} days)", rate, index, days, numbers)
            case BoundUnit.KWH_PER_KW | BoundUnit.KWH_PER_KW_DAILY:
                msg = (
                    f"rate {rate.label}: energyratestructure[{index}]: its tiers are bounded in {period.unit.value}, "
                    "so that prices hang on the month's peak, which is not supported; choose another rate, "
                    "or state bounds in kWh in a JSON file of your own"
                )
                raise ConfigError(msg)


def _tiers_of(name: str, rate: Rate, index: int, scale: int, months: Collection[int]) -> EnergyTiers:
    tiers = rate.energy_periods[index].tiers
    return EnergyTiers(
        name=name,
        tiers=tuple(
            EnergyTier(above_kwh=before.bound * scale, added_price_per_kwh=tier.price_per_kwh - before.price_per_kwh)
            for before, tier in pairwise(tiers)
            if before.bound is not None
        ),
        window=windows_of(rate.energy_schedule, index, months),
    )


def demand_charges(rate: Rate, months: Months, known_peaks: tuple[KnownPeak, ...]) -> Iterator[PeakCharge]:
    """Flat demand and demand by time of use that is due in these months; known peaks belong to the flat demand."""
    costing = [index for index, tiers in enumerate(rate.flat_demand) if _costs(tiers)]
    for index in costing:
        due = tuple(number for number, at in enumerate(rate.flat_demand_of_month, start=1) if at == index)
        if not set(due) & set(months.numbers):
            continue
        name = "flat demand" if len(costing) == 1 else f"flat demand {index}"
        charge = replace(_peak(rate, name, rate.flat_demand[index]), due_months=due, known_peaks=known_peaks)
        yield charge if rate.ratchet is None else _ratcheted(charge, rate.ratchet)
    for index, tiers in enumerate(rate.demand_periods):
        if rate.demand_schedule is not None and _costs(tiers):
            windows = windows_of(rate.demand_schedule, index, months.numbers)
            if windows:
                yield replace(_peak(rate, f"demand period {index}", tiers), window=windows)


def _ratcheted(charge: PeakCharge, ratchet: Ratchet) -> PeakCharge:
    """Looks back on the stated number of months or, where months are marked, on those of the last eleven."""
    return replace(
        charge,
        ratchet_percent=ratchet.share * 100,
        ratchet_months=LAST_YEAR_MONTHS if ratchet.previous_months is None else ratchet.previous_months,
        ratchet_counts=tuple(sorted(ratchet.months)),
    )


def _costs(tiers: DemandTiers) -> bool:
    return any(tier.price_per_kw for tier in tiers)


def _peak(rate: Rate, name: str, tiers: DemandTiers) -> PeakCharge:
    """Always a month's, at the price of its first tier, with the further ones above their bounds."""
    return PeakCharge(
        name=name,
        price_per_kw=tiers[0].price_per_kw,
        tiers=tuple(
            PeakTier(above_kw=before.bound_kw, price_per_kw=tier.price_per_kw)
            for before, tier in pairwise(tiers)
            if before.bound_kw is not None
        ),
        interval_minutes=rate.demand_interval_min,
    )


def fixed_charges(rate: Rate) -> Iterator[FixedCharge]:
    """What is due whatever is used."""
    if rate.fixed_charge is not None:
        yield FixedCharge(name="fixed charge", amount=rate.fixed_charge.amount, per=PERIOD[rate.fixed_charge.per])


def minimum_charge(rate: Rate) -> MinimumCharge | None:
    """What a month comes to at least."""
    least = rate.minimum_charge
    return None if least is None else MinimumCharge(amount=least.amount, per=PERIOD[least.per])
