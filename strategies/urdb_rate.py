"""A US utility rate as the OpenEI Utility Rate Database describes it, and what it charges when.

All times are local wall time of the site, months are calendar months, money is US dollars.
"""

from calendar import monthrange
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from optimizer.errors import ConfigError
from strategies.day_kinds import SATURDAY

NO_HOLIDAYS: AbstractSet[date] = frozenset()


class BoundUnit(Enum):
    """What the bound of an energy tier counts over one month."""

    KWH = "kWh"
    KWH_DAILY = "kWh daily"
    KWH_PER_KW = "kWh/kW"
    KWH_PER_KW_DAILY = "kWh/kW daily"


class ExportRule(Enum):
    """How the record says that what flows back is settled."""

    NET_METERING = "Net Metering"
    NET_BILLING_INSTANTANEOUS = "Net Billing Instantaneous"
    NET_BILLING_HOURLY = "Net Billing Hourly"
    BUY_ALL_SELL_ALL = "Buy All Sell All"


class Per(Enum):
    """How often a fixed amount is due."""

    DAY = "$/day"
    MONTH = "$/month"
    YEAR = "$/year"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTier:
    """``price_per_kwh`` (rate + adjustment) up to the cumulative ``bound`` of the month; None: without bound.

    ``sell_per_kwh`` is the credit for export, None where the record states none.
    """

    price_per_kwh: float
    sell_per_kwh: float | None = None
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyPeriod:
    """Tiers with rising bounds in ``unit``; only the last has none."""

    tiers: tuple[EnergyTier, ...]
    unit: BoundUnit = BoundUnit.KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandTier:
    """``price_per_kw`` of one month for each kW of its peak up to ``bound_kw``; None: without bound."""

    price_per_kw: float
    bound_kw: float | None = None


