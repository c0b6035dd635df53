"""What a plan is published with: everything beside the plan that its commands hang on."""

from dataclasses import dataclass, replace
from datetime import datetime

from optimizer.dispatch.compile import compile_batch
from optimizer.domain.command import Batch, Command, Pair
from optimizer.domain.conventions import Conventions
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import Plan
from optimizer.domain.site import DispatchMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How, within what limits and for which time the commands are made.

    ``in_force`` is what stands at the site and may be cleared; ``theirs`` are the pairs that foreign hands hold,
    which are left alone.
    """

    mode: DispatchMode
    conventions: Conventions
    limits: SiteLimits
    solar_rated_kw: float | None
    in_force: tuple[Command, ...]
    theirs: frozenset[Pair]
    first_start: datetime
    publish_until: datetime


def publish(plan: Plan, publication: Publication) -> Batch:
    """The batch that carries out ``plan``, without the pairs that others hold."""
    conventions = publication.conventions
    if Pair.GRID_LOWER_LIMIT in publication.theirs:  # a limit of others may be wider than what the plan keeps to
        conventions = replace(conventions, export_limit_cuts_sun=False)
    batch = compile_batch(
        plan,
        mode=publication.mode,
        conventions=conventions,
        limits=publication.limits,
        solar_rated_kw=publication.solar_rated_kw,
        in_force=tuple(command for command in publication.in_force if command.pair not in publication.theirs),
        first_start=publication.first_start,
        publish_until=publication.publish_until,
    )
    return Batch(commands=tuple(command for command in batch.commands if command.pair not in publication.theirs))
