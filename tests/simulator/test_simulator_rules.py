"""A schedule request is taken as a whole or rejected as a whole, by the documented rules."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.still_house import START, body, command, window

from optimizer.simulator import Entry, Pair, Rejection, ScheduleCommand, SimulatorOptions, SiteRules, judge_request

RULES = SiteRules()
LABELS = [pair.label for pair in Pair]
AN_HOUR = window(1.0)


def judge(*commands, rules=RULES, now=START):
    return judge_request(body(*commands), rules, now)


def reason(verdict):
    assert isinstance(verdict, Rejection), verdict
    assert verdict.message
    return verdict.status, verdict.error


def test_takes_the_shape_of_the_documented_sample():
    verdict = judge(
        command("grid.upperLimitkW", window(15)),
        command("grid.lowerLimitkW", window(-10)),
        command("grid.activePowerkW", window(3, after_h=2)),
        command("bess.activePowerkW", window(-5, for_h=2)),
        command("bess.optimalSocPcnt", window(80, after_h=2, for_h=2)),
        command("solar.solarCurtailmentPcnt", window(10, for_h=4)),
    )
    assert isinstance(verdict, list)
    assert {judged.pair for judged in verdict} == set(Pair)


def test_values_of_the_documented_sample_need_a_site_of_its_size():
    small = judge(command("grid.upperLimitkW", window(50)))
    large = SiteRules(options=SimulatorOptions(grid_import_limit_kw=500.0))
    assert reason(small) == (422, "value_out_of_range")
    assert isinstance(judge(command("grid.upperLimitkW", window(50)), rules=large), list)


def test_touching_entries_do_not_overlap_and_come_out_in_order():
    (judged,) = judge(command("bess.activePowerkW", window(1, after_h=1), window(2)))
    assert [entry.value for entry in judged.entries] == [2, 1]


def test_empty_entries_are_a_valid_command():
    assert judge(command("bess.activePowerkW")) == [ScheduleCommand(pair=Pair.BESS_POWER, entries=())]


def test_a_running_entry_may_have_begun_in_the_past():
    assert isinstance(judge(command("bess.activePowerkW", window(1, after_h=-0.5))), list)


def test_unknown_fields_are_ignored():
    item = command("bess.activePowerkW", AN_HOUR | {"note": 1}) | {"priority": 2}
    assert isinstance(judge_request({"schedules": [item], "version": 7}, RULES, START), list)


@pytest.mark.parametrize(
    "request_body",
    [
        None,
        [],
        "schedules",
        3,
        {},
        {"schedules": None},
        {"schedules": {}},
        {"Schedules": [command("bess.activePowerkW")]},
    ],
)
def test_rejects_a_body_without_a_list_of_schedules(request_body):
    assert reason(judge_request(request_body, RULES, START)) == (422, "invalid_body")


@pytest.mark.parametrize("count", [0, 11])
def test_rejects_no_commands_and_more_than_ten(count):
    assert reason(judge(*[command("bess.activePowerkW")] * count)) == (422, "invalid_command_count")


@pytest.mark.parametrize(
    "label",
    ["ev.activePowerkW", "grid.optimalSocPcnt", "bess.upperLimitkW", "Grid.activePowerkW", "solar.activePowerkW"],
)
def test_rejects_a_pair_that_is_not_supported(label):
    assert reason(judge(command(label, AN_HOUR))) == (422, "unsupported_pair")


@pytest.mark.parametrize("asset", [None, 1, [], {}, True, "\ud800"])
def test_rejects_an_asset_that_is_no_name(asset):
    item = {"asset": asset, "type": "activePowerkW", "entries": []}
    assert reason(judge_request({"schedules": [item]}, RULES, START)) == (422, "unsupported_pair")


@pytest.mark.parametrize("label", LABELS)
def test_rejects_a_pair_that_appears_twice(label):
    twice = [command(label, window(1)), command(label, window(1, after_h=2))]
    assert reason(judge(*twice)) == (422, "duplicate_pair")


def test_rejects_a_pair_that_appears_twice_even_if_empty():
    assert reason(judge(command("bess.activePowerkW"), command("bess.activePowerkW"))) == (422, "duplicate_pair")


@pytest.mark.parametrize("entries", [None, {}, "x", 1])
def test_rejects_entries_that_are_no_list(entries):
    item = {"asset": "bess", "type": "activePowerkW", "entries": entries}
    assert reason(judge_request({"schedules": [item]}, RULES, START)) == (422, "invalid_command")


def test_rejects_overlapping_entries():
    assert reason(judge(command("bess.activePowerkW", window(1), window(1, after_h=0.5)))) == (
        422,
        "overlapping_entries",
    )


@pytest.mark.parametrize("for_h", [0, -1])
def test_rejects_an_entry_that_does_not_start_before_its_end(for_h):
    assert reason(judge(command("bess.activePowerkW", window(1, for_h=for_h)))) == (422, "invalid_entry")


@pytest.mark.parametrize(
    "at",
    [
        "2026-06-01T09:00:00",
        "2026-06-01T09:00:00+00:00",
        "2026-06-01T09:00:00.000Z",
        "2026-06-01T09:00:00z",
        "2026-06-01 09:00:00Z",
        "2026-06-01T09:00Z",
        "2026-02-30T09:00:00Z",
        "2026-06-01T24:00:00Z",
        "2026-06-01T09:00:60Z",
        "0000-06-01T09:00:00Z",
        "٢٠٢٦-06-01T09:00:00Z",
        "2026-06-01T09:00:00Z\n",
        1780300800,
        None,
    ],
)
def test_rejects_a_time_that_is_not_utc_with_z_in_whole_seconds(at):
    assert reason(judge(command("bess.activePowerkW", AN_HOUR | {"endAt": at}))) == (422, "invalid_timestamp")


@pytest.mark.parametrize(
    "value", [None, "1", True, [], {}, float("nan"), float("inf"), pytest.param(-(10**5000), id="huge")]
)
def test_rejects_a_value_that_is_not_a_finite_number(value):
    assert reason(judge(command("bess.activePowerkW", AN_HOUR | {"value": value}))) == (422, "invalid_value")


@pytest.mark.parametrize(
    ("label", "legal", "illegal"),
    [
        ("grid.upperLimitkW", (-15, 20), (-15.01, 20.01)),
        ("grid.lowerLimitkW", (-15, 20), (-15.01, 20.01)),
        ("grid.activePowerkW", (-15, 20), (-15.01, 20.01)),
        ("bess.activePowerkW", (-4, 5), (-4.01, 5.01)),
        ("bess.optimalSocPcnt", (0, 100), (-0.01, 100.01)),
        ("solar.solarCurtailmentPcnt", (0, 100), (-0.01, 100.01)),
    ],
)
def test_values_stay_within_ratings_and_percentages_within_0_to_100(label, legal, illegal):
    rules = SiteRules(options=SimulatorOptions(max_discharge_kw=4.0))
    for value in legal:
        assert isinstance(judge(command(label, window(value)), rules=rules), list)
    for value in illegal:
        assert reason(judge(command(label, window(value)), rules=rules)) == (422, "value_out_of_range")


def test_the_ratings_follow_the_sign_conventions():
    options = SimulatorOptions(bess_power_positive="discharge", max_charge_kw=2.0, grid_power_positive="export")
    rules = SiteRules(options=options)
    assert isinstance(judge(command("bess.activePowerkW", window(5)), rules=rules), list)
    assert reason(judge(command("bess.activePowerkW", window(-2.1)), rules=rules)) == (422, "value_out_of_range")
    assert reason(judge(command("grid.activePowerkW", window(15.1)), rules=rules)) == (422, "value_out_of_range")


def test_rejects_overlapping_battery_pairs_and_says_that_this_is_a_reading():
    verdict = judge(command("bess.activePowerkW", window(1)), command("bess.optimalSocPcnt", window(80, after_h=0.5)))
    assert reason(verdict) == (422, "bess_pairs_overlap")
    assert "this simulator's reading" in verdict.message


def test_rejects_an_entry_wholly_in_the_past_unless_told_otherwise():
    past = command("bess.activePowerkW", window(1, after_h=-1))
    lenient = SiteRules(options=SimulatorOptions(reject_past=False))
    assert reason(judge(past)) == (422, "entry_in_past")
    assert isinstance(judge(past, rules=lenient), list)


def test_rejects_more_entries_than_an_option_allows():
    rules = SiteRules(options=SimulatorOptions(max_entries_per_command=1))
    two = command("bess.activePowerkW", window(1), window(1, after_h=1))
    assert reason(judge(two, rules=rules)) == (422, "too_many_entries")


def test_rejects_limits_that_cross_within_a_request():
    crossed = [command("grid.upperLimitkW", window(1, for_h=3)), command("grid.lowerLimitkW", window(2, after_h=2))]
    apart = [command("grid.upperLimitkW", window(1)), command("grid.lowerLimitkW", window(2, after_h=1))]
    assert reason(judge(*crossed)) == (422, "limits_crossed")
    assert isinstance(judge(*apart), list)


def test_rejects_limits_that_cross_with_what_is_stored():
    (stored,) = judge(command("grid.lowerLimitkW", window(2, after_h=1)))
    rules = SiteRules(stored={stored.pair: stored.entries})
    upper = command("grid.upperLimitkW", window(1, for_h=2))
    assert reason(judge(upper, rules=rules)) == (422, "limits_crossed")
    assert isinstance(judge(upper, command("grid.lowerLimitkW"), rules=rules), list)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HOURS = st.sampled_from([-2, -1, -0.5, 0, 0.25, 1, 2, 3])
WINDOWS = st.builds(window, st.floats(-25, 105), after_h=HOURS, for_h=HOURS)
COMMANDS = st.builds(
    lambda label, entries: command(label, *entries), st.sampled_from(LABELS), st.lists(WINDOWS, max_size=3)
)
BODIES = st.builds(lambda items: {"schedules": items}, st.lists(COMMANDS | JUNK, max_size=4)) | JUNK


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_any_body_is_either_rejected_with_a_printable_reason_or_obeys_the_rules(request_body):
    verdict = judge_request(request_body, RULES, START)
    if isinstance(verdict, Rejection):
        assert json.dumps({"error": verdict.error, "message": verdict.message}).isascii()
        return
    assert 1 <= len(verdict) <= 10
    assert len({judged.pair for judged in verdict}) == len(verdict)
    for judged in verdict:
        ends = [entry.end for entry in judged.entries]
        assert all(entry.start < entry.end and entry.end > START for entry in judged.entries)
        assert all(end <= later.start for end, later in zip(ends, judged.entries[1:], strict=False))
    entries: dict[Pair, tuple[Entry, ...]] = {judged.pair: judged.entries for judged in verdict}
    for power in entries.get(Pair.BESS_POWER, ()):
        for soc in entries.get(Pair.BESS_SOC, ()):
            assert power.end <= soc.start or soc.end <= power.start
