"""While no plan can be made: the last plan stands, then the battery rests, then all is taken back. Pure."""

from datetime import datetime, timedelta

from optimizer.dispatch import BATTERY_OR_GRID
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.intent import OPEN, STANDING, BatchKind, BatchState, Intent
from optimizer.domain.site import DispatchMode, Site

NO_TIME = timedelta(0)
SEEN = frozenset({BatchState.IN_FORCE, BatchState.EFFECTIVE})


def step_down(
    site: Site, intents: tuple[Intent, ...], theirs: frozenset[Pair], rules: DispatchRules, now: datetime
) -> tuple[BatchKind, Batch] | None:
    """The next step down, or None while the last plan stands, or where nothing of ours can be in force any more.

    ``intents`` are newest first. ``theirs`` are pairs in which a foreign schedule is respected: they are left alone,
    and where one of them decides what the battery does, all is. A site that is commanded by targets cannot be told
    to rest, so there all is taken back at once.
    """
    if theirs & BATTERY_OR_GRID:
        return None
    left = _may_be_in_force(intents, rules, now) - theirs
    plans = [intent for intent in intents if intent.kind is BatchKind.PLAN and intent.state in STANDING]
    if not left or not plans:
        return None
    without_plan = now - plans[0].intended_at
    if without_plan < rules.last_plan:
        return None
    moving = [pair for pair in (Pair.BESS_POWER, Pair.GRID_POWER) if pair in left]
    can_rest = site.dispatch is not DispatchMode.BATTERY_SOC and moving and Pair.BESS_SOC not in left
    if can_rest and without_plan < rules.last_plan + rules.rest:
        newest = next(intent for intent in intents if intent.state in STANDING)
        if newest.kind is BatchKind.REST:
            return None
        start = now.replace(microsecond=0)
        rest = Entry(start=start, end=start + rules.rest, value=0.0)
        gone = tuple(Command(pair=pair, entries=()) for pair in moving if pair is not Pair.BESS_POWER)
        return BatchKind.REST, Batch(commands=(Command(pair=Pair.BESS_POWER, entries=(rest,)), *gone))
    return BatchKind.CLEAR, Batch(commands=tuple(Command(pair=pair, entries=()) for pair in Pair if pair in left))


def told_last(intents: tuple[Intent, ...]) -> tuple[Command, ...]:
    """The newest command of each pair that was taken: what stands at a site that cannot be read, as far as we know."""
    found: dict[Pair, Command] = {}
    for intent in intents:
        for command in intent.commands if intent.state in STANDING else ():
            found.setdefault(command.pair, command)
    return tuple(found.values())


def _may_be_in_force(intents: tuple[Intent, ...], rules: DispatchRules, now: datetime) -> set[Pair]:
    """The pairs of which something that we told may stand.

    A batch whose answer was lost may have been taken. What was asked to be cleared counts as cleared, for good where
    that was seen, else until it is time to ask again.
    """
    left, cleared = set[Pair](), set[Pair]()
    for intent in intents:
        age = now - intent.intended_at
        is_believed = intent.state in SEEN or (intent.state in STANDING and NO_TIME <= age < rules.refresh)
        for command in intent.commands if intent.state in STANDING | OPEN else ():
            if command.entries and command.entries[-1].end > now and command.pair not in cleared:
                left.add(command.pair)
            elif not command.entries and is_believed and command.pair not in left:
                cleared.add(command.pair)
    return left
