"""Signals that cannot be true."""

from datetime import UTC, datetime, timedelta

import pytest

from optimizer.trust import Sample, quarantine, reckoned_soc

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def history(socs: list[float], kw: float = 0.0, every_min: int = 5) -> list[Sample]:
    return [
        Sample(at=NOON + timedelta(minutes=every_min * number), soc_percent=soc, battery_kw=kw)
        for number, soc in enumerate(socs)
    ]


def signals(samples: list[Sample], load: list[float | None] | None = None) -> list[str]:
    found = quarantine(samples, load or [], capacity_kwh=10.0, rated_kw=5.0)
    return [f"{each.signal}: {each.why}" for each in found]


def test_a_jump_beyond_the_rated_power_is_set_aside():
    (found,) = signals(history([50.0, 50.1, 71.0]))

    assert found == "soc: the state of charge jumped from 50.1 to 71 % in 5 min; its power allows 10 %"


def test_a_fast_battery_and_a_small_correction_are_believed():
    assert signals(history([50.0, 54.0, 58.0], kw=5.0)) == []
    assert signals(history([50.0, 54.9])) == []


def test_a_state_of_charge_that_stands_while_energy_moves_is_frozen():
    (found,) = signals(history([48.0, 49.0, *([50.0] * 13)], kw=2.0))

    assert found == "soc: the state of charge has stood at 50 % since 12:10Z while the battery moved 2.00 kWh"


def test_a_full_battery_and_a_resting_one_may_stand():
    assert signals(history([98.0, 99.0, *([100.0] * 13)], kw=2.0)) == []
    assert signals(history([48.0, 49.0, *([50.0] * 13)], kw=0.0)) == []


def test_a_load_that_reads_the_same_for_hours_is_stuck_and_zero_may_last():
    socs = [50.0] * 30
    same: list[float | None] = [0.731] * 30

    assert signals(history(socs), same) == ["load: the load has read exactly 0.731 kW for 2.4 h"]
    assert signals(history(socs), [0.0] * 30) == []
    assert signals(history(socs), [*same[:-1], 0.732]) == []


def test_a_jump_is_believed_once_it_has_stood_for_twenty_minutes():
    assert signals(history([50.0, 71.0, 71.0, 71.0, 71.0])) != []
    assert signals(history([50.0, 71.0, 71.0, 71.0, 71.0, 71.0])) == []


def test_meanwhile_the_energy_moved_since_then_stands_in():
    jumped = history([50.0, 50.0, 71.0, 71.0], kw=2.0)
    (found,) = quarantine(jumped, [], capacity_kwh=10.0, rated_kw=5.0)

    assert found.trusted_until == NOON + timedelta(minutes=5)
    assert reckoned_soc(jumped, found.trusted_until, 10.0) == pytest.approx(50.0 + 2.0 * (10 / 60) / 10 * 100)
