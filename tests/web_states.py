"""States of a service, made up for what tells them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from optimizer.web import PlanState, ServiceState, SiteState

NOW = datetime(2021, 4, 14, 12, 20, tzinfo=UTC)


def plan(**changes: Any) -> PlanState:
    given: dict[str, Any] = {
        "made_at": NOW - timedelta(minutes=5),
        "objective": 3.07,
        "currency": "EUR",
        "solve_s": 0.018,
        "price_step": "fresh",
        "degradations": 0,
        "quality": {"load": "learned", "heat": "none", "solar": "profile"},
        "read": {"load": True, "soc": False},
        "report_age_s": 12.0,
    }
    return PlanState(**given | changes)


def site(**changes: Any) -> SiteState:
    given: dict[str, Any] = {
        "site_id": "home",
        "zone": "Europe/Berlin",
        "outcome": "posted",
        "ended_at": NOW - timedelta(minutes=5),
        "unplanned_s": 300.0,
        "was_good": True,
        "holds_lease": True,
        "plan": plan(),
        "outcomes": {"posted": 3},
        "price_steps": {"fresh": 3},
        "batch_state": "in_force",
        "told_until": NOW + timedelta(hours=11, minutes=40),
        "trusted_share": 1.0,
    }
    return SiteState(**given | changes)


def service(*sites: SiteState, **changes: Any) -> ServiceState:
    given: dict[str, Any] = {"at": NOW, "version": "1.2.3", "scheduler_runs": True, "loop_age_s": 1.0, "sites": sites}
    return ServiceState(**given | changes)
