"""All runs of a backtest, side by side in processes, and what they come to: bills and regret."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Empty
from threading import Thread
from time import monotonic
from typing import Any

import numpy as np

from optimizer.backtest.asked import Asked
from optimizer.backtest.bills import (
    Billing,
    Span,
    bill,
    billing_of,
    has_prices,
    import_bill,
    import_cost,
    without_battery,
)
from optimizer.backtest.bounds import perfect_foresight, self_consumption
from optimizer.backtest.gaps import told_gaps
from optimizer.backtest.halfway import Halfway
from optimizer.backtest.keeping import keep, kept, kept_file, key_of
from optimizer.backtest.knowledge import Truth
from optimizer.backtest.run import Lived, Run, at_its_pace, live
from optimizer.backtest.setup import Setup, prepare
from optimizer.backtest.yearly import notes_on_a_year, saved_per_year
from optimizer.log import configure_logging

NO_BATTERY, SELF_CONSUMPTION, DAEMON, PERFECT = "no_battery", "self_consumption", "daemon", "perfect_foresight"
BILLS = (NO_BATTERY, SELF_CONSUMPTION, DAEMON, PERFECT)
TELL_EVERY = 24
HALF = ".half"
WRITTEN_ALIKE = 0.005
"""Money that differs by less is written alike."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the regret: what a further thing that is known, or done exactly, is worth.

    ``run`` knows all that the run before it knows, and this. ``is_there`` False: the site has no such thing, and the
    part is zero.
    """

    name: str
    run: Run
    is_there: bool


def parts_of(setup: Setup) -> tuple[Part, ...]:
    """In the stated order: load, solar, heat and prices known, then every plan carried out to the letter."""
    measured = setup.measured
    there = {
        Truth.LOAD: True,
        Truth.SOLAR: bool(measured.solar_kw.any()),
        Truth.HEAT: measured.heat_pump_kw is not None,
        Truth.PRICES: has_prices(measured),
    }
    known: frozenset[Truth] = frozenset()
    unknown = {truth for truth, is_there in there.items() if is_there}
    parts = []
    for truth, is_there in there.items():
        known |= {truth}
        run = Run(name=truth.value, truths=known, knows_all=unknown <= known)
        parts.append(Part(name=f"{truth.value}_forecast", run=run, is_there=is_there))
    exact = Run(name="execution", truths=known, knows_all=True, is_exact=True)
    return (*parts, Part(name="execution", run=exact, is_there=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a backtest.

    ``regret`` sums to the daemon's bill less the floor's; empty where it was not asked. ``energies`` has, for each
    bill, kWh bought and sold, full cycles, and kg of carbon. ``no_battery_import_bill`` is what percents are of: what
    import costs without a battery, with the charges on it. ``saved_per_year`` is the daemon's saving against no
    battery. ``troubles`` are cycles that made no plan, ``notes`` what else a reader of the bills should know.
    """

    bills: Mapping[str, float]
    import_costs: Mapping[str, float]
    no_battery_import_bill: float
    months: tuple[Mapping[str, Any], ...]
    regret: Mapping[str, float]
    currency: str
    cycles: int
    seconds: float
    value_per_kwh: float
    outcomes: Mapping[str, int]
    gaps: tuple[str, ...]
    troubles: tuple[str, ...]
    notes: tuple[str, ...]
    capacity_kwh: float
    saved_per_year: float
    energies: Mapping[str, Mapping[str, float]]
    start: str
    end: str

    def document(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)


Progress = Callable[[str, int, int], None]
"""Hears of a run by name how many of how many steps are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How a backtest is carried out: in how many processes, and where its runs are kept (None: nowhere).

    Finished ones are, and each other at most once in ``keep_every_s`` seconds.
    """

    processes: int = field(default_factory=lambda: os.cpu_count() or 1)
    keep_in: Path | None = None
    with_regret: bool = True
    keep_every_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A result with what it was made of: each run's quarters by the names of the bills, and how they were billed."""

    result: Result
    setup: Setup
    billing: Billing
    lived: Mapping[str, Lived]


