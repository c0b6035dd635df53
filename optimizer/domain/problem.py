"""The question put to the model: one frozen object, enough to solve it again anywhere."""

from dataclasses import dataclass
from math import isfinite

from optimizer.domain.horizon import Horizon
from optimizer.domain.snapshot import BatteryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Minimise the money that a site spends over ``horizon``.

    Per-slot tuples have ``len(horizon)`` values. ``load_kw`` may be negative where uncontrolled
    generation exceeds consumption. Limits are kW at the connection point, None for "no limit known".
    ``terminal_value_per_kwh`` prices stored energy (per kWh inside the battery) at the end.
    ``solver_time_s`` bounds the wall-clock of all solves together. Raises ValueError on wrong lengths,
    values that are not finite, or negative solar, heat or limits.
    """

    site_id: str
    horizon: Horizon
    load_kw: tuple[float, ...]
    heat_kw: tuple[float, ...]
    solar_kw: tuple[float, ...]
    import_price_per_kwh: tuple[float, ...]
    export_price_per_kwh: tuple[float, ...]
    currency: str
    import_limit_kw: float | None
    export_limit_kw: float | None
    battery: BatteryState | None
    terminal_value_per_kwh: float
    can_curtail: bool = True
    solver_time_s: float = 8.0

    def __post_init__(self) -> None:
        for name in ("load_kw", "heat_kw", "solar_kw", "import_price_per_kwh", "export_price_per_kwh"):
            series: tuple[float, ...] = getattr(self, name)
            if len(series) != len(self.horizon):
                msg = f"{name} has {len(series)} values for {len(self.horizon)} slots"
                raise ValueError(msg)
            bad = [slot for slot, number in enumerate(series) if not isfinite(number)]
            if bad:
                msg = f"{name}[{bad[0]}] is {series[bad[0]]}: not finite"
                raise ValueError(msg)
        for name in ("heat_kw", "solar_kw"):
            if min(getattr(self, name)) < 0:
                msg = f"{name} is negative: {min(getattr(self, name))}"
                raise ValueError(msg)
        for name in ("import_limit_kw", "export_limit_kw"):
            limit: float | None = getattr(self, name)
            if limit is not None and not limit >= 0:
                msg = f"{name} is {limit}: it must be at least 0 or None"
                raise ValueError(msg)

    @property
    def demand_kw(self) -> tuple[float, ...]:
        """Load and heat together, per slot."""
        return tuple(load + heat for load, heat in zip(self.load_kw, self.heat_kw, strict=True))
