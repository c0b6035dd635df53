"""The only file that creates LP variables."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from pulp import LpProblem, LpVariable

from optimizer.domain.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusive:
    """Slots in which a direction must be decided by a binary, because the LP alone could use both."""

    grid: frozenset[int] = frozenset()
    battery: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """One variable per slot and quantity, kW at the AC side, ``soc_kwh`` at each slot's end.

    The ``…_over…`` and ``…_short…`` ones measure breaches of soft limits. ``importing`` and
    ``charging`` hold binaries by slot, only where a direction has to be decided.
    """

    import_kw: list[LpVariable]
    export_kw: list[LpVariable]
    charge_kw: list[LpVariable]
    discharge_kw: list[LpVariable]
    curtailed_kw: list[LpVariable]
    soc_kwh: list[LpVariable]
    import_over_kw: list[LpVariable]
    export_over_kw: list[LpVariable]
    soc_short_kwh: list[LpVariable]
    soc_over_kwh: list[LpVariable]
    reserve_short_kwh: list[LpVariable]
    importing: dict[int, LpVariable]
    charging: dict[int, LpVariable]

    def breaches(self) -> Iterator[LpVariable]:
        """Every variable that is zero unless a soft limit is broken."""
        for field in fields(self):
            if "_over_" in field.name or "_short_" in field.name:
                yield from getattr(self, field.name)


def most_import_kw(problem: Problem) -> list[float]:
    """The largest import that physics allows in each slot: the demand and a charge at full power."""
    charge_kw = problem.battery.max_charge_kw if problem.battery else 0.0
    return [max(demand_kw, 0.0) + charge_kw for demand_kw in problem.demand_kw]


def most_export_kw(problem: Problem) -> list[float]:
    """The largest export that physics allows in each slot: all generation and a discharge at full power."""
    discharge_kw = problem.battery.max_discharge_kw if problem.battery else 0.0
    return [
        solar_kw + max(-demand_kw, 0.0) + discharge_kw
        for solar_kw, demand_kw in zip(problem.solar_kw, problem.demand_kw, strict=True)
    ]


def bites(limit_kw: float | None, most_kw: list[float]) -> bool:
    """Whether a limit can ever be reached; one that cannot adds nothing to the model."""
    return limit_kw is not None and max(most_kw) > limit_kw


def create_variables(model: LpProblem, problem: Problem, exclusive: Exclusive) -> Variables:
    """All variables of ``problem`` with their physical bounds. Without a battery its flows are bound to 0."""
    slots = range(len(problem.horizon))
    battery = problem.battery

    def flow(name: str, upper: list[float]) -> list[LpVariable]:
        return [model.add_variable(f"{name}_{slot}", 0.0, upper[slot]) for slot in slots]

    def level(upper: float) -> list[float]:
        return [upper] * len(slots)

    import_upper_kw, export_upper_kw = most_import_kw(problem), most_export_kw(problem)
    soc_low_kwh = min(battery.soc_kwh, battery.soc_min_kwh) if battery else 0.0
    soc_high_kwh = max(battery.soc_kwh, battery.soc_max_kwh) if battery else 0.0
    below = battery is not None and battery.soc_kwh < battery.soc_min_kwh
    above = battery is not None and battery.soc_kwh > battery.soc_max_kwh
    reserve = battery is not None and battery.reserve_kwh > battery.soc_min_kwh
    capacity_kwh = battery.capacity_kwh if battery else 0.0
    return Variables(
        import_kw=flow("import_kw", import_upper_kw),
        export_kw=flow("export_kw", export_upper_kw),
        charge_kw=flow("charge_kw", level(battery.max_charge_kw if battery else 0.0)),
        discharge_kw=flow("discharge_kw", level(battery.max_discharge_kw if battery else 0.0)),
        curtailed_kw=flow("curtailed_kw", list(problem.solar_kw) if problem.can_curtail else level(0.0)),
        soc_kwh=[model.add_variable(f"soc_kwh_{slot}", soc_low_kwh, soc_high_kwh) for slot in slots],
        import_over_kw=flow("import_over_kw", import_upper_kw)
        if bites(problem.import_limit_kw, import_upper_kw)
        else [],
        export_over_kw=flow("export_over_kw", export_upper_kw)
        if bites(problem.export_limit_kw, export_upper_kw)
        else [],
        soc_short_kwh=flow("soc_short_kwh", level(capacity_kwh)) if below else [],
        soc_over_kwh=flow("soc_over_kwh", level(capacity_kwh)) if above else [],
        reserve_short_kwh=flow("reserve_short_kwh", level(capacity_kwh)) if reserve else [],
        importing={slot: model.add_variable(f"importing_{slot}", 0, 1, "Binary") for slot in sorted(exclusive.grid)},
        charging={slot: model.add_variable(f"charging_{slot}", 0, 1, "Binary") for slot in sorted(exclusive.battery)},
    )
