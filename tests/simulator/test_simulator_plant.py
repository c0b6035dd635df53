"""The plant obeys its schedules and its physics; each case is worked by hand. Battery: 10 kWh, 5 kW, half full."""

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.still_house import START, command, still, window

from optimizer.simulator import Plant, SimulatorOptions, SiteRules, bundled_recording, judge_request
from optimizer.simulator.heatpump import cop
from optimizer.simulator.schedule import Entry, Pair, apply

HOUR = timedelta(hours=1)


def plant_with(*commands, recording=None, **changes):
    options = SimulatorOptions(**changes)
    plant = Plant(options, still() if recording is None else recording, START)
    if commands:
        verdict = judge_request({"schedules": list(commands)}, SiteRules(options=options), START)
        assert isinstance(verdict, list), verdict
        plant.schedules = apply({}, verdict, "replace_pair")
    return plant


def after_an_hour(*commands, recording=None, **changes):
    plant = plant_with(*commands, recording=recording, **changes)
    plant.advance(START + HOUR)
    return plant


def test_without_orders_a_surplus_goes_into_the_battery():
    plant = after_an_hour(recording=still(load_kw=1, solar_kw=3))
    assert plant.soc_kwh == pytest.approx(5 + 2 * 0.95)
    assert plant.meter.export_kwh == pytest.approx(0)


def test_without_orders_a_deficit_is_met_from_the_battery():
    plant = after_an_hour(recording=still(load_kw=2))
    assert plant.soc_kwh == pytest.approx(5 - 2 / 0.95)
    assert plant.meter.import_kwh == pytest.approx(0)


def test_without_orders_an_empty_battery_leaves_the_deficit_to_the_grid():
    plant = after_an_hour(recording=still(load_kw=2), soc_percent=0)
    assert plant.soc_kwh == 0
    assert plant.meter.import_kwh == pytest.approx(2)


def test_a_battery_that_fills_up_within_the_hour_exports_the_rest():
    plant = after_an_hour(recording=still(solar_kw=4), soc_percent=81)
    assert plant.soc_kwh == pytest.approx(10)
    assert plant.meter.charge_kwh == pytest.approx(1.9 / 0.95)
    assert plant.meter.export_kwh == pytest.approx(2)


@pytest.mark.parametrize(("sign", "value"), [("charge", 3), ("discharge", -3)])
def test_a_battery_setpoint_charges_from_the_grid_in_either_sign_convention(sign, value):
    plant = after_an_hour(
        command("bess.activePowerkW", window(value)), recording=still(load_kw=1), bess_power_positive=sign
    )
    assert plant.meter.charge_kwh == pytest.approx(3)
    assert plant.meter.import_kwh == pytest.approx(4)


def test_a_battery_setpoint_may_export_from_the_battery():
    plant = after_an_hour(command("bess.activePowerkW", window(-3)), recording=still(load_kw=1))
    assert plant.meter.export_kwh == pytest.approx(2)
    assert plant.soc_kwh == pytest.approx(5 - 3 / 0.95)


def test_after_its_last_entry_the_battery_returns_to_self_consumption():
    plant = after_an_hour(command("bess.activePowerkW", window(0)), recording=still(load_kw=1))
    assert plant.soc_kwh == 5
    assert plant.meter.import_kwh == pytest.approx(1)
    plant.advance(START + 2 * HOUR)
    assert plant.soc_kwh == pytest.approx(5 - 1 / 0.95)
    assert plant.meter.import_kwh == pytest.approx(1)


def test_a_soc_target_is_reached_at_its_end_with_constant_power():
    plant = plant_with(command("bess.optimalSocPcnt", window(80, for_h=2)))
    plant.advance(START + HOUR)
    assert plant.soc_kwh == pytest.approx(6.5)
    assert plant.reading().flows.charge_kw == pytest.approx(1.5 / 0.95)
    plant.advance(START + 2 * HOUR)
    assert plant.soc_kwh == pytest.approx(8)


def test_a_lower_soc_target_discharges():
    plant = after_an_hour(command("bess.optimalSocPcnt", window(30)))
    assert plant.soc_kwh == pytest.approx(3)
    assert plant.meter.export_kwh == pytest.approx(2 * 0.95)


