"""Whatever the outside does wrong: a clear log line, the stated fallback, nothing invalid posted, and life goes on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from site_answers import with_assets
from world import World

from optimizer.daemon import Jobs
from optimizer.domain.outcome import Failed, Posted, Skipped, is_success
from optimizer.simulator import Fault


def fault(**given: object) -> Callable[[World], None]:
    return lambda world: world.simulator.add_fault(Fault(times=None, **given))


def site_override(change: Callable[[dict], dict]) -> Callable[[World], None]:
    return lambda world: world.simulator.override_site(world.site_id, change)


def hcu_override(change: Callable[[dict], dict]) -> Callable[[World], None]:
    return lambda world: world.simulator.override_hcu(change)


SKIPPED = [
    ("401", fault(where="GET site", status=401), "SourceUnauthorized"),
    ("403", fault(where="GET site", status=403), "SourceUnauthorized"),
    ("404", fault(where="GET site", status=404), "SourceRejected"),
    ("422 on read", fault(where="GET site", status=422), "SourceRejected"),
    ("429", fault(where="GET site", status=429), "SourceUnavailable"),
    (
        "429 asking for an hour",
        fault(where="GET site", status=429, headers={"Retry-After": "3600"}),
        "SourceUnavailable",
    ),
    ("500", fault(where="GET site", status=500), "SourceUnavailable"),
    ("503", fault(where="GET site", status=503), "SourceUnavailable"),
    ("redirect", fault(where="GET site", status=302), "SourceRejected"),
    ("dropped", fault(where="GET site", drop=True), "SourceUnavailable"),
    ("html", fault(where="GET site", body=b"<html>login</html>", content_type="text/html"), "SourceMalformed"),
    ("truncated", fault(where="GET site", truncate=True), "SourceMalformed"),
    ("list instead of object", fault(where="GET site", body=b"[]"), "SourceMalformed"),
    ("null", fault(where="GET site", body=b"null"), "SourceMalformed"),
    ("invalid utf-8", fault(where="GET site", body=b"\xff\xfe\x00"), "SourceMalformed"),
    ("deeply nested", fault(where="GET site", body=b"[" * 100_000), "SourceMalformed"),
    ("another site", site_override(lambda site: site | {"siteId": "other"}), "SourceMalformed"),
    ("text for a number", site_override(with_assets(bess={"soc": "full"})), "SourceMalformed"),
    ("assets as list", site_override(lambda site: site | {"assets": []}), "SourceMalformed"),
    ("bad time stamp", site_override(lambda site: site | {"reportedAt": "yesterday"}), "SourceMalformed"),
    ("field of no name", site_override(with_assets(**{"\ud800": {"soc": "full"}})), "SourceMalformed"),
    ("site of no name", site_override(lambda site: site | {"siteId": "\ud800"}), "SourceMalformed"),
    ("error of half a letter", fault(where="GET site", status=500, body=b'{"error": "\\ud800"}'), "SourceUnavailable"),
    (
        "429 until nobody knows when",
        fault(where="GET site", status=429, headers={"Retry-After": "Mon, 20 Nov 1995 19:12:08 +99999999999999"}),
        "SourceUnavailable",
    ),
    ("soc of 401 digits", site_override(with_assets(bess={"soc": 10**400})), "ImplausibleData"),
    (
        "never reported",
        site_override(lambda site: site | {"reportedAt": "0001-01-01T00:00:00+01:00"}),
        "StaleData",
    ),
    ("soc 140", site_override(with_assets(bess={"soc": 140})), "ImplausibleData"),
    ("soc -20", site_override(with_assets(bess={"soc": -20})), "ImplausibleData"),
    ("soc NaN", site_override(with_assets(bess={"soc": float("nan")})), "ImplausibleData"),
    ("soc null", site_override(with_assets(bess={"soc": None})), "ImplausibleData"),
    ("soc beyond all numbers", site_override(with_assets(bess={"soc": 3.4028235e38})), "ImplausibleData"),
    ("offline", lambda world: world.simulator.set_online(world.site_id, False), "StaleData"),
    ("stale", lambda world: world.simulator.set_reported_lag(world.site_id, timedelta(hours=3)), "StaleData"),
]


@pytest.mark.parametrize(("what", "break_it", "error"), SKIPPED, ids=[what for what, *_ in SKIPPED])
def test_input_that_no_plan_may_rest_on_skips_the_cycle_and_keeps_the_schedule(world, what, break_it, error):
    break_it(world)

    with world.app() as app:
        jobs = Jobs(app)
        outcome = jobs.plan(app.sites[0])
        world.simulator.clear_faults()
        world.simulator.override_site(world.site_id, None)
        world.simulator.set_online(world.site_id, True)
        world.simulator.set_reported_lag(world.site_id, timedelta(0))
        afterwards = jobs.plan(app.sites[0])

    assert isinstance(outcome, Skipped), outcome
    assert outcome.error == error
    event = world.event("cycle_skipped")
    assert (event["error"], event["site_id"]) == (error, world.site_id)
    assert is_success(afterwards)
    assert all(post.accepted for post in world.simulator.posts)


def test_battery_without_a_stated_power_asks_for_the_setting(world):
    world.simulator.override_site(
        world.site_id, with_assets(bess={"ratedPowerUpperLimitkW": None, "ratedPowerLowerLimitkW": None})
    )

    outcome = world.cycle()

    assert isinstance(outcome, Failed)
    assert outcome.error == "ConfigError"
    assert "max_charge_kw" in outcome.detail


DEGRADED = [
    ("HCU unreachable", fault(where="GET hcu", drop=True), "HCU not read"),
    ("HCU 401", fault(where="GET hcu", status=401), "HCU not read (SourceUnauthorized"),
    ("HCU html", fault(where="GET hcu", body=b"<html>"), "HCU not read (SourceMalformed"),
    ("HCU of no name", hcu_override(lambda hcu: hcu | {"state": "fault", "activeFaults": ["\ud800"]}), "?"),
    ("HCU in fault", hcu_override(lambda hcu: hcu | {"state": "fault", "activeFaults": ["E42"]}), "E42"),
    ("backup heater", hcu_override(lambda hcu: hcu | {"backupHeaterActive": True}), "backup heater"),
    (
        "stale a little",
        lambda world: world.simulator.set_reported_lag(world.site_id, timedelta(minutes=30)),
        "30 min ago",
    ),
    (
        "no reportedAt",
        site_override(lambda site: {k: v for k, v in site.items() if k != "reportedAt"}),
        "does not state",
    ),
    ("load null", site_override(with_assets(load={"activePowerkW": None})), "power balance"),
    ("load asset null", site_override(with_assets(load=None)), "power balance"),
    ("load NaN", site_override(with_assets(load={"activePowerkW": float("nan")})), "power balance"),
    ("grid null", site_override(with_assets(grid=None)), "grid.import_limit_kw"),
    ("unknown schedule kind", site_override(lambda site: site | {"schedules": [{"asset": "ev", "type": "x"}]}), "ev.x"),
    (
        "entry without value",
        site_override(
            lambda site: (
                site | {"schedules": [{"asset": "bess", "type": "activePowerkW", "entries": [{"startAt": None}]}]}
            )
        ),
        "lacks a time or value",
    ),
]


@pytest.mark.parametrize(("what", "break_it", "words"), DEGRADED, ids=[what for what, *_ in DEGRADED])
def test_input_that_can_be_stood_in_for_is_named_and_the_site_is_planned(world, what, break_it, words):
    break_it(world)

    outcome = world.cycle()

    assert is_success(outcome)
    assert any(words in event["reason"] for event in world.events if event["event"] == "degraded")
    assert all(post.accepted for post in world.simulator.posts)


def stored(end: str, start: str = "2021-04-14T09:00:00Z") -> Callable[[dict], dict]:
    """The site's JSON with somebody's limit in force."""
    entry = {"startAt": start, "endAt": end, "value": 15}
    return lambda site: site | {"schedules": [{"asset": "grid", "type": "upperLimitkW", "entries": [entry]}]}


HARMLESS = [
    (
        "unknown fields and assets",
        lambda site: site | {"new": 1, "assets": {**site["assets"], "wind": {"activePowerkW": 2.0}, "geo": {"x": 1}}},
    ),
    ("every consumer null", with_assets(ev=None, heatpump=None, genset=None)),
    ("solar null", with_assets(solar=None)),
    ("schedules null", lambda site: site | {"schedules": None}),
    ("isOnline absent", lambda site: {k: v for k, v in site.items() if k != "isOnline"}),
    ("no siteName", lambda site: {k: v for k, v in site.items() if k != "siteName"}),
    ("soc 100.4", with_assets(bess={"soc": 100.4})),
    ("empty battery", with_assets(bess={"soc": 0})),
    ("schedule for ever", stored("9999-12-31T23:59:59-01:00")),
    ("schedule since ever", stored("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")),
    (
        "ratings that mean no limit",
        with_assets(grid={"ratedPowerUpperLimitkW": 3.4028235e38, "ratedPowerLowerLimitkW": -3.4028235e38}),
    ),
    ("fractions of a second", lambda site: site | {"reportedAt": site["reportedAt"].replace("Z", ".1234567Z")}),
]


@pytest.mark.parametrize(("what", "change"), HARMLESS, ids=[what for what, _ in HARMLESS])
def test_what_the_interface_allows_is_planned_without_ado(world, what, change):
    world.simulator.override_site(world.site_id, change)

    assert isinstance(world.cycle(), Posted)


def test_a_lost_state_of_charge_is_stood_in_for_by_the_last_recorded_one(world):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.sample(app.sites[0])
        world.clock.advance_by(timedelta(minutes=20))
        world.simulator.override_site(world.site_id, with_assets(bess={"soc": 140}))
        outcome = jobs.plan(app.sites[0])

    assert isinstance(outcome, Posted)
    assert any("20 min ago stands in" in event["reason"] for event in world.events if event["event"] == "degraded")


def test_a_state_of_charge_recorded_too_long_ago_does_not_stand_in(world):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.sample(app.sites[0])
        world.clock.advance_by(timedelta(minutes=70))
        world.simulator.override_site(world.site_id, with_assets(bess={"soc": None}))
        outcome = jobs.plan(app.sites[0])

    assert isinstance(outcome, Skipped)


def test_a_read_that_recovers_is_retried_within_the_cycle(world):
    world.simulator.add_fault(Fault(where="GET site", status=503, times=2))

    assert isinstance(world.cycle(), Posted)


def test_secrets_reach_neither_log_nor_ledger(world):
    key = world.simulator.options.api_key
    echo = f'{{"error": "unauthorized", "message": "no such key {key}"}}'.encode()
    world.simulator.add_fault(Fault(where="GET site", status=401, body=echo))
    with world.app() as app:
        jobs = Jobs(app)
        jobs.plan(app.sites[0])
        jobs.plan(app.sites[0])

    stored = b"".join(file.read_bytes() for file in world.folder.glob("ledger*"))
    for secret in (key, world.simulator.options.hcu_token):
        assert secret not in world.log.getvalue()
        assert secret.encode() not in stored


def test_a_report_from_our_future_means_a_wrong_clock_and_nothing_is_told(world):
    world.simulator.set_reported_lag(world.site_id, -timedelta(minutes=40))

    outcome = world.cycle()

    assert isinstance(outcome, Skipped)
    assert "40 min in our future" in outcome.detail
    assert world.simulator.posts == []
