"""The question put to the model: one frozen object, enough to solve it again anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from optimizer.domain.assets import (
    Battery,
    DeferrableLoad,
    EvSession,
    Genset,
    PerSlot,
    ThermalStore,
)
from optimizer.domain.charges import LeastBill, NettedEnergy, TieredEnergy
from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import BilledPeak
from optimizer.domain.uncertainty import Uncertainty
from optimizer.domain.validity import problem_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the site has been told already, and what it costs to tell it otherwise.

    ``battery_kw`` is charge less discharge of the first battery in each slot, None where nothing is published.
    A change costs ``price_per_kw[slot]`` for each kW.
    """

    battery_kw: tuple[float | None, ...]
    price_per_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Minimise the money that a site spends over ``horizon``.

    Per-slot tuples have ``len(horizon)`` values. ``load_kw`` may be negative where uncontrolled generation
    exceeds consumption. Grid limits are kW at the connection point, None for "no limit known"; they are soft:
    with a price per kWh over, the excess is weighed against money, without one it is avoided first of all.
    ``import_rating_kw`` and ``export_rating_kw`` are hard. ``inverter_limit_kw`` bounds, each way, what the
    sun and the DC-coupled batteries exchange together. ``curtailment_steps``: the sun can be cut in so many
    equal steps only; None: to any degree. ``export_extra_cost_per_kwh`` prices the wish to consume one's own
    sun, ``co2_price_per_kg`` the carbon of what is imported; neither is on the bill.
    ``fixed_charge`` is due whatever happens.
    ``lowers_peaks``: among plans of equal cost, low peaks of import and export are preferred.
    ``preference_budget`` is what preferences may cost. ``accepted_gap``: a search among binaries may end when no
    more money than this can be left to find; its plan then says so. ``solver_time_s`` bounds the wall-clock of
    all solves together. Raises ValueError on wrong lengths, values that are not finite, and what contradicts itself.
    """

    site_id: str
    horizon: Horizon
    load_kw: tuple[float, ...]
    heat_kw: tuple[float, ...]
    solar_kw: tuple[float, ...]
    import_price_per_kwh: tuple[float, ...]
    export_price_per_kwh: tuple[float, ...]
    currency: str
    import_limit_kw: PerSlot | None = None
    export_limit_kw: PerSlot | None = None
    import_over_price_per_kwh: float | None = None
    export_over_price_per_kwh: float | None = None
    import_rating_kw: float | None = None
    export_rating_kw: float | None = None
    can_curtail: bool = True
    curtailment_steps: int | None = None
    inverter_limit_kw: float | None = None
    export_extra_cost_per_kwh: float = 0.0
    co2_price_per_kg: float = 0.0
    co2_kg_per_kwh: PerSlot = 0.0
    peak_charges: tuple[BilledPeak, ...] = ()
    energy_tiers: tuple[TieredEnergy, ...] = ()
    netting: NettedEnergy | None = None
    least_bills: tuple[LeastBill, ...] = ()
    fixed_charge: float = 0.0
    batteries: tuple[Battery, ...] = ()
    heat_stores: tuple[ThermalStore, ...] = ()
    deferrable_loads: tuple[DeferrableLoad, ...] = ()
    ev_sessions: tuple[EvSession, ...] = ()
    gensets: tuple[Genset, ...] = ()
    published: Published | None = None
    uncertainty: Uncertainty | None = None
    lowers_peaks: bool = False
    preference_budget: float = 0.0
    accepted_gap: float = 0.0
    solver_time_s: float = 8.0

    def __post_init__(self) -> None:
        for fault in problem_faults(self):
            raise ValueError(fault)

    @property
    def battery(self) -> Battery | None:
        """The battery that the site's commands reach: the first."""
        return self.batteries[0] if self.batteries else None

    @property
    def is_battery_alone(self) -> bool:
        """Whether one battery is all that a plan moves."""
        return len(self.batteries) == len(list(self.assets)) == 1

    @property
    def demand_kw(self) -> tuple[float, ...]:
        """Load, heat and the batteries' standby together, per slot: all that no variable moves."""
        standby_kw = sum(battery.standby_kw for battery in self.batteries)
        return tuple(load + heat + standby_kw for load, heat in zip(self.load_kw, self.heat_kw, strict=True))

    @property
    def assets(self) -> Iterator[Battery | ThermalStore | DeferrableLoad | EvSession | Genset]:
        """Every asset that a plan moves."""
        return chain(self.batteries, self.heat_stores, self.deferrable_loads, self.ev_sessions, self.gensets)
