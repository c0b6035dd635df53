"""What a supplier charges and pays, and what is known of the market when that is asked.

All amounts are in ``currency`` and hold the taxes that the customer pays in the end, VAT included. Prices are
per kWh or per kW, power is kW, energy kWh.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from math import isfinite

from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction, PeakStep, PeakTier
from optimizer.domain.series import Series
from optimizer.domain.windows import ALWAYS, BillingPeriod, Windows

LARGEST = 1e6
"""Prices lie strictly between plus and minus this."""
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePart:
    """One of the lines that make up the price of a kWh: the spot market, a grid fee, a tax.

    ``vat_percent``: how much VAT it holds, where not what the tariff says of its direction.
    """

    name: str
    price_per_kwh: tuple[float, ...]
    direction: Direction = Direction.IMPORT
    vat_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPeak:
    """The highest metered power of a local day, known from a meter or a bill."""

    on: date
    kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCharge:
    """What is charged for the highest mean power of a metering interval, once a billing period.

    Only intervals more than half inside ``window`` count. Billed is the highest of them, or the mean of the
    ``highest_days`` highest daily ones, at ``price_per_kw``; from the first of ``tiers`` on each further kW has
    that tier's price instead. Of ``steps``, flat amounts, the highest that is exceeded is due as well.
    ``floor_kw`` is billed at least, and so is ``ratchet_percent`` of the highest peak of the ``ratchet_months``
    calendar months before, of which only those in ``ratchet_counts`` count (numbers 1 to 12; () is all).
    ``due_months`` are the months in whose bills it stands (() is all); a ratchet looks at the others all the same.

    With ``rolling_months`` the bill is ``price_per_kw`` over that number, times the mean of that many monthly
    peaks: each month's peak appears in so many bills, an equal share in each.

    ``known_peaks`` are days gone by. ``metered_kwh`` in ``metered_h`` passed already of the metering interval in
    which a horizon begins.
    """

    name: str
    price_per_kw: float = 0.0
    direction: Direction = Direction.IMPORT
    interval_minutes: int = 15
    billing_period: BillingPeriod = BillingPeriod.MONTH
    window: Windows = ALWAYS
    highest_days: int = 1
    tiers: tuple[PeakTier, ...] = ()
    steps: tuple[PeakStep, ...] = ()
    floor_kw: float = 0.0
    ratchet_percent: float = 0.0
    ratchet_months: int = 12
    ratchet_counts: tuple[int, ...] = ()
    due_months: tuple[int, ...] = ()
    rolling_months: int = 1
    known_peaks: tuple[KnownPeak, ...] = ()
    metered_kwh: float = 0.0
    metered_h: float = 0.0

    @property
    def faults(self) -> Iterator[str]:
        """What makes no sense in it."""
        bounds, prices = [step.above_kw for step in self.steps], [step.charge for step in self.steps]
        if bounds != sorted(set(bounds)) or prices != sorted(prices):
            yield f"{self.name}: steps must rise in above_kw and in charge"
        bounds = [tier.above_kw for tier in self.tiers]
        if bounds != sorted(set(bounds)):
            yield f"{self.name}: tiers must rise in above_kw"
        if self.rolling_months > 1 and (self.steps or self.tiers):
            yield f"{self.name}: rolling_months cannot be combined with steps or tiers: they have no share of a mean"
        if self.rolling_months > 1 and self.billing_period is not BillingPeriod.MONTH:
            yield f"{self.name}: rolling_months is a mean of monthly peaks and needs billing_period month"
        if self.due_months and (self.rolling_months > 1 or self.billing_period is BillingPeriod.YEAR):
            yield f"{self.name}: due_months cannot be combined with rolling_months or a billing_period of year"
        if self.interval_minutes <= 0 or 1440 % self.interval_minutes:
            yield f"{self.name}: interval_minutes is {self.interval_minutes}: it must divide a day"
        if self.highest_days < 1 or self.rolling_months < 1 or self.ratchet_months < 1:
            yield f"{self.name}: highest_days, rolling_months and ratchet_months must be at least 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTier:
    """Each kWh beyond ``above_kwh`` of its billing period costs (or earns) this much more; less where negative."""

    above_kwh: float
    added_price_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTiers:
    """Prices that change with the energy of a billing period: inclining or declining blocks, and quotas.

    Counted is what flows in ``direction`` while ``window`` is open (slots more than half inside), after netting.
    ``so_far_kwh`` was counted before the horizon in the billing period in which it begins.
    """

    name: str
    tiers: tuple[EnergyTier, ...]
    direction: Direction = Direction.IMPORT
    window: Windows = ALWAYS
    billing_period: BillingPeriod = BillingPeriod.MONTH
    so_far_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NettedSoFar:
    """What crossed the connection point at these prices in the running month before a horizon, kWh."""

    import_price_per_kwh: float
    export_price_per_kwh: float
    import_kwh: float
    export_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Netting:
    """Import and export at the same prices are set off against each other; what remains is priced.

    Within each ``minutes`` (UTC, from midnight), or, where that is None, within each local month.
    """

    minutes: int | None
    so_far: tuple[NettedSoFar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCharge:
    """An amount due for every local ``per``; part of one costs its share of the time."""

    name: str
    amount: float
    per: BillingPeriod = BillingPeriod.MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumCharge:
    """Where energy, tiers, monthly peaks and fixed charges of a local month come to less, the rest is added.

    It is due when the month ends. ``amount`` is stated for each ``per``: a month's is that of its days, or a
    twelfth of a year's. ``so_far`` is what they came to before the horizon in the month in which it begins.
    """

    amount: float
    per: BillingPeriod = BillingPeriod.MONTH
    so_far: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Import and export price per kWh for each slot of a horizon, all taxes and fees included, and all else due.

    Prices may be negative. ``parts`` explain them on the bill: those of a direction add up to its price; without
    any there is one line. ``is_forecast`` marks the slots whose prices are not published (() is none), and
    ``known_until`` is the end of the last slot before them; None means: all are known. ``vat_percent`` says how
    much VAT all amounts but those of export hold, ``export_vat_percent`` how much those hold. ``decimals``: what
    a line of the bill is rounded to. ``co2_kg_per_kwh`` is what an imported kWh emits. ``import_limit_kw`` and
    ``export_limit_kw`` are the contract's. ``holiday_country`` (two capital letters): whose public holidays the
    windows follow; None: those of the site, "": nobody's. ``notes`` tell what was filled and how.

    Raises ValueError when two series differ in length or hold a value that is not finite, and where a charge
    makes no sense.
    """

    import_price_per_kwh: tuple[float, ...]
    export_price_per_kwh: tuple[float, ...]
    currency: str = "EUR"
    known_until: datetime | None = None
    is_forecast: tuple[bool, ...] = ()
    parts: tuple[PricePart, ...] = ()
    vat_percent: float = 0.0
    export_vat_percent: float = 0.0
    decimals: int = 2
    peak_charges: tuple[PeakCharge, ...] = ()
    energy_tiers: tuple[EnergyTiers, ...] = ()
    netting: Netting | None = None
    fixed_charges: tuple[FixedCharge, ...] = ()
    minimum_charge: MinimumCharge | None = None
    co2_kg_per_kwh: tuple[float, ...] = ()
    import_limit_kw: float | None = None
    export_limit_kw: float | None = None
    holiday_country: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for fault in _tariff_faults(self):
            raise ValueError(fault)

    def parts_of(self, direction: Direction) -> tuple[PricePart, ...]:
        """The lines of a direction's price: the stated ones, or a single one."""
        stated = tuple(part for part in self.parts if part.direction is direction)
        whole = self.import_price_per_kwh if direction is Direction.IMPORT else self.export_price_per_kwh
        return stated or (PricePart(name=f"energy {direction.value}", price_per_kwh=whole, direction=direction),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What crossed the connection point: kWh in each slot of ``horizon``, each at least 0. Raises ValueError."""

    horizon: Horizon
    import_kwh: tuple[float, ...]
    export_kwh: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("import_kwh", "export_kwh"):
            series: tuple[float, ...] = getattr(self, name)
            if len(series) != len(self.horizon):
                msg = f"{name} has {len(series)} values for {len(self.horizon)} slots"
                raise ValueError(msg)
            for slot, energy in enumerate(series):
                if not 0 <= energy < LARGEST * LARGEST:  # false for NaN as well
                    msg = f"{name}[{slot}] is {energy}: not an energy"
                    raise ValueError(msg)


def nothing_metered() -> Meter | None:
    """No record of a meter."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the feeds fetched, by the name that the configuration gives each, and what the site metered.

    ``series`` are prices over time, ``documents`` the JSON text of tariffs that are published as a structure.

    ``metered`` covers the local month in which the horizon begins, from its first instant or from when the record
    begins, up to the horizon's start; None where nothing is on record. It is read from ``read_meter`` when it is
    asked for. ``stale`` tells, for each feed that fails now, how old the answer is that stands in.
    """

    series: Mapping[str, Series] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    stale: Mapping[str, str] = field(default_factory=dict)
    read_meter: Callable[[], Meter | None] = field(default=nothing_metered, compare=False, repr=False)

    @property
    def metered(self) -> Meter | None:
        """What the site metered this month."""
        return self.read_meter()


def _tariff_faults(tariff: Tariff) -> Iterator[str]:
    slots = len(tariff.import_price_per_kwh)
    if slots != len(tariff.export_price_per_kwh):
        yield f"{slots} import prices but {len(tariff.export_price_per_kwh)} export prices"
    for name in ("import_price_per_kwh", "export_price_per_kwh", "co2_kg_per_kwh"):
        yield from _not_prices(name, getattr(tariff, name))
    for name in ("is_forecast", "co2_kg_per_kwh"):
        if getattr(tariff, name) and len(getattr(tariff, name)) != slots:
            yield f"{name} has {len(getattr(tariff, name))} values for {slots} slots"
    for name in ("vat_percent", "export_vat_percent", "import_limit_kw", "export_limit_kw"):
        number = getattr(tariff, name)
        if number is not None and not 0 <= number < LARGEST:
            yield f"{name} is {number}: it must be at least 0"
    yield from _part_faults(tariff)
    yield from _charge_faults(tariff)


def _not_prices(name: str, prices: tuple[float, ...]) -> Iterator[str]:
    for slot, price in enumerate(prices):
        if not -LARGEST < price < LARGEST:  # false for NaN as well
            yield f"{name}[{slot}] is {price}: not a price"
            return


def _part_faults(tariff: Tariff) -> Iterator[str]:
    for direction in Direction:
        parts = [part for part in tariff.parts if part.direction is direction]
        if not parts:
            continue
        whole = getattr(tariff, f"{direction.value}_price_per_kwh")
        for part in parts:
            yield from _not_prices(f"part {part.name}", part.price_per_kwh)
            if len(part.price_per_kwh) != len(whole):
                yield f"part {part.name} has {len(part.price_per_kwh)} values for {len(whole)} slots"
                return
        for slot, price in enumerate(whole):
            added = sum(part.price_per_kwh[slot] for part in parts)
            if abs(added - price) > SAME * max(1.0, abs(price)):
                yield f"the parts of {direction.value} add up to {added} in slot {slot}, the price is {price}"
                return


def _charge_faults(tariff: Tariff) -> Iterator[str]:
    names = [charge.name for charge in tariff.peak_charges]
    names += [tiers.name for tiers in tariff.energy_tiers] + [charge.name for charge in tariff.fixed_charges]
    for name in names:
        if names.count(name) > 1:
            yield f"two charges are named '{name}'"
            return
    for peak in tariff.peak_charges:
        yield from peak.faults
    for tiers in tariff.energy_tiers:
        if any(later.above_kwh <= earlier.above_kwh for earlier, later in pairwise(tiers.tiers)):
            yield f"{tiers.name}: tiers must rise in above_kwh"
    for fixed in tariff.fixed_charges:
        if not isfinite(fixed.amount):
            yield f"fixed charge {fixed.name} is {fixed.amount}: not an amount"
    if tariff.netting is not None and tariff.netting.minutes is not None:
        minutes = tariff.netting.minutes
        if minutes <= 0 or 1440 % minutes:
            yield f"netting.minutes is {minutes}: it must divide a day"
