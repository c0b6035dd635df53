"""One run through the data: the daemon's own cycle at each step, or one of the rules and bounds beside it."""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from optimizer.backtest.data import Floats
from optimizer.backtest.halfway import Diary, Halfway, Midway
from optimizer.backtest.knowledge import KnownPast, PublishedPrices, TrueSeries, Truth, whole_series
from optimizer.backtest.ports import (
    SIGNS,
    ForecastKeeper,
    NoForecasts,
    NoShadows,
    PlantMeter,
    QuietPlanner,
    SureOfAll,
    content_of,
    issued_by,
    ledger_in_memory,
    proven_signs,
)
from optimizer.backtest.quarters import QUARTER
from optimizer.backtest.setup import Setup
from optimizer.backtest.world import InProcessSite, known_assets
from optimizer.batch_book import BatchBook
from optimizer.cycle import plan_from, read_snapshot, run_cycle
from optimizer.domain.outcome import Failed, Outcome, Skipped
from optimizer.ports import Deadline
from optimizer.task import CyclePorts, PlanPorts

LEASE = timedelta(hours=3)
RARELY = timedelta(hours=3)
"""From one plan to the next where all is known: a horizon that goes on by so little changes next to nothing."""
QUARTER_H = 0.25
AT_EASE = Deadline(monotonic=lambda: 0.0, ends_at_s=60.0)
"""Nothing is waited for in a backtest, so no cycle is ever late."""

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is told of the future, and whether its plans come true to the letter.

    ``knows_all``: nothing that comes is new to it, so that it need not plan each quarter anew.
    """

    name: str
    truths: frozenset[Truth] = frozenset()
    knows_all: bool = False
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


def at_its_pace(setup: Setup, run: Run) -> Setup:
    """``setup`` with the cycles that ``run`` needs: one in three hours where it knows all."""
    return replace(setup, pace=max(-(-RARELY // setup.step), 1) if run.knows_all else 1)


def live(setup: Setup, run: Run, told: Told, halfway: Halfway | None = None) -> Lived:
    """The daemon through all of the data; ``told`` hears after each cycle how many are done.

    A run that ``halfway`` has kept goes on from there, and ends as if it had never been stopped.
    """
    halfway, setup = Halfway() if halfway is None else halfway, at_its_pace(setup, run)
    with closing((_ExactRun if run.is_exact else _PlantRun)(setup, run)) as running:
        return running.live(told, halfway)


class _PlanRun(ABC):
    """What both kinds of run share: the ports, the past, the clock."""

    def __init__(self, setup: Setup, run: Run) -> None:
        self.setup = setup
        self.recording = setup.measured.recording()
        self.site = InProcessSite.at(
            setup.start,
            setup.options,
            self.recording,
            setup.conventions,
            known_assets(setup.site, setup.measured),
        )
        self.past = KnownPast.of(setup.measured)
        self.meter = PlantMeter()
        self.ports = self._plan_ports(run)
        self.outcomes: Counter[str] = Counter()
        self.troubles: list[str] = []

    def _plan_ports(self, run: Run) -> PlanPorts:
        setup, measured = self.setup, self.setup.measured
        given = {"load": measured.load_forecast_kw, "solar": measured.solar_forecast_kw}
        columns = {name: values for name, values in given.items() if values is not None}
        truths = {
            Truth.LOAD: measured.load_kw,
            Truth.SOLAR: measured.solar_kw,
            Truth.HEAT: measured.heat_pump_kw,
        }
        columns |= {
            truth.value: values for truth, values in truths.items() if truth in run.truths and values is not None
        }
        series = {name: whole_series(measured, values) for name, values in columns.items()}
        return PlanPorts(
            site=self.site,
            hcu=self.site if self.site.has_hcu else None,
            market=PublishedPrices.of(measured, setup.site.timezone, knows_all=Truth.PRICES in run.truths),
            history=self.past,
            meter=self.meter,
            soc=SureOfAll(),
            assets=SureOfAll(),
            forecasts=self.past,
            external=TrueSeries(series) if series else NoForecasts(),
            planner=QuietPlanner(),
        )

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""

    def live(self, told: Told, halfway: Halfway) -> Lived:
        """Cycle by cycle to the end of the data."""
        kept = halfway.take_up(self.recording)
        if kept is None:
            diary = Diary(at=self.setup.start, soc_kwh=[self.site.soc_kwh])
            self.site.come_to(diary.at)
        else:
            diary = kept.diary
            self.remember(kept.memory)
        while diary.at < self.setup.end:
            self.live_a_cycle(diary, min(diary.at + self.setup.step, self.setup.end))
            diary.number += 1
            told(diary.number)
            halfway.keep(lambda: Midway(diary=diary, memory=self.memory()))
        count = round((self.setup.end - self.setup.start) / QUARTER)
        return Lived(
            import_kwh=np.array(diary.import_kwh[:count]),
            export_kwh=np.array(diary.export_kwh[:count]),
            soc_kwh=np.array(diary.soc_kwh[: count + 1]),
            outcomes=dict(self.outcomes),
            troubles=tuple(self.troubles),
            expected_kw={name: np.array(kw) for name, kw in diary.expected_kw.items()},
            commands=tuple(diary.commands),
        )

    @abstractmethod
    def live_a_cycle(self, diary: Diary, until: datetime) -> None:
        """Plan at ``diary.at``, and live to ``until`` at least."""

    def memory(self) -> dict[str, Any]:
        """All that the next cycle hangs on, but for the data and the settings."""
        return {
            "site": self.site.memory(),
            "past": self.past.memory(),
            "meter": self.meter.rows,
            "start": self.ports.planner.solving.start,
            "outcomes": dict(self.outcomes),
            "troubles": list(self.troubles),
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """What ``memory`` gave, in a run that has just begun."""
        self.site.remember(memory["site"])
        self.past.take_over(memory["past"])
        self.meter.add(memory["meter"])
        self.ports = replace(self.ports, planner=QuietPlanner(start=memory["start"]))
        self.outcomes.update(memory["outcomes"])
        self.troubles += memory["troubles"]

    def count(self, outcome: Outcome, at: datetime) -> None:
        """How a cycle ended; what went wrong is kept in words."""
        self.outcomes[type(outcome).__name__.lower()] += 1
        if isinstance(outcome, Skipped | Failed):
            self.troubles.append(f"{at:%Y-%m-%dT%H:%MZ} {outcome.error}: {outcome.detail}")

    def expect(self, diary: Diary, until: datetime) -> None:
        """Note what the newest plan expects of the quarters up to ``until``; NaN where there is none."""
        issued, at = self.past.newest, diary.at
        while at < until:
            slot = -1 if issued is None else bisect_right(issued.edges, at) - 1
            for name, values in diary.expected_kw.items():
                kw = () if issued is None else getattr(issued, f"{name}_kw")
                values.append(kw[slot] if 0 <= slot < len(kw) else np.nan)
            at += QUARTER


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

    def close(self) -> None:
        self._ledger.close()

    def memory(self) -> dict[str, Any]:
        return super().memory() | {"ledger": content_of(self._ledger)}

    def remember(self, memory: Mapping[str, Any]) -> None:
        super().remember(memory)
        self._ledger.close()
        self._ledger = ledger_in_memory(memory["ledger"])
        self._book = replace(self._book, ledger=self._ledger)
        self._cycle_ports = replace(self._cycle_ports, plan=self.ports, book=self._book)

    def live_a_cycle(self, diary: Diary, until: datetime) -> None:
        began, cut_kwh = diary.at, self.site.curtailed_kwh
        self.count(run_cycle(self.setup.task, self._cycle_ports, began, lambda: 0.0), began)
        self.expect(diary, until)
        while diary.at < until:
            diary.commands.append(self.site.commanded())
            diary.at += QUARTER
            (self.site.come_to if diary.at == until else self.site.pass_to)(diary.at)
            diary.soc_kwh.append(self.site.soc_kwh)
        done = self.site.rows_since(began)
        self.meter.add(done)
        diary.import_kwh += [row[2] for row in done]
        diary.export_kwh += [row[3] for row in done]
        if self.site.curtailed_kwh > cut_kwh:
            self.past.hide_sun(began, until)


class _ExactRun(_PlanRun):
    """Each plan's first slots come true to the letter: no command is rounded, merged or read otherwise."""

    def close(self) -> None:
        """Nothing is open."""

    def live_a_cycle(self, diary: Diary, until: datetime) -> None:
        at = diary.at
        snapshot = read_snapshot(self.setup.task, self.ports, at, AT_EASE)
        if snapshot.battery is not None:
            snapshot = replace(snapshot, battery=replace(snapshot.battery, soc_kwh=diary.soc_kwh[-1]))
        planned = plan_from(self.setup.task, self.ports, snapshot, at)
        self.past.remember(issued_by(planned))
        self.expect(diary, until)
        flows, horizon = planned.plan.flows, planned.plan.problem.horizon
        slot = 0
        while diary.at < until:
            hours = horizon.slot_h[slot]
            quarters = round(hours / QUARTER_H)
            before = diary.soc_kwh[-1]
            for quarter in range(quarters):
                diary.import_kwh.append(flows.import_kw[slot] * hours / quarters)
                diary.export_kwh.append(flows.export_kw[slot] * hours / quarters)
                diary.soc_kwh.append(before + (flows.soc_kwh[slot] - before) * (quarter + 1) / quarters)
            diary.at = horizon.edges[slot + 1]
            slot += 1
        self.site.come_to(diary.at)
        self.outcomes["planned"] += 1
