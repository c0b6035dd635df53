"""A plan as panels: prices, what is expected, grid, battery, stored energy and commands."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from optimizer.domain.assets import PerSlot, per_slot
from optimizer.domain.command import Command, Pair
from optimizer.domain.peaks import BilledPeak, Direction
from optimizer.domain.plan import Plan
from optimizer.domain.tariff import Tariff
from optimizer.pictures.panels import Bound, Drawn, Graph, Lane, Panel, Series, Span, Strip
from optimizer.planning import Planned

LEAST_KW = 1e-6
ROLES = {"grid": "grid", "solar": "sun", "bess": "battery"}
Rows = Sequence[dict[str, Any]]


def plan_panels(planned: Planned, rows: Rows) -> tuple[Panel, ...]:
    """The panels of a plan; ``rows`` are its slots as ``plan --format json`` shows them."""
    plan = planned.plan
    panels: list[Panel] = [_prices(plan, planned.tariff, rows), _expected(plan, rows), _grid(plan, rows)]
    if plan.problem.batteries:
        panels += [_battery(plan, rows), _stored(plan, rows)]
    return (*panels, _commands(planned))


def forecast_marks(tariff: Tariff, slots: int) -> tuple[bool, ...]:
    """Which slots' prices are not published."""
    return tariff.is_forecast or (False,) * slots


def _column(rows: Rows, key: str) -> tuple[float, ...]:
    return tuple(float(row[key]) for row in rows)


def _prices(plan: Plan, tariff: Tariff, rows: Rows) -> Graph:
    marks = forecast_marks(tariff, len(rows))
    return Graph(
        title="Prices",
        unit=f"{plan.problem.currency}/kWh",
        series=tuple(
            Series(name=name, role=name, values=_column(rows, f"{name}_price"), is_guess=marks, decimals=4)
            for name in ("import", "export")
        ),
        guess="forecast price",
    )


def _expected(plan: Plan, rows: Rows) -> Graph:
    series = [
        Series(name="sun", role="sun", values=_column(rows, "solar_kw"), drawn=Drawn.AREA),
        Series(name="load", role="load", values=_column(rows, "load_kw")),
        Series(name="heat", role="heat", values=_column(rows, "heat_kw")),
        Series(name="other assets", role="others", values=_column(rows, "others_kw")),
        Series(name="sun that is cut", role="sun", values=_column(rows, "curtailed_kw"), drawn=Drawn.DOTTED),
    ]
    always = {"sun", "load", "heat"}
    shown = tuple(
        each for each in series if each.name in always or any(abs(kw or 0.0) > LEAST_KW for kw in each.values)
    )
    return Graph(title="Load, heat and sun", unit="kW", series=shown)


def _grid(plan: Plan, rows: Rows) -> Graph:
    problem, slots = plan.problem, len(rows)
    limits = [
        _limit("import limit", problem.import_limit_kw, slots, 1.0),
        _limit("export limit", problem.export_limit_kw, slots, -1.0),
    ]
    peaks = [_peak(charge, plan.peaks_kw[charge.name]) for charge in problem.peak_charges]
    return Graph(
        title="Grid",
        unit="kW",
        remark="+ import, − export",
        series=(Series(name="grid", role="grid", values=_column(rows, "grid_kw"), drawn=Drawn.AREA),),
        bounds=(*(limit for limit in limits if limit is not None), *peaks),
    )


def _limit(name: str, given: PerSlot | None, slots: int, sign: float) -> Bound | None:
    """A limit in signed kW; None where there is none."""
    if given is None:
        return None
    values = tuple(sign * kw if isfinite(kw) else None for kw in per_slot(given, slots))
    return Bound(name=name, values=values) if any(kw is not None for kw in values) else None


def _peak(charge: BilledPeak, billed_kw: float) -> Bound:
    """The power that is billed, wherever the charge looks."""
    sign = 1.0 if charge.direction is Direction.IMPORT else -1.0
    reached = f" ({charge.sunk_kw:.2f} kW before)" if charge.sunk_kw > LEAST_KW else ""
    values = tuple(sign * billed_kw if interval >= 0 else None for interval in charge.interval_of_slot)
    return Bound(name=f"{charge.name}{reached}, billed", values=values, role="peak")


def _battery(plan: Plan, rows: Rows) -> Graph:
    batteries, slots = plan.problem.batteries, len(rows)
    most_in = sum(battery.max_charge_kw for battery in batteries)
    most_out = sum(battery.max_discharge_kw for battery in batteries)
    return Graph(
        title="Battery",
        unit="kW",
        remark="+ charging, − discharging",
        series=(Series(name="battery", role="battery", values=_column(rows, "battery_kw"), drawn=Drawn.AREA),),
        bounds=(
            Bound(name="most charging", values=(most_in,) * slots),
            Bound(name="most discharging", values=(-most_out,) * slots),
        ),
    )


def _stored(plan: Plan, rows: Rows) -> Graph:
    """Levels at the edges, from what is stored now on, between what may and what should be stored."""
    batteries, slots = plan.problem.batteries, len(rows)
    least, most, capacity, now = (
        sum(getattr(battery, name) for battery in batteries)
        for name in ("soc_min_kwh", "soc_max_kwh", "capacity_kwh", "soc_kwh")
    )
    reserve = tuple(map(sum, zip(*(per_slot(battery.reserve_kwh, slots) for battery in batteries), strict=True)))
    bounds = [Bound(name="least", values=(least,) * slots), Bound(name="most", values=(most,) * slots)]
    if any(kwh > least + LEAST_KW for kwh in reserve):
        bounds.append(Bound(name="reserve", values=reserve, role="peak"))
    return Graph(
        title="Stored energy",
        unit="kWh",
        remark=f"of {capacity:g} kWh",
        series=(
            Series(
                name="stored at the end",
                role="battery",
                values=(now, *_column(rows, "soc_kwh")),
                drawn=Drawn.AREA,
            ),
        ),
        bounds=tuple(bounds),
    )


def _commands(planned: Planned) -> Strip:
    return Strip(title="Commands", lanes=tuple(lane_of(command) for command in planned.batch.commands))


def lane_of(command: Command) -> Lane:
    """All entries of a command as a row of bars; the strongest value has the strongest colour."""
    largest = max((abs(entry.value) for entry in command.entries), default=0.0) or 1.0
    return Lane(
        name=command.pair.label if command.entries else f"{command.pair.label}: cleared",
        role=ROLES[command.pair.asset],
        spans=tuple(
            Span(
                start=entry.start,
                end=entry.end,
                text=f"{entry.value:g} {unit_of(command.pair)}",
                weight=abs(entry.value) / largest,
            )
            for entry in command.entries
        ),
    )


def unit_of(pair: Pair) -> str:
    """What a value of this pair is in."""
    return "%" if pair.type.endswith("Pcnt") else "kW"
