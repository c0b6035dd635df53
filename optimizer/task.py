"""What a cycle is given: what is configured for its site, and the ports through which it reaches the world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from optimizer.domain.conventions import Conventions
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.outcome import Outcome
from optimizer.domain.site import Site
from optimizer.domain.snapshot import SiteSnapshot
from optimizer.lp import Planner
from optimizer.planning import Planned, PlanningGrid
from optimizer.ports import (
    ExternalForecasts,
    FetchMarket,
    PostBatch,
    ReadHcu,
    ReadSite,
    RecallAssets,
    RecallForecasts,
    RecallHistory,
    RecallMeter,
    RecallSoc,
    RememberBatches,
)
from optimizer.pricing import PriceSources


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTask:
    """What is configured for one site."""

    site: Site
    conventions: Conventions
    grid: PlanningGrid
    prices: PriceSources
    stale_after: timedelta
    unusable_after: timedelta
    hold_tolerance_kw: float
    rules: DispatchRules


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPorts:
    """All that planning reads from. Nothing here can change a site."""

    site: ReadSite
    hcu: ReadHcu | None
    market: FetchMarket
    history: RecallHistory
    meter: RecallMeter
    soc: RecallSoc
    assets: RecallAssets
    forecasts: RecallForecasts
    external: ExternalForecasts
    planner: Planner


class Recorder(Protocol):
    """The cycle's record: what was read, what is about to be sent, and what came of it."""

    def record_reading(self, snapshot: SiteSnapshot, conventions: Conventions) -> None: ...

    def begin(self, site_id: str, at: datetime, body: Mapping[str, Any]) -> int: ...

    def end(self, cycle_id: int, outcome: Outcome, planned: Planned | None, body: Mapping[str, Any]) -> None: ...


class Shadow(Protocol):
    """Who plans beside the cycle without acting. Never raises a HeatOptimizerError."""

    def observe(self, site: Site, grid: PlanningGrid, planned: Planned, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePorts:
    """Planning's ports, and those that act and remember."""

    plan: PlanPorts
    poster: PostBatch
    book: RememberBatches
    recorder: Recorder
    now: Callable[[], datetime]
    pause: Callable[[float], object]
    shadows: Shadow
