"""One day's four bills: without the battery, by the usual rule, as it was, and at best. Pure."""

from dataclasses import dataclass
from datetime import date

from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.domain.snapshot import BatteryState
from optimizer.domain.tariff import Meter, Tariff
from optimizer.lp import no_battery, self_consumption, solve
from strategies import invoice

SOLVER_TIME_S = 30.0

Limits = tuple[float | None, float | None]
"""Of import and export, kW; None: none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """What was metered on one local day: means in kW and energies in kWh for each slot of ``horizon``.

    ``load_kw`` holds all that nobody moves but heat. The battery held ``soc_start_kwh`` at the first edge and
    ``soc_end_kwh`` at the last.
    """

    day: date
    horizon: Horizon
    load_kw: tuple[float, ...]
    heat_kw: tuple[float, ...]
    solar_kw: tuple[float, ...]
    import_kwh: tuple[float, ...]
    export_kwh: tuple[float, ...]
    soc_start_kwh: float
    soc_end_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBills:
    """Money for one day, fixed charges included; what the battery holds more or less at its end is priced alike."""

    day: date
    no_battery: float
    self_consumption: float
    daemon: float
    perfect_foresight: float
    currency: str

    @property
    def saved(self) -> float:
        """Against no battery."""
        return self.no_battery - self.daemon

    @property
    def regret(self) -> float:
        """Above the least that was possible."""
        return self.daemon - self.perfect_foresight


def day_problem(record: DayRecord, tariff: Tariff, battery: BatteryState, limits: Limits) -> Problem:
    """The day as a problem of which all is known."""
    held = Battery(
        capacity_kwh=battery.capacity_kwh,
        soc_kwh=record.soc_start_kwh,
        soc_min_kwh=min(battery.soc_min_kwh, record.soc_start_kwh),
        soc_max_kwh=max(battery.soc_max_kwh, record.soc_start_kwh),
        max_charge_kw=battery.max_charge_kw,
        max_discharge_kw=battery.max_discharge_kw,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        end_values=(EndValue(kwh=battery.capacity_kwh, value_per_kwh=stored_value(tariff, battery)),),
    )
    return Problem(
        site_id="day",
        horizon=record.horizon,
        load_kw=record.load_kw,
        heat_kw=record.heat_kw,
        solar_kw=record.solar_kw,
        import_price_per_kwh=tariff.import_price_per_kwh,
        export_price_per_kwh=tariff.export_price_per_kwh,
        currency=tariff.currency,
        import_limit_kw=limits[0],
        export_limit_kw=limits[1],
        batteries=(held,),
        solver_time_s=SOLVER_TIME_S,
    )


def stored_value(tariff: Tariff, battery: BatteryState) -> float:
    """A kWh in the battery is worth what the day's cheapest import would have made of it, never less than nothing."""
    return max(min(tariff.import_price_per_kwh), 0.0) * battery.discharge_efficiency


def price_day(record: DayRecord, tariff: Tariff, battery: BatteryState, limits: Limits) -> DayBills:
    """All four by the tariff's invoice. Raises PlanError where the day's record fits no model of the site."""
    problem = day_problem(record, tariff, battery, limits)
    value = stored_value(tariff, battery)

    def bill(import_kwh: tuple[float, ...], export_kwh: tuple[float, ...], soc_end_kwh: float) -> float:
        meter = Meter(horizon=record.horizon, import_kwh=import_kwh, export_kwh=export_kwh)
        return invoice(tariff, meter).caused - (soc_end_kwh - record.soc_start_kwh) * value

    def bill_of(flows: Flows, soc_end_kwh: float) -> float:
        h = record.horizon.slot_h
        imported = tuple(kw * hours for kw, hours in zip(flows.import_kw, h, strict=True))
        return bill(imported, tuple(kw * hours for kw, hours in zip(flows.export_kw, h, strict=True)), soc_end_kwh)

    rule, best = self_consumption(problem), solve(problem).flows
    return DayBills(
        day=record.day,
        no_battery=bill_of(no_battery(problem), record.soc_start_kwh),
        self_consumption=bill_of(rule, rule.soc_kwh[-1]),
        daemon=bill(record.import_kwh, record.export_kwh, record.soc_end_kwh),
        perfect_foresight=bill_of(best, best.soc_kwh[-1]),
        currency=tariff.currency,
    )
