"""The signs of battery power against the state of charge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.trust import Answer, Effect, Sample, Told, answer_of, effect_of, telemetry_contradiction

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
RATED_KW, CAPACITY_KWH = 5.0, 10.0


def samples(first: float, per_min: float, kw: float | None, minutes: int, *, step: float = 0.1, every: int = 5):
    """Readings each ``every`` minutes of a state of charge that moves steadily and is read in steps."""
    return [
        Sample(
            at=NOON + timedelta(minutes=minute),
            soc_percent=round(round((first + per_min * minute) / step) * step, 6),
            battery_kw=kw,
        )
        for minute in range(0, minutes + 1, every)
    ]


def told(kw: float, minutes: int) -> list[Told]:
    return [Told(start=NOON, end=NOON + timedelta(minutes=minutes), battery_kw=kw)]


@pytest.mark.parametrize(("kw", "per_min"), [(2.0, -0.1), (-2.0, 0.1)])
def test_a_state_of_charge_that_moves_against_the_telemetry_contradicts_it(kw, per_min):
    found = telemetry_contradiction(samples(50.0, per_min, kw, 40), RATED_KW, CAPACITY_KWH)

    assert found is not None
    assert ("charging" if kw > 0 else "discharging") in found
    assert "from 50 to" in found


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (samples(50.0, 0.1, 2.0, 40), "it agrees"),
        (samples(50.0, -0.1, 2.0, 25), "less than half an hour"),
        (samples(50.0, -0.1, 0.2, 40), "less than 5 % of the rating"),
        (samples(50.0, -0.002, 2.0, 40), "less than two steps"),
        (samples(50.0, -0.1, None, 40), "nothing is read"),
        ([], "nothing is known"),
    ],
)
def test_what_is_too_little_contradicts_nothing(series, why):
    assert telemetry_contradiction(series, RATED_KW, CAPACITY_KWH) is None, why


def test_what_ran_between_rare_readings_contradicts_nothing():
    """A quarter of an hour apart, each at the moment in which the load has risen and no new command is there yet."""
    quarters = zip((-15, 0, 15, 30), (64.3, 64.378, 72.9, 81.454), (-0.9, -0.9, -0.6, -0.7), strict=True)
    rare = [Sample(at=NOON + timedelta(minutes=at), soc_percent=soc, battery_kw=kw) for at, soc, kw in quarters]
    strong = [replace(each, battery_kw=-3.5) for each in rare]

    assert telemetry_contradiction(rare, RATED_KW, CAPACITY_KWH) is None
    assert telemetry_contradiction(strong, RATED_KW, CAPACITY_KWH) is None, "though it is as much as was read"
    assert telemetry_contradiction(samples(64.3, 0.57, -3.5, 30), RATED_KW, CAPACITY_KWH) is not None, "closer ones"
    assert telemetry_contradiction(samples(64.3, 0.57, -0.8, 30), RATED_KW, CAPACITY_KWH) is None, "more than was read"


def test_the_newest_stretch_has_the_last_word():
    wrong = samples(50.0, -0.1, 2.0, 40)
    mended = [
        Sample(at=each.at + timedelta(hours=2), soc_percent=each.soc_percent, battery_kw=2.0)
        for each in samples(40.0, 0.1, 2.0, 40)
    ]

    assert telemetry_contradiction(wrong, RATED_KW, CAPACITY_KWH) is not None
    assert telemetry_contradiction(wrong + mended, RATED_KW, CAPACITY_KWH) is None


def test_two_steps_in_the_told_direction_are_an_answer_and_one_is_not():
    one = samples(50.0, 0.04, None, 30, step=1.0)
    two = samples(50.0, 0.08, None, 30, step=1.0)

    assert answer_of(one, told(0.5, 60), RATED_KW, CAPACITY_KWH)[0] is Answer.NONE_YET
    assert answer_of(two, told(0.5, 60), RATED_KW, CAPACITY_KWH)[0] is Answer.AS_TOLD


def test_a_contrary_answer_tells_what_was_told_and_what_happened():
    answer, words = answer_of(samples(50.0, -0.1, None, 15), told(0.5, 60), RATED_KW, CAPACITY_KWH)

    assert answer is Answer.CONTRARY
    assert words == "told to charge from 2026-06-01T12:05Z to 12:15Z, the state of charge went from 49.5 to 48.5 %"


@pytest.mark.parametrize(("kw", "answer"), [(-0.5, Answer.CONTRARY), (0.5, Answer.NONE_YET), (-0.05, Answer.NONE_YET)])
def test_where_a_coarse_reading_stands_the_power_tells_after_twenty_five_minutes(kw, answer):
    stands = samples(50.0, 0.0, kw, 30, every=1)
    found, words = answer_of(stands, told(0.5, 60), RATED_KW, CAPACITY_KWH)

    assert found is answer
    assert answer_of(stands[:24], told(0.5, 60), RATED_KW, CAPACITY_KWH) == (Answer.NONE_YET, None)
    assert (words is not None and "if its own sign is right" in words) is (answer is Answer.CONTRARY)


def test_energy_that_nobody_told_is_no_answer():
    """Told to charge 0.5 kW, a state of charge that rises by 3 kW was moved by something else."""
    fast = samples(50.0, 0.5, None, 30, every=1)

    assert answer_of(fast, told(0.5, 60), RATED_KW, CAPACITY_KWH) == (Answer.NONE_YET, None)


def test_a_leap_parts_what_is_known():
    leap = [
        *samples(50.0, 0.0, None, 5, every=1),
        *[replace(each, at=each.at + timedelta(minutes=6)) for each in samples(57.0, 0.0, None, 20, every=1)],
    ]

    assert answer_of(leap, told(0.5, 60), RATED_KW, CAPACITY_KWH) == (Answer.NONE_YET, None)


def test_what_moves_while_nothing_is_told_is_no_answer():
    assert answer_of(samples(50.0, -0.1, None, 30), told(0.1, 60), RATED_KW, CAPACITY_KWH) == (Answer.NONE_YET, None)
    assert answer_of(samples(50.0, -0.1, None, 30), [], RATED_KW, CAPACITY_KWH) == (Answer.NONE_YET, None)


@given(
    st.floats(5, 95), st.floats(0.02, 0.5), st.sampled_from((0.1, 0.5, 1.0)), st.sampled_from((1, -1)), st.booleans()
)
def test_the_sign_found_is_the_sign_that_is(first, per_min, step, direction, follows):
    moves = direction if follows else -direction
    answer, _ = answer_of(
        samples(first, moves * per_min, None, 45, step=step), told(direction * 1.0, 60), RATED_KW, CAPACITY_KWH
    )

    assert answer in {Answer.NONE_YET, Answer.AS_TOLD if follows else Answer.CONTRARY}


def test_a_battery_that_does_half_of_what_it_is_told_has_effect_and_one_that_does_nothing_diverges():
    half = samples(50.0, 0.0, 1.0, 15, every=1)
    nothing = samples(50.0, 0.0, 0.0, 15, every=1)

    assert effect_of(half, told(2.0, 60), RATED_KW) == (Effect.AS_TOLD, None)
    verdict, words = effect_of(nothing, told(2.0, 60), RATED_KW)
    assert verdict is Effect.ELSE
    assert words == "told +2.00 kW (charge positive), but the battery did +0.00, +0.00, +0.00 kW"


def test_a_full_battery_need_not_charge_nor_a_resting_one_prove_itself():
    assert effect_of(samples(100.0, 0.0, 0.0, 15, every=1), told(2.0, 60), RATED_KW) == (None, None)
    assert effect_of(samples(50.0, 0.0, 0.0, 15, every=1), told(0.1, 60), RATED_KW) == (None, None)
    assert effect_of(samples(50.0, 0.0, 0.0, 1, every=1), told(2.0, 60), RATED_KW) == (None, None)
