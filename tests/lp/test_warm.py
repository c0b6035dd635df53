"""A planner that goes on from its last plan finds the same as one that begins anew."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import NOON, battery, problem

from optimizer.domain.horizon import plan_horizon
from optimizer.domain.peaks import BilledPeak
from optimizer.domain.problem import Problem
from optimizer.lp import Planner, solve

SEQUENCES = 100
CHUNK = 50


def site_at(step: int, seed: int) -> Problem:
    """A site whose world moves on by a quarter hour a step: the same series seen later, slightly mistaken."""
    rng = np.random.default_rng(seed)
    slots = int(rng.integers(6, 40))
    hours = np.arange(slots + 8) / 4
    imports = rng.uniform(-0.05, 0.6, slots + 8) if seed % 3 else np.full(slots + 8, 0.3)
    load = rng.uniform(0, 4, slots + 8)
    sun = np.clip(rng.uniform(-4, 7, slots + 8), 0, None)
    exports = imports * (1.3 if seed % 7 == 0 else 0.4)
    shaken = np.random.default_rng(seed * 31 + step).normal(0, 0.05, slots + 8)
    begin = NOON + timedelta(minutes=15 * step + (7 if seed % 4 == 0 else 0))
    horizon = plan_horizon(begin, slot_minutes=15, horizon_hours=slots / 4)
    seen = slice(step, step + len(horizon))
    store = battery(
        soc_kwh=float(np.clip(rng.uniform(0.5, 9.5) + shaken[0], 0, 10)),
        wear_cost_per_kwh=float(rng.choice([0.0, 0.01])),
        reserve_kwh=float(rng.choice([1.0, 3.0])),
    )
    peaks = (BilledPeak(interval_of_slot=tuple(range(len(horizon))), price_per_kw=2.0, sunk_kw=1.0),)
    return replace(
        problem(
            horizon,
            load_kw=np.clip(load + shaken, 0, None)[seen].tolist(),
            solar_kw=sun[seen].tolist(),
            import_price_per_kwh=imports[seen].tolist(),
            export_price_per_kwh=exports[seen].tolist(),
            battery=store,
            import_limit_kw=float(3 + hours[slots % 4]) if seed % 5 == 0 else None,
            export_limit_kw=None,
        ),
        peak_charges=peaks if seed % 6 == 0 else (),
    )


@pytest.mark.parametrize("first", range(0, SEQUENCES, CHUNK))
def test_a_re_plan_one_slot_later_costs_what_a_fresh_plan_costs(first):
    for seed in range(first, first + CHUNK):
        planner = Planner()
        planner.solve(site_at(0, seed))
        for step in (1, 2):
            case = site_at(step, seed)
            warm, cold = planner.solve(case), solve(case)
            assert warm.objective == pytest.approx(cold.objective, rel=1e-6, abs=1e-6), f"seed {seed}, step {step}"
            assert str(warm.verdict).split(":")[0] == str(cold.verdict).split(":")[0]


def test_a_planner_goes_from_site_to_site_and_back_without_a_trace():
    """Another structure, another length, and a problem that breaks a limit in between."""
    planner = Planner()
    cases = [
        site_at(0, 4),
        problem(battery=None),
        site_at(0, 5),
        problem(load_kw=9.0, import_limit_kw=3.0),
        site_at(1, 4),
    ]

    assert [planner.solve(case).objective for case in cases] == pytest.approx(
        [solve(case).objective for case in cases], rel=1e-6, abs=1e-6
    )
