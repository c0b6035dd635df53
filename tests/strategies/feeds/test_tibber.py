import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retail_provider import Answer, Asked, Provider, provider

from strategies import (
    ConfigError,
    FeedContext,
    Series,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.options import Secret
from strategies.registry import build_feed

DATA = Path(__file__).parent / "data"
TOKEN = "5K4MVS-OjfWhK_4yrjOlFe1F6kJXPVf7eQYggo8ebAE"
HOME = "96a14971-525a-4420-aae9-e5aedaa129ff"
WIDE = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
SAMPLE = (
    '{"data":{"viewer":{"homes":[{"id":"h1","currentSubscription":{"priceInfo":{"today":'
    '[{"total":0.2688,"startsAt":"2025-09-19T00:00:00.000+02:00"}],"tomorrow":[]}}}]}}}'
)


def secret(reference: Secret, option: str) -> str:
    if reference.env != "TIBBER_TOKEN":
        msg = f"{option}: environment variable {reference.env} is not set"
        raise ConfigError(msg)
    return TOKEN


CONTEXT = FeedContext(base_folder=DATA, zone="Europe/Berlin", secret=secret)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def fetch(answer: Callable[[Asked], Answer] | str | bytes, window=WIDE, **options: object) -> tuple[Series, Provider]:
    """The series of the only home, and the provider that was asked."""
    given = {"feed": "tibber", "token": {"env": "TIBBER_TOKEN"}} | options
    respond = answer if callable(answer) else (lambda _: Answer(body=answer))
    with provider(respond) as found:
        feed = build_feed(given | {"base_url": found.base_url}, path="feeds.tibber", context=CONTEXT)
        return feed.fetch(*window), found


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def answer_of(*homes: dict[str, object]) -> str:
    return json.dumps({"data": {"viewer": {"homes": homes}}})


def home(name: str, today: object, tomorrow: object = (), past: object = None) -> dict[str, object]:
    info: dict[str, object] = {"priceInfo": {"today": today, "tomorrow": tomorrow}}
    if past is not None:
        info["priceInfoRange"] = {"nodes": past}
    return {"id": name, "currentSubscription": info}


def prices(*rows: tuple[str, float | None]) -> list[dict[str, object]]:
    return [{"startsAt": start, "total": total} for start, total in rows]


def test_the_sample_is_a_quarter_of_an_hour_from_local_midnight():
    series, _ = fetch(SAMPLE)
    assert series.starts == (utc(2025, 9, 18, 22),)
    assert series.ends == (utc(2025, 9, 18, 22, 15),)
    assert series.values == (0.2688,)


def test_the_request_is_one_query_with_the_token_and_the_resolution():
    _, found = fetch(SAMPLE)
    (asked,) = found.asked
    assert (asked.method, asked.path) == ("POST", "/gql")
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(asked.body)["query"].split() == [
        "{viewer{homes{id",
        "appNickname",
        "currentSubscription{status",
        "priceInfo(resolution:",
        "QUARTER_HOURLY){today{total",
        "energy",
        "tax",
        "startsAt}",
        "tomorrow{total",
        "energy",
        "tax",
        "startsAt}}",
        "}}}}",
    ]


@pytest.mark.parametrize(
    ("resolution", "days", "asks"),
    [
        ("QUARTER_HOURLY", 2, "priceInfoRange(resolution: QUARTER_HOURLY, last: 192)"),
        ("QUARTER_HOURLY", 7, "priceInfoRange(resolution: QUARTER_HOURLY, last: 672)"),
        ("HOURLY", 7, "priceInfoRange(resolution: HOURLY, last: 168)"),
    ],
)
def test_days_gone_by_are_asked_for_within_the_interfaces_limit(resolution, days, asks):
    _, found = fetch(SAMPLE, resolution=resolution, past_days=days)
    assert asks in json.loads(found.asked[0].body)["query"]


def test_the_day_of_25_hours_has_100_quarters_and_no_tomorrow_yet():
    series, _ = fetch(recorded("tibber-100-quarters-then-nothing.json"))
    assert len(series) == 100
    assert (series.starts[0], series.ends[-1]) == (utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    assert {end - start for start, end in zip(series.starts, series.ends, strict=True)} == {timedelta(minutes=15)}
    price = dict(zip(series.starts, series.values, strict=True))
    assert price[utc(2026, 10, 25, 0)] == pytest.approx(0.1924), "02:00 for the first time"
    assert price[utc(2026, 10, 25, 1)] == pytest.approx(0.1964), "02:00 for the second time"


def test_the_day_of_23_hours_follows_without_a_gap():
    series, _ = fetch(recorded("tibber-92-quarters-after-96.json"))
    assert len(series) == 96 + 92
    assert series.starts[1:] == series.ends[:-1]
    assert series.ends[-1] == utc(2026, 3, 29, 22)


@pytest.mark.parametrize(
    ("price", "values"), [("total", (0.2688, 0.1144, 0.1344)), ("energy", (0.1344, -0.02, 0.0)), ("tax", (0.1344,) * 3)]
)
def test_the_price_is_the_total_its_energy_or_its_tax(price, values):
    window = (utc(2026, 10, 24, 22), utc(2026, 10, 24, 22, 45))
    series, _ = fetch(recorded("tibber-100-quarters-then-nothing.json"), window, price=price)
    assert series.values == pytest.approx(values)


def test_an_answer_coarser_than_asked_holds_for_its_own_distance():
    today = prices(*((f"2026-05-06T{hour:02}:00:00.000+02:00", 0.1) for hour in (0, 1, 2, 4, 5)))
    tomorrow = prices(*((f"2026-05-07T00:{minute:02}:00.000+02:00", 0.2) for minute in (0, 15, 30)))
    series, _ = fetch(answer_of(home("h1", today, tomorrow)))
    hours = [(end - start).total_seconds() / 3600 for start, end in zip(series.starts, series.ends, strict=True)]
    assert hours == [1, 1, 1, 1, 1, 0.25, 0.25, 0.25]
    assert series.ends[2] == utc(2026, 5, 6, 1), "what is missing in the middle stays a gap"


def test_a_null_price_and_a_null_tomorrow_stay_gaps():
    today = prices(
        ("2026-05-06T00:00:00.000+02:00", 0.1),
        ("2026-05-06T00:15:00.000+02:00", None),
        ("2026-05-06T00:30:00.000+02:00", 0.3),
    )
    series, _ = fetch(answer_of(home("h1", today, None)))
    assert series.values == (0.1, 0.3)
    assert series.ends[0] == utc(2026, 5, 5, 22, 15)


def test_days_gone_by_join_today_and_what_both_hold_counts_once():
    past = prices(("2026-05-05T23:45:00.000+02:00", 0.5), ("2026-05-06T00:00:00.000+02:00", 0.1))
    today = prices(("2026-05-06T00:00:00.000+02:00", 0.1), ("2026-05-06T00:15:00.000+02:00", 0.2))
    series, _ = fetch(answer_of(home("h1", today, past=past)), past_days=1)
    assert series.values == (0.5, 0.1, 0.2)


def test_only_what_overlaps_the_window_is_delivered():
    series, _ = fetch(SAMPLE, (utc(2026, 1, 1), utc(2026, 1, 2)))
    assert len(series) == 0


def test_of_several_homes_the_one_with_prices_is_taken_or_the_one_that_is_named():
    one, two = home("h1", prices(("2026-05-06T00:00+02:00", 0.1))), home("h2", prices(("2026-05-06T00:00+02:00", 0.2)))
    assert fetch(answer_of(one, {"id": "h2", "currentSubscription": None}))[0].values == (0.1,)
    assert fetch(answer_of(one, two), home_id="h2")[0].values == (0.2,)
    with pytest.raises(ConfigError, match="several homes with prices, choose one: h1, h2"):
        fetch(answer_of(one, two))
    with pytest.raises(ConfigError, match="no home 'h3' at tibber; there are: h1, h2"):
        fetch(answer_of(one, two), home_id="h3")


def test_a_home_without_a_subscription_has_no_price():
    with pytest.raises(SourceRejected, match="no subscription, and so no price, at home h1"):
        fetch(answer_of({"id": "h1", "currentSubscription": None}))
    with pytest.raises(SourceRejected, match="no subscription"):
        fetch(answer_of())


def graphql_error(message: str, code: str | None) -> str:
    extensions = {} if code is None else {"extensions": {"code": code}}
    return json.dumps({"errors": [{"message": message} | extensions], "data": None})


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("UNAUTHENTICATED", SourceUnauthorized),
        ("INTERNAL_SERVER_ERROR", SourceUnavailable),
        ("GRAPHQL_VALIDATION_FAILED", SourceRejected),
        (None, SourceRejected),
    ],
)
def test_a_graphql_error_means_what_its_code_says_whatever_the_status(status, code, error):
    with pytest.raises(error, match="No such thing") as caught:
        fetch(lambda _: Answer(body=graphql_error("No such thing", code), status=status))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [428, 429, 503])
