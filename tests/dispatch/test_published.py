"""What is in force, read back as flows."""

from datetime import timedelta

from builders import NOON, conventions, hours

from optimizer.dispatch import published_battery_kw
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.conventions import BatterySign


def command(*entries: tuple[int, int, float], pair: Pair = Pair.BESS_POWER) -> Command:
    """Entries as (start minute, end minute, value) from noon."""
    return Command(
        pair=pair,
        entries=tuple(
            Entry(start=NOON + timedelta(minutes=start), end=NOON + timedelta(minutes=end), value=value)
            for start, end, value in entries
        ),
    )


def test_a_slot_is_published_when_entries_cover_all_of_it_and_holds_their_mean():
    in_force = [command((-30, 30, 2.0), (30, 60, -1.0), (60, 90, 3.0))]

    assert published_battery_kw(hours(2), in_force, conventions()) == (0.5, None)


def test_where_positive_means_discharge_the_sign_is_turned():
    in_force = [command((0, 120, 2.0))]
    told = published_battery_kw(hours(2), in_force, conventions(bess_power_positive=BatterySign.DISCHARGE))

    assert told == (-2.0, -2.0)


def test_other_commands_publish_no_battery_power():
    assert published_battery_kw(hours(1), [command((0, 60, 50.0), pair=Pair.BESS_SOC)], conventions()) == (None,)
