"""Whose schedule is in force: ours, ours with a lost answer, or somebody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from optimizer.dispatch import foreign_schedules
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.intent import BatchKind, BatchState, Intent

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def command(*values: float, pair: Pair = Pair.BESS_POWER, start: datetime = NOON) -> Command:
    """One value an hour."""
    entries = (Entry(start=start + n * HOUR, end=start + (n + 1) * HOUR, value=v) for n, v in enumerate(values))
    return Command(pair=pair, entries=tuple(entries))


def intent(*commands: Command, state: BatchState = BatchState.IN_FORCE, at: datetime = NOON) -> Intent:
    return Intent(
        key=f"{at}",
        site_id="here",
        slot=at,
        kind=BatchKind.PLAN,
        intended_at=at,
        commands=commands,
        state=state,
        sends=1,
    )


def foreign(stored: Command, *intents: Intent, now: datetime = NOON) -> list[Pair]:
    return [each.pair for each in foreign_schedules((stored,), intents, now)]


def test_what_we_sent_is_ours_also_when_the_cloud_cut_or_split_it():
    ours = intent(command(1.0, 1.0, 2.0))
    cut = Command(
        pair=Pair.BESS_POWER,
        entries=(
            Entry(start=NOON + HOUR / 2, end=NOON + HOUR, value=1.0),
            Entry(start=NOON + HOUR, end=NOON + 2 * HOUR, value=1.0),
            Entry(start=NOON + 2 * HOUR, end=NOON + 3 * HOUR, value=2.0),
        ),
    )

    assert foreign(cut, ours, now=NOON + HOUR / 2) == []


def test_a_part_of_ours_is_still_ours():
    assert foreign(command(1.0), intent(command(1.0, 2.0))) == []


@pytest.mark.parametrize("stored", [command(1.0, 2.5), command(0.0), command(1.0, 2.0, 3.0)])
def test_another_value_or_a_longer_schedule_is_foreign(stored):
    assert foreign(stored, intent(command(1.0, 2.0))) == [Pair.BESS_POWER]


def test_a_pair_that_we_never_sent_is_foreign():
    stored = command(3.0, pair=Pair.GRID_POWER)

    assert foreign(stored, intent(command(1.0, 2.0))) == [Pair.GRID_POWER]


def test_a_batch_whose_answer_was_lost_may_be_in_force_and_so_may_the_one_before():
    before = intent(command(1.0, 2.0))
    lost = intent(command(4.0, 5.0), state=BatchState.LOST, at=NOON + timedelta(minutes=1))

    assert foreign(command(1.0, 2.0), lost, before) == []
    assert foreign(command(4.0, 5.0), lost, before) == []


def test_an_older_value_that_a_later_batch_replaced_is_foreign():
    before = intent(command(4.0, 5.0))
    later = intent(command(1.0, 2.0), at=NOON + timedelta(minutes=1))

    assert foreign(command(4.0, 5.0), later, before) == [Pair.BESS_POWER]


def test_what_an_older_batch_left_beyond_the_newer_one_is_ours():
    before = intent(command(1.0, 1.0, 7.0))
    later = intent(command(1.0, 2.0), at=NOON + timedelta(minutes=1))
    merged = command(1.0, 2.0, 7.0)

    assert foreign(merged, later, before) == []


def test_a_refused_batch_is_not_in_force():
    refused = intent(command(4.0), state=BatchState.REFUSED, at=NOON + timedelta(minutes=1))

    assert foreign(command(4.0), refused, intent(command(1.0))) == [Pair.BESS_POWER]


def test_what_has_ended_and_what_nobody_can_judge_is_left_alone():
    assert foreign(command(9.0), intent(command(1.0)), now=NOON + 2 * HOUR) == []
    assert foreign(command(9.0)) == []
