"""The model's answer, in flows that are at least zero, with an honest label."""

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.domain.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimal:
    """Proved to be the cheapest within the solver's tolerance."""

    def __str__(self) -> str:
        return "optimal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasible:
    """A good plan whose optimality was not proved in time; at most ``gap`` money is left on the table."""

    gap: float | None
    currency: str

    def __str__(self) -> str:
        if self.gap is None:
            return "feasible, gap unknown"
        return f"feasible, gap {self.gap:.2g} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """Some soft limit could not be kept; the least breach was found first, then the least money."""

    breaches: tuple[str, ...]
    base: "Optimal | Feasible"

    def __str__(self) -> str:
        tail = "" if isinstance(self.base, Optimal) else f" ({self.base})"
        return f"relaxed: {'; '.join(self.breaches)}{tail}"


Verdict = Optimal | Feasible | Relaxed


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What happens in each slot, kW at the AC side; ``soc_kwh`` at each slot's end."""

    import_kw: tuple[float, ...]
    export_kw: tuple[float, ...]
    charge_kw: tuple[float, ...]
    discharge_kw: tuple[float, ...]
    curtailed_kw: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A solved problem.

    ``costs`` are the named money terms that were minimised; ``objective`` is their sum (money, the
    credit for energy left in the battery included as a negative cost). ``solve_s`` is the solver's share.
    """

    problem: Problem
    flows: Flows
    verdict: Verdict
    costs: Mapping[str, float]
    objective: float
    solve_s: float

    @property
    def energy_cost(self) -> float:
        """What the grid costs net of what it pays, without wear and terminal credit."""
        return self.costs["import"] + self.costs["export"]
