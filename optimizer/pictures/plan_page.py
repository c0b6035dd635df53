"""The page of one plan or of several sites' plans: in short, as a chart, and every number in tables."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from optimizer.domain.command import Batch
from optimizer.pictures.axis import clock, slot_names
from optimizer.pictures.chart import chart_of
from optimizer.pictures.html import Child, Markup, data_block, el, facts, joined, table
from optimizer.pictures.page import folded, page_of, paragraph
from optimizer.pictures.plan_panels import forecast_marks, plan_panels, unit_of
from optimizer.planning import Planned
from optimizer.report import SLOT_KEYS, plan_json

HEADS = {
    "import_price": "Import price",
    "export_price": "Export price",
    "load_kw": "Load",
    "heat_kw": "Heat",
    "solar_kw": "Sun",
    "grid_kw": "Grid",
    "battery_kw": "Battery",
    "soc_kwh": "Stored",
    "curtailed_kw": "Sun cut",
    "others_kw": "Others",
}


def plan_page(plans: Sequence[Planned], assumptions: Sequence[str] = (), not_planned: Sequence[str] = ()) -> str:
    """One HTML file with a section for each plan; ``not_planned`` are the sites for which there is none.

    Each section holds the plan as ``plan --format json`` prints it, and shows its values.
    Raises ConfigError where plotly is not installed.
    """
    sections = [_section(number, planned, assumptions) for number, planned in enumerate(plans, start=1)]
    missing = None
    if not_planned:
        missing = paragraph(f"Not planned: {', '.join(not_planned)}. The log says why.", look="warn")
    lead = paragraph("Times are the site's own. Grid: + is import. Battery: + is charging.", look="quiet")
    return page_of("Plan" if len(plans) == 1 else f"Plans of {len(plans)} sites", joined([lead, missing]), sections)


def _section(number: int, planned: Planned, assumptions: Sequence[str]) -> tuple[str, str, Markup]:
    found = plan_json(planned, assumptions)
    horizon = planned.plan.problem.horizon
    panels = plan_panels(planned, found["slots"])
    key = f"site-{number}"
    content = joined(
        [
            _in_short(planned, found),
            chart_of(f"{key}-chart", "The plan, slot by slot", panels, horizon, _reasons(found)),
            folded(f"All {len(horizon)} slots in numbers", *_slots(planned, found)),
            folded("Commands in numbers", *_commands(planned)),
            data_block("plan", found),
        ]
    )
    return key, f"Site {found['site_id']}", content


def _in_short(planned: Planned, found: dict[str, Any]) -> Markup:
    """The verdict, the money, what it rests on and what is to be minded."""
    plan, tariff, zone = planned.plan, planned.tariff, ZoneInfo(planned.plan.problem.horizon.zone)
    currency = found["currency"]
    costs = ", ".join(f"{name.replace('_', ' ')} {cost:.2f}" for name, cost in found["costs"].items())
    peaks = ", ".join(f"{name} {kw:.2f} kW" for name, kw in found["peaks_kw"].items())
    forecasts = [f"{name}: {each['quality']} ({each['basis']})" for name, each in found["forecasts"].items()]
    notes = dict.fromkeys((*found["assumptions"], *found["degradations"], *tariff.notes))
    why = f"{planned.priced.step.value}; {planned.priced.why}" if planned.priced.why else planned.priced.step.value
    known = None if tariff.known_until is None else f"until {_when(tariff.known_until, zone)}, then a forecast"
    start = plan.problem.horizon.start.astimezone(zone)
    return facts(
        [
            ("From", f"{start:%A} {start.day} {start:%B %Y} {clock(start)} ({zone.key})"),
            ("Verdict", f"{found['status']}, by {found['solver']}"),
            ("Cost", f"{found['objective']:.2f} {currency}: {costs}"),
            ("Billed peaks", peaks or None),
            ("Now", found["reasons"][0] if found["reasons"] else None),
            ("Prices", why),
            ("Prices known", known),
            ("Forecasts", _list(forecasts)),
            ("Planned, not commanded", _list(profile["name"] for profile in found["others"])),
            ("Notes", _list(notes)),
        ]
    )


def _reasons(found: dict[str, Any]) -> list[str]:
    """One for each slot, empty where nobody asked for them."""
    return list(found["reasons"]) or [""] * len(found["slots"])


def _list(texts: Iterable[str]) -> Markup | None:
    entries = [el("li", text) for text in texts]
    return el("ul", *entries) if entries else None


def _slots(planned: Planned, found: dict[str, Any]) -> Iterator[Markup]:
    yield paragraph(
        f"Prices in {found['currency']} per kWh, * where it is a forecast; power in kW; stored in kWh at the slot's "
        "end. Times with Z among the reasons are UTC.",
        look="quiet",
    )
    marks = forecast_marks(planned.tariff, len(found["slots"]))
    keys = [key for key in SLOT_KEYS if key not in {"start", "end"}]
    rows = zip(slot_names(planned.plan.problem.horizon), found["slots"], marks, _reasons(found), strict=True)
    yield table(
        "The plan slot by slot",
        ["Slot", *(HEADS[key] for key in keys), "Why"],
        ([name, *(_number(key, row[key], mark) for key in keys), reason] for name, row, mark, reason in rows),
        numbers=range(1, len(keys) + 1),
    )


def _number(key: str, value: float, is_forecast: bool) -> str:
    if key.endswith("_price"):
        return f"{value:.4f}{'*' if is_forecast else ''}"
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def _commands(planned: Planned) -> Iterator[Child]:
    zone = ZoneInfo(planned.plan.problem.horizon.zone)
    if planned.clear is not None:
        yield _batch(planned.clear, zone, "Cleared first, in a request of its own")
    yield _batch(planned.batch, zone, "Commands")


def _batch(batch: Batch, zone: ZoneInfo, caption: str) -> Markup:
    rows: list[list[Child]] = []
    for command in batch.commands:
        if not command.entries:
            rows.append([command.pair.label, "", "", "cleared"])
        for entry in command.entries:
            value = f"{entry.value:g} {unit_of(command.pair)}"
            rows.append([command.pair.label, _when(entry.start, zone), _when(entry.end, zone), value])
    return table(caption, ["Pair", "From", "To", "Value"], rows, numbers=(3,))


def _when(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b} {clock(local)}"
