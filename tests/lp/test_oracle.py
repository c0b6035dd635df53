"""The oracle against cases worked by hand, and what the generator's 500 seeds cover."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lp.generate import FEATURES, features, small_problem
from lp.oracle import least_cost

from optimizer.domain.assets import (
    Battery,
    DeferrableLoad,
    DepthSegment,
    EndValue,
    EvSession,
    Genset,
    TaperPoint,
    ThermalStore,
)
from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import BilledPeak, Direction, PeakStep
from optimizer.domain.problem import Problem, Published

SEEDS = 500
AT = datetime(2026, 1, 1, tzinfo=UTC)


def site(*hours: float, **changes: Any) -> Problem:
    """Slots of these hours in which nothing happens, a kWh costs 1 and pays 0, except for ``changes``."""
    edges = tuple(AT + timedelta(hours=sum(hours[:edge])) for edge in range(len(hours) + 1))
    nothing = (0.0,) * len(hours)
    given: dict[str, Any] = {
        "site_id": "by hand",
        "horizon": Horizon(edges),
        "load_kw": nothing,
        "heat_kw": nothing,
        "solar_kw": nothing,
        "import_price_per_kwh": (1.0,) * len(hours),
        "export_price_per_kwh": nothing,
        "currency": "EUR",
    }
    return Problem(**(given | changes))


def store(**changes: Any) -> Battery:
    """10 kWh without losses, empty, 2 kW each way; each kWh left is worth 2."""
    given: dict[str, Any] = {
        "capacity_kwh": 10.0,
        "soc_kwh": 0.0,
        "max_charge_kw": 2.0,
        "max_discharge_kw": 2.0,
        "soc_max_kwh": 10.0,
        "end_values": (EndValue(kwh=10.0, value_per_kwh=2.0),),
    }
    return Battery(**(given | changes))


def is_(cost: float) -> Any:
    return pytest.approx(cost, abs=1e-8)


def test_a_load_costs_hours_times_price_in_slots_of_any_length() -> None:
    assert least_cost(site(0.5, 1.0, load_kw=(2.0, 3.0), import_price_per_kwh=(0.2, 0.4))) == is_(0.2 + 1.2)


def test_heat_and_standby_are_demand_too() -> None:
    assert least_cost(site(1.0, heat_kw=(2.0,), batteries=(store(standby_kw=0.5, end_values=()),))) == is_(2.5)


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({"export_price_per_kwh": (0.1,)}, -0.3),
        ({"export_price_per_kwh": (0.1,), "export_extra_cost_per_kwh": 0.05}, -0.15),
        ({"export_price_per_kwh": (-0.1,)}, 0.0),
        ({"export_price_per_kwh": (-0.1,), "can_curtail": False}, 0.3),
        ({"export_price_per_kwh": (-0.1,), "curtailment_steps": 2}, 0.1),
        ({"export_price_per_kwh": (0.1,), "inverter_limit_kw": 2.0}, -0.1),
        ({"export_price_per_kwh": (0.1,), "export_rating_kw": 2.0}, -0.2),
        ({"export_price_per_kwh": (0.1,), "export_limit_kw": 2.0, "export_over_price_per_kwh": 0.04}, -0.26),
    ],
)
def test_three_kw_of_spare_sun_are_sold_or_cut_as_pays_best(changes: dict[str, Any], cost: float) -> None:
    assert least_cost(site(1.0, load_kw=(1.0,), solar_kw=(4.0,), **changes)) == is_(cost)


def test_nothing_is_bought_to_be_sold_in_the_same_slot() -> None:
    assert least_cost(site(1.0, import_price_per_kwh=(-1.0,), export_price_per_kwh=(1.0,))) == is_(0.0)


def test_carbon_adds_to_the_price_of_import_and_of_the_gensets_kwh() -> None:
    carbon: dict[str, Any] = {"load_kw": (1.0,), "co2_price_per_kg": 0.5, "co2_kg_per_kwh": (0.4,)}
    assert least_cost(site(1.0, **carbon)) == is_(1.2)
    clean = Genset(max_kw=1.0, fuel_cost_per_kwh=0.8, kg_co2_per_kwh=0.5)
    assert least_cost(site(1.0, **carbon, gensets=(clean,))) == is_(0.8 + 0.25)


def test_a_battery_moves_energy_less_its_losses_and_wear_from_cheap_to_dear() -> None:
    lossy = store(charge_efficiency=0.9, discharge_efficiency=0.9, wear_cost_per_kwh=0.01, end_values=())
    cost = least_cost(site(1.0, 1.0, load_kw=(2.0, 2.0), import_price_per_kwh=(0.1, 0.5), batteries=(lossy,)))
    assert cost == is_(0.4 + 0.5 * (2.0 - 1.62) + 0.01 * 3.62)


def test_a_negative_price_does_not_make_a_battery_charge_and_discharge_at_once() -> None:
    wasteful = store(soc_kwh=9.5, charge_efficiency=0.5, discharge_efficiency=0.5, end_values=())
    assert least_cost(site(1.0, import_price_per_kwh=(-0.1,), batteries=(wasteful,))) == is_(-0.1)


def test_what_is_left_counts_from_empty_and_beyond_the_last_segment_nothing() -> None:
    values = (EndValue(kwh=2.0, value_per_kwh=1.5), EndValue(kwh=2.0, value_per_kwh=0.5))
    assert least_cost(site(1.0, batteries=(store(soc_kwh=1.0, end_values=values),))) == is_(1.0 - 1.5)
    free = site(2.0, import_price_per_kwh=(0.0,), batteries=(store(soc_kwh=1.0, end_values=values),))
    assert least_cost(free) == is_(-1.5 - 1.0)


def test_self_discharge_takes_its_share_by_the_hour() -> None:
    shut = store(soc_kwh=4.0, self_discharge_per_h=0.5, max_charge_kw=0.0)
    assert least_cost(site(0.5, 0.5, batteries=(shut,))) == is_(4.0)


def test_below_its_least_power_a_battery_is_off() -> None:
    assert least_cost(site(1.0, batteries=(store(soc_kwh=8.5, min_charge_kw=1.6),))) == is_(0.0)
    assert least_cost(site(1.0, batteries=(store(soc_kwh=8.5, min_charge_kw=1.4),))) == is_(-1.5)
    small = site(1.0, load_kw=(1.0,), batteries=(store(soc_kwh=2.0, min_discharge_kw=1.5, end_values=()),))
    assert least_cost(small) == is_(0.0)


def test_a_battery_banned_from_the_grid_takes_sun_only_and_gives_to_loads_only() -> None:
    assert least_cost(site(1.0, batteries=(store(charges_from_grid=False),))) == is_(0.0)
    assert least_cost(site(1.0, solar_kw=(1.5,), batteries=(store(charges_from_grid=False),))) == is_(-3.0)
    sells = {"load_kw": (0.5,), "export_price_per_kwh": (3.0,)}
    full = store(soc_kwh=2.0, discharges_to_grid=False, end_values=())
    assert least_cost(site(1.0, **sells, batteries=(full,))) == is_(0.0)


def test_one_battery_may_feed_another_where_neither_may_touch_the_grid() -> None:
    giver = store(name="giver", soc_kwh=2.0, discharges_to_grid=False, end_values=())
    taker = store(name="taker", charges_from_grid=False)
    assert least_cost(site(1.0, batteries=(giver, taker))) == is_(-4.0)


def test_a_taper_holds_at_the_energy_at_the_slots_start() -> None:
    curve = (TaperPoint(soc_kwh=1.0, limit_kw=3.0), TaperPoint(soc_kwh=3.0, limit_kw=1.0))
    tapered = store(soc_kwh=2.0, capacity_kwh=4.0, soc_max_kwh=4.0, max_charge_kw=9.0, charge_taper=curve)
    assert least_cost(site(0.5, 0.5, batteries=(tapered,))) == is_(-1.5)
    flipped = (TaperPoint(soc_kwh=0.0, limit_kw=0.0), TaperPoint(soc_kwh=2.0, limit_kw=1.0))
    drained = store(soc_kwh=2.0, discharge_taper=flipped, end_values=())
    assert least_cost(site(1.0, 1.0, load_kw=(2.0, 2.0), batteries=(drained,))) == is_(4.0 - 1.5)


def test_depth_costs_by_the_slice_and_what_is_stored_at_first_lies_deepest() -> None:
    segments = (DepthSegment(kwh=2.0, cost_per_kwh=0.1), DepthSegment(kwh=2.0, cost_per_kwh=0.4))
    sliced = store(soc_kwh=2.0, capacity_kwh=4.0, soc_max_kwh=4.0, depth_segments=segments, end_values=())
    assert least_cost(site(1.0, load_kw=(2.0,), batteries=(sliced,))) == is_(0.8)
    refilled = site(0.5, 1.0, load_kw=(0.0, 2.0), import_price_per_kwh=(0.0, 1.0), batteries=(sliced,))
    assert least_cost(refilled) == is_(0.1 + 0.4)


def test_the_inverter_bounds_sun_and_dc_coupled_batteries_together_both_ways() -> None:
    bound: dict[str, Any] = {"inverter_limit_kw": 1.0, "solar_kw": (0.5,)}
    assert least_cost(site(1.0, **bound, batteries=(store(is_dc_coupled=True),))) == is_(1.0 - 3.0)
    assert least_cost(site(1.0, **bound, batteries=(store(),))) == is_(1.5 - 4.0)


def test_goals_and_ceilings_cost_by_the_kwh_and_hour_at_each_slots_end() -> None:
    wishing = store(soc_kwh=1.0, max_charge_kw=0.0, goal_kwh=(3.0, 0.0), ceiling_kwh=0.5, goal_price_per_kwh=0.1)
    assert least_cost(site(0.5, 1.0, batteries=(wishing,), export_price_per_kwh=(-9.0, -9.0))) == is_(0.175)


def test_a_demanded_charge_is_excused_where_the_slot_ends_full() -> None:
    demanding = store(soc_kwh=8.0, demanded_charge_kw=1.6, demand_price_per_kwh=0.4, end_values=())
    assert least_cost(site(1.0, 1.0, batteries=(demanding,))) == is_(0.4 * 3.2)
    assert (
        least_cost(site(1.0, batteries=(store(soc_kwh=10.0, demanded_charge_kw=1.6, demand_price_per_kwh=9.0),))) == 0
    )
    cheap = site(1.0, 1.0, import_price_per_kwh=(0.1, 0.5), batteries=(demanding,))
    assert least_cost(cheap) == is_(0.2)


def test_what_the_first_battery_was_told_costs_by_the_kw_of_change() -> None:
    told = Published(battery_kw=(1.0, None), price_per_kw=(0.3, 9.0))
    assert least_cost(site(1.0, 1.0, batteries=(store(end_values=()),), published=told)) == is_(0.3)


def test_import_over_a_limit_is_weighed_and_over_the_rating_impossible() -> None:
    priced: dict[str, Any] = {"load_kw": (1.0,), "import_limit_kw": 2.0, "import_over_price_per_kwh": 0.5}
    assert least_cost(site(0.5, **priced, batteries=(store(),))) == is_(1.5 + 0.25 - 2.0)
    assert least_cost(site(0.5, load_kw=(1.0,), import_rating_kw=2.0, batteries=(store(),))) == is_(1.0 - 1.0)
    with pytest.raises(ValueError, match="no least cost"):
        least_cost(site(1.0, load_kw=(2.0,), import_rating_kw=1.0))


def peak(**changes: Any) -> BilledPeak:
    given: dict[str, Any] = {"interval_of_slot": (0,), "price_per_kw": 1.0} | changes
    return BilledPeak(**given)


@pytest.mark.parametrize(
    ("charge", "cost"),
    [
        (peak(), 4.0),
        (peak(interval_of_slot=(-1,)), 0.0),
        (peak(sunk_kw=1.5), 2.5),
        (peak(metered_kwh=1.0, metered_h=0.5), 3.0 - 1.0),
        (peak(metered_kwh=3.0, metered_h=0.5), 5.0 - 3.0),
        (peak(metered_kwh=1.0, metered_h=0.5, sunk_kw=2.0), 3.0 - 2.0),
        (peak(direction=Direction.EXPORT), 0.0),
        (peak(steps=(PeakStep(above_kw=1.0, charge=5.0), PeakStep(above_kw=4.0, charge=9.0))), 4.0 + 5.0),
        (peak(steps=(PeakStep(above_kw=1.0, charge=5.0), PeakStep(above_kw=3.0, charge=9.0)), sunk_kw=2.0), 2.0 + 4.0),
        (peak(highest_days=2, day_of_interval=(0,), daily_peaks_kw=(5.0, 1.0), today_kw=2.0), (4.0 - 2.0) / 2),
        (peak(highest_days=2, day_of_interval=(0,), daily_peaks_kw=(5.0, 3.0), sunk_kw=4.2), 4.5 - 4.2),
        (peak(highest_days=3, day_of_interval=(0,)), 4.0 / 3),
    ],
)
def test_a_peak_of_four_kw_costs_what_idleness_would_not(charge: BilledPeak, cost: float) -> None:
    assert least_cost(site(0.5, load_kw=(4.0,), peak_charges=(charge,))) == is_(2.0 + cost)


def test_a_battery_cuts_the_mean_of_an_interval_not_each_slot_of_it() -> None:
    charge = peak(interval_of_slot=(0, 0, 1), price_per_kw=10.0)
    loads = site(0.25, 0.75, 1.0, load_kw=(4.0, 0.0, 1.0), peak_charges=(charge,), batteries=(store(end_values=()),))
    assert least_cost(loads) == is_(2.0 + 10.0)


def test_a_heat_store_follows_its_temperature_at_each_slots_start() -> None:
    house = ThermalStore(
        kwh_per_k=2.0,
        temperature_c=20.0,
        surroundings_c=0.0,
        loss_kw_per_k=0.1,
        draw_kw=0.5,
        max_kw=0.0,
        comfort_min_c=18.0,
        comfort_max_c=99.0,
        comfort_price_per_kh=0.5,
    )
    second = 18.75 - (1.875 + 0.5) / 2
    assert least_cost(site(1.0, 1.0, heat_stores=(house,))) == is_(0.5 * (18.0 - second))


def test_a_heat_pump_once_started_runs_its_least_time() -> None:
    pump: dict[str, Any] = {"kwh_per_k": 1.0, "temperature_c": 20.0, "comfort_min_c": 0.0, "comfort_max_c": 21.0}
    pump |= {"cop": 1.0, "max_kw": 1.0, "value_per_k": 3.0, "comfort_price_per_kh": 9.0}
    three = site(1.0, 1.0, 1.0, heat_stores=(ThermalStore(**pump, is_on_off=True),))
    assert least_cost(three) == is_(1.0 - 3.0)
    stubborn = site(1.0, 1.0, heat_stores=(ThermalStore(**pump, is_on_off=True, min_run_h=1.5),))
    assert least_cost(stubborn) == is_(1.0 - 3.0)
    dear = site(
        1.0, 1.0, import_price_per_kwh=(1.0, 4.0), heat_stores=(ThermalStore(**pump, min_kw=1.0, min_run_h=2.0),)
    )
    assert least_cost(dear) == is_(0.0)


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({}, 2.0 * (0.1 + 0.5 * 0.2)),
        ({"is_on_off": True}, 2.0 * (0.1 + 0.2)),
        ({"is_single_block": True}, 2.0 * (0.1 + 0.01 * 0.9 + 0.49 * 0.2)),  # in between it runs at a hundredth
        ({"is_on_off": True, "is_single_block": True}, 2.0 * (0.1 + 0.9)),
        ({"first_slot": -1, "end_slot": 1}, 2.0 * (0.1 + 0.5 * 3.0)),
        ({"first_slot": 1, "end_slot": 2}, 2.0 * (0.9 + 0.5 * 3.0)),
        ({"shortfall_price_per_kwh": 0.15}, 2.0 * (0.1 + 0.5 * 0.15)),
    ],
)
def test_a_load_takes_the_cheapest_hours_that_its_window_and_block_allow(changes: dict[str, Any], cost: float) -> None:
    given: dict[str, Any] = {"name": "load", "power_kw": 2.0, "run_h": 1.5, "shortfall_price_per_kwh": 3.0} | changes
    prices = (0.1, 0.9, 0.2)
    problem = site(1.0, 1.0, 1.0, import_price_per_kwh=prices, deferrable_loads=(DeferrableLoad(**given),))
    assert least_cost(problem) == is_(cost)


def test_a_vehicle_takes_what_it_wants_at_least_power_or_goes_without() -> None:
    given: dict[str, Any] = {"energy_kwh": 3.6, "max_charge_kw": 4.0, "efficiency": 0.9, "shortfall_price_per_kwh": 2.0}
    wants = site(1.0, 1.0, import_price_per_kwh=(0.5, 1.0), ev_sessions=(EvSession(**given),))
    assert least_cost(wants) == is_(4.0 * 0.5)
    late = site(1.0, 1.0, import_price_per_kwh=(0.5, 1.0), ev_sessions=(EvSession(**given, first_slot=1),))
    assert least_cost(late) == is_(4.0 * 1.0)
    coarse = site(2.0, ev_sessions=(EvSession(**given, min_charge_kw=2.5),))
    assert least_cost(coarse) == is_(3.6 * 2.0)


def test_a_genset_starts_only_where_it_pays_and_keeps_its_least_times() -> None:
    engine: dict[str, Any] = {"max_kw": 2.0, "min_kw": 1.0, "fuel_cost_per_kwh": 0.3, "running_cost_per_h": 0.1}
    loads: dict[str, Any] = {"load_kw": (2.0, 2.0), "import_price_per_kwh": (1.0, 0.2)}
    assert least_cost(site(1.0, 1.0, **loads, gensets=(Genset(**engine, start_cost=0.5),))) == is_(0.5 + 0.7 + 0.4)
    assert least_cost(site(1.0, 1.0, **loads, gensets=(Genset(**engine, start_cost=1.5),))) == is_(2.0 + 0.4)
    assert least_cost(site(1.0, 1.0, **loads, gensets=(Genset(**engine, min_up_h=2.0),))) == is_(0.7 + 0.4 + 0.2)
    stopped = Genset(**engine, min_down_h=2.0, state_h=1.0)
    assert least_cost(site(1.0, 1.0, **loads, gensets=(stopped,))) == is_(2.0 + 0.4)
    running = Genset(**engine, is_running=True, min_up_h=2.0, state_h=0.5, start_cost=9.0)
    assert least_cost(site(1.0, 1.0, import_price_per_kwh=(1.0, 0.2), gensets=(running,))) == is_(0.8)


def test_the_seeds_cover_every_feature() -> None:
    seen = dict.fromkeys(FEATURES, 0)
    for seed in range(SEEDS):
        for name in features(small_problem(seed)):
            seen[name] += 1
    assert min(seen.values()) >= 20, seen


def test_a_seed_is_one_problem() -> None:
    assert small_problem(7) == small_problem(7)
