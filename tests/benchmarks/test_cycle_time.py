"""How long a cycle takes from the snapshot in hand to the checked schedule, and the solver's share.

Run with ``make bench``. It states and asserts no times; the ratio to the bare solver is of one run.
"""

import statistics
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from world import simulated_world

from optimizer.cycle import read_snapshot
from optimizer.daemon import Jobs
from optimizer.planning import PlanningGrid, horizon_from, plan_snapshot
from optimizer.ports import Deadline
from optimizer.pricing import price_site

RUNS = 40
TARIFFS = {
    "time of use": """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.08
[[sites.tariff.periods]]
name = "evening"
import_price = 0.44
start = "17:00"
end = "21:00"
""",
    "negative noon": """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.05
[[sites.tariff.periods]]
name = "noon"
import_price = -0.05
start = "12:00"
end = "15:00"
""",
}


@pytest.mark.benchmark
@pytest.mark.parametrize("tariff", TARIFFS)
def test_a_cycle_of_96_slots(tmp_path, tariff, record_property):
    """A week of recorded telemetry, then 40 cycles at 15-minute steps, 24 h in 96 slots."""
    start = datetime(2021, 4, 7, 0, 0, tzinfo=UTC)
    grid = PlanningGrid(horizon_hours=24.0)
    total_ms, solver_ms = [], []
    with simulated_world(tmp_path, start=start) as world, world.app(tariff=TARIFFS[tariff]) as app:
        jobs, site = Jobs(app), app.sites[0]
        while world.clock.now() < start + timedelta(days=7):
            jobs.sample(site)
            world.clock.advance_by(timedelta(minutes=15))
        for _ in range(RUNS):
            now = world.clock.now()
            deadline = Deadline(monotonic=perf_counter, ends_at_s=perf_counter() + 20)
            snapshot = read_snapshot(site.task, site.ports, now, deadline)
            history = site.ports.history.history(world.site_id, now)
            horizon = horizon_from(now, grid, site.task.site.zone)
            priced = price_site(site.task.site, site.task.prices, site.ports.market, site.ports.meter, horizon, now)
            began = perf_counter()
            planned = plan_snapshot(
                site=site.task.site,
                conventions=site.task.conventions,
                grid=grid,
                horizon=horizon,
                snapshot=snapshot,
                priced=priced,
                history=history,
                external={},
                issued=(),
                now=now,
                planner=site.ports.planner,
            )
            total_ms.append((perf_counter() - began) * 1000)
            solver_ms.append(planned.plan.solve_s * 1000)
            assert len(horizon) == 96
            assert planned.batch.commands
            world.clock.advance_by(timedelta(minutes=15))
    median_ms, solver_median_ms = statistics.median(total_ms), statistics.median(solver_ms)
    record_property("median_ms", median_ms)
    print(
        f"\n{tariff}: snapshot to checked schedule, 96 slots: median {median_ms:.1f} ms, max {max(total_ms):.1f} ms; "
        f"solver {solver_median_ms:.1f} ms ({solver_median_ms / median_ms:.0%}), "
        f"whole cycle {median_ms / solver_median_ms:.1f} times the solver"
    )