def backtest(asked: Asked, work: Work, progress: Progress) -> Result:
    """Every run that is needed. Raises ConfigError, or what a plan raises. Finished runs outlive an interruption."""
    return live_through(asked, work, progress).result


def live_through(asked: Asked, work: Work, progress: Progress) -> Whole:
    """The same, with every quarter of the four bills' runs."""
    began_s = monotonic()
    setup = prepare(asked)
    billing = billing_of(setup)
    parts = parts_of(setup)
    runs: dict[str, Run | None] = {DAEMON: Run(name=DAEMON), SELF_CONSUMPTION: None, PERFECT: None}
    if work.with_regret:
        runs |= {part.run.name: part.run for part in parts if part.is_there}
    found = _carried_out(asked, setup, runs, work, progress)
    lived = found | {NO_BATTERY: without_battery(setup)}
    bills = {name: bill(billing, billing.whole, lived[name]) for name in BILLS}
    daemon, months = lived[DAEMON], tuple(_month(billing, span, lived) for span in billing.months)
    result = Result(
        bills=bills,
        import_costs={name: import_cost(billing, billing.whole, lived[name]) for name in BILLS},
        no_battery_import_bill=import_bill(billing, billing.whole, lived[NO_BATTERY]),
        months=months,
        regret=_regret(billing, parts, lived) if work.with_regret else {},
        currency=billing.currency,
        cycles=daemon.cycles,
        seconds=round(monotonic() - began_s, 1),
        value_per_kwh=billing.value_per_kwh,
        outcomes=daemon.outcomes,
        gaps=told_gaps(setup.measured.gaps, setup.start, setup.end),
        troubles=daemon.troubles,
        notes=(
            *setup.notes,
            *lived[PERFECT].troubles,
            *_note_on_months(bills[DAEMON], months),
            *notes_on_a_year(billing),
        ),
        capacity_kwh=setup.options.battery_kwh,
        saved_per_year=saved_per_year(billing, lived[NO_BATTERY], daemon),
        energies={name: _energies(setup, billing, lived[name]) for name in BILLS},
        start=setup.start.isoformat(),
        end=setup.end.isoformat(),
    )
    return Whole(result=result, setup=setup, billing=billing, lived={name: lived[name] for name in BILLS})


