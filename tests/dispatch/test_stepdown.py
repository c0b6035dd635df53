"""While no plan can be made: what is done, and when."""

from datetime import UTC, datetime, timedelta

from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.dispatch_rules import DispatchRules
from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.domain.site import DispatchMode, Site
from optimizer.stepdown import step_down

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = DispatchRules()
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
    assert step_down(SITE, (sent(BatchKind.PLAN, NOON),), RULES, NOON + 1.9 * HOUR) is None


def test_then_the_battery_rests_for_two_hours_once():
    plan = sent(BatchKind.PLAN, NOON)
    kind, batch = step_down(SITE, (plan,), RULES, NOON + 2 * HOUR)

    (command,) = batch.commands
    (entry,) = command.entries
    assert (kind, command.pair, entry.value) == (BatchKind.REST, Pair.BESS_POWER, 0.0)
    assert (entry.start, entry.end) == (NOON + 2 * HOUR, NOON + 4 * HOUR)
    rest = sent(BatchKind.REST, NOON + 2 * HOUR, 2.0)
    assert step_down(SITE, (rest, plan), RULES, NOON + 3 * HOUR) is None


def test_then_everything_of_ours_is_taken_back_once():
    plan, rest = sent(BatchKind.PLAN, NOON), sent(BatchKind.REST, NOON + 2 * HOUR, 2.0)
    kind, batch = step_down(SITE, (rest, plan), RULES, NOON + 4 * HOUR)

    assert kind is BatchKind.CLEAR
    assert {command.pair for command in batch.commands} == {Pair.BESS_POWER, Pair.GRID_UPPER_LIMIT}
    assert all(command.entries == () for command in batch.commands)
    cleared = sent(BatchKind.CLEAR, NOON + 4 * HOUR)
    assert step_down(SITE, (cleared, rest, plan), RULES, NOON + 5 * HOUR) is None


def test_targets_have_no_rest_so_they_are_taken_back():
    site = Site(site_id="here", zone="Europe/Berlin", dispatch=DispatchMode.BATTERY_SOC)
    kind, _ = step_down(site, (sent(BatchKind.PLAN, NOON, pair=Pair.BESS_SOC),), RULES, NOON + 2 * HOUR)

    assert kind is BatchKind.CLEAR


def test_what_has_ended_or_was_never_taken_needs_no_step():
    assert step_down(SITE, (sent(BatchKind.PLAN, NOON, 1.0),), RULES, NOON + 5 * HOUR) is None
    lost = sent(BatchKind.PLAN, NOON, state=BatchState.LOST)
    assert step_down(SITE, (lost,), RULES, NOON + 5 * HOUR) is None
    assert step_down(SITE, (), RULES, NOON) is None
