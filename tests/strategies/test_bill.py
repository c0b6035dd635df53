"""The tariff is the bill: what the program says a schedule costs is what the invoice for it says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.assets import Battery
from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import Direction, PeakStep, PeakTier
from optimizer.domain.tariff import (
    EnergyTier,
    EnergyTiers,
    FixedCharge,
    KnownPeak,
    MinimumCharge,
    NettedSoFar,
    Netting,
    PeakCharge,
    Tariff,
)
from optimizer.domain.windows import BillingPeriod, LocalWindow
from optimizer.lp import billed, price, solve
from strategies import invoice
from strategies.conformance.billing import flows_of, laid, metered, with_state
from strategies.wall_clock import Calendar

ZONE = "Europe/Berlin"
MONTH_END = datetime(2026, 10, 31, 14, 10, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
SPRING = datetime(2026, 3, 28, 18, 5, tzinfo=UTC)
WINDOWS = (LocalWindow(), LocalWindow(start_min=7 * 60, end_min=20 * 60), LocalWindow(start_min=22 * 60, end_min=120))


@st.composite
def horizons(draw):
    start = draw(st.sampled_from((MONTH_END, AUTUMN, SPRING)))
    minutes = draw(st.sampled_from((15, 30, 60)))
    first = start.replace(minute=start.minute // minutes * minutes) + timedelta(minutes=minutes)
    count = draw(st.integers(4, 28))
    edges = [start, *(first + n * timedelta(minutes=minutes) for n in range(count))]
    return Horizon(tuple(edges), ZONE)


def amounts(least=0.0, most=30.0):
    return st.floats(least, most).map(lambda number: round(number, 3))


@st.composite
def peak_charges(draw, name, day):
    rolling = draw(st.sampled_from((1, 1, 12)))
    period = BillingPeriod.MONTH if rolling > 1 else draw(st.sampled_from(BillingPeriod))
    tiers, steps = (), ()
    if rolling == 1 and draw(st.booleans()):
        bounds = sorted(draw(st.sets(amounts(0.5), min_size=1, max_size=3)))
        tiers = tuple(PeakTier(above_kw=bound, price_per_kw=draw(amounts())) for bound in bounds)
    if rolling == 1 and draw(st.booleans()):
        bounds = sorted(draw(st.sets(amounts(0.5), min_size=1, max_size=3)))
        steps = tuple(PeakStep(above_kw=bound, charge=10.0 * n) for n, bound in enumerate(bounds, start=1))
    known = draw(st.lists(st.tuples(st.integers(0, 70), amounts()), max_size=4))
    return PeakCharge(
        name=name,
        price_per_kw=draw(amounts()),
        direction=draw(st.sampled_from(Direction)),
        interval_minutes=draw(st.sampled_from((15, 30, 60))),
        billing_period=period,
        window=draw(st.sampled_from(WINDOWS)),
        highest_days=draw(st.sampled_from((1, 1, 3))) if period is not BillingPeriod.DAY else 1,
        tiers=tiers,
        steps=steps,
        floor_kw=draw(st.sampled_from((0.0, 2.5))),
        ratchet_percent=draw(st.sampled_from((0.0, 60.0))) if rolling == 1 else 0.0,
        ratchet_months=draw(st.sampled_from((2, 12))),
        ratchet_counts=draw(st.sampled_from(((), (10, 3)))),
        rolling_months=rolling,
        known_peaks=tuple(KnownPeak(on=day - timedelta(days=back), kw=kw) for back, kw in known),
    )


@st.composite
def tariffs(draw, horizon):
    slots = len(horizon)
    hourly = draw(st.lists(st.tuples(amounts(-0.2, 0.6), amounts(-0.2, 0.6)), min_size=1, max_size=5))
    pairs = [hourly[int(start.timestamp()) // 3600 % len(hourly)] for start in horizon.starts]
    tiers = tuple(
        EnergyTiers(
            name=f"block {number}",
            tiers=tuple(
                EnergyTier(above_kwh=bound, added_price_per_kwh=draw(amounts(-0.1, 0.2)))
                for bound in sorted(draw(st.sets(amounts(0.0, 40.0), min_size=1, max_size=3)))
            ),
            direction=draw(st.sampled_from(Direction)),
            window=draw(st.sampled_from(WINDOWS)),
            billing_period=draw(st.sampled_from(BillingPeriod)),
            so_far_kwh=draw(amounts(0, 20)),
        )
        for number in range(draw(st.integers(0, 2)))
    )
    netting = None
    if draw(st.booleans()):
        so_far = tuple(
            NettedSoFar(import_price_per_kwh=a, export_price_per_kwh=b, import_kwh=draw(amounts()), export_kwh=2.0)
            for a, b in dict.fromkeys(hourly[:2])
        )
        netting = Netting(minutes=draw(st.sampled_from((None, 15, 60))), so_far=so_far)
    least = draw(st.none() | st.builds(MinimumCharge, amount=amounts(0, 60), so_far=amounts(0, 30)))
    day = Calendar(zone=ZONE).day_of(horizon.start)
    return Tariff(
        import_price_per_kwh=tuple(bought for bought, _ in pairs),
        export_price_per_kwh=tuple(sold for _, sold in pairs),
        vat_percent=draw(st.sampled_from((0.0, 19.0))),
        peak_charges=tuple(draw(peak_charges(f"peak {n}", day)) for n in range(draw(st.integers(0, 2)))),
        energy_tiers=tiers,
        netting=netting,
        minimum_charge=least,
        fixed_charges=(FixedCharge(name="basic", amount=12.0), FixedCharge(name="meter", amount=60.0, per=YEAR)),
        is_forecast=(False,) * slots,
    )


YEAR = BillingPeriod.YEAR


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_the_program_prices_any_schedule_as_the_invoice_does(data):
    horizon = data.draw(horizons())
    tariff = data.draw(tariffs(horizon))
    net_kw = data.draw(st.lists(amounts(-25, 35), min_size=len(horizon), max_size=len(horizon)))
    problem = laid(
        tariff, horizon, load_kw=tuple(max(kw, 0.0) for kw in net_kw), solar_kw=tuple(max(-kw, 0.0) for kw in net_kw)
    )
    flows = flows_of(net_kw)

    bill = invoice(with_state(tariff, horizon), metered(horizon, flows))

    assert billed(problem, price(problem, flows)) == pytest.approx(bill.caused, abs=1e-6)
    rounded = len(bill.lines) + len(bill.vat) + 1
    assert abs(bill.total - bill.exact) <= 0.005 * rounded + 1e-9


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_what_the_program_chose_costs_what_the_invoice_says_and_nothing_cheaper_is_left(data):
    horizon = data.draw(horizons())
    tariff = data.draw(tariffs(horizon))
    slots = len(horizon)
    load_kw = tuple(data.draw(st.lists(amounts(0, 12), min_size=slots, max_size=slots)))
    solar_kw = tuple(data.draw(st.lists(amounts(0, 8), min_size=slots, max_size=slots)))
    battery = Battery(capacity_kwh=10.0, soc_kwh=5.0, soc_max_kwh=10.0, max_charge_kw=5.0, max_discharge_kw=5.0)
    problem = laid(tariff, horizon, load_kw=load_kw, solar_kw=solar_kw, batteries=(battery,))

    plan = solve(problem)

    bill = invoice(with_state(tariff, horizon), metered(horizon, plan.flows))
    assert billed(problem, plan.costs) == pytest.approx(bill.caused, abs=1e-5)
    idle = flows_of([load - sun for load, sun in zip(load_kw, solar_kw, strict=True)])
    at_rest = invoice(with_state(tariff, horizon), metered(horizon, idle))
    assert bill.caused <= at_rest.caused + 1e-4
