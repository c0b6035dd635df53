"""Heat stores, and the heat that is planned instead of forecast."""

from datetime import timedelta

import pytest
from builders import NOON, hours, problem
from stated_site import at, local_hours, site, stated, tank

from optimizer.domain.site import NightBand
from optimizer.domain.uncertainty import Scenario, Uncertainty
from optimizer.siting import Moment, state_site, without_forecast_heat


def test_a_heat_store_has_its_night_and_what_a_kelvin_costs_to_make():
    over = local_hours(12, NOON + timedelta(hours=6))  # 20:00 to 08:00 local
    night = NightBand(window=at("22:00", "05:30"), min_c=35.0, max_c=50.0)

    (found,) = stated(over, site(heat_stores=(tank(night=night, cop=3.0),))).heat_stores

    assert found.comfort_min_c == (40.0, 40.0, *(35.0,) * 7, *(40.0,) * 3)
    assert found.comfort_max_c[2] == 50.0
    assert found.value_per_k == pytest.approx(0.6 * 0.30 / 3.0)


def test_without_a_cop_the_outdoor_temperature_tells_or_a_note_says_that_it_does_not():
    where = site(heat_stores=(tank(),))
    known = state_site(problem(), where, Moment(at=NOON, outdoor_c=5.0))
    unknown = state_site(problem(), where, Moment(at=NOON))

    assert known.problem.heat_stores[0].cop == pytest.approx((0.85 * (6.08 - 0.0941 * 30 + 0.000464 * 900),) * 4)
    assert known.notes == ()
    assert unknown.problem.heat_stores[0].cop == 3.0
    assert "tank" in unknown.notes[0]


def test_heat_that_is_planned_is_not_forecast_as_well():
    outcomes = Uncertainty(scenarios=(Scenario(probability=0.5, load_kw=(1.0,), heat_kw=(2.0,)),))

    replaced = stated(hours(2), site(heat_stores=(tank(replaces_heat_forecast=True),)), heat_kw=2.0)
    beside = stated(hours(2), site(heat_stores=(tank(),)), heat_kw=2.0)

    assert (replaced.heat_kw, beside.heat_kw) == ((0.0, 0.0), (2.0, 2.0))
    assert without_forecast_heat(outcomes).scenarios == (Scenario(probability=0.5, load_kw=(1.0,)),)
