"""What a tariff charges besides energy, as it is written in TOML: it reaches the domain, and nonsense is refused."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from optimizer.domain.peaks import Direction, PeakStep, PeakTier
from optimizer.domain.tariff import EnergyTier, FixedCharge, KnownPeak, PeakCharge
from optimizer.domain.windows import BillingPeriod, LocalWindow
from strategies.charge_options import (
    EnergyTiersSection,
    FixedChargeSection,
    PeakChargeSection,
    TariffPeakSection,
    WindowSection,
)

PEAK = {"name": "peak", "price_per_kw": 9.0}
BLOCKS = [{"above_kwh": 100, "added_price_per_kwh": 0.02}, {"above_kwh": 300, "added_price_per_kwh": -0.01}]


def refusal(section: type, **given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        section.model_validate(given)
    return str(refused.value)


def test_a_peak_charge_of_which_only_a_price_is_said_looks_at_every_quarter_hour_of_the_month():
    assert PeakChargeSection.model_validate(PEAK).stated() == PeakCharge(name="peak", price_per_kw=9.0)


def test_all_that_can_be_said_of_a_peak_charge_reaches_the_domain():
    said = {
        "name": "demand",
        "price_per_kw": 10.0,
        "direction": "export",
        "interval_minutes": 60,
        "billing_period": "month",
        "start": "16:00",
        "end": "21:00",
        "days": ["weekday"],
        "months": [6, 7, 8, 9],
        "highest_days": 3,
        "tiers": [{"above_kw": 50, "price_per_kw": 8.0}],
        "steps": [{"above_kw": 2, "charge": 100.0}],
        "floor_kw": 2.5,
        "ratchet_percent": 80,
        "ratchet_months": 11,
        "ratchet_counts": [6, 7],
        "due_months": [6, 7, 8],
        "known_peaks": [{"on": "2026-07-14", "kw": 41.5}],
    }
    assert PeakChargeSection.model_validate(said).stated() == PeakCharge(
        name="demand",
        price_per_kw=10.0,
        direction=Direction.EXPORT,
        interval_minutes=60,
        billing_period=BillingPeriod.MONTH,
        window=LocalWindow(start_min=960, end_min=1260, days=("weekday",), months=(6, 7, 8, 9)),
        highest_days=3,
        tiers=(PeakTier(above_kw=50, price_per_kw=8.0),),
        steps=(PeakStep(above_kw=2, charge=100.0),),
        floor_kw=2.5,
        ratchet_percent=80,
        ratchet_months=11,
        ratchet_counts=(6, 7),
        due_months=(6, 7, 8),
        known_peaks=(KnownPeak(on=date(2026, 7, 14), kw=41.5),),
    )


def test_what_an_operator_cannot_say_of_a_peak_charge_is_what_the_meter_says():
    sayable = set(PeakChargeSection.model_fields) - {"start", "end", "days", "months"} | {"window"}
    assert set(PeakCharge.__dataclass_fields__) - sayable == {"metered_kwh", "metered_h"}


def test_vat_goes_on_all_money_of_a_peak_charge_and_on_no_power():
    said = {**PEAK, "tiers": [{"above_kw": 50, "price_per_kw": 8}], "steps": [{"above_kw": 2, "charge": 100}]}
    taxed = TariffPeakSection.model_validate({**said, "floor_kw": 2.5, "vat": "added"}).stated(1.25)

    assert (taxed.price_per_kw, taxed.tiers[0].price_per_kw, taxed.steps[0].charge) == (11.25, 10.0, 125.0)
    assert (taxed.tiers[0].above_kw, taxed.steps[0].above_kw, taxed.floor_kw) == (50, 2, 2.5)


def test_a_block_of_energy_may_cost_less_and_a_quota_may_have_its_hours():
    stated = EnergyTiersSection.model_validate(
        {"name": "quota", "tiers": BLOCKS, "start": "22:00", "end": "06:00", "billing_period": "day", "so_far_kwh": 3}
    ).stated(1.5)

    assert [tier.above_kwh for tier in stated.tiers] == [100, 300]
    assert [tier.added_price_per_kwh for tier in stated.tiers] == pytest.approx([0.03, -0.015])
    assert stated.window == LocalWindow(start_min=1320, end_min=360)
    assert (stated.billing_period, stated.so_far_kwh, stated.direction) == (BillingPeriod.DAY, 3, Direction.IMPORT)
    assert isinstance(stated.tiers[0], EnergyTier)


def test_a_fixed_charge_may_be_a_reduction_of_a_year():
    stated = FixedChargeSection.model_validate({"name": "reduction", "amount": -100, "per": "year"}).stated(1.19)
    assert stated == FixedCharge(name="reduction", amount=-119.0, per=BillingPeriod.YEAR)


def test_a_window_that_ends_before_it_starts_runs_over_midnight():
    window = WindowSection.model_validate({"start": "22:00", "end": "06:00", "days": ["fri"]}).window((12,))
    assert window == LocalWindow(start_min=1320, end_min=360, days=("fri",), months=(12,))


@pytest.mark.parametrize(
    ("section", "given", "words"),
    [
        (PeakChargeSection, {"name": "peak"}, "peak: give price_per_kw, tiers or steps"),
        (PeakChargeSection, {**PEAK, "vat": "none"}, "Extra inputs are not permitted"),
        (
            PeakChargeSection,
            {**PEAK, "billing_period": "day", "highest_days": 3},
            "highest_days needs a billing_period",
        ),
        (
            PeakChargeSection,
            {**PEAK, "rolling_months": 12, "billing_period": "year"},
            'rolling_months is a mean of monthly peaks and needs billing_period = "month"',
        ),
        (
            PeakChargeSection,
            {**PEAK, "rolling_months": 12, "tiers": [{"above_kw": 1, "price_per_kw": 1}]},
            "rolling_months cannot be combined with steps or tiers",
        ),
        (
            PeakChargeSection,
            {**PEAK, "due_months": [7], "billing_period": "year"},
            "due_months cannot be combined with rolling_months or a billing_period of year",
        ),
        (
            PeakChargeSection,
            {**PEAK, "tiers": [{"above_kw": 9, "price_per_kw": 1}, {"above_kw": 9, "price_per_kw": 2}]},
            "peak: tiers must rise in above_kw",
        ),
        (
            PeakChargeSection,
            {**PEAK, "steps": [{"above_kw": 1, "charge": 2}, {"above_kw": 2, "charge": 1}]},
            "peak: steps must rise in above_kw and in charge",
        ),
        (PeakChargeSection, {**PEAK, "interval_minutes": 7}, "7 is not one of 5, 10, 15, 20, 30, 60"),
        (PeakChargeSection, {**PEAK, "start": "24:00"}, 'start "24:00" leaves no time before end "24:00"'),
        (EnergyTiersSection, {"name": "block", "tiers": []}, "at least 1 item"),
        (EnergyTiersSection, {"name": "block", "tiers": BLOCKS[::-1]}, "block: tiers must rise in above_kwh"),
        (FixedChargeSection, {"name": "fee", "amount": float("nan")}, "finite number"),
        (FixedChargeSection, {"name": "fee", "amount": 1, "vat": "half"}, "'added', 'included' or 'none'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_name_of_the_charge_and_the_reason(section, given, words):
    assert words in refusal(section, **given)
