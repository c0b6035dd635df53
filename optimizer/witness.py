"""What the operator wants to know of a site, noted while its cycles pass; it changes nothing about them."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from optimizer.domain.conventions import Conventions
from optimizer.domain.horizon import Horizon
from optimizer.domain.intent import STANDING, Intent
from optimizer.domain.outcome import Failed, Held, Outcome, Skipped, is_success
from optimizer.domain.snapshot import BatteryState, SiteSnapshot
from optimizer.domain.tariff import Market
from optimizer.planning import Planned
from optimizer.ports import FetchMarket
from optimizer.savings import DayBills
from optimizer.task import CyclePorts, Recorder
from optimizer.web.state import PlanSlots, PlanState, SavingsRow, SiteState

KEPT = 3
"""So many batches may have been taken since the site was last read."""


@dataclass(slots=True)
class Witness:
    """One site's state, written by its jobs and read by whoever asks."""

    state: SiteState
    _snapshot: SiteSnapshot | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def watched(self, ports: CyclePorts) -> CyclePorts:
        """The same ports; what passes through them is noted."""
        plan = replace(ports.plan, market=_WatchedMarket(ports.plan.market, self, ports))
        return replace(ports, plan=plan, recorder=_WatchedRecorder(ports.recorder, self))

    def read(self, snapshot: SiteSnapshot) -> None:
        """What the site told, before anything of it was set aside."""
        with self._guard:
            self._snapshot = snapshot
            self.state = replace(self.state, seen=snapshot)

    def sampled(self, snapshot: SiteSnapshot) -> None:
        """What the site told between two cycles."""
        with self._guard:
            self.state = replace(self.state, seen=snapshot)

    def fetched(self, market: Market, now: datetime) -> None:
        """Which feeds answered now without failing."""
        names = {*market.series, *market.documents} - market.stale.keys()
        with self._guard:
            answered = {**self.state.feed_answered_at, **dict.fromkeys(names, now)}
            self.state = replace(self.state, feed_answered_at=answered)

    def planned(self, planned: Planned) -> None:
        """The plan of this cycle."""
        with self._guard:
            told = self._snapshot if self._snapshot is not None else planned.snapshot
            step = planned.priced.step.value
            self.state = replace(
                self.state,
                plan=_plan_state(planned, told),
                price_steps=_one_more(self.state.price_steps, step),
                trusted_share=_share(planned.snapshot.battery, told.battery),
            )

    def ended(self, outcome: Outcome, at: datetime) -> None:
        """How the cycle ended."""
        kind = type(outcome).__name__.lower()
        error = outcome.error if isinstance(outcome, Skipped | Failed) else None
        detail = outcome.detail if isinstance(outcome, Skipped | Failed) else None
        with self._guard:
            was = self.state
            self.state = replace(
                was,
                outcome=kind,
                error=error,
                detail=outcome.reason if isinstance(outcome, Held) else detail,
                ended_at=at,
                was_good=was.was_good or is_success(outcome),
                outcomes=_one_more(was.outcomes, kind),
                errors=was.errors if error is None else _one_more(was.errors, error),
                holds_lease=was.holds_lease if error == "LedgerUnavailable" else error != "NotInControl",
                trusted_share=0.0 if error == "SignContradiction" else was.trusted_share,
            )

    def told(self, intents: tuple[Intent, ...]) -> None:
        """Our newest batches, newest first; where none of them was taken, the last one known to be still counts."""
        taken = tuple(intent for intent in intents if intent.state in STANDING)
        standing = taken[0] if taken else None
        with self._guard:
            self.state = replace(
                self.state,
                batch_state=intents[0].state.value if intents else None,
                told_until=self.state.told_until if standing is None else standing.end,
                sent=taken[:KEPT],
            )

    def saved(self, saving_per_day: Mapping[str, tuple[float, str]]) -> None:
        """What the challengers would have saved so far."""
        with self._guard:
            self.state = replace(self.state, saving_per_day=saving_per_day)

    def priced(self, days: Sequence[DayBills]) -> None:
        """What the nights found of the days before, newest first."""
        rows = tuple(SavingsRow(**asdict(day)) for day in days)
        with self._guard:
            self.state = replace(self.state, savings=rows)


