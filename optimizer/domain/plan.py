"""The model's answer, in flows that are at least zero, with an honest label."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from optimizer.domain.problem import Problem

USUAL_SOLVER = "HiGHS"
"""Who solves unless it fails."""


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
    """Some soft limit could not be kept; the least breach was found first, then the least money.

    ``contradiction`` names the smallest set of limits that cannot be kept together; empty where each could be
    kept but was weighed against money.
    """

    breaches: tuple[str, ...]
    base: "Optimal | Feasible"
    contradiction: tuple[str, ...] = ()

    def __str__(self) -> str:
        tail = "" if isinstance(self.base, Optimal) else f" ({self.base})"
        if len(self.contradiction) > 1:
            tail = f"; {' and '.join(self.contradiction)} cannot be kept together{tail}"
        return f"relaxed: {'; '.join(self.breaches)}{tail}"


Verdict = Optimal | Feasible | Relaxed


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What happens in each slot, kW at the AC side; ``soc_kwh`` at each slot's end.

    Where a site has several batteries these are their net power and their energy together.
    """

    import_kw: tuple[float, ...]
    export_kw: tuple[float, ...]
    charge_kw: tuple[float, ...]
    discharge_kw: tuple[float, ...]
    curtailed_kw: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryProfile:
    """What one battery is to do."""

    name: str
    charge_kw: tuple[float, ...]
    discharge_kw: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetProfile:
    """What another asset is to do: electrical kW that it uses, or gives where ``kind`` is "genset".

    ``level`` is what its use adds up to at each slot's end: a heat store's temperature in degrees Celsius,
    the kWh that a vehicle or a load has received; None for a genset.
    """

    name: str
    kind: str
    electrical_kw: tuple[float, ...]
    level: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginals:
    """What a little more would be worth, from the duals of the money optimum; money per kWh.

    ``node_price_per_kwh``: what one more kWh of load would cost in each slot. ``stored_value_per_kwh``: what
    one more kWh inside the first battery would save at each slot's end; empty without a battery.
    ``charge_loss_per_kwh`` and ``discharge_loss_per_kwh``: what one kWh more of it would lose in each slot;
    negative where more would gain but a bound forbids it. ``peak_price_per_kw``: what one more kW allowed
    under each peak charge would save. All of them are empty where the solver's answer has no prices.
    """

    node_price_per_kwh: tuple[float, ...]
    stored_value_per_kwh: tuple[float, ...]
    charge_loss_per_kwh: tuple[float, ...]
    discharge_loss_per_kwh: tuple[float, ...]
    peak_price_per_kw: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The cheapest plan that does something else in the first slot, found by solving again.

    ``battery_kw`` is charge less discharge there; the whole plan would then cost ``extra_cost`` more.
    ``made_up_at``: when it would first do what is not done now; None where it never does.
    """

    battery_kw: float
    extra_cost: float
    made_up_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEffect:
    """What the battery would do first if the energy left at the end were worth a quarter less, or more.

    Each is the mean of charge less discharge over the first hour. ``matters``: whether they differ enough to
    be told.
    """

    planned_kw: float
    with_less_kw: float
    with_more_kw: float
    matters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """What minding ``scenarios`` other outcomes changes about what the first battery is told first.

    The forecast alone would ask for ``trusting_kw`` (charge less discharge) instead of ``battery_kw``. Minding
    the others costs ``price`` more if the forecast comes true, and ``expected_saving`` less on average over all
    of them, ``tail_saving`` less in the worst; None where the forecast's wish would break limits in some.
    ``follows``: the battery is told to follow the load, which is ``battery_kw`` by the forecast.
    """

    scenarios: int
    battery_kw: float
    trusting_kw: float
    price: float
    expected_saving: float | None
    tail_saving: float | None
    follows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A solved problem.

    ``costs`` are the named money terms that were minimised; ``objective`` is their sum (money, the credit for
    energy left in the battery included as a negative cost). ``shortfalls`` says by soft limit how much of it
    is missed, in the unit of its name. ``peaks_kw`` are the billed peaks by charge. ``solve_s`` is the
    time that finding it took. ``reasons`` says for each slot in a line why; ``alternative`` and ``end_effect``
    are None where nobody asked, or where there is no battery to ask about; ``caution`` where scenarios change
    nothing. ``solver`` is who found it; ``was_cut`` says that the clock ended a
    solve, so that finding it again may end otherwise. ``first_follow``: for each of the
    first slots, whether over all scenarios following the load does as well as any setpoint; empty where nobody asked.
    """

    problem: Problem
    flows: Flows
    batteries: tuple[BatteryProfile, ...]
    others: tuple[AssetProfile, ...]
    verdict: Verdict
    costs: Mapping[str, float]
    objective: float
    shortfalls: Mapping[str, float]
    peaks_kw: Mapping[str, float]
    marginals: Marginals
    solve_s: float
    reasons: tuple[str, ...] = ()
    alternative: Alternative | None = None
    end_effect: EndEffect | None = None
    caution: Caution | None = None
    solver: str = USUAL_SOLVER
    was_cut: bool = False
    first_follow: tuple[bool, ...] = ()

    @property
    def energy_cost(self) -> float:
        """What the grid costs net of what it pays, without wear and terminal credit."""
        return self.costs["import"] + self.costs["export"]
