"""Whether minding scenarios pays: seven months of a measured home, held back when the method was chosen."""

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from os import cpu_count

import numpy as np
import pytest
from benchmarks.measured_home import Lived, MeasuredHome, recording

SCENARIOS = 20
MONTHS = [
    (datetime(2024, 6, 10, tzinfo=UTC), 30),
    (datetime(2024, 7, 10, tzinfo=UTC), 30),
    (datetime(2024, 8, 10, tzinfo=UTC), 30),
    (datetime(2024, 10, 10, tzinfo=UTC), 30),
    (datetime(2024, 11, 10, tzinfo=UTC), 30),
    (datetime(2024, 12, 10, tzinfo=UTC), 30),
    (datetime(2025, 1, 10, tzinfo=UTC), 30),
]
RESAMPLES = 10_000


def live(task: tuple[datetime, int, int]) -> Lived:
    start, days, scenarios = task
    return MeasuredHome(recording(), scenarios).live(start, days)


@pytest.mark.campaign
@pytest.mark.timeout(3 * 3600)
def test_minding_scenarios_costs_no_more_and_spares_the_worst_days():
    recording()
    tasks = [(start, days, scenarios) for start, days in MONTHS for scenarios in (SCENARIOS, 0)]
    alone, minding = [], []
    with ProcessPoolExecutor(cpu_count()) as pool:
        for (start, _, scenarios), lived in zip(tasks, pool.map(live, tasks), strict=True):
            (minding if scenarios else alone).extend(lived.bills)
            print(f"{start:%Y-%m-%d} scenarios={scenarios} bill={sum(lived.bills):.3f} minded={lived.minded}")
    trusted, cautious = np.array(alone), np.array(minding)
    difference = (cautious - trusted) / abs(trusted.mean())
    drawn = np.random.default_rng(0).integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[drawn].mean(axis=1), [0.05, 0.95])
    worst = len(trusted) // 10
    worst_trusted, worst_cautious = np.sort(trusted)[-worst:].mean(), np.sort(cautious)[-worst:].mean()
    print(
        f"days={len(trusted)} bill={trusted.sum():.2f} minding={cautious.sum():.2f} difference={difference.mean():+.2%} "
        f"interval=[{low:+.2%}, {high:+.2%}] worst={worst_trusted:.3f} worst_minding={worst_cautious:.3f}"
    )
    assert high <= 0.005
    assert worst_cautious <= worst_trusted


def test_the_home_never_looks_ahead(monkeypatch):
    """What comes after a day is made absurd: no bill of the day changes."""
    start = datetime(2024, 6, 10, tzinfo=UTC)
    home = MeasuredHome(recording(), 0)
    bills = home.live(start, 1).bills
    blind = MeasuredHome(recording(), 0)
    changed = blind._frame.copy()
    changed.loc[changed.index >= start + timedelta(days=1)] = 99.0
    monkeypatch.setattr(blind, "_frame", changed)

    assert blind.live(start, 1).bills == bills
