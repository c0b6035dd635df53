"""The facts of the operator's page for programs: the same values, unrounded, times in UTC."""

import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

from optimizer.web.command_words import told
from optimizer.web.facts import ServiceFacts, SiteFacts
from optimizer.web.in_force import Running
from optimizer.web.record import SiteRecord, load_error_kw, solar_error_kw
from optimizer.web.slots import slot_rows
from optimizer.web.state import PlanState
from optimizer.web.trouble import meaning


def state_text(service: ServiceFacts) -> str:
    """``/state.json``: the process and all its sites, in the page's order."""
    state = service.state
    body = {
        "at": state.at,
        "version": state.version,
        "alive": service.is_alive,
        "cloud_is_up": state.cloud_is_up,
        "ledger_failures": state.ledger_failures,
        "reloads": dict(state.reloads),
        "warnings": [
            {"event": event, "level": level, "count": count} for (level, event), count in state.events.items()
        ],
        "sites": [site_body(facts) for facts in service.sites],
    }
    return _text(body)


def site_text(facts: SiteFacts) -> str:
    """``/sites/<site_id>/state.json``: one site."""
    return _text(site_body(facts))


def site_body(facts: SiteFacts) -> dict[str, Any]:
    """One site as plain data, its times still as times."""
    site, plan = facts.site, facts.site.plan
    return {
        "site_id": site.site_id,
        "zone": site.zone,
        "standing": facts.standing.value,
        "troubles": [asdict(each) for each in facts.troubles],
        "notes": [asdict(each) for each in facts.notes],
        "health": {
            "outcome": site.outcome,
            "error": site.error,
            "error_means": None if site.error is None else meaning(site.error),
            "detail": site.detail,
            "ended_at": site.ended_at,
            "plan_age_s": None if plan is None else (facts.at - plan.made_at).total_seconds(),
            "unplanned_s": site.unplanned_s,
            "is_stalled": site.is_stalled,
            "told_until": site.told_until,
            "batch_state": site.batch_state,
            "holds_lease": site.holds_lease,
            "trusted_share": site.trusted_share,
            "outcomes": dict(site.outcomes),
            "errors": dict(site.errors),
        },
        "now": _now(facts),
        "plan": None if plan is None else _plan(plan),
        "inputs": None if plan is None else _inputs(facts, plan),
        "savings": {
            "days": [asdict(row) for row in site.savings],
            "challengers": {
                name: {"saving_per_day": saving, "currency": currency}
                for name, (saving, currency) in site.saving_per_day.items()
            },
        },
        "ledger": None if facts.record is None else _record(facts.record),
    }


def _now(facts: SiteFacts) -> dict[str, Any]:
    change, seen = facts.next_change, facts.site.seen
    return {
        "in_force": [_running(each, facts) for each in facts.running],
        "reason": None if facts.slot is None else facts.slot.reason,
        "next_change": None
        if change is None
        else {
            "at": change[0],
            "words": [told(each.pair, each.next_value, facts.site.conventions) for each in change[1]],
        },
        "reported": None
        if seen is None
        else {
            "read_at": seen.reading.read_at,
            "soc_kwh": None if seen.battery is None else seen.battery.soc_kwh,
            "load_kw": seen.load_kw,
            "heat_kw": seen.heat_kw,
            "solar_kw": seen.reading.solar_kw,
            "import_kw": None if seen.reading.grid is None else seen.reading.grid.import_kw,
            "export_kw": None if seen.reading.grid is None else seen.reading.grid.export_kw,
            "charge_kw": None if seen.reading.battery is None else seen.reading.battery.charge_kw,
            "discharge_kw": None if seen.reading.battery is None else seen.reading.battery.discharge_kw,
        },
    }


def _running(each: Running, facts: SiteFacts) -> dict[str, Any]:
    return {
        "pair": each.pair.label,
        "value": each.value,
        "words": told(each.pair, each.value, facts.site.conventions),
        "until": each.until,
        "next_value": each.next_value,
        "is_confirmed": each.is_confirmed,
        "is_foreign": each.is_foreign,
    }


def _plan(plan: PlanState) -> dict[str, Any]:
    return {
        "made_at": plan.made_at,
        "status": plan.verdict,
        "solver": plan.solver,
        "objective": plan.objective,
        "currency": plan.currency,
        "solve_s": plan.solve_s,
        "known_prices_until": plan.slots.known_until,
        "slots": [asdict(row) for row in slot_rows(plan.slots)],
    }


def _inputs(facts: SiteFacts, plan: PlanState) -> dict[str, Any]:
    return {
        "report_age_s": plan.report_age_s,
        "read": dict(plan.read),
        "forecasts": {
            name: {"quality": quality, "basis": plan.basis.get(name)} for name, quality in plan.quality.items()
        },
        "prices": plan.price_step,
        "prices_why": plan.price_why,
        "feeds": {
            name: {"answered_at": at, "age_s": (facts.at - at).total_seconds()}
            for name, at in facts.site.feed_answered_at.items()
        },
        "degradations": list(plan.notes),
    }


def _record(record: SiteRecord) -> dict[str, Any]:
    (load_kw, load_hours), (solar_kw, solar_hours) = load_error_kw(record.hours), solar_error_kw(record.hours)
    return {
        "read_at": record.read_at,
        "error": record.error,
        "batches": [asdict(batch) for batch in record.batches],
        "forecast_hours": [asdict(hour) for hour in record.hours],
        "mean_absolute_error_kw": {"load": load_kw, "solar": solar_kw},
        "compared_hours": {"load": load_hours, "solar": solar_hours},
    }


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, default=_plain, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value).__name__)
