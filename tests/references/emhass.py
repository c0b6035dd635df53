"""Windows of EMHASS's profit case: measured load and sun, two deferrable loads, 9 kW each way, no battery.

What each load must run is what it runs in the reference: its highest power, for as long as its energy takes. The
reference runs the loads on or off, in any steps; their cost is the sum of ``ref_net_cost_eur``. The costs with
continuous power stand in the folder's README, in the order of the windows.
"""

import csv
import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from optimizer.domain.assets import DeferrableLoad
from optimizer.domain.horizon import Horizon
from optimizer.domain.problem import Problem

LIMIT_KW = 9.0
ABSOLUTE_EUR = 1e-4
CONTINUOUS = re.compile(r"continuous power instead of on/off:((?:\s+-?[\d.]+\d)+)")

Window = list[dict[str, str]]


def windows(file: Path) -> dict[str, Window]:
    """The steps of each window, by its number."""
    found: dict[str, Window] = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["window"]].append(row)
    return dict(found)


def problem(window: Window, *, is_on_off: bool) -> Problem:
    """One window as our Problem; its steps are as long as the first."""
    starts = [datetime.fromisoformat(row["timestamp_utc"]) for row in window]
    step = starts[1] - starts[0]
    step_h = step.total_seconds() / 3600.0
    return Problem(
        site_id="emhass",
        horizon=Horizon((*starts, starts[-1] + step)),
        load_kw=_series(window, "load_kw"),
        heat_kw=(0.0,) * len(window),
        solar_kw=_series(window, "solar_kw"),
        import_price_per_kwh=_series(window, "import_price_eur_per_kwh"),
        export_price_per_kwh=_series(window, "export_price_eur_per_kwh"),
        currency="EUR",
        import_rating_kw=LIMIT_KW,
        export_rating_kw=LIMIT_KW,
        can_curtail=False,
        deferrable_loads=tuple(
            _load(name, _series(window, name), step_h, is_on_off=is_on_off)
            for name in window[0]
            if name.startswith("ref_deferrable")
        ),
        solver_time_s=100.0,
    )


def stated_cost(window: Window) -> float:
    """What the reference's own schedule costs, on or off."""
    return sum(_series(window, "ref_net_cost_eur"))


def stated_continuous_costs(file: Path) -> list[float]:
    """The README's costs with continuous power, of each window of ``file``; skips where it states none."""
    readme = file.parent / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.exists() else []
    found = [match for line in lines if file.name in line and (match := CONTINUOUS.search(line))]
    if not found:
        pytest.skip(f"README.md states no costs with continuous power for {file.name}")
    return [float(cost) for cost in found[0][1].split()]


def _load(name: str, reference_kw: tuple[float, ...], step_h: float, *, is_on_off: bool) -> DeferrableLoad:
    power_kw = max(reference_kw)
    run_h = round(sum(reference_kw) * step_h / power_kw, 6) if power_kw else 0.0
    return DeferrableLoad(name=name, power_kw=power_kw, run_h=run_h, is_on_off=is_on_off)


def _series(window: Window, name: str) -> tuple[float, ...]:
    return tuple(float(row[name]) for row in window)
