"""The only file that creates LP variables: power in kW at the AC side, energy in kWh at each slot's end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.battery_variables import BatteryColumns, create_battery
from optimizer.lp.bounds import most_export_kw, most_import_kw, most_supply_kw, most_use_kw, series, solar_kw
from optimizer.lp.charge_variables import NettedColumns, TierColumns, create_netting, create_tiers
from optimizer.lp.columns import ColumnList
from optimizer.lp.flexible_variables import (
    GensetColumns,
    HeatColumns,
    LoadColumns,
    SessionColumns,
    create_genset,
    create_heat_store,
    create_load,
    create_session,
)
from optimizer.lp.linear import Columns, Ints, Linear, total
from optimizer.lp.peak_variables import PeakColumns, create_peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusive:
    """Slots in which a direction must be decided by a binary, because the LP alone could use both."""

    grid: frozenset[int] = frozenset()
    batteries: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def __or__(self, other: "Exclusive") -> "Exclusive":
        names = {**self.batteries, **other.batteries}
        return Exclusive(
            grid=self.grid | other.grid,
            batteries={name: self.battery(name) | other.battery(name) for name in names},
        )

    def battery(self, name: str) -> frozenset[int]:
        """The slots of one battery."""
        return self.batteries.get(name, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """The slots in which a grid limit can be reached, and by how much it is exceeded there."""

    slots: Ints
    over_kw: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """Everything that is decided. ``importing`` holds the binaries of ``grid_slots``.

    ``at_home`` is 1 in slots without export, where that has to be known apart from ``importing``.
    ``top_up`` is what each least bill adds. ``top_kw`` holds the highest import and the highest export, where
    preferences look at them.
    Families that a problem has no use for are absent, None or empty. ``count`` is how many variables there are.
    """

    import_kw: Columns
    export_kw: Columns
    curtailed_kw: Columns
    curtailment_step: Columns | None
    import_over: Limited | None
    export_over: Limited | None
    grid_slots: Ints
    importing: Columns
    at_home: Columns | None
    batteries: tuple[BatteryColumns, ...]
    heat_stores: tuple[HeatColumns, ...]
    loads: tuple[LoadColumns, ...]
    sessions: tuple[SessionColumns, ...]
    gensets: tuple[GensetColumns, ...]
    peaks: tuple[PeakColumns, ...]
    tiers: tuple[TierColumns, ...]
    netted: NettedColumns | None
    top_up: Columns | None
    change_kw: Columns | None
    top_kw: Columns | None
    count: int

    @property
    def use_kw(self) -> Linear:
        """All consumption that the plan moves."""
        uses: list[Linear] = [battery.charge_kw for battery in self.batteries]
        uses += [*self.other_use_kw]
        return total(uses, len(self.import_kw))

    @property
    def other_use_kw(self) -> Iterator[Columns]:
        """The power of each asset that uses it and is no battery."""
        yield from (store.electrical_kw for store in self.heat_stores)
        yield from (load.electrical_kw for load in self.loads)
        yield from (session.electrical_kw for session in self.sessions)

    @property
    def supply_kw(self) -> Linear:
        """All supply that the plan moves."""
        supplies: list[Linear] = [battery.discharge_kw for battery in self.batteries]
        supplies += [genset.supply_kw for genset in self.gensets]
        return total(supplies, len(self.import_kw))


def create_variables(into: ColumnList, problem: Problem, exclusive: Exclusive, *, is_strict: bool) -> Variables:
    """All variables of ``problem`` with their physical bounds.

    ``is_strict``: soft limits without a price are bounds, as if they were hard; that is the whole model
    wherever they can be kept. Otherwise each has a variable for what is missing.
    """
    slots = len(problem.horizon)
    import_upper, export_upper = most_import_kw(problem), most_export_kw(problem)
    import_over = export_over = None
    if problem.import_limit_kw is not None:
        limit = series(problem.import_limit_kw, problem)
        if is_strict and problem.import_over_price_per_kwh is None:
            import_upper = np.minimum(import_upper, limit)
        else:
            import_over = _limited(into, "import_over_kw", limit, import_upper)
    if problem.export_limit_kw is not None:
        limit = series(problem.export_limit_kw, problem)
        if is_strict and problem.export_over_price_per_kwh is None:
            export_upper = np.minimum(export_upper, limit)
        else:
            export_over = _limited(into, "export_over_kw", limit, export_upper)
    grid_slots = np.array(sorted(exclusive.grid), dtype=np.int32)
    has_steps = problem.can_curtail and problem.curtailment_steps is not None
    made = Variables(
        import_kw=into.add("import_kw", slots, upper=import_upper),
        export_kw=into.add("export_kw", slots, upper=export_upper),
        curtailed_kw=into.add("curtailed_kw", slots, upper=solar_kw(problem) if problem.can_curtail else 0.0),
        curtailment_step=into.integer("curtailment_step", slots, upper=float(problem.curtailment_steps or 0))
        if has_steps
        else None,
        import_over=import_over,
        export_over=export_over,
        grid_slots=grid_slots,
        importing=into.binary("importing", len(grid_slots)),
        at_home=into.binary("at_home", slots) if _feeds_another(problem) else None,
        batteries=tuple(
            create_battery(into, problem, battery, exclusive.battery(battery.name), is_strict=is_strict)
            for battery in problem.batteries
        ),
        heat_stores=tuple(
            create_heat_store(into, problem, store, is_strict=is_strict) for store in problem.heat_stores
        ),
        loads=tuple(create_load(into, problem, load, is_strict=is_strict) for load in problem.deferrable_loads),
        sessions=tuple(create_session(into, problem, session, is_strict=is_strict) for session in problem.ev_sessions),
        gensets=tuple(create_genset(into, problem, genset) for genset in problem.gensets),
        peaks=tuple(create_peak(into, charge) for charge in problem.peak_charges),
        tiers=tuple(create_tiers(into, tiers) for tiers in problem.energy_tiers),
        netted=create_netting(into, problem),
        top_up=into.add("top_up", len(problem.least_bills)) if problem.least_bills else None,
        change_kw=_changes(into, problem),
        top_kw=into.add("top_kw", 2) if problem.lowers_peaks else None,
        count=0,
    )
    return replace(made, count=into.count)


def _feeds_another(problem: Problem) -> bool:
    """Whether a battery that may not discharge into the grid could feed one that may not charge from it."""
    keeps_out = [battery.name for battery in problem.batteries if not battery.charges_from_grid]
    keeps_home = [battery.name for battery in problem.batteries if not battery.discharges_to_grid]
    return len({*keeps_out, *keeps_home}) > 1


def _limited(into: ColumnList, name: str, limit_kw: np.ndarray, most_kw: np.ndarray) -> Limited | None:
    """A limit that physics never reaches needs no variable."""
    reached = np.flatnonzero(most_kw > limit_kw).astype(np.int32)
    if not len(reached):
        return None
    return Limited(slots=reached, over_kw=into.add(name, len(reached), upper=(most_kw - limit_kw)[reached]))


def _changes(into: ColumnList, problem: Problem) -> Columns | None:
    if problem.published is None or not problem.batteries:
        return None
    most_kw = most_use_kw(problem) + most_supply_kw(problem)
    published = np.array([abs(kw) if kw is not None else 0.0 for kw in problem.published.battery_kw])
    return into.add("change_kw", len(problem.horizon), upper=most_kw + published)
