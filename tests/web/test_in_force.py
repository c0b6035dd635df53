"""What a site is told now: from what it told when it was last read, and from what was sent since."""

from datetime import timedelta

from web_states import NOW, command, intent, plan, seen, site

from optimizer.domain.command import Pair
from optimizer.domain.intent import BatchState
from optimizer.web.in_force import next_change, running

BATTERY, SOC, UPPER = Pair.BESS_POWER, Pair.BESS_SOC, Pair.GRID_UPPER_LIMIT


def minutes(count: int):
    return NOW + timedelta(minutes=count)


def test_neighbours_of_equal_value_are_one_stretch():
    (found,) = running(site(seen=seen(command(BATTERY, (-5, 25, 3.2), (25, 40, 3.2), (40, 100, 0.0)))), NOW)

    assert (found.value, found.until, found.next_value) == (3.2, minutes(40), 0.0)


def test_after_the_last_entry_nothing_is_told():
    (found,) = running(site(seen=seen(command(BATTERY, (-5, 25, 3.2)))), NOW)

    assert (found.value, found.until, found.next_value) == (3.2, minutes(25), None)


def test_what_begins_later_is_told_as_nothing_until_then():
    (found,) = running(site(seen=seen(command(BATTERY, (10, 25, 3.2)))), NOW)

    assert (found.value, found.until, found.next_value) == (None, minutes(10), 3.2)


def test_what_has_ended_or_was_cleared_is_not_told():
    assert running(site(seen=seen(command(BATTERY, (-30, 0, 3.2)), command(UPPER))), NOW) == ()
    assert running(site(seen=None), NOW) == ()


def test_an_end_belongs_to_what_follows():
    (found,) = running(site(seen=seen(command(BATTERY, (-15, 0, 1.0), (0, 15, 2.0)))), NOW)

    assert found.value == 2.0


def test_the_next_change_names_all_pairs_that_change_then():
    stored = seen(
        command(BATTERY, (-5, 25, 3.2)), command(UPPER, (-5, 25, 20.0), (25, 50, 4.2)), command(SOC, (0, 60, 5))
    )
    change = next_change(running(site(seen=stored), NOW))

    assert change is not None
    assert change[0] == minutes(25)
    assert [each.pair for each in change[1]] == [BATTERY, UPPER]
    assert next_change(()) is None


def test_a_batch_that_was_accepted_after_the_last_reading_stands_over_it_unconfirmed():
    stored = seen(command(BATTERY, (-5, 25, 3.2)), command(UPPER, (-5, 25, 20.0)))
    sent = (intent(command(BATTERY, (0, 15, -1.0))),)
    battery, upper = running(site(seen=stored, sent=sent), NOW)

    assert (battery.value, battery.is_confirmed) == (-1.0, False)
    assert (upper.value, upper.is_confirmed) == (20.0, True)


def test_of_two_batches_the_newer_one_counts_and_may_clear_a_pair():
    sent = (
        intent(command(BATTERY, (0, 15, -1.0)), minutes=2),
        intent(command(SOC), command(BATTERY, (0, 15, 1.0)), minutes=1),
    )
    (battery,) = running(site(seen=seen(command(SOC, (-5, 25, 60.0))), sent=sent), NOW)

    assert battery.value == -1.0


def test_a_batch_that_was_read_back_after_the_last_reading_counts_as_confirmed():
    stored = seen(command(BATTERY, (-5, 25, 3.2)), ago_s=30.0)
    found = intent(command(BATTERY, (0, 15, -1.0)), state=BatchState.IN_FORCE, confirmed_at=NOW - timedelta(seconds=10))
    (battery,) = running(site(seen=stored, sent=(found,)), NOW)

    assert (battery.value, battery.is_confirmed) == (-1.0, True)


def test_what_the_site_told_later_counts_more_than_a_batch_that_was_read_back_before():
    stored = seen(command(BATTERY, (-5, 25, 3.2)), ago_s=5.0)
    old = intent(command(BATTERY, (0, 15, -1.0)), state=BatchState.IN_FORCE, confirmed_at=NOW - timedelta(seconds=10))
    (battery,) = running(site(seen=stored, sent=(old,)), NOW)

    assert battery.value == 3.2


def test_somebody_elses_schedule_is_told_as_theirs():
    (battery,) = running(
        site(seen=seen(command(BATTERY, (-5, 25, 3.2))), plan=plan(foreign=("bess.activePowerkW",))), NOW
    )

    assert battery.is_foreign