def _note_on_months(whole: float, months: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """That they are billed each by itself, where that shows."""
    in_all = sum(month["bills"][DAEMON] for month in months)
    if abs(in_all - whole) > WRITTEN_ALIKE:
        yield (
            f"each month is billed by itself: the daemon's sum to {in_all:.2f} and the whole is {whole:.2f}, for a "
            "charge looks beyond a month"
        )


def _energies(setup: Setup, billing: Billing, lived: Lived) -> dict[str, float]:
    """kWh bought and sold, full cycles of the battery, and the carbon of what was bought."""
    charged_kwh = float(np.diff(lived.soc_kwh).clip(min=0).sum())
    carbon = np.array(billing.whole.tariff.co2_kg_per_kwh or (setup.task.site.grid.co2_kg_per_kwh,))
    return {
        "import_kwh": float(lived.import_kwh.sum()),
        "export_kwh": float(lived.export_kwh.sum()),
        "cycles": charged_kwh / setup.options.battery_kwh,
        "co2_kg": float((lived.import_kwh * carbon).sum()),
    }


def _month(billing: Billing, span: Span, lived: Mapping[str, Lived]) -> dict[str, Any]:
    return {
        "month": span.label,
        "bills": {name: bill(billing, span, lived[name]) for name in BILLS},
        "no_battery_import_cost": import_cost(billing, span, lived[NO_BATTERY]),
    }


def _regret(billing: Billing, parts: tuple[Part, ...], lived: Mapping[str, Lived]) -> dict[str, float]:
    """Differences of successive bills, so that they sum to the whole gap."""
    before = bill(billing, billing.whole, lived[DAEMON])
    regret: dict[str, float] = {}
    for part in parts:
        after = bill(billing, billing.whole, lived[part.run.name]) if part.is_there else before
        regret[part.name] = before - after
        before = after
    regret["horizon_and_model"] = before - bill(billing, billing.whole, lived[PERFECT])
    return regret


def _carried_out(
    asked: Asked, setup: Setup, runs: Mapping[str, Run | None], work: Work, progress: Progress
) -> dict[str, Lived]:
    """What is kept already, and every other run: each in a process of its own, or all in this one."""
    files = _kept_files(asked, setup, runs, work)
    found = {name: lived for name, file in files.items() if file is not None and (lived := kept(file)) is not None}
    left = {name: run for name, run in runs.items() if name not in found}
    side_by_side = min(work.processes, len(left))
    made = _in_processes(asked, left, work, progress) if side_by_side > 1 else _in_turn(asked, left, work, progress)
    for name, lived in made:
        file = files[name]
        if file is not None:
            keep(file, lived)
            file.with_suffix(HALF).unlink(missing_ok=True)
        found[name] = lived
    return found


def _kept_files(asked: Asked, setup: Setup, names: Iterable[str], work: Work) -> dict[str, Path | None]:
    """Where each run is kept, or will be."""
    if work.keep_in is None:
        return dict.fromkeys(names)
    key = key_of(asked, setup)
    return {name: kept_file(work.keep_in, name, key) for name in names}


def _in_turn(asked: Asked, runs: Mapping[str, Run | None], work: Work, told: Progress) -> Iterator[tuple[str, Lived]]:
    for name, run in runs.items():
        yield name, _one(asked, name, run, work, told)


def _in_processes(
    asked: Asked, runs: Mapping[str, Run | None], work: Work, progress: Progress
) -> Iterator[tuple[str, Lived]]:
    context = multiprocessing.get_context("spawn")
    manager = SyncManager(ctx=context)
    manager.start(_end_with_parent)
    with manager:
        told: Any = manager.Queue()
        with ProcessPoolExecutor(min(work.processes, len(runs)), mp_context=context, initializer=_alone) as pool:
            futures = {pool.submit(_one_apart, asked, name, run, work, told): name for name, run in runs.items()}
            try:
                yield from _as_they_end(futures, told, progress)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():
                    process.terminate()
                raise


def _as_they_end(futures: Mapping[Future[Lived], str], told: Any, progress: Progress) -> Iterator[tuple[str, Lived]]:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        with suppress(Empty):
            while True:
                progress(*told.get_nowait())
        for future in done:
            yield futures[future], future.result()


def _alone() -> None:
    """A process of its own: one thread for arrays, only errors in its log, and an end when its parent has one."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    configure_logging(level="error")
    _end_with_parent()


def _end_with_parent() -> None:
    """A parent that was killed could stop nobody."""

    def wait_and_end() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait_and_end, daemon=True).start()


def _one_apart(asked: Asked, name: str, run: Run | None, work: Work, told: Any) -> Lived:
    return _one(asked, name, run, work, lambda *heard: told.put(heard))


def _one(asked: Asked, name: str, run: Run | None, work: Work, progress: Progress) -> Lived:
    setup = prepare(asked)
    cycles = None if run is None else at_its_pace(setup, run).cycles

    def tell(done: int) -> None:
        if cycles is None or done % TELL_EVERY == 0 or done == cycles:
            progress(name, done, done if cycles is None else cycles)

    if run is not None:
        file = _kept_files(asked, setup, (name,), work)[name]
        return live(setup, run, tell, Halfway(file and file.with_suffix(HALF), work.keep_every_s))
    if name == SELF_CONSUMPTION:
        return self_consumption(setup, tell)
    return perfect_foresight(setup, billing_of(setup), tell)
