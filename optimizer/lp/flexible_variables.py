"""The variables of heat stores, deferrable loads, vehicles and generators."""

from dataclasses import dataclass

from optimizer.domain.assets import DeferrableLoad, EvSession, Genset, ThermalStore
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import presence, series
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns

COLDEST_C, HOTTEST_C = -1e5, 1e5
"""Beyond any temperature that a store could reach in a horizon: no bound at all, only finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatColumns:
    """A heat store: its heat pump's power, its temperature at each slot's end, and what it misses of comfort."""

    store: ThermalStore
    electrical_kw: Columns
    temperature_c: Columns
    cold_k: Columns | None
    hot_k: Columns | None
    on: Columns | None
    start: Columns | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadColumns:
    """A deferrable load; ``short_kwh`` is what it does not get, ``uses_length`` 1 for each length of slot in use."""

    load: DeferrableLoad
    electrical_kw: Columns
    short_kwh: Columns | None
    on: Columns | None
    start: Columns | None
    uses_length: Columns | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionColumns:
    """A vehicle at its charger."""

    session: EvSession
    electrical_kw: Columns
    short_kwh: Columns | None
    on: Columns | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GensetColumns:
    """A generator."""

    genset: Genset
    supply_kw: Columns
    on: Columns | None
    start: Columns | None


def create_heat_store(into: ColumnList, problem: Problem, store: ThermalStore, *, is_strict: bool) -> HeatColumns:
    """Strict: the comfort band bounds the temperature."""
    slots = len(problem.horizon)
    is_soft = not is_strict or store.comfort_price_per_kh is not None
    has_binaries = store.is_on_off or store.min_kw > 0 or store.min_run_h > 0
    low, high = series(store.comfort_min_c, problem), series(store.comfort_max_c, problem)
    return HeatColumns(
        store=store,
        electrical_kw=into.add(f"{store.name} electrical_kw", slots, upper=store.max_kw),
        temperature_c=into.add(
            f"{store.name} temperature_c",
            slots,
            lower=COLDEST_C if is_soft else low,
            upper=HOTTEST_C if is_soft else high,
        ),
        cold_k=into.add(f"{store.name} cold_k", slots) if is_soft else None,
        hot_k=into.add(f"{store.name} hot_k", slots) if is_soft else None,
        on=into.binary(f"{store.name} on", slots) if has_binaries else None,
        start=into.add(f"{store.name} start", slots, upper=1.0) if store.min_run_h > 0 else None,
    )


def slot_lengths(problem: Problem, load: DeferrableLoad) -> list[float]:
    """The different lengths (hours) of the slots in which a load may run."""
    here = presence(load, problem)
    return sorted({h for h, may_run in zip(problem.horizon.slot_h, here, strict=True) if may_run})


def create_load(into: ColumnList, problem: Problem, load: DeferrableLoad, *, is_strict: bool) -> LoadColumns:
    """On and off, and the start of a single block, are binaries."""
    slots = len(problem.horizon)
    is_soft = not is_strict or load.shortfall_price_per_kwh is not None
    has_binaries = load.is_on_off or load.is_single_block
    return LoadColumns(
        load=load,
        electrical_kw=into.add(f"{load.name} electrical_kw", slots, upper=load.power_kw * presence(load, problem)),
        short_kwh=into.add(f"{load.name} short_kwh", 1, upper=load.power_kw * load.run_h) if is_soft else None,
        on=into.binary(f"{load.name} on", slots) if has_binaries else None,
        start=into.add(f"{load.name} start", slots, upper=1.0) if load.is_single_block else None,
        uses_length=into.add(f"{load.name} uses_length", len(slot_lengths(problem, load)), upper=1.0)
        if load.is_on_off
        else None,
    )


def create_session(into: ColumnList, problem: Problem, session: EvSession, *, is_strict: bool) -> SessionColumns:
    """A least charging power needs a binary a slot."""
    slots = len(problem.horizon)
    is_soft = not is_strict or session.shortfall_price_per_kwh is not None
    upper = session.max_charge_kw * presence(session, problem)
    return SessionColumns(
        session=session,
        electrical_kw=into.add(f"{session.name} electrical_kw", slots, upper=upper),
        short_kwh=into.add(f"{session.name} short_kwh", 1, upper=session.energy_kwh) if is_soft else None,
        on=into.binary(f"{session.name} on", slots) if session.min_charge_kw > 0 else None,
    )


def create_genset(into: ColumnList, problem: Problem, genset: Genset) -> GensetColumns:
    """Binaries where running at all costs something or is bound to least times."""
    slots = len(problem.horizon)
    has_times = genset.min_up_h > 0 or genset.min_down_h > 0
    has_binaries = has_times or genset.min_kw > 0 or genset.start_cost > 0 or genset.running_cost_per_h > 0
    return GensetColumns(
        genset=genset,
        supply_kw=into.add(f"{genset.name} supply_kw", slots, upper=genset.max_kw),
        on=into.binary(f"{genset.name} on", slots) if has_binaries else None,
        start=into.add(f"{genset.name} start", slots, upper=1.0) if has_times or genset.start_cost > 0 else None,
    )