type DemandTiers = tuple[DemandTier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The index of the period in force: ``weekday[month - 1][hour]``, and the same for weekends."""

    weekday: tuple[tuple[int, ...], ...]
    weekend: tuple[tuple[int, ...], ...]

    def period_at(self, local_time: datetime, public_holidays: AbstractSet[date]) -> int:
        """A public holiday counts as weekend: the record has no calendar of its own."""
        table = self.weekend if counts_as_weekend(local_time.date(), public_holidays) else self.weekday
        return table[local_time.month - 1][local_time.hour]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratchet:
    """The flat demand billed is at least ``share`` (0 to 1) of the highest peak of the months looked back on.

    These are the ``previous_months`` before the billed one or, where that is None, those of the eleven months
    before it whose number is in ``months``.
    """

    share: float
    previous_months: int | None = None
    months: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicCharge:
    """An amount in dollars, due once ``per`` day, month or year."""

    amount: float
    per: Per


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One record. ``start`` and ``end`` (UTC) bound its validity, None where it states none.

    ``flat_demand_of_month[month - 1]`` is an index into ``flat_demand``; both are empty without flat demand, as
    ``demand_periods`` is and ``demand_schedule`` None without demand by time of use. ``notes`` tell what was
    assumed or left out.
    """

    label: str
    utility: str
    name: str
    sector: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    export_rule: ExportRule | None = None
    energy_periods: tuple[EnergyPeriod, ...]
    energy_schedule: Schedule
    demand_periods: tuple[DemandTiers, ...] = ()
    demand_schedule: Schedule | None = None
    flat_demand: tuple[DemandTiers, ...] = ()
    flat_demand_of_month: tuple[int, ...] = ()
    demand_interval_min: int = 15
    ratchet: Ratchet | None = None
    fixed_charge: PeriodicCharge | None = None
    minimum_charge: PeriodicCharge | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandWindow:
    """A charge on the highest mean power over ``interval_min`` minutes within the hours that count in one month.

    ``hours`` are the local hours 0 to 23 that count; ``ratchet`` belongs to the flat demand alone.
    """

    name: str
    month: int
    tiers: DemandTiers
    weekday_hours: frozenset[int]
    weekend_hours: frozenset[int]
    interval_min: int
    ratchet: Ratchet | None = None

    def covers(self, local_time: datetime, public_holidays: AbstractSet[date] = NO_HOLIDAYS) -> bool:
        """Whether the peak of this wall time is looked at."""
        weekend = counts_as_weekend(local_time.date(), public_holidays)
        hours = self.weekend_hours if weekend else self.weekday_hours
        return local_time.month == self.month and local_time.hour in hours


def counts_as_weekend(day: date, public_holidays: AbstractSet[date]) -> bool:
    """Saturdays, Sundays and public holidays."""
    return day.weekday() >= SATURDAY or day in public_holidays


def energy_tier(
    rate: Rate,
    local_time: datetime,
    month_to_date_kwh: float,
    *,
    public_holidays: AbstractSet[date] = NO_HOLIDAYS,
    month_peak_kw: float | None = None,
) -> EnergyTier:
    """The tier of the next kWh at a wall time, after ``month_to_date_kwh`` in its calendar month.

    Raises ConfigError where the bounds are per kW of the month's peak and ``month_peak_kw`` is None.
    """
    period = rate.energy_periods[rate.energy_schedule.period_at(local_time, public_holidays)]
    if len(period.tiers) == 1:
        return period.tiers[0]
    scale = _scale(period.unit, local_time.date(), month_peak_kw, rate.label)
    return next(tier for tier in period.tiers if tier.bound is None or month_to_date_kwh < tier.bound * scale)


def energy_price_per_kwh(
    rate: Rate,
    local_time: datetime,
    month_to_date_kwh: float,
    *,
    public_holidays: AbstractSet[date] = NO_HOLIDAYS,
    month_peak_kw: float | None = None,
) -> float:
    """What the next kWh costs in dollars; see ``energy_tier``."""
    return energy_tier(
        rate, local_time, month_to_date_kwh, public_holidays=public_holidays, month_peak_kw=month_peak_kw
    ).price_per_kwh


def demand_windows(rate: Rate, month: int) -> tuple[DemandWindow, ...]:
    """Every demand charge of a calendar month (1 to 12): the flat one first; those that cost nothing are left out."""
    all_day = frozenset(range(24))
    found: list[tuple[str, DemandTiers, frozenset[int], frozenset[int], Ratchet | None]] = []
    if rate.flat_demand:
        at = rate.flat_demand_of_month[month - 1]
        found.append(("flat demand", rate.flat_demand[at], all_day, all_day, rate.ratchet))
    if rate.demand_schedule is not None:
        weekday, weekend = rate.demand_schedule.weekday[month - 1], rate.demand_schedule.weekend[month - 1]
        for index, tiers in enumerate(rate.demand_periods):
            found.append((f"demand period {index}", tiers, _hours(weekday, index), _hours(weekend, index), None))
    return tuple(
        DemandWindow(
            name=name,
            month=month,
            tiers=tiers,
            weekday_hours=weekday_hours,
            weekend_hours=weekend_hours,
            interval_min=rate.demand_interval_min,
            ratchet=ratchet,
        )
        for name, tiers, weekday_hours, weekend_hours, ratchet in found
        if weekday_hours | weekend_hours and any(tier.price_per_kw != 0 for tier in tiers)
    )


def demand_charge(tiers: DemandTiers, peak_kw: float) -> float:
    """Dollars for a billed peak of ``peak_kw``: each tier prices the kW between the bound before and its own."""
    total, reached_kw = 0.0, 0.0
    for tier in tiers:
        until_kw = peak_kw if tier.bound_kw is None else min(peak_kw, tier.bound_kw)
        if until_kw > reached_kw:
            total += tier.price_per_kw * (until_kw - reached_kw)
            reached_kw = until_kw
    return total


def looked_back_months(ratchet: Ratchet, year: int, month: int) -> tuple[tuple[int, int], ...]:
    """The (year, month) pairs before the billed month whose peaks the ratchet looks at, the latest first."""
    count = 11 if ratchet.previous_months is None else ratchet.previous_months
    numbers = (year * 12 + month - 1 - back for back in range(1, count + 1))
    earlier = ((number // 12, number % 12 + 1) for number in numbers)
    return tuple(pair for pair in earlier if ratchet.previous_months is not None or pair[1] in ratchet.months)


def _hours(periods: tuple[int, ...], index: int) -> frozenset[int]:
    return frozenset(hour for hour, period in enumerate(periods) if period == index)


def _scale(unit: BoundUnit, day: date, month_peak_kw: float | None, label: str) -> float:
    """kWh of the month for each unit of a bound."""
    days = monthrange(day.year, day.month)[1] if unit in {BoundUnit.KWH_DAILY, BoundUnit.KWH_PER_KW_DAILY} else 1
    if unit in {BoundUnit.KWH, BoundUnit.KWH_DAILY}:
        return days
    if month_peak_kw is None:
        msg = f"URDB rate {label}: its tiers are bounded in {unit.value}, which needs the peak of the month"
        raise ConfigError(msg)
    return days * month_peak_kw
