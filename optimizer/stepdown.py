"""While no plan can be made: the last plan stands, then the battery rests, then all is taken back. Pure."""

from datetime import datetime

from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.intent import STANDING, BatchKind, Intent
from optimizer.domain.site import DispatchMode, Site


def step_down(
    site: Site, intents: tuple[Intent, ...], rules: DispatchRules, now: datetime
) -> tuple[BatchKind, Batch] | None:
    """The next step down, or None while the last plan stands, or where nothing of ours is in force any more.

    ``intents`` are newest first. A site that is commanded by targets cannot be told to rest, so there all is
    taken back at once.
    """
    taken = [intent for intent in intents if intent.state in STANDING]
    if not taken or taken[0].kind is BatchKind.CLEAR:
        return None
    plans = [intent for intent in taken if intent.kind is BatchKind.PLAN]
    if not plans or all(intent.end is None or intent.end <= now for intent in taken):
        return None
    without_plan = now - plans[0].intended_at
    if without_plan < rules.last_plan:
        return None
    can_rest = site.dispatch is DispatchMode.BATTERY_POWER and Pair.BESS_POWER in _pairs(plans[0])
    if can_rest and without_plan < rules.last_plan + rules.rest:
        if taken[0].kind is BatchKind.REST:
            return None
        start = now.replace(microsecond=0)
        rest = Entry(start=start, end=start + rules.rest, value=0.0)
        return BatchKind.REST, Batch(commands=(Command(pair=Pair.BESS_POWER, entries=(rest,)),))
    pairs = {pair for intent in taken for pair in _pairs(intent)}
    commands = tuple(Command(pair=pair, entries=()) for pair in Pair if pair in pairs)
    return BatchKind.CLEAR, Batch(commands=commands)


def _pairs(intent: Intent) -> set[Pair]:
    return {command.pair for command in intent.commands if command.entries}
