"""The plant: house, sun, heat pump and battery, integrated over time with exact energy books."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta

from optimizer.simulator.clock import in_utc
from optimizer.simulator.gateway import Flows, Orders, flows_of, orders_from
from optimizer.simulator.heatpump import electrical_kw
from optimizer.simulator.meter import Meter, QuarterLog, QuarterRow, quarter_after
from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.recording import RecordedState, Recording
from optimizer.simulator.schedule import Schedules, edges, running

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the plant shows at an instant."""

    at: datetime
    flows: Flows
    soc_kwh: float
    thermal_kw: float
    outdoor_temp_c: float | None


class Plant:
    """One site's physics. It stands at ``time`` and moves only when it is advanced."""

    def __init__(self, options: SimulatorOptions, recording: Recording, start: datetime) -> None:
        self._options = options
        self._recording = recording
        self._time = in_utc(start)
        self._soc_kwh = options.battery_kwh * options.soc_percent / 100.0
        self._meter = Meter()
        self._quarters = QuarterLog(self._time)
        self._schedules: Schedules = {}
        self._edges: tuple[datetime, ...] = ()

    @property
    def time(self) -> datetime:
        """How far the plant is integrated."""
        return self._time

    @property
    def soc_kwh(self) -> float:
        """Energy in the battery."""
        return self._soc_kwh

    @soc_kwh.setter
    def soc_kwh(self, soc_kwh: float) -> None:
        if not 0.0 <= soc_kwh <= self._options.battery_kwh:
            raise ValueError(f"{soc_kwh} kWh do not fit a battery of {self._options.battery_kwh} kWh")
        self._soc_kwh = soc_kwh

    @property
    def meter(self) -> Meter:
        """A copy of the energy counters."""
        return self._meter.copy()

    @property
    def meter_log(self) -> list[QuarterRow]:
        """Import and export per UTC quarter."""
        return self._quarters.rows()

    @property
    def schedules(self) -> Schedules:
        """What the gateway follows from now on."""
        return self._schedules

    @schedules.setter
    def schedules(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._edges = edges(schedules)

    def advance(self, to: datetime) -> None:
        """Integrate up to an instant; one that is already passed changes nothing."""
        target = in_utc(to)
        while self._time < target:
            self._integrate(min(target, self._next_edge()))

    def reading(self) -> Reading:
        """The powers at the present instant, as the gateway holds them for the coming sub-step."""
        state = self._recording.at(self._time)
        orders = self._orders()
        until_edge_s = (self._next_edge() - self._time).total_seconds()
        step_h = min(self._options.integration_step_s, until_edge_s) / HOUR_S
        flows = self._flows(orders, state, step_h, self._until_target_h(orders))
        return Reading(
            at=self._time,
            flows=flows,
            soc_kwh=self._soc_kwh,
            thermal_kw=state.heat_thermal_kw,
            outdoor_temp_c=state.outdoor_temp_c,
        )

    def _orders(self) -> Orders:
        return orders_from(running(self._schedules, self._time), self._options)

    def _next_edge(self) -> datetime:
        """The first instant after now at which recording, schedule or quarter may change."""
        edge = min(self._recording.next_row(self._time), quarter_after(self._time))
        later = bisect_right(self._edges, self._time)
        return min(edge, self._edges[later]) if later < len(self._edges) else edge

    def _until_target_h(self, orders: Orders) -> float:
        if orders.soc_target_at is None:
            return math.inf
        return (orders.soc_target_at - self._time) / timedelta(hours=1)

    def _flows(self, orders: Orders, state: RecordedState, step_h: float, until_target_h: float) -> Flows:
        heatpump_kw = state.heatpump_kw or 0.0
        if state.heatpump_kw is None and self._options.hcu_source_type == "heat_pump":
            heatpump_kw = electrical_kw(state.heat_thermal_kw, state.outdoor_temp_c)
        return flows_of(
            orders,
            self._options,
            load_kw=state.load_kw,
            heatpump_kw=heatpump_kw,
            available_solar_kw=state.solar_kw,
            soc_kwh=self._soc_kwh,
            step_h=step_h,
            until_target_h=max(until_target_h, step_h),
        )

    def _integrate(self, end: datetime) -> None:
        """Move to ``end``, up to which all inputs are constant, in equal sub-steps."""
        state = self._recording.at(self._time)
        orders = self._orders()
        span_s = (end - self._time).total_seconds()
        count = max(1, math.ceil(span_s / self._options.integration_step_s))
        step_h = span_s / count / HOUR_S
        until_target_h = self._until_target_h(orders)
        for done in range(count):
            flows = self._flows(orders, state, step_h, until_target_h - done * step_h)
            self._meter.add(flows, thermal_kw=state.heat_thermal_kw, step_h=step_h)
            self._quarters.add(flows.grid_kw, step_h=step_h)
            gained_kwh = flows.charge_kw * self._options.charge_efficiency * step_h
            lost_kwh = flows.discharge_kw / self._options.discharge_efficiency * step_h
            self._soc_kwh = min(max(self._soc_kwh + gained_kwh - lost_kwh, 0.0), self._options.battery_kwh)
        self._time = end
        self._quarters.reached(end)
