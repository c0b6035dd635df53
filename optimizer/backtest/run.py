"""One run through the data: the daemon's own cycle at each step, or one of the rules and bounds beside it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from optimizer.backtest.data import Floats
from optimizer.backtest.knowledge import QUARTER, KnownPast, PublishedPrices, TrueSeries, Truth
from optimizer.backtest.ports import (
    SIGNS,
    ForecastKeeper,
    NoForecasts,
    NoShadows,
    PlantMeter,
    QuietPlanner,
    SureOfSoc,
    issued_by,
    ledger_in_memory,
    proven_signs,
)
from optimizer.backtest.setup import Setup
from optimizer.backtest.world import InProcessSite, rated_assets
from optimizer.batch_book import BatchBook
from optimizer.cycle import plan_from, read_snapshot, run_cycle
from optimizer.domain.forecast import Issued
from optimizer.domain.outcome import Failed, Outcome, Skipped
from optimizer.ports import Deadline
from optimizer.simulator.meter import QuarterRow
from optimizer.task import CyclePorts, PlanPorts

LEASE = timedelta(hours=3)
HOUR = timedelta(hours=1)
QUARTER_H = 0.25
AT_EASE = Deadline(monotonic=lambda: 0.0, ends_at_s=60.0)
"""Nothing is waited for in a backtest, so no cycle is ever late."""

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is told of the future, and whether its plans come true to the letter."""

    name: str
    truths: frozenset[Truth] = frozenset()
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What crossed the meter in each quarter from the start on, and the battery's energy at each quarter's edge.

    ``soc_kwh`` has one value more than there are quarters. ``outcomes`` counts how the cycles ended. ``expected_kw``
    is what the newest plan expected of each quarter by "load", "heat" and "solar", NaN where there was no plan;
    ``commands`` are the values in force in it by their pairs' labels, as they went over the wire.
    """

    import_kwh: Floats
    export_kwh: Floats
    soc_kwh: Floats
    outcomes: dict[str, int] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    expected_kw: Mapping[str, Floats] = field(default_factory=dict)
    commands: tuple[Mapping[str, float], ...] = ()

    @property
    def cycles(self) -> int:
        return sum(self.outcomes.values())


def live(setup: Setup, run: Run, told: Told) -> Lived:
    """The daemon through all of the data; ``told`` hears after each cycle how many are done."""
    return (_ExactRun if run.is_exact else _PlantRun)(setup, run).live(told)


class _PlanRun:
    """What both kinds of run share: the ports, the past, the clock."""

    def __init__(self, setup: Setup, run: Run) -> None:
        self.setup = setup
        self.site = InProcessSite.at(
            setup.start, setup.options, setup.measured.recording(), setup.conventions, rated_assets(setup.site)
        )
        self.past = KnownPast.of(setup.measured)
        self.meter = PlantMeter()
        self.ports = self._plan_ports(run)
        self.outcomes: Counter[str] = Counter()
        self.troubles: list[str] = []

    def _plan_ports(self, run: Run) -> PlanPorts:
        setup, measured = self.setup, self.setup.measured
        given = {"load": measured.load_forecast_kw, "solar": measured.solar_forecast_kw}
        series = {name: values for name, values in given.items() if values is not None}
        truths = {
            Truth.LOAD: measured.load_kw,
            Truth.SOLAR: measured.solar_kw,
            Truth.HEAT: measured.heat_pump_kw,
        }
        series |= {
            truth.value: values for truth, values in truths.items() if truth in run.truths and values is not None
        }
        return PlanPorts(
            site=self.site,
            hcu=self.site if self.site.has_hcu else None,
            market=PublishedPrices(measured=measured, zone=setup.site.timezone, knows_all=Truth.PRICES in run.truths),
            history=self.past,
            meter=self.meter,
            soc=SureOfSoc(),
            forecasts=self.past,
            external=TrueSeries(series, measured) if series else NoForecasts(),
            planner=QuietPlanner(),
        )

    def count(self, outcome: Outcome, at: datetime) -> None:
        """How a cycle ended; what went wrong is kept in words."""
        self.outcomes[type(outcome).__name__.lower()] += 1
        if isinstance(outcome, Skipped | Failed):
            self.troubles.append(f"{at:%Y-%m-%dT%H:%MZ} {outcome.error}: {outcome.detail}")


class _PlantRun(_PlanRun):
    """Commands are posted, and the plant does with them what a gateway does."""

    def __init__(self, setup: Setup, run: Run) -> None:
        super().__init__(setup, run)
        self._ledger = ledger_in_memory()
        self._book = BatchBook(self._ledger, holder="backtest", lease=LEASE)
        self._book.set_mark(setup.site.site_id, SIGNS, proven_signs(setup.conventions), setup.start)
        self._cycle_ports = CyclePorts(
            plan=self.ports,
            poster=self.site,
            book=self._book,
            recorder=ForecastKeeper(self.past),
            now=self.site.clock.now,
            pause=lambda _: None,
            shadows=NoShadows(),
        )

    def live(self, told: Told) -> Lived:
        with closing(self._ledger):
            return self._live(told)

    def _live(self, told: Told) -> Lived:
        setup, at = self.setup, self.setup.start
        self.site.come_to(at)
        rows: list[QuarterRow] = []
        soc_kwh = [self.site.soc_kwh]
        commands: list[Mapping[str, float]] = []
        expected = _Expected()
        number = 0
        while at < setup.end:
            began, cut_kwh = at, self.site.curtailed_kwh
            self.count(run_cycle(setup.task, self._cycle_ports, at, lambda: 0.0), at)
            until = min(at + setup.step, setup.end)
            expected.add(self.past.newest, at, until)
            while at < until:
                commands.append(self.site.commanded())
                at += QUARTER
                (self.site.come_to if at == until else self.site.pass_to)(at)
                soc_kwh.append(self.site.soc_kwh)
            done = self.site.rows_since(began)
            self.meter.add(done)
            rows += done
            if self.site.curtailed_kwh > cut_kwh:
                self.past.hide_sun(began, until)
            number += 1
            told(number)
        return Lived(
            import_kwh=np.array([row[2] for row in rows]),
            export_kwh=np.array([row[3] for row in rows]),
            soc_kwh=np.array(soc_kwh),
            outcomes=dict(self.outcomes),
            troubles=tuple(self.troubles),
            expected_kw=expected.arrays(),
            commands=tuple(commands),
        )


class _Expected:
    """What the newest plans expected, quarter by quarter."""

    def __init__(self) -> None:
        self._kw: dict[str, list[float]] = {"load": [], "heat": [], "solar": []}

    def add(self, issued: Issued | None, start: datetime, end: datetime) -> None:
        """The quarters of ``[start, end)`` as ``issued`` has them; NaN where it does not reach."""
        at = start
        while at < end:
            slot = -1 if issued is None else bisect_right(issued.edges, at) - 1
            for name, values in self._kw.items():
                kw = () if issued is None else getattr(issued, f"{name}_kw")
                values.append(kw[slot] if 0 <= slot < len(kw) else np.nan)
            at += QUARTER

    def arrays(self) -> dict[str, Floats]:
        """One array for each name."""
        return {name: np.array(values) for name, values in self._kw.items()}


class _ExactRun(_PlanRun):
    """Each plan's first slots come true to the letter: no command is rounded, merged or read otherwise."""

    def live(self, told: Told) -> Lived:
        setup, at = self.setup, self.setup.start
        imported: list[float] = []
        exported: list[float] = []
        soc_kwh = [self.site.soc_kwh]
        number = 0
        while at < setup.end:
            self.site.come_to(at)
            snapshot = read_snapshot(setup.task, self.ports, at, AT_EASE)
            if snapshot.battery is not None:
                snapshot = replace(snapshot, battery=replace(snapshot.battery, soc_kwh=soc_kwh[-1]))
            planned = plan_from(setup.task, self.ports, snapshot, at)
            self.past.remember(issued_by(planned))
            flows, horizon = planned.plan.flows, planned.plan.problem.horizon
            slot = 0
            until = min(at + setup.step, setup.end)
            while at < until:
                hours = horizon.slot_h[slot]
                quarters = round(hours / QUARTER_H)
                before = soc_kwh[-1]
                for quarter in range(quarters):
                    imported.append(flows.import_kw[slot] * hours / quarters)
                    exported.append(flows.export_kw[slot] * hours / quarters)
                    soc_kwh.append(before + (flows.soc_kwh[slot] - before) * (quarter + 1) / quarters)
                at = horizon.edges[slot + 1]
                slot += 1
            self.outcomes["planned"] += 1
            number += 1
            told(number)
        quarters = round((setup.end - setup.start) / QUARTER)
        return Lived(
            import_kwh=np.array(imported[:quarters]),
            export_kwh=np.array(exported[:quarters]),
            soc_kwh=np.array(soc_kwh[: quarters + 1]),
            outcomes=dict(self.outcomes),
        )
