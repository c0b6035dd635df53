"""A new schedule replaces its own pair; the two battery pairs overwrite each other; the rest stays."""

from datetime import timedelta

from simulator.still_house import START, command, window

from optimizer.simulator import SiteRules, judge_request
from optimizer.simulator.schedule import apply, not_ended


def put(stored, *commands, rule="replace_pair"):
    verdict = judge_request({"schedules": list(commands)}, SiteRules(), START)
    assert isinstance(verdict, list), verdict
    return apply(stored, verdict, rule)


def shown(stored):
    """Values and hours from START for each pair."""
    hour = timedelta(hours=1)
    return {
        pair.label: [((entry.start - START) / hour, (entry.end - START) / hour, entry.value) for entry in entries]
        for pair, entries in stored.items()
    }


def test_a_pair_is_replaced_as_a_whole_and_others_stay():
    stored = put(
        {}, command("bess.activePowerkW", window(1), window(2, after_h=1)), command("grid.upperLimitkW", window(9))
    )
    after = put(stored, command("bess.activePowerkW", window(3, after_h=5)))
    assert shown(after) == {"bess.activePowerkW": [(5, 6, 3)], "grid.upperLimitkW": [(0, 1, 9)]}


def test_an_empty_list_clears_its_pair_alone():
    stored = put({}, command("bess.activePowerkW", window(1)), command("grid.upperLimitkW", window(9)))
    assert shown(put(stored, command("bess.activePowerkW"))) == {"grid.upperLimitkW": [(0, 1, 9)]}


def test_battery_power_overwrites_a_stored_soc_target_and_the_reverse():
    power, soc = command("bess.activePowerkW", window(1)), command("bess.optimalSocPcnt", window(80, after_h=3))
    assert shown(put(put({}, soc), power)) == {"bess.activePowerkW": [(0, 1, 1)]}
    assert shown(put(put({}, power), soc)) == {"bess.optimalSocPcnt": [(3, 4, 80)]}


def test_clearing_battery_power_leaves_a_soc_target_alone():
    stored = put({}, command("bess.optimalSocPcnt", window(80)))
    assert shown(put(stored, command("bess.activePowerkW"))) == {"bess.optimalSocPcnt": [(0, 1, 80)]}


def test_both_battery_pairs_of_one_request_are_stored_where_they_do_not_overlap():
    stored = put({}, command("bess.activePowerkW", window(1)), command("bess.optimalSocPcnt", window(80, after_h=1)))
    assert set(shown(stored)) == {"bess.activePowerkW", "bess.optimalSocPcnt"}


def test_the_merge_rule_keeps_stored_entries_where_new_ones_leave_room():
    stored = put({}, command("bess.activePowerkW", window(1, for_h=4), window(2, after_h=6)))
    after = put(stored, command("bess.activePowerkW", window(3, after_h=1)), rule="merge")
    assert shown(after) == {"bess.activePowerkW": [(0, 1, 1), (1, 2, 3), (2, 4, 1), (6, 7, 2)]}
    assert put(stored, command("bess.activePowerkW"), rule="merge") == {}


def test_ended_entries_and_emptied_pairs_are_no_longer_shown():
    stored = put(
        {}, command("bess.activePowerkW", window(1), window(2, after_h=1)), command("grid.upperLimitkW", window(9))
    )
    assert shown(not_ended(stored, START + timedelta(hours=1))) == {"bess.activePowerkW": [(1, 2, 2)]}