def test_a_status_that_passes_is_unavailable(status):
    with pytest.raises(SourceUnavailable):
        fetch(lambda _: Answer(body="later", status=status))


def test_an_agent_that_is_blocked_is_told_the_vendors_words():
    with pytest.raises(SourceRejected, match="tibber"):
        fetch(lambda _: Answer(body="Bad user agent", status=400))


def test_a_token_that_is_repeated_in_an_error_is_not_shown():
    with pytest.raises(SourceRejected) as caught:
        fetch(graphql_error(f"token {TOKEN} is odd", None))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<html>oops</html>", "tibber"),
        (SAMPLE[:60], "tibber"),
        ("{}", "no data.viewer"),
        ('{"data": {"viewer": 5}}', "tibber.data.viewer: 5 is not an object"),
        ('{"data": {"viewer": {"homes": [{}]}}}', r"homes\[0\].id: None is not a text"),
        (SAMPLE.replace("0.2688", '"0.2688"'), r"today\[0\].total: '0.2688' is not a number"),
        (SAMPLE.replace("+02:00", ""), "startsAt: .* is not a time with its offset"),
    ],
)
def test_what_the_interface_does_not_describe_is_malformed(body, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        fetch(body)


def test_two_prices_for_one_quarter_are_malformed():
    at = "2026-05-06T00:00:00.000+02:00"
    with pytest.raises(SourceMalformed):
        fetch(answer_of(home("h1", prices((at, 0.1), (at, 0.2)))))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "feeds.tibber.token: missing"),
        ({"token": {"env": "NOT_THERE"}}, "token: environment variable NOT_THERE is not set"),
        ({"token": {"env": "TIBBER_TOKEN"}, "price": "gross"}, "feeds.tibber.price"),
        ({"token": {"env": "TIBBER_TOKEN"}, "past_days": 8}, "feeds.tibber.past_days: got 8"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        build_feed(options | {"feed": "tibber"}, path="feeds.tibber", context=CONTEXT)
