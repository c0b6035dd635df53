"""Is a site well, and if not, what does that mean and where is it explained: short sentences with a heading."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from optimizer.domain.intent import BatchState
from optimizer.domain.plan import USUAL_SOLVER
from optimizer.errors import HeatOptimizerError
from optimizer.web.state import PlanState, SiteState


class Standing(Enum):
    """How a site stands, worst first."""

    TROUBLE = "in trouble"
    STARTING = "starting"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to know. ``heading``: where RUNBOOK.md explains it."""

    words: str
    heading: str | None = None


OUTCOME_WORDS = {
    "posted": "a new schedule was sent and taken",
    "held": "the site already does what the plan wants",
    "skipped": "the inputs did not allow a plan; the schedule in force stays",
    "failed": "planning or delivery failed; the schedule in force stays",
}
BATCH_TROUBLE = {
    BatchState.REFUSED: ("the cloud refused the newest batch", "batch_rejected"),
    BatchState.LOST: ("it is not known whether the newest batch was taken", "batch_lost"),
    BatchState.NOT_FOUND: ("the newest batch was accepted, but is not in force", "batch_not_in_force"),
    BatchState.DIVERGING: ("the battery does not do what it is told", "batch_diverging"),
}
CRASH = "A defect of ours, of a plugin or of a library ended the cycle; the log holds the traceback."
NEAR_FULL = 0.999


def meaning(error: str) -> str | None:
    """What an error's name means, in a sentence or two; None for a name that is none of ours."""
    if error == "InternalError":
        return CRASH
    kind = next((each for each in _kinds(HeatOptimizerError) if each.__name__ == error), None)
    if kind is None:
        return None
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split()) or None


def _kinds(kind: type[HeatOptimizerError]) -> Iterator[type[HeatOptimizerError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def standing(site: SiteState, at: datetime) -> Standing:
    """Whether a person should look at it."""
    if any(troubles(site, at)):
        return Standing.TROUBLE
    return Standing.STARTING if site.outcome is None else Standing.GOOD


def troubles(site: SiteState, at: datetime) -> Iterator[Finding]:
    """What a person should do something about."""
    if site.is_stalled:
        words = f"no cycle has ended for {site.unplanned_s / 60:.0f} min"
        yield Finding(words=words, heading="planning_stalled")
    if site.error is not None:
        means = meaning(site.error)
        words = f"the last cycle {site.outcome}: {site.error}" + ("" if means is None else f". {means}")
        yield Finding(words=words, heading=site.error)
    if site.told_until is not None and site.told_until <= at:
        yield Finding(words="what was last told to the site has ended", heading="What if the network dies?")
    if site.holds_lease is False and site.error is None:
        yield Finding(words="this service may not post to the site", heading="NotInControl")
    found = BATCH_TROUBLE.get(BatchState(site.batch_state)) if site.batch_state is not None else None
    if found is not None:
        yield Finding(words=found[0], heading=found[1])


def notes(site: SiteState) -> Iterator[Finding]:
    """What is worth knowing while all is well."""
    if site.trusted_share is not None and site.trusted_share < NEAR_FULL:
        percent = f"{site.trusted_share * 100:.0f} %"
        words = f"the battery is commanded with at most {percent} of its rating until it has answered as told"
        yield Finding(words=words, heading="SignContradiction")
    if site.plan is not None:
        yield from _plan_notes(site.plan)


def _plan_notes(plan: PlanState) -> Iterator[Finding]:
    for pair in plan.foreign:
        words = f"the pair {pair} holds a schedule that this service did not write; it is respected for now"
        yield Finding(words=words, heading="foreign_schedule")
    if plan.solver != USUAL_SOLVER:
        words = f"{USUAL_SOLVER} failed; {plan.solver} made this plan"
        yield Finding(words=words, heading="second_solver_took_over")
    if plan.price_step in {"cached", "fallback"}:
        yield Finding(words=f"prices are {plan.price_step}: {plan.price_why or 'no reason is known'}", heading="prices")
    if plan.verdict.startswith("relaxed"):
        yield Finding(words=f"the plan cannot keep every limit; it is {plan.verdict}")
    if plan.notes:
        yield Finding(words=f"something stood in for missing inputs ({len(plan.notes)}), see below", heading="degraded")
