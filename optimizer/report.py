"""A plan as people and programs read it. Signed values: grid + is import, battery + is charging."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from optimizer.clients import request_body
from optimizer.domain.command import Batch
from optimizer.domain.plan import USUAL_SOLVER, AssetProfile, Plan
from optimizer.planning import Planned
from optimizer.problem_file import explanation
from optimizer.solve_command import told_end_effect

LEAST_KW = 1e-3
SLOT_KEYS = (
    "start",
    "end",
    "import_price",
    "export_price",
    "load_kw",
    "heat_kw",
    "solar_kw",
    "grid_kw",
    "battery_kw",
    "soc_kwh",
    "curtailed_kw",
    "others_kw",
)


def slot_rows(planned: Planned) -> list[dict[str, Any]]:
    """One row a slot, numbers unrounded: grid_kw = load_kw + heat_kw + battery_kw + others_kw - solar_kw.

    ``others_kw`` is what all other assets use less what they give, and the batteries' standby.
    """
    problem, flows = planned.plan.problem, planned.plan.flows
    others_kw = _others_kw(planned.plan)
    rows = []
    for slot, window in enumerate(problem.horizon):
        load_kw, heat_kw = problem.load_kw[slot], problem.heat_kw[slot]
        solar_kw = problem.solar_kw[slot] - flows.curtailed_kw[slot]
        battery_kw = flows.charge_kw[slot] - flows.discharge_kw[slot]
        rows.append(
            {
                "start": _zulu(window.start),
                "end": _zulu(window.end),
                "import_price": problem.import_price_per_kwh[slot],
                "export_price": problem.export_price_per_kwh[slot],
                "load_kw": load_kw,
                "heat_kw": heat_kw,
                "solar_kw": solar_kw,
                "grid_kw": load_kw + heat_kw + battery_kw + others_kw[slot] - solar_kw,
                "battery_kw": battery_kw,
                "soc_kwh": flows.soc_kwh[slot],
                "curtailed_kw": flows.curtailed_kw[slot],
                "others_kw": others_kw[slot],
            }
        )
    return rows


def _others_kw(plan: Plan) -> list[float]:
    total_kw = [sum(battery.standby_kw for battery in plan.problem.batteries)] * len(plan.problem.horizon)
    for profile in plan.others:
        sign = -1.0 if profile.kind == "genset" else 1.0
        total_kw = [kw + sign * own_kw for kw, own_kw in zip(total_kw, profile.electrical_kw, strict=True)]
    return total_kw


def plan_json(planned: Planned, assumptions: Sequence[str] = ()) -> dict[str, Any]:
    """The plan as one JSON object; ``schedules`` is exactly what would be posted."""
    plan = planned.plan
    return {
        "site_id": planned.snapshot.site_id,
        "status": str(plan.verdict),
        "solver": plan.solver,
        "currency": plan.problem.currency,
        "objective": plan.objective,
        "costs": dict(plan.costs),
        "peaks_kw": dict(plan.peaks_kw),
        "shortfalls": dict(plan.shortfalls),
        "slots": slot_rows(planned),
        "others": [asdict(profile) for profile in plan.others],
        **explanation(plan),
        "schedules": request_body(planned.batch)["schedules"],
        "clear_first": [] if planned.clear is None else request_body(planned.clear)["schedules"],
        "forecasts": {
            name: {"quality": forecast.quality.value, "basis": forecast.basis} for name, forecast in _forecasts(planned)
        },
        "degradations": list(planned.snapshot.degradations),
        "assumptions": list(assumptions),
    }


def plan_csv(plans: Sequence[Planned]) -> str:
    """All plans' slots, one row each, with the site's id in front."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=("site_id", *SLOT_KEYS), lineterminator="\n")
    writer.writeheader()
    for planned in plans:
        for row in slot_rows(planned):
            writer.writerow({"site_id": planned.snapshot.site_id, **row})
    return out.getvalue()


