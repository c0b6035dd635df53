"""Alive and ready, in JSON that says why not."""

import json
from typing import Any

from optimizer.web.state import ServiceState, SiteState

MOST_LOOP_AGE_S = 120.0


def is_alive(state: ServiceState) -> bool:
    """Whether the scheduler runs and the main loop came round lately."""
    return state.scheduler_runs and state.loop_age_s <= MOST_LOOP_AGE_S


def why_not_ready(site: SiteState) -> str | None:
    """None where the site had a good cycle since the start and is not stalled."""
    if site.is_stalled:
        return f"stalled: no cycle ended for {site.unplanned_s / 60:.0f} min"
    if site.was_good:
        return None
    ended = "none ended yet" if site.outcome is None else f"the last one {site.outcome}"
    return f"no good cycle yet: {ended}" + (f" ({site.error})" if site.error is not None else "")


def health_text(state: ServiceState) -> tuple[bool, str]:
    """Whether the process is alive, and the body of ``/healthz``."""
    body = {"alive": is_alive(state), "scheduler_runs": state.scheduler_runs, "version": state.version}
    return is_alive(state), _json(body)


def readiness_text(state: ServiceState) -> tuple[bool, str]:
    """Whether every site is ready, and the body of ``/readyz``: each site with what it lacks, null for nothing."""
    lacks = {site.site_id: why_not_ready(site) for site in state.sites}
    is_ready = is_alive(state) and not any(lacks.values())
    return is_ready, _json({"ready": is_ready, "alive": is_alive(state), "sites": lacks})


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False) + "\n"
