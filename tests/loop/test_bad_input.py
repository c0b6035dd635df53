"""Whatever the outside does wrong: a clear log line, the stated fallback, nothing invalid posted, and life goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from world import FLAT, World, simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.outcome import Failed, Held, Outcome, Posted, Skipped, is_success
from optimizer.simulator import Fault


def with_assets(**changes: object) -> Callable[[dict], dict]:
    """The site's JSON with some assets replaced or added; a dict is merged into the asset."""

    def change(site: dict) -> dict:
        assets = dict(site["assets"])
        for kind, value in changes.items():
            assets[kind] = {**assets.get(kind, {}), **value} if isinstance(value, dict) else value
        return site | {"assets": assets}

    return change


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


def cycles(world: World, *changes: Callable[[dict], dict] | None, minutes: int = 15, **settings) -> list[Outcome]:
    """One cycle after the other, each with the site's answer changed in its way."""
    found = []
    with world.app(**settings) as app:
        jobs = Jobs(app)
        for change in changes:
            world.simulator.override_site(world.site_id, change)
            found.append(jobs.plan(app.sites[0]))
            world.clock.advance_by(timedelta(minutes=minutes))
    return found


def told(world: World) -> list[str]:
    return [event["reason"] for event in world.events if event["event"] == "degraded"]


@pytest.mark.parametrize("change", [with_assets(grid=None), with_assets(grid={"ratedPowerUpperLimitkW": None})])
def test_a_connection_that_was_rated_keeps_its_limits_while_the_answer_lacks_them(tmp_path, change):
    with simulated_world(tmp_path, grid_import_limit_kw=3.0, soc_percent=5.0) as world:
        cycles(world, None, change, change, site="[sites.battery]\nreserve_percent = 80")
        limits = {
            entry["value"]
            for command in world.simulator.in_force(world.site_id)
            if command["type"] == "upperLimitkW"
            for entry in command["entries"]
        }

    assert limits == {3.0}
    assert any(
        "import rating is missing from the site's answer: the last one, 3 kW" in reason for reason in told(world)
    )
    assert all(post.accepted for post in world.simulator.posts)


def test_a_rating_that_is_gone_for_a_day_makes_room_for_the_limit_of_the_settings(tmp_path):
    lacks = with_assets(grid={"ratedPowerUpperLimitkW": None})
    with simulated_world(tmp_path, grid_import_limit_kw=3.0, soc_percent=50.0) as world:
        limits = []
        for change, hours in ((None, 1), (lacks, 25), (lacks, 1)):
            cycles(world, change, minutes=60 * hours, site="[sites.grid]\nimport_limit_kw = 12")
            limits.append(world.simulator.posts[-1].body["schedules"])
        uppers = [
            {entry["value"] for command in batch if command["type"] == "upperLimitkW" for entry in command["entries"]}
            for batch in limits
        ]

    assert uppers == [{3.0}, {3.0}, {12.0}]


def test_a_site_that_spells_its_name_otherwise_is_the_same_site(world):
    def shouting(site: dict) -> dict:
        return site | {"siteId": site["siteId"].upper()}

    first, second = cycles(world, shouting, lambda site: shouting(with_assets(bess=None)(site)))

    assert isinstance(first, Posted)
    assert isinstance(second, Skipped)
    assert "battery is missing" in second.detail


def test_what_was_seen_by_a_clock_that_was_ahead_binds_nobody(world):
    cycles(world, None)
    with world.app() as app:
        app.ledger.write(("UPDATE marks SET content = replace(content, '2021-', '2024-') WHERE name = 'assets'", [()]))
    (outcome,) = cycles(world, with_assets(bess=None))

    assert is_success(outcome)


def test_without_the_battery_that_was_there_nothing_is_planned_for_a_day_then_it_is_gone(world):
    gone = with_assets(bess=None)
    first, second, *_, last = cycles(world, None, gone, gone, gone, minutes=360)
    with world.app() as app:
        world.clock.advance_by(timedelta(hours=1))
        after = [Jobs(app).plan(app.sites[0]) for _ in range(2)]

    assert isinstance(first, Posted)
    assert isinstance(second, Skipped)
    assert (second.error, last.error) == ("ImplausibleData", "ImplausibleData")
    assert "battery is missing" in second.detail
    assert [event["to"] for event in world.events if event["event"] == "stepped_down"][-1:] == ["clear"]
    assert [type(outcome) for outcome in after] == [Posted, Held], "the limits of the connection stand, once"


@pytest.mark.parametrize("change", [with_assets(bess=None), with_assets(bess={"soc": None})])
def test_while_nothing_can_be_planned_load_and_meter_are_recorded_all_the_same(world, change):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.plan(app.sites[0])
        world.simulator.override_site(world.site_id, change)
        world.clock.advance_by(timedelta(hours=2))
        before = app.ledger.rows("SELECT count(load_kw), count(soc_percent) FROM telemetry", ())[0]
        assert isinstance(jobs.plan(app.sites[0]), Skipped)
        world.clock.advance_by(timedelta(minutes=1))
        jobs.sample(app.sites[0])
        after = app.ledger.rows("SELECT count(load_kw), count(soc_percent) FROM telemetry", ())[0]

    assert (after[0] - before[0], after[1] - before[1]) == (2, 0)


