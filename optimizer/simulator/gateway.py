"""What the energy gateway does at an instant: schedules in force -> power flows. Pure.

The readings chosen here where the documents are silent: a battery setpoint goes before a SoC target, that before
a grid setpoint, and without any of them the battery serves self-consumption. Grid limits go before all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.schedule import Entry, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The running schedules in plain terms: grid powers import-positive, battery power charge-positive."""

    grid_upper_kw: float
    grid_lower_kw: float
    grid_setpoint_kw: float | None = None
    battery_setpoint_kw: float | None = None
    soc_target_kwh: float | None = None
    soc_target_at: datetime | None = None
    solar_share: float = 1.0
    solar_ceiling_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Powers at an instant, each at least zero."""

    load_kw: float
    heatpump_kw: float
    solar_kw: float
    curtailed_kw: float
    charge_kw: float
    discharge_kw: float

    @property
    def grid_kw(self) -> float:
        """Grid power, import-positive: load + heat pump + charge - discharge - solar."""
        return self.load_kw + self.heatpump_kw + self.charge_kw - self.discharge_kw - self.solar_kw


def orders_from(running: Mapping[Pair, Entry], options: SimulatorOptions) -> Orders:
    """Translate the running entries by the simulator's conventions; the ratings bound the grid in any case."""
    battery = running.get(Pair.BESS_POWER)
    grid = running.get(Pair.GRID_POWER)
    soc = running.get(Pair.BESS_SOC)
    upper = running.get(Pair.GRID_UPPER)
    lower = running.get(Pair.GRID_LOWER)
    curtailment = running.get(Pair.SOLAR_CURTAILMENT)
    battery_sign = 1.0 if options.bess_power_positive == "charge" else -1.0
    grid_sign = 1.0 if options.grid_power_positive == "import" else -1.0
    share = 1.0
    if curtailment is not None:
        cut = options.curtailment_percent == "cut"
        share = (100.0 - curtailment.value if cut else curtailment.value) / 100.0
    of_rated = options.curtailment_base == "rated" and curtailment is not None
    return Orders(
        grid_upper_kw=options.grid_import_limit_kw if upper is None else upper.value,
        grid_lower_kw=-options.grid_export_limit_kw if lower is None else lower.value,
        grid_setpoint_kw=None if grid is None else grid_sign * grid.value,
        battery_setpoint_kw=None if battery is None else battery_sign * battery.value,
        soc_target_kwh=None if soc is None else soc.value / 100.0 * options.battery_kwh,
        soc_target_at=None if soc is None else soc.end,
        solar_share=1.0 if of_rated else share,
        solar_ceiling_kw=share * options.solar_peak_kw if of_rated else None,
    )


def flows_of(
    orders: Orders,
    options: SimulatorOptions,
    *,
    load_kw: float,
    heatpump_kw: float,
    available_solar_kw: float,
    soc_kwh: float,
    step_h: float,
    until_target_h: float,
) -> Flows:
    """The flows held for the next ``step_h`` hours; the battery never leaves its window within them.

    ``until_target_h`` is the time left until the end of the running SoC target, at least ``step_h``.
    """
    solar_kw = available_solar_kw * orders.solar_share
    if orders.solar_ceiling_kw is not None:
        solar_kw = min(solar_kw, orders.solar_ceiling_kw)
    rest_kw = load_kw + heatpump_kw - solar_kw
    wanted_kw = _wanted_battery_kw(orders, options, rest_kw, soc_kwh, until_target_h)
    wanted_kw = max(min(wanted_kw, orders.grid_upper_kw - rest_kw), orders.grid_lower_kw - rest_kw)
    room_kwh = max(options.battery_kwh * options.soc_max_percent / 100.0 - soc_kwh, 0.0)
    stock_kwh = max(soc_kwh - options.battery_kwh * options.soc_min_percent / 100.0, 0.0)
    room_kw = min(options.max_charge_kw, room_kwh / (options.charge_efficiency * step_h))
    stock_kw = min(options.max_discharge_kw, stock_kwh * options.discharge_efficiency / step_h)
    battery_kw = min(max(wanted_kw, -stock_kw), room_kw)
    excess_export_kw = orders.grid_lower_kw - (rest_kw + battery_kw)
    if excess_export_kw > 0.0:
        solar_kw = max(0.0, solar_kw - excess_export_kw)
    return Flows(
        load_kw=load_kw,
        heatpump_kw=heatpump_kw,
        solar_kw=solar_kw,
        curtailed_kw=available_solar_kw - solar_kw,
        charge_kw=max(0.0, battery_kw),
        discharge_kw=max(0.0, -battery_kw),
    )


def _wanted_battery_kw(
    orders: Orders,
    options: SimulatorOptions,
    rest_kw: float,
    soc_kwh: float,
    until_target_h: float,
) -> float:
    """The battery power that the orders ask for, charge-positive, before any limit."""
    if orders.battery_setpoint_kw is not None:
        return orders.battery_setpoint_kw
    if orders.soc_target_kwh is not None:
        missing_kw = (orders.soc_target_kwh - soc_kwh) / until_target_h
        if missing_kw > 0.0:
            return missing_kw / options.charge_efficiency
        return missing_kw * options.discharge_efficiency
    if orders.grid_setpoint_kw is not None:
        return orders.grid_setpoint_kw - rest_kw
    return -rest_kw
