"""Every complete day of a measured home: the plan never costs more than the dumb rules on the same forecast."""

from datetime import timedelta
from functools import cache

import pandas as pd
import pytest
from builders import battery, data_file, problem

from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Optimal
from optimizer.lp import no_battery, price, self_consumption, solve

STEPS = 48
TOLERANCE = 1e-6


@cache
def complete_days() -> tuple[list[pd.DataFrame], int]:
    """UTC days with all 48 half hours of load and sun, and how many days were skipped for want of them."""
    frame = pd.read_csv(
        data_file("emhass_home_30min_2024_2025.csv.gz"), parse_dates=["timestamp_utc"], index_col="timestamp_utc"
    )
    days = [day for _, day in frame.groupby(frame.index.floor("D"))]
    complete = [day for day in days if len(day) == STEPS and day[["load_kw", "solar_kw"]].notna().all(axis=None)]
    return complete, len(days) - len(complete)


def prices(kind: str, horizon: Horizon) -> tuple[list[float], list[float]]:
    hours = [start.hour for start in horizon.starts]
    match kind:
        case "flat":
            return [0.30] * STEPS, [0.08] * STEPS
        case "time of use":
            return [0.44 if 16 <= hour < 20 else 0.21 if hour < 5 else 0.30 for hour in hours], [0.08] * STEPS
        case _:
            spot = [0.22 + 0.10 * ((hour * 7) % 5 - 2) / 2 - 0.30 * (11 <= hour < 13) for hour in hours]
            return spot, [value - 0.05 for value in spot]


@pytest.mark.parametrize("kind", ["flat", "time of use", "spot with negative hours"])
def test_no_measured_day_costs_more_than_without_battery_or_by_self_consumption(kind, record_property):
    days, skipped = complete_days()
    worst = -float("inf")
    for day in days:
        first = day.index[0].to_pydatetime()
        horizon = Horizon(tuple(first + timedelta(minutes=30 * step) for step in range(STEPS + 1)))
        import_price, export_price = prices(kind, horizon)
        case = problem(
            horizon,
            load_kw=day["load_kw"].to_list(),
            solar_kw=day["solar_kw"].to_list(),
            import_price_per_kwh=import_price,
            export_price_per_kwh=export_price,
            import_limit_kw=None,
            export_limit_kw=None,
            battery=battery(soc_kwh=5.0, soc_min_kwh=0.0, reserve_kwh=0.0, wear_cost_per_kwh=0.01),
        )
        plan = solve(case)
        rules = [sum(price(case, rule(case)).values()) for rule in (no_battery, self_consumption)]
        worst = max(worst, plan.objective - min(rules))
        assert plan.verdict == Optimal(), first
        assert plan.objective <= min(rules) + TOLERANCE, first
        assert_sound(case, plan.flows)
    record_property("days", len(days))
    record_property("skipped", skipped)
    assert len(days) > 300
    print(f"\n{kind}: {len(days)} days, {skipped} skipped, closest {worst:.3g}")


def assert_sound(case, flows):
    """Balance to 1e-6 kW, stored energy in its window, one direction at a time."""
    for slot in range(STEPS):
        battery_kw = flows.charge_kw[slot] - flows.discharge_kw[slot]
        solar_kw = case.solar_kw[slot] - flows.curtailed_kw[slot]
        grid_kw = flows.import_kw[slot] - flows.export_kw[slot]
        assert abs(grid_kw - (case.load_kw[slot] + case.heat_kw[slot] + battery_kw - solar_kw)) < 1e-6
        assert case.battery.soc_min_kwh <= flows.soc_kwh[slot] <= case.battery.soc_max_kwh
        assert min(flows.charge_kw[slot], flows.discharge_kw[slot]) == 0.0