def test_a_soc_target_out_of_reach_is_approached_at_full_power():
    plant = after_an_hour(command("bess.optimalSocPcnt", window(100)), max_charge_kw=2.0)
    assert plant.soc_kwh == pytest.approx(5 + 2 * 0.95)


@pytest.mark.parametrize(("sign", "value"), [("import", 4), ("export", -4)])
def test_a_grid_setpoint_is_met_by_the_battery_in_either_sign_convention(sign, value):
    plant = after_an_hour(
        command("grid.activePowerkW", window(value)), recording=still(load_kw=1), grid_power_positive=sign
    )
    assert plant.meter.import_kwh == pytest.approx(4)
    assert plant.meter.charge_kwh == pytest.approx(3)


def test_an_import_limit_is_kept_by_the_battery_and_clips_its_setpoint():
    plant = after_an_hour(
        command("grid.upperLimitkW", window(2)), command("bess.activePowerkW", window(5)), recording=still(load_kw=1)
    )
    assert plant.meter.import_kwh == pytest.approx(2)
    assert plant.meter.charge_kwh == pytest.approx(1)


def test_an_import_above_the_limit_that_no_battery_can_cover_stays():
    plant = after_an_hour(command("grid.upperLimitkW", window(1)), recording=still(load_kw=6), max_discharge_kw=2.0)
    assert plant.meter.import_kwh == pytest.approx(4)


def test_an_export_limit_is_kept_by_the_battery_first_and_then_by_the_sun():
    limit = command("grid.lowerLimitkW", window(-1))
    plant = after_an_hour(limit, recording=still(solar_kw=8), max_charge_kw=3.0)
    assert plant.meter.charge_kwh == pytest.approx(3)
    assert plant.meter.export_kwh == pytest.approx(1)
    assert plant.meter.curtailed_kwh == pytest.approx(4)


@pytest.mark.parametrize(
    ("percent", "base", "solar_kwh"),
    [("cut", "available", 4.5), ("allow", "available", 1.5), ("cut", "rated", 6), ("allow", "rated", 2)],
)
def test_curtailment_by_25_percent_in_each_reading(percent, base, solar_kwh):
    plant = after_an_hour(
        command("solar.solarCurtailmentPcnt", window(25)),
        recording=still(solar_kw=6),
        curtailment_percent=percent,
        curtailment_base=base,
    )
    assert plant.meter.solar_kwh == pytest.approx(solar_kwh)
    assert plant.meter.curtailed_kwh == pytest.approx(6 - solar_kwh)


def test_the_heat_pump_draws_heat_over_cop():
    plant = after_an_hour(recording=still(heat_thermal_kw=4, outdoor_temp_c=0), soc_percent=0)
    assert cop(0) == pytest.approx(0.85 * (6.08 - 0.0941 * 40 + 0.000464 * 1600))
    assert plant.meter.import_kwh == pytest.approx(4 / 2.59964)
    assert plant.meter.heat_thermal_kwh == pytest.approx(4)


def test_a_district_interface_draws_no_electricity():
    plant = after_an_hour(recording=still(heat_thermal_kw=4), hcu_source_type="district_interface")
    assert plant.meter.heat_kwh == 0
    assert plant.meter.heat_thermal_kwh == pytest.approx(4)