def print_plan(planned: Planned, console: Console, assumptions: Sequence[str] = ()) -> None:
    """The plan as a table in the site's local time, then the commands."""
    plan = planned.plan
    zone = ZoneInfo(plan.problem.horizon.zone)
    currency = plan.problem.currency
    console.print(f"[bold]Site {planned.snapshot.site_id}[/bold]: {plan.verdict}, {plan.objective:.2f} {currency}")
    for name, cost in plan.costs.items():
        console.print(f"  {name.replace('_', ' ')}: {cost:.2f} {currency}")
    for name, forecast in _forecasts(planned):
        console.print(f"  {name}: {forecast.quality.value} ({forecast.basis})")
    if plan.solver != USUAL_SOLVER:
        console.print(f"  [yellow]note:[/yellow] {USUAL_SOLVER} failed; {plan.solver} made this plan")
    for text in (*assumptions, *planned.snapshot.degradations):
        console.print(f"  [yellow]note:[/yellow] {text}")
    for name, peak_kw in plan.peaks_kw.items():
        console.print(f"  {name}: billed peak {peak_kw:.2f} kW")
    for profile in plan.others:
        console.print(f"  {profile.name}: {_told_profile(profile, plan, zone)}")
    console.print(f"  now: {plan.reasons[0]}")
    if plan.end_effect is not None and plan.end_effect.matters:
        console.print(f"  [yellow]note:[/yellow] {told_end_effect(plan.end_effect)}")
    console.print(_slot_table(planned, zone))
    if planned.clear is not None:
        console.print(_command_table(planned.clear, zone, "Cleared first, in a request of its own"))
    console.print(_command_table(planned.batch, zone, "Commands"))


def _told_profile(profile: AssetProfile, plan: Plan, zone: ZoneInfo) -> str:
    """When it runs, and how much of it. No command reaches it: somebody else must do as planned."""
    horizon = plan.problem.horizon
    running = [slot for slot, kw in enumerate(profile.electrical_kw) if kw > LEAST_KW]
    if not running:
        return "off"
    kwh = sum(kw * h for kw, h in zip(profile.electrical_kw, horizon.slot_h, strict=True))
    start, end = (edge.astimezone(zone) for edge in (horizon.edges[running[0]], horizon.edges[running[-1] + 1]))
    return f"{kwh:.2f} kWh between {start:%a %H:%M} and {end:%a %H:%M} (planned, not commanded)"


def _slot_table(planned: Planned, zone: ZoneInfo) -> Table:
    table = Table(title=f"Plan ({zone.key}; kW, grid + import, battery + charging)")
    has_others = any(row["others_kw"] for row in slot_rows(planned))
    names = ("load", "heat", "solar", "grid", "battery", *(("others",) if has_others else ()))
    heads = ("from", "price in", "price out", *names, "stored kWh", "cut")
    for head in heads:
        table.add_column(head, justify="left" if head == "from" else "right")
    for row in slot_rows(planned):
        start = datetime.fromisoformat(row["start"]).astimezone(zone)
        powers = [row[f"{name}_kw"] for name in names]
        table.add_row(
            f"{start:%a %H:%M}",
            f"{row['import_price']:.3f}",
            f"{row['export_price']:.3f}",
            *(f"{power:.2f}" for power in powers),
            f"{row['soc_kwh']:.2f}",
            f"{row['curtailed_kw']:.2f}" if row["curtailed_kw"] else "",
        )
    return table


def _command_table(batch: Batch, zone: ZoneInfo, title: str) -> Table:
    table = Table(title=title)
    for head in ("pair", "from", "to", "value"):
        table.add_column(head, justify="right" if head == "value" else "left")
    for command in batch.commands:
        if not command.entries:
            table.add_row(command.pair.label, "", "", "cleared")
        for entry in command.entries:
            start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
            table.add_row(command.pair.label, f"{start:%a %H:%M:%S}", f"{end:%a %H:%M:%S}", f"{entry.value:g}")
    return table


def _forecasts(planned: Planned) -> list[tuple[str, Any]]:
    return [(name, getattr(planned.forecasts, name)) for name in ("load", "heat", "solar")]


def _zulu(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
