"""While no plan can be made: what is done, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import conventions

from optimizer.acting import NO_MOVE
from optimizer.dispatch import Circumstances, find_conflicts
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.domain.site import DispatchMode, Site
from optimizer.stepdown import step_down, told_last

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = DispatchRules()
NOBODY = frozenset()
SITE = Site(site_id="here", zone="Europe/Berlin")


def sent(kind: BatchKind, at: datetime, hours: float = 24.0, pair: Pair = Pair.BESS_POWER, state=BatchState.IN_FORCE):
    entries = () if kind is BatchKind.CLEAR else (Entry(start=at, end=at + hours * HOUR, value=1.0),)
    commands = (Command(pair=pair, entries=entries), Command(pair=Pair.GRID_UPPER_LIMIT, entries=entries))
    return Intent(
        key=f"{kind} {at}",
        site_id="here",
        slot=at,
        kind=kind,
        intended_at=at,
        commands=commands,
        state=state,
        sends=1,
    )


def test_the_last_plan_stands_for_two_hours():
    assert step_down(SITE, (sent(BatchKind.PLAN, NOON),), NOBODY, RULES, NOON + 1.9 * HOUR) is None


def test_then_the_battery_rests_for_two_hours_once():
    plan = sent(BatchKind.PLAN, NOON)
    kind, batch = step_down(SITE, (plan,), NOBODY, RULES, NOON + 2 * HOUR)

    (command,) = batch.commands
    (entry,) = command.entries
    assert (kind, command.pair, entry.value) == (BatchKind.REST, Pair.BESS_POWER, 0.0)
    assert (entry.start, entry.end) == (NOON + 2 * HOUR, NOON + 4 * HOUR)
    rest = sent(BatchKind.REST, NOON + 2 * HOUR, 2.0)
    assert step_down(SITE, (rest, plan), NOBODY, RULES, NOON + 3 * HOUR) is None


def test_then_everything_of_ours_is_taken_back_once():
    plan, rest = sent(BatchKind.PLAN, NOON), sent(BatchKind.REST, NOON + 2 * HOUR, 2.0)
    kind, batch = step_down(SITE, (rest, plan), NOBODY, RULES, NOON + 4 * HOUR)

    assert kind is BatchKind.CLEAR
    assert {command.pair for command in batch.commands} == {Pair.BESS_POWER, Pair.GRID_UPPER_LIMIT}
    assert all(command.entries == () for command in batch.commands)
    cleared = sent(BatchKind.CLEAR, NOON + 4 * HOUR)
    assert step_down(SITE, (cleared, rest, plan), NOBODY, RULES, NOON + 5 * HOUR) is None


def test_targets_have_no_rest_so_they_are_taken_back():
    site = Site(site_id="here", zone="Europe/Berlin", dispatch=DispatchMode.BATTERY_SOC)
    kind, _ = step_down(site, (sent(BatchKind.PLAN, NOON, pair=Pair.BESS_SOC),), NOBODY, RULES, NOON + 2 * HOUR)

    assert kind is BatchKind.CLEAR


def test_a_battery_that_follows_the_grid_setpoint_is_told_to_rest_instead():
    site = Site(site_id="here", zone="Europe/Berlin", dispatch=DispatchMode.PER_SLOT)
    kind, batch = step_down(site, (sent(BatchKind.PLAN, NOON, pair=Pair.GRID_POWER),), NOBODY, RULES, NOON + 2 * HOUR)

    assert kind is BatchKind.REST
    assert {command.pair: len(command.entries) for command in batch.commands} == {
        Pair.BESS_POWER: 1,
        Pair.GRID_POWER: 0,
    }


@pytest.mark.parametrize("pair", [Pair.BESS_POWER, Pair.GRID_POWER, Pair.BESS_SOC])
@pytest.mark.parametrize("hours", [2, 5])
def test_each_step_keeps_the_rules_of_a_valid_schedule(pair, hours):
    site = Site(site_id="here", zone="Europe/Berlin", dispatch=DispatchMode.PER_SLOT)
    intents = (sent(BatchKind.PLAN, NOON, pair=pair),)
    now = NOON + hours * HOUR
    _, batch = step_down(site, intents, NOBODY, RULES, now)
    at_site = Circumstances(now=now, in_force=told_last(intents), limits=NO_MOVE, conventions=conventions())

    assert find_conflicts(batch, at_site) == ()


def test_what_a_foreign_hand_holds_is_left_alone():
    plan, late = sent(BatchKind.PLAN, NOON), NOON + 5 * HOUR

    assert step_down(SITE, (plan,), frozenset({Pair.BESS_POWER}), RULES, late) is None
    kind, batch = step_down(SITE, (plan,), frozenset({Pair.GRID_UPPER_LIMIT}), RULES, late)
    assert (kind, [command.pair for command in batch.commands]) == (BatchKind.CLEAR, [Pair.BESS_POWER])


def test_a_clearing_that_was_not_seen_or_is_not_of_all_is_not_the_end():
    plan, late = sent(BatchKind.PLAN, NOON), NOON + 6 * HOUR
    accepted = sent(BatchKind.CLEAR, NOON + 5 * HOUR, state=BatchState.ACCEPTED)
    of_one = replace(sent(BatchKind.CLEAR, NOON + 4 * HOUR), commands=(Command(pair=Pair.BESS_POWER, entries=()),))

    assert step_down(SITE, (accepted, plan), NOBODY, RULES, late - 0.5 * HOUR) is None
    assert step_down(SITE, (accepted, plan), NOBODY, RULES, late)[0] is BatchKind.CLEAR
    _, batch = step_down(SITE, (of_one, plan), NOBODY, RULES, late)
    assert [command.pair for command in batch.commands] == [Pair.GRID_UPPER_LIMIT]


def test_what_has_ended_or_was_never_taken_needs_no_step():
    assert step_down(SITE, (sent(BatchKind.PLAN, NOON, 1.0),), NOBODY, RULES, NOON + 5 * HOUR) is None
    lost = sent(BatchKind.PLAN, NOON, state=BatchState.LOST)
    assert step_down(SITE, (lost,), NOBODY, RULES, NOON + 5 * HOUR) is None
    assert step_down(SITE, (), NOBODY, RULES, NOON) is None
