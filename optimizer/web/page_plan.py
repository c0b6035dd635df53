"""The newest plan: three small charts, and every slot in a table."""

from collections.abc import Iterator
from datetime import datetime

from optimizer.web.chart import Chart, Line, drawn
from optimizer.web.facts import SiteFacts
from optimizer.web.html import Child, Markup, el, joined, section, table
from optimizer.web.slots import SlotRow, slot_rows
from optimizer.web.state import PlanState
from optimizer.web.times import Times, number

HEADS = (
    "From",
    "Import price",
    "Export price",
    "Load",
    "Heat",
    "Sun",
    "Grid",
    "Battery",
    "Others",
    "Stored",
    "Cut",
    "Why",
)


def plan_section(found: SiteFacts, times: Times) -> Markup:
    """Charts and table; where there is no plan, that."""
    plan = found.site.plan
    if plan is None:
        return section("plan", "Plan", el("p", "No plan has been made since the start."))
    rows = list(slot_rows(plan.slots))
    made = el(
        "p",
        "Made at ",
        times.when(plan.made_at),
        f": {plan.verdict}, {plan.solver}, {plan.solve_s * 1000:.0f} ms.",
        class_="quiet",
    )
    charts = (drawn(chart) for chart in _charts(plan, rows, times))
    return section(
        "plan",
        "Plan",
        made,
        el("div", *charts, class_="charts"),
        el("details", el("summary", f"All {len(rows)} slots in numbers"), _slot_table(plan, rows, times), id="slots"),
    )


def _charts(plan: PlanState, rows: list[SlotRow], times: Times) -> Iterator[Chart]:
    edges, now, zone, slots = plan.slots.edges, times.now, times.zone, plan.slots
    per_kwh = f"{plan.currency}/kWh"
    guess = "" if slots.known_until is None else f"From {times.text(slots.known_until)} on they are a forecast."
    yield Chart(
        key="prices",
        title="Prices",
        unit=per_kwh,
        edges=edges,
        lines=(
            Line(name="import", look="import", values=slots.import_price),
            Line(name="export", look="export", values=slots.export_price),
        ),
        told=_range("Import", slots.import_price, per_kwh, 3)
        + _range("Export", slots.export_price, per_kwh, 3)
        + guess,
        now=now,
        zone=zone,
        guess_from=slots.known_until,
    )
    use_kw = [row.load_kw + row.heat_kw for row in rows]
    sun_kw = [row.solar_kw for row in rows]
    yield Chart(
        key="expected",
        title="Load, heat and sun",
        unit="kW",
        edges=edges,
        lines=(
            Line(name="sun", look="sun", values=sun_kw, is_filled=True),
            Line(name="load and heat", look="load", values=use_kw),
        ),
        told=_range("Load and heat", use_kw, "kW", 2) + _range("Sun", sun_kw, "kW", 2),
        now=now,
        zone=zone,
    )
    grid_kw, battery_kw = [row.grid_kw for row in rows], [row.battery_kw for row in rows]
    yield Chart(
        key="powers",
        title="Grid and battery",
        unit="kW, + import and charging, - export and discharging",
        edges=edges,
        lines=(
            Line(name="battery", look="battery", values=battery_kw, is_filled=True),
            Line(name="grid", look="grid", values=grid_kw),
        ),
        told=_range("Battery", battery_kw, "kW", 2) + _range("Grid", grid_kw, "kW", 2),
        now=now,
        zone=zone,
    )
    if plan.battery is not None:
        yield _stored(plan, edges, times)


def _stored(plan: PlanState, edges: tuple[datetime, ...], times: Times) -> Chart:
    battery = plan.battery
    assert battery is not None  # noqa: S101 - the caller looked
    level = [battery.soc_kwh, *plan.slots.flows.soc_kwh]
    bounds = [
        Line(name=name, look="bound", values=[kwh] * len(edges))
        for name, kwh in (("most", battery.soc_max_kwh), ("least", battery.soc_min_kwh))
    ]
    return Chart(
        key="stored",
        title="Stored energy",
        unit=f"kWh of {battery.capacity_kwh:g}",
        edges=edges,
        lines=(Line(name="stored", look="battery", values=level, is_filled=True), *bounds),
        told=_range("Stored", level, "kWh", 2),
        now=times.now,
        zone=times.zone,
    )


def _range(name: str, values: tuple[float, ...] | list[float], unit: str, digits: int) -> str:
    return f"{name} from {number(min(values), digits)} to {number(max(values), digits)} {unit}. "


def _slot_table(plan: PlanState, rows: list[SlotRow], times: Times) -> Markup:
    told = (
        f"Prices in {plan.currency}/kWh, power in kW (grid: + import, battery: + charging), stored in kWh at the end "
        "of the slot. A price with * is a forecast. Times with Z among the reasons are UTC."
    )
    has_others = any(abs(row.others_kw) > 1e-6 for row in rows)
    shown = [place for place, head in enumerate(HEADS) if has_others or head != "Others"]

    def cells(row: SlotRow) -> list[Child]:
        star = "*" if row.is_price_forecast else ""
        every = [
            joined([times.when(row.start)]),
            number(row.import_price, 4) + star,
            number(row.export_price, 4) + star,
            number(row.load_kw),
            number(row.heat_kw),
            number(row.solar_kw),
            number(row.grid_kw),
            number(row.battery_kw),
            number(row.others_kw),
            number(row.soc_kwh),
            number(row.curtailed_kw),
            row.reason,
        ]
        return [every[place] for place in shown]

    heads = [HEADS[place] for place in shown]
    found = table("The plan slot by slot", heads, (cells(row) for row in rows), numbers=range(1, len(heads) - 1))
    return el("div", el("p", told, class_="quiet"), found)
