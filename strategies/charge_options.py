"""What a tariff charges besides energy prices, as it is written in TOML."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from optimizer.domain.peaks import Direction, PeakStep, PeakTier
from optimizer.domain.tariff import EnergyTier, EnergyTiers, FixedCharge, KnownPeak, PeakCharge
from optimizer.domain.windows import BillingPeriod, LocalWindow
from strategies.day_kinds import DayWord
from strategies.option_types import (
    Finite,
    GridMinutes,
    Name,
    NotNegative,
    Percent,
    Section,
    WallTime,
    wall_minute,
)

Vat = Literal["added", "included", "none"]
"""Whether VAT is added to a stated amount, held by it, or not due."""

Days = Annotated[tuple[DayWord, ...], Field(min_length=1)]
Month = Annotated[int, Field(strict=True, ge=1, le=12)]
Months = Annotated[tuple[Month, ...], Field(min_length=1)]


class WindowSection(Section):
    """Local hours of some days. ``end`` not after ``start`` wraps midnight: the window belongs to the day it began."""

    start: WallTime
    end: WallTime
    days: Days | None = None

    @model_validator(mode="after")
    def _leaves_time(self) -> Self:
        if self.start in {self.end, "24:00"}:
            msg = f'start "{self.start}" leaves no time before end "{self.end}"; a whole day is "00:00" to "24:00"'
            raise ValueError(msg)
        return self

    def window(self, months: tuple[int, ...] = ()) -> LocalWindow:
        """The hours as the domain has them."""
        return LocalWindow(
            start_min=wall_minute(self.start), end_min=wall_minute(self.end), days=self.days or (), months=months
        )


class StepSection(Section):
    """A step of a peak charge."""

    above_kw: NotNegative
    charge: NotNegative


class TierSection(Section):
    """From here on each further kW of a peak has its own price."""

    above_kw: NotNegative
    price_per_kw: NotNegative


class KnownPeakSection(Section):
    """A peak that a meter or a bill states."""

    on: date
    kw: NotNegative


class PeakChargeSection(WindowSection):
    """``[[sites.peak_charges]]``: what the highest mean power costs."""

    name: Name
    price_per_kw: NotNegative = 0.0
    direction: Direction = Direction.IMPORT
    interval_minutes: GridMinutes = 15
    billing_period: BillingPeriod = BillingPeriod.MONTH
    months: Months | None = None
    start: WallTime = "00:00"
    end: WallTime = "24:00"
    highest_days: Annotated[int, Field(ge=1, le=31)] = 1
    tiers: tuple[TierSection, ...] = ()
    steps: tuple[StepSection, ...] = ()
    floor_kw: NotNegative = 0.0
    ratchet_percent: Percent = 0.0
    ratchet_months: Annotated[int, Field(ge=1, le=24)] = 12
    ratchet_counts: Months | None = None
    due_months: Months | None = None
    rolling_months: Annotated[int, Field(ge=1, le=12)] = 1
    known_peaks: tuple[KnownPeakSection, ...] = ()

    @model_validator(mode="after")
    def _charges_something(self) -> Self:
        if not self.price_per_kw and not self.steps and not self.tiers:
            msg = f"{self.name}: give price_per_kw, tiers or steps"
            raise ValueError(msg)
        if self.rolling_months > 1 and self.billing_period is not BillingPeriod.MONTH:
            msg = f'{self.name}: rolling_months is a mean of monthly peaks and needs billing_period = "month"'
            raise ValueError(msg)
        if self.highest_days > 1 and self.billing_period is BillingPeriod.DAY:
            msg = f'{self.name}: highest_days needs a billing_period of "month" or "year"'
            raise ValueError(msg)
        for fault in self.stated().faults:
            raise ValueError(fault)
        return self

    def stated(self, factor: float = 1.0) -> PeakCharge:
        """For the domain; money times ``factor``."""
        apart = {"start", "end", "days", "months", "vat"}
        given = {key: value for key, value in dict(self).items() if key not in apart} | {
            "window": self.window(self.months or ()),
            "price_per_kw": factor * self.price_per_kw,
            "tiers": tuple(
                PeakTier(above_kw=tier.above_kw, price_per_kw=factor * tier.price_per_kw) for tier in self.tiers
            ),
            "ratchet_counts": self.ratchet_counts or (),
            "due_months": self.due_months or (),
            "steps": tuple(PeakStep(above_kw=step.above_kw, charge=factor * step.charge) for step in self.steps),
            "known_peaks": tuple(KnownPeak(**dict(peak)) for peak in self.known_peaks),
        }
        return PeakCharge(**given)


class TariffPeakSection(PeakChargeSection):
    """``[[sites.tariff.peak_charges]]``: with the VAT of its amounts; None is what the tariff says of all charges."""

    vat: Vat | None = None


class BlockSection(Section):
    """From here on each further kWh of the billing period costs more, or less."""

    above_kwh: NotNegative
    added_price_per_kwh: Finite


class EnergyTiersSection(WindowSection):
    """``[[sites.tariff.energy_tiers]]``: prices that change with the energy of a billing period; quotas.

    ``vat`` None is what the tariff says of all charges; what export earns bears none then.
    """

    name: Name
    tiers: Annotated[tuple[BlockSection, ...], Field(min_length=1)]
    direction: Direction = Direction.IMPORT
    billing_period: BillingPeriod = BillingPeriod.MONTH
    months: Months | None = None
    start: WallTime = "00:00"
    end: WallTime = "24:00"
    so_far_kwh: NotNegative = 0.0
    vat: Vat | None = None

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        bounds = [tier.above_kwh for tier in self.tiers]
        if bounds != sorted(set(bounds)):
            msg = f"{self.name}: tiers must rise in above_kwh"
            raise ValueError(msg)
        return self

    def stated(self, factor: float = 1.0) -> EnergyTiers:
        """For the domain; prices times ``factor``."""
        return EnergyTiers(
            name=self.name,
            tiers=tuple(
                EnergyTier(above_kwh=tier.above_kwh, added_price_per_kwh=factor * tier.added_price_per_kwh)
                for tier in self.tiers
            ),
            direction=self.direction,
            window=self.window(self.months or ()),
            billing_period=self.billing_period,
            so_far_kwh=self.so_far_kwh,
        )


class FixedChargeSection(Section):
    """``[[sites.tariff.fixed_charges]]``: what is due whatever happens; less where negative. ``vat`` as above."""

    name: Name
    amount: Finite
    per: BillingPeriod = BillingPeriod.MONTH
    vat: Vat | None = None

    def stated(self, factor: float = 1.0) -> FixedCharge:
        """For the domain; the amount times ``factor``."""
        return FixedCharge(name=self.name, amount=factor * self.amount, per=self.per)