def test_the_grid_is_logged_per_utc_quarter():
    options = SimulatorOptions(soc_percent=0)
    start = START + timedelta(minutes=20)
    plant = Plant(options, still(load_kw=4), start)
    plant.advance(START + timedelta(minutes=50))
    minutes = [((a - START).seconds // 60, (b - START).seconds // 60, kwh) for a, b, kwh, _ in plant.meter_log]
    assert minutes == [
        (20, 30, pytest.approx(4 / 6)),
        (30, 45, pytest.approx(1)),
        (45, 50, pytest.approx(1 / 3)),
    ]


def test_how_often_the_plant_is_asked_does_not_change_what_it_does():
    rare, often = (
        plant_with(command("bess.optimalSocPcnt", window(90, for_h=3)), recording=bundled_recording()) for _ in "ab"
    )
    rare.advance(START + 4 * HOUR)
    for minutes in range(7, 241, 7):
        often.advance(START + timedelta(minutes=minutes))
    often.advance(START + 4 * HOUR)
    assert often.soc_kwh == pytest.approx(rare.soc_kwh, abs=1e-3)
    assert often.meter.load_kwh == pytest.approx(rare.meter.load_kwh)


def test_a_state_of_charge_outside_the_battery_is_refused():
    plant = plant_with()
    with pytest.raises(ValueError, match="do not fit"):
        plant.soc_kwh = 10.1


SPANS = st.lists(st.integers(0, 36), min_size=2, max_size=8, unique=True).map(sorted)


@st.composite
def any_schedules(draw):
    """Stored schedules of any pairs, several at a time, at quarters and in odd places."""
    ranges = {
        Pair.GRID_UPPER: (0, 20),
        Pair.GRID_LOWER: (-15, 0),
        Pair.GRID_POWER: (-15, 20),
        Pair.SOLAR_CURTAILMENT: (0, 100),
        Pair.BESS_POWER: (-5, 5),
        Pair.BESS_SOC: (0, 100),
    }
    stored = {}
    for pair in draw(st.sets(st.sampled_from(list(Pair)))):
        ends = draw(SPANS)
        stored[pair] = tuple(
            Entry(
                start=START + timedelta(minutes=10 * first),
                end=START + timedelta(minutes=10 * last),
                value=draw(st.floats(*ranges[pair])),
            )
            for first, last in zip(ends[::2], ends[1::2], strict=False)
        )
    return stored


OPTIONS = st.builds(
    SimulatorOptions,
    charge_efficiency=st.floats(0.5, 1.0),
    discharge_efficiency=st.floats(0.5, 1.0),
    soc_percent=st.floats(0, 100),
    battery_kwh=st.floats(0.5, 20),
    curtailment_percent=st.sampled_from(["cut", "allow"]),
    curtailment_base=st.sampled_from(["available", "rated"]),
    bess_power_positive=st.sampled_from(["charge", "discharge"]),
    grid_power_positive=st.sampled_from(["import", "export"]),
)
RECORDING = bundled_recording(solar_peak_kw=20.0)


@settings(max_examples=60, deadline=None)
@given(any_schedules(), OPTIONS, st.integers(0, 27), st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_the_energy_balance_closes_under_any_schedules(stored, options, day, steps_s):
    start = RECORDING.start + timedelta(days=day, hours=8)
    shift = start - START
    plant = Plant(options, RECORDING, start)
    plant.schedules = {
        pair: tuple(Entry(start=e.start + shift, end=e.end + shift, value=e.value) for e in entries)
        for pair, entries in stored.items()
    }
    soc_before_kwh = plant.soc_kwh
    for step_s in steps_s:
        plant.advance(plant.time + timedelta(seconds=step_s))
        assert 0 <= plant.soc_kwh <= options.battery_kwh
    meter = plant.meter
    flows = plant.reading().flows
    demand_kwh = meter.load_kwh + meter.heat_kwh + meter.charge_kwh
    assert math.isclose(
        meter.import_kwh - meter.export_kwh, demand_kwh - meter.discharge_kwh - meter.solar_kwh, abs_tol=1e-9
    )
    gained_kwh = meter.charge_kwh * options.charge_efficiency - meter.discharge_kwh / options.discharge_efficiency
    assert math.isclose(plant.soc_kwh - soc_before_kwh, gained_kwh, abs_tol=1e-9)
    assert math.isclose(sum(row[2] for row in plant.meter_log), meter.import_kwh, abs_tol=1e-9)
    assert math.isclose(sum(row[3] for row in plant.meter_log), meter.export_kwh, abs_tol=1e-9)
    assert min(flows.solar_kw, flows.curtailed_kw, flows.charge_kw, flows.discharge_kw) >= 0
    assert flows.charge_kw <= options.max_charge_kw
    assert flows.discharge_kw <= options.max_discharge_kw
    assert flows.charge_kw * flows.discharge_kw == 0


@settings(max_examples=30, deadline=None)
@given(OPTIONS, st.integers(0, 27))
def test_self_consumption_never_charges_from_the_grid_nor_exports_from_the_battery(options, day):
    plant = Plant(options, RECORDING, RECORDING.start + timedelta(days=day))
    for _ in range(48):
        plant.advance(plant.time + timedelta(minutes=30))
        flows = plant.reading().flows
        assert flows.charge_kw == 0 or flows.grid_kw <= 1e-9
        assert flows.discharge_kw == 0 or flows.grid_kw >= -1e-9
