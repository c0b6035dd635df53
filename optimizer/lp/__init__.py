"""The mathematics: a frozen problem in, a verified plan out. No I/O, no clock."""

from optimizer.lp.baseline import no_battery, price, self_consumption
from optimizer.lp.solve import solve
from optimizer.lp.terminal import stored_energy_value_per_kwh

__all__ = ["no_battery", "price", "self_consumption", "solve", "stored_energy_value_per_kwh"]