@dataclass(frozen=True, slots=True)
class _WatchedRecorder:
    recorder: Recorder
    witness: Witness

    def record_reading(self, snapshot: SiteSnapshot, conventions: Conventions) -> None:
        self.witness.read(snapshot)
        self.recorder.record_reading(snapshot, conventions)

    def begin(self, site_id: str, at: datetime, body: Mapping[str, Any]) -> int:
        return self.recorder.begin(site_id, at, body)

    def end(self, cycle_id: int, outcome: Outcome, planned: Planned | None, body: Mapping[str, Any]) -> None:
        if planned is not None:
            self.witness.planned(planned)
        self.recorder.end(cycle_id, outcome, planned, body)


@dataclass(frozen=True, slots=True)
class _WatchedMarket:
    feeds: FetchMarket
    witness: Witness
    ports: CyclePorts

    def market(self, horizon: Horizon) -> Market:
        market = self.feeds.market(horizon)
        self.witness.fetched(market, self.ports.now())
        return market


def _plan_state(planned: Planned, told: SiteSnapshot) -> PlanState:
    plan, forecasts = planned.plan, planned.forecasts
    series = {"load": forecasts.load, "heat": forecasts.heat, "solar": forecasts.solar}
    return PlanState(
        made_at=planned.snapshot.taken_at,
        verdict=str(plan.verdict),
        solver=plan.solver,
        objective=plan.objective,
        currency=plan.problem.currency,
        solve_s=plan.solve_s,
        price_step=planned.priced.step.value,
        price_why=planned.priced.why,
        notes=planned.snapshot.degradations,
        quality={name: forecast.quality.value for name, forecast in series.items()},
        basis={name: forecast.basis for name, forecast in series.items()},
        read=_read(planned.snapshot, told),
        report_age_s=told.reading.age_s,
        battery=planned.snapshot.battery,
        foreign=tuple(sorted(pair.label for pair in planned.publication.theirs)),
        slots=_slots(planned),
    )


def _slots(planned: Planned) -> PlanSlots:
    """The plan's own series, so that nothing is kept twice."""
    plan, problem = planned.plan, planned.plan.problem
    return PlanSlots(
        edges=problem.horizon.edges,
        import_price=problem.import_price_per_kwh,
        export_price=problem.export_price_per_kwh,
        known_until=planned.tariff.known_until,
        load_kw=problem.load_kw,
        heat_kw=problem.heat_kw,
        solar_kw=problem.solar_kw,
        flows=plan.flows,
        reasons=plan.reasons,
    )


def _read(used: SiteSnapshot, told: SiteSnapshot) -> dict[str, bool]:
    """Whether each signal that the site has was read, and not set aside afterwards."""
    reading = told.reading
    found = {"load": used.load_kw is not None}
    if reading.battery is not None and used.battery is not None and told.battery is not None:
        is_believed = used.battery.soc_kwh == told.battery.soc_kwh
        found["soc"] = reading.battery.soc_percent is not None and is_believed
        found["battery_power"] = reading.battery.charge_kw is not None
    if reading.has_solar:
        found["solar"] = reading.solar_kw is not None
    if reading.grid is not None:
        found["grid"] = reading.grid.import_kw is not None
    if used.heat_kw is not None or used.hcu is not None:
        found["heat"] = used.heat_kw is not None
    return found


def _share(used: BatteryState | None, told: BatteryState | None) -> float | None:
    if used is None or told is None:
        return None
    rated_kw = max(told.max_charge_kw, told.max_discharge_kw)
    return max(used.max_charge_kw, used.max_discharge_kw) / rated_kw if rated_kw > 0 else 1.0


def _one_more(counts: Mapping[str, int], name: str) -> Mapping[str, int]:
    return Counter(counts) + Counter([name])
