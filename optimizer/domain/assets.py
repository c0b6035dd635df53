"""What a site may have that a plan can move: batteries, heat stores, loads, sessions, generators.

Powers are kW at the AC side and at least 0, energies kWh. A ``PerSlot`` is one number for every slot, or a
tuple with one number for each. Soft wishes carry an optional price: with one, missing them is weighed against
money; without, they are kept as far as anything can be, before money is looked at.
"""

from dataclasses import dataclass

RUNNING_SHARE = 0.01
"""Of its power: what a machine takes or gives at least where a law is about its being on."""
PerSlot = float | tuple[float, ...]
"""One number held over the horizon, or one for each slot."""


def per_slot(given: PerSlot, slots: int) -> tuple[float, ...]:
    """``given`` as one number for each slot."""
    return given if isinstance(given, tuple) else (float(given),) * slots


@dataclass(frozen=True, slots=True, kw_only=True)
class EndValue:
    """The next ``kwh`` in the store at the horizon's end, counted from empty, are worth this each."""

    kwh: float
    value_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperPoint:
    """At this stored energy the battery takes (or gives) at most this power."""

    soc_kwh: float
    limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSegment:
    """A slice of the capacity, from full downwards; each kWh drawn from it costs this much more."""

    kwh: float
    cost_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A store of electricity that the plan charges and discharges.

    ``soc_kwh`` (now) may lie outside ``[soc_min_kwh, soc_max_kwh]``; it lies in ``[0, capacity_kwh]``.
    ``reserve_kwh`` (for outages) and ``goal_kwh`` are soft floors and ``ceiling_kwh`` a soft cap of the energy
    at each slot's end; ``demanded_charge_kw`` a soft least charge (at most ``max_charge_kw`` counts), owed no
    longer once the battery is full. What a goal asks above the window, or a ceiling below it, does not count.
    ``goal_price_per_kwh`` prices what is missing of goals and ceilings, ``window_price_per_kwh`` what lies
    outside the window (both in kWh times hours), ``demand_price_per_kwh`` the kWh missing of the demanded charge.
    ``wear_cost_per_kwh`` counts each kWh that goes in or out at the AC side. ``self_discharge_per_h`` is the
    share of the stored energy lost in an hour, ``standby_kw`` what the electronics draw always. Taper points
    rise in energy and form a concave curve that is nowhere negative. ``end_values`` fall; none of them: what is
    left is worth nothing.
    ``charge_priority``: among equal costs, higher ones are charged first.
    """

    capacity_kwh: float
    soc_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    name: str = "battery"
    soc_min_kwh: float = 0.0
    soc_max_kwh: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    wear_cost_per_kwh: float = 0.0
    reserve_kwh: PerSlot = 0.0
    goal_kwh: PerSlot | None = None
    ceiling_kwh: PerSlot | None = None
    goal_price_per_kwh: float | None = None
    window_price_per_kwh: float | None = None
    demanded_charge_kw: PerSlot | None = None
    demand_price_per_kwh: float | None = None
    min_charge_kw: float = 0.0
    min_discharge_kw: float = 0.0
    charges_from_grid: bool = True
    discharges_to_grid: bool = True
    self_discharge_per_h: float = 0.0
    standby_kw: float = 0.0
    charge_taper: tuple[TaperPoint, ...] = ()
    discharge_taper: tuple[TaperPoint, ...] = ()
    depth_segments: tuple[DepthSegment, ...] = ()
    end_values: tuple[EndValue, ...] = ()
    charge_priority: int = 0
    is_dc_coupled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStore:
    """A tank or a building's mass, heated by a heat pump: temperature is stored energy.

    kwh_per_k * dT/dt = cop * electrical_kw - loss_kw_per_k * (T - surroundings_c) - draw_kw. The comfort band
    is soft. ``is_on_off``: the heat pump runs at ``max_kw`` or not at all; otherwise between ``min_kw`` and
    ``max_kw``, or not at all. ``min_run_h`` is how long it stays on once started.
    """

    name: str = "heat store"
    kwh_per_k: float
    temperature_c: float
    comfort_min_c: PerSlot
    comfort_max_c: PerSlot
    loss_kw_per_k: float = 0.0
    surroundings_c: PerSlot = 20.0
    draw_kw: PerSlot = 0.0
    cop: PerSlot = 3.0
    max_kw: float
    min_kw: float = 0.0
    is_on_off: bool = False
    min_run_h: float = 0.0
    value_per_k: float = 0.0
    comfort_price_per_kh: float | None = None

    @property
    def least_kw(self) -> float:
        """Where it is on: with a least run at least a hundredth of its power, or it could be "on" at rest."""
        if self.is_on_off:
            return self.max_kw
        return max(self.min_kw, RUNNING_SHARE * self.max_kw if self.min_run_h > 0 else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferrableLoad:
    """A load that must run ``run_h`` hours at ``power_kw`` within slots ``[first_slot, end_slot)``.

    ``is_on_off``: at full power or not at all, in no slot that it could leave out and still reach its hours;
    otherwise any power up to it, with the same energy in total. ``is_single_block``: it does not stop and start
    again, and is on with a hundredth of its power at least. ``end_slot`` None: the horizon's end.
    """

    name: str
    power_kw: float
    run_h: float
    first_slot: int = 0
    end_slot: int | None = None
    is_on_off: bool = False
    is_single_block: bool = False
    shortfall_price_per_kwh: float | None = None

    @property
    def least_kw(self) -> float:
        """Where it is on; never so much that its energy is too little for a slot."""
        if self.is_on_off:
            return self.power_kw
        return RUNNING_SHARE * self.power_kw * min(self.run_h, 1.0) if self.is_single_block else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvSession:
    """A vehicle that stands at the charger in slots ``[first_slot, end_slot)`` and wants energy by its end.

    ``energy_kwh`` is what the vehicle's battery still has to take; ``efficiency`` what of the charger's AC
    energy arrives there. Below ``min_charge_kw`` the charger is off.
    """

    name: str = "ev"
    energy_kwh: float
    max_charge_kw: float
    min_charge_kw: float = 0.0
    efficiency: float = 1.0
    first_slot: int = 0
    end_slot: int | None = None
    shortfall_price_per_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Genset:
    """A generator: fuel per kWh and per hour of running, a cost of each start, least load and least times.

    ``is_running`` and ``state_h`` say what it does now and since how many hours.
    """

    name: str = "genset"
    max_kw: float
    min_kw: float = 0.0
    fuel_cost_per_kwh: float
    running_cost_per_h: float = 0.0
    start_cost: float = 0.0
    min_up_h: float = 0.0
    min_down_h: float = 0.0
    is_running: bool = False
    state_h: float = 1e6
    kg_co2_per_kwh: float = 0.0

    @property
    def least_kw(self) -> float:
        """Where it is on: with least times at least a hundredth of its power, or it could be "on" at rest."""
        return max(self.min_kw, RUNNING_SHARE * self.max_kw if self.min_up_h > 0 or self.min_down_h > 0 else 0.0)
