"""Whether switching would pay: the verdict on paired days."""

from datetime import date, timedelta

import numpy as np
import pytest

from optimizer.shadow import compare

FIRST = date(2026, 3, 1)


def days(costs: list[float]) -> dict[date, float]:
    return {FIRST + timedelta(days=number): cost for number, cost in enumerate(costs)}


def test_a_challenger_that_is_always_30_cents_cheaper_would_pay():
    found = compare("agile", days([2.0] * 28), days([1.7] * 28))

    assert (found.days, found.mean) == (28, pytest.approx(-0.3))
    assert (found.low, found.high) == pytest.approx((-0.3, -0.3))
    assert found.verdict == "switching would pay"


def test_the_cost_of_switching_is_told_in_days():
    found = compare("agile", days([2.0] * 28), days([1.5] * 28), switching_cost=60.0)

    assert found.verdict == "switching would pay: its cost is back after 120 days"


def test_a_dearer_challenger_would_not_pay_and_a_noisy_one_is_not_decided():
    noise = np.random.default_rng(1).normal(0.0, 1.0, 60)

    assert compare("dear", days([2.0] * 60), days([2.5] * 60)).verdict == "switching would not pay"
    assert compare("same", days([2.0] * 60), days(list(2.0 + noise))).verdict == "not decided"


def test_before_two_weeks_nothing_is_said():
    found = compare("agile", days([2.0] * 13), days([1.0] * 13))

    assert (found.low, found.high) == (None, None)
    assert found.verdict == "too early: 13 of 14 days"


def test_only_days_that_both_have_are_paired():
    champion, challenger = days([2.0] * 20), days([1.0] * 30)
    del champion[FIRST]

    assert compare("agile", champion, challenger).days == 19


def test_no_day_at_all_is_too_early():
    assert compare("agile", {}, {}).verdict == "too early: 0 of 14 days"


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says_though_days_are_alike():
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        shocks = random.normal(0.0, 1.0, 90)
        differences = [shocks[0]]
        for shock in shocks[1:]:
            differences.append(0.5 * differences[-1] + shock)
        found = compare("agile", days([0.0] * 90), days(differences))
        covered += found.low <= 0.0 <= found.high

    assert covered >= 48, "an interval that takes days for independent covers about 45 of 60"


def test_the_same_days_give_the_same_interval():
    costs = list(np.random.default_rng(3).normal(2.0, 0.5, 40))

    assert compare("a", days([2.0] * 40), days(costs)) == compare("a", days([2.0] * 40), days(costs))
