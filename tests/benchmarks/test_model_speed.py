"""How long a plan takes, as a ratio to the bare solver on the very same matrices, in one run on one core.

Run with ``make bench``; it prints one line a case and asserts no times. Counted in a plan, from ``Problem`` to
``Plan``: building or updating, all tiers, reading back, duals, reasons, the check. The bare solver is given the
money tier's arrays with its default options and gives its values back. Warm is the plan one slot later.
"""

import gc
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter

import highspy
import numpy as np
import pytest
from builders import NOON, battery, problem

from optimizer.domain.horizon import plan_horizon
from optimizer.domain.problem import Problem
from optimizer.lp import Planner, solve
from optimizer.lp.model import Model, build_model
from optimizer.lp.suspicion import suspicious_slots
from optimizer.lp.term import Tier

ROUNDS = 15


def site(slots: int, later: int, tariff: str) -> Problem:
    """A house with sun and a battery, seen ``later`` quarter hours later; its prices move, or are two."""
    rng = np.random.default_rng(slots)
    total = slots + ROUNDS + 1
    hour = np.arange(total) / 4 + 12
    sun = 8 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.5, 1.0, total)
    load = 0.6 + 0.5 * rng.random(total) + 1.5 * np.exp(-((hour % 24 - 19) ** 2) / 4)
    heat = 0.5 + 0.3 * rng.random(total)
    price = 0.28 + 0.08 * np.sin(hour / 24 * 4 * np.pi) + rng.normal(0, 0.02, total)
    if tariff == "two prices":
        price = np.where(hour % 24 < 18, 0.28, 0.40)
    seen = slice(later, later + slots)
    return problem(
        plan_horizon(NOON + timedelta(minutes=15 * later), slot_minutes=15, horizon_hours=slots / 4),
        load_kw=load[seen].tolist(),
        heat_kw=heat[seen].tolist(),
        solar_kw=sun[seen].tolist(),
        import_price_per_kwh=price[seen].tolist(),
        export_price_per_kwh=(0.4 * price[seen]).tolist(),
        battery=battery(soc_kwh=5.0 + 0.05 * later, wear_cost_per_kwh=0.01),
    )


def bare(model: Model, weights: np.ndarray) -> float:
    """The solver alone: arrays in, values out."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    matrix = model.matrix
    highs.passModel(
        len(model.lower),
        len(matrix.lower),
        len(matrix.values),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        weights,
        model.lower,
        model.upper,
        matrix.lower,
        matrix.upper,
        matrix.starts[:-1],
        matrix.columns,
        matrix.values,
        model.is_integer,
    )
    highs.run()
    return float(weights @ np.array(highs.getSolution().col_value))


def milliseconds(work) -> float:
    """The best of three, each right after the other: what the work takes, not what the machine did beside it."""
    spent = []
    for _ in range(3):
        began = perf_counter()
        work()
        spent.append(perf_counter() - began)
    return min(spent) * 1000


@contextmanager
def one_quiet_core() -> Iterator[None]:
    """One core, and no garbage collection in the middle of a measurement."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        os.sched_setaffinity(0, cores)


@pytest.mark.benchmark
@pytest.mark.parametrize("tariff", ["market prices", "two prices"])
@pytest.mark.parametrize("slots", [96, 192, 576])
def test_a_plan_beside_the_bare_solver(slots, tariff, record_property):
    """Each round measures all three, one after the other, so that a slow moment of the machine meets all."""
    bare_ms, cold_ms, warm_ms, consider_ms = [], [], [], []
    with one_quiet_core():
        for later in range(1, ROUNDS + 1):
            case = site(slots, later, tariff)
            model = build_model(case, suspicious_slots(case), is_strict=True)
            weights = model.weights(model.total(Tier.MONEY))
            bare_ms.append(milliseconds(lambda model=model, weights=weights: bare(model, weights)))
            cold_ms.append(milliseconds(lambda case=case: solve(case)))
            planners = [Planner(), Planner(), Planner()]
            for planner in planners:
                planner.solve(site(slots, later - 1, tariff))
            turns = iter(planners)
            warm_ms.append(milliseconds(lambda turns=turns, case=case: next(turns).solve(case)))
            plan = planner.solve(case)
            consider_ms.append(milliseconds(lambda planner=planner, plan=plan: planner.consider(plan)))
    middle = statistics.median
    cold = middle(mine / theirs for mine, theirs in zip(cold_ms, bare_ms, strict=True))
    warm = middle(mine / theirs for mine, theirs in zip(warm_ms, bare_ms, strict=True))
    line = (
        f"slots={slots} cold_ratio={cold:.2f} warm_ratio={warm:.2f} bare_ms={middle(bare_ms):.2f} "
        f"plan_ms={middle(cold_ms):.2f} warm_ms={middle(warm_ms):.2f} "
        f"({tariff}) beside_it: alternative_and_end_guard_ms={middle(consider_ms):.2f}"
    )
    record_property("speed", line)
    print(f"\n{line}")
    assert len(plan.reasons) == slots