def test_a_solar_array_that_was_there_goes_on_by_its_forecast(world):
    with world.app() as app:
        jobs = Jobs(app)
        jobs.plan(app.sites[0])
        before = app.ledger.cycles(world.site_id)[0].body["problem"]["solar_kw"]
        world.simulator.override_site(world.site_id, with_assets(solar=None))
        world.clock.advance_by(timedelta(minutes=15))
        assert is_success(jobs.plan(app.sites[0]))
        after = app.ledger.cycles(world.site_id)[0].body["problem"]["solar_kw"]

    assert sum(after) > 0.5 * sum(before) > 0
    assert any("solar array is missing" in reason for reason in told(world))


def test_a_site_without_battery_grid_and_sun_has_nothing_to_command(world):
    world.simulator.override_site(world.site_id, with_assets(bess=None, grid=None, solar=None))

    outcome = world.cycle()

    assert outcome == Held(reason="nothing at this site takes commands")


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


def prices(world: World, start: datetime, skip: Callable[[datetime], bool], minutes: int = 15, hours: int = 60) -> str:
    """A price file in the world's folder and the tariff that reads it; negative around noon."""
    lines = ["start,price"]
    for number in range(hours * 60 // minutes):
        at = start + timedelta(minutes=minutes * number)
        if not skip(at):
            lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{0.25 - 0.30 * (11 <= at.hour < 14)}")
    (world.folder / "prices.csv").write_text("\n".join(lines), encoding="utf-8")
    return """
[sites.tariff]
strategy = "series"
import_series = "spot"
export_price = 0.05
[sites.feeds.spot]
feed = "file"
path = "prices.csv"
"""


@pytest.mark.parametrize("minutes", [15, 60])
def test_a_gap_in_the_price_file_is_filled_and_named(world, minutes):
    start = world.clock.now() - timedelta(days=1, hours=10)
    tariff = prices(world, start, lambda at: at.hour in {16, 17}, minutes, hours=80)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Posted)
    assert any("no published price" in event["reason"] for event in world.events if event["event"] == "degraded")


def test_missing_tomorrow_is_filled_from_today_and_the_plan_says_where_prices_end(world):
    start = world.clock.now() - timedelta(hours=34)
    tariff = prices(world, start, lambda at: at >= world.clock.now() + timedelta(hours=12))

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Posted)
    assert (
        world.event("planned")["known_prices_until"] == f"{world.clock.now() + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, "SourceUnavailable"), (b"", "SourceMalformed"), (b"\x00\xff\x00", "SourceMalformed")],
)
def test_a_price_file_that_cannot_be_read_skips_the_cycle(world, content, error):
    tariff = prices(world, world.clock.now(), lambda at: False)
    file = world.folder / "prices.csv"
    file.unlink() if content is None else file.write_bytes(content)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Skipped)
    assert outcome.error == "ForecastGap"
    event = next(event for event in world.events if event["event"] == "feed_failed")
    assert (event["feed"], event["error"]) == ("spot", error)
    assert world.simulator.posts == []


def test_a_price_file_that_breaks_later_leaves_the_last_good_prices(world):
    tariff = prices(world, world.clock.now() - timedelta(hours=12), lambda at: False, hours=120)
    with world.app(tariff=tariff) as app:
        jobs = Jobs(app)
        first = jobs.plan(app.sites[0])
        (world.folder / "prices.csv").unlink()
        world.clock.advance_by(timedelta(hours=1))
        second = jobs.plan(app.sites[0])

    assert is_success(first)
    assert is_success(second)
    assert "fallback" in world.event("feed_failed")


def test_old_prices_are_not_mistaken_for_today_s(world):
    tariff = prices(world, world.clock.now() - timedelta(days=7), lambda at: False, hours=48)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Skipped)
    assert outcome.error == "ForecastGap"


@pytest.mark.parametrize(
    "start",
    [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)],
    ids=["spring forward", "fall back"],
)
@pytest.mark.parametrize("tariff_kind", ["flat", "hourly", "quarter-hourly"])
def test_both_days_of_the_clock_change_are_planned_through(tmp_path, start, tariff_kind):
    with simulated_world(tmp_path, start=start) as world:
        tariff = FLAT
        if tariff_kind != "flat":
            minutes = 60 if tariff_kind == "hourly" else 15
            tariff = prices(world, start - timedelta(days=1), lambda at: False, minutes, hours=110)
        outcomes: list[Outcome] = []
        with world.app(tariff=tariff) as app:
            jobs = Jobs(app)
            while world.clock.now() < start + timedelta(hours=38):
                outcomes.append(jobs.plan(app.sites[0]))
                world.clock.advance_by(timedelta(hours=3, minutes=47))

        assert all(is_success(outcome) for outcome in outcomes)
        assert all(post.accepted for post in world.simulator.posts)


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
