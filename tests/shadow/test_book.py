"""What a decision would have done: decisions over time, and the battery's limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.snapshot import BatteryState
from optimizer.shadow.book import Decided, settle

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BATTERY = BatteryState(
    capacity_kwh=10.0,
    soc_kwh=5.0,
    soc_min_kwh=1.0,
    soc_max_kwh=9.0,
    reserve_kwh=1.0,
    max_charge_kw=4.0,
    max_discharge_kw=3.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
    wear_cost_per_kwh=0.0,
)


def test_a_later_decision_replaces_an_earlier_one_from_its_beginning_on():
    first = Decided(starts=(NOON, NOON + HOUR), battery_kw=(2.0, -1.0), cut_share=(0.0, 0.0))
    later = Decided(starts=(NOON + HOUR / 2,), battery_kw=(0.0,), cut_share=(0.5,))

    both = first.followed_by(later)

    assert both.over(NOON, NOON + HOUR) == pytest.approx((1.0, 0.25))
    assert both.over(NOON + HOUR, NOON + 2 * HOUR) == pytest.approx((0.0, 0.5))


def test_before_anything_is_decided_the_battery_rests():
    assert Decided().over(NOON, NOON + HOUR) == (0.0, 0.0)


def test_what_ended_before_is_forgotten_and_what_runs_is_kept():
    decided = Decided(starts=(NOON, NOON + HOUR, NOON + 2 * HOUR), battery_kw=(1.0, 2.0, 3.0), cut_share=(0.0,) * 3)

    assert decided.since(NOON + HOUR * 1.5).battery_kw == (2.0, 3.0)


def test_a_full_battery_takes_no_more_and_the_grid_gets_the_sun():
    found = settle(BATTERY, 9.0, 4.0, demand_kw=0.0, sun_kw=6.0, h=1.0)

    assert (found.charged_kwh, found.export_kwh, found.soc_kwh) == (0.0, 6.0, 9.0)


def test_discharging_ends_at_the_least_energy():
    found = settle(BATTERY, 2.0, -3.0, demand_kw=3.0, sun_kw=0.0, h=1.0)

    assert (found.discharged_kwh, found.import_kwh, found.soc_kwh) == pytest.approx((0.8, 2.2, 1.0))


@given(
    st.floats(1.0, 9.0),
    st.floats(-9.0, 9.0),
    st.floats(0.0, 20.0),
    st.floats(0.0, 20.0),
    st.sampled_from((0.25, 1.0)),
)
def test_energy_is_kept_and_limits_hold(soc_kwh, battery_kw, demand_kw, sun_kw, h):
    found = settle(BATTERY, soc_kwh, battery_kw, demand_kw=demand_kw, sun_kw=sun_kw, h=h)

    supplied = found.import_kwh + sun_kw * h + found.discharged_kwh
    assert supplied == pytest.approx(found.export_kwh + demand_kw * h + found.charged_kwh, abs=1e-9)
    assert 1.0 - 1e-9 <= found.soc_kwh <= 9.0 + 1e-9
    assert found.charged_kwh <= 4.0 * h + 1e-9
    assert found.discharged_kwh <= 3.0 * h + 1e-9
    assert min(found.import_kwh, found.export_kwh) == 0.0
