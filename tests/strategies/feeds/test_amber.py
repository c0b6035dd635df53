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
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.options import Secret
from strategies.registry import build_feed

DATA = Path(__file__).parent / "data"
KEY = "psk_0123456789abcdef0123456789abcdef"
SITE = "01F5A5CRKMZ5BCX9P1S4V990AM"
WIDE = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def secret(reference: Secret, option: str) -> str:
    if reference.env != "AMBER_KEY":
        msg = f"{option}: environment variable {reference.env} is not set"
        raise ConfigError(msg)
    return KEY


CONTEXT = FeedContext(base_folder=DATA, zone="Australia/Sydney", secret=secret)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def fetch(answer: Callable[[Asked], Answer] | str | bytes, window=WIDE, **options: object) -> tuple[Series, Provider]:
    """The series of the general channel without days gone by, and the provider that was asked."""
    given = {"feed": "amber", "token": {"env": "AMBER_KEY"}, "site_id": SITE, "past_days": 0} | options
    respond = answer if callable(answer) else (lambda _: Answer(body=answer))
    with provider(respond) as found:
        feed = build_feed(given | {"base_url": found.base_url}, path="feeds.amber", context=CONTEXT)
        return feed.fetch(*window), found


TWO_CHANNELS = (DATA / "amber-current-two-channels.json").read_bytes()
FIVE_AND_THIRTY = (DATA / "amber-5-minutes-before-30.json").read_bytes()


def interval(kind: str, start: datetime, cents: float | None, minutes: int = 30, channel: str = "general") -> dict:
    return {
        "type": f"{kind}Interval",
        "duration": minutes,
        "startTime": (start + timedelta(seconds=1)).isoformat().replace("+00:00", "Z"),
        "endTime": (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "perKwh": cents,
        "channelType": channel,
    }


def test_the_request_names_the_site_the_key_and_how_far_to_look():
    _, found = fetch(TWO_CHANNELS, intervals_ahead=288)
    (asked,) = found.asked
    assert asked.path == f"/sites/{SITE}/prices/current"
    assert asked.params == {"next": "288", "previous": "1"}
    assert asked.headers["Authorization"] == f"Bearer {KEY}"


def test_general_prices_are_dollars_from_the_minute_on_with_forecasts_as_predicted():
    series, _ = fetch(TWO_CHANNELS)
    assert series.starts[:3] == (utc(2021, 5, 5, 1, 30), utc(2021, 5, 5, 2), utc(2021, 5, 5, 2, 30))
    assert series.ends[:2] == series.starts[1:3]
    assert series.values == pytest.approx((0.305, 0.4012465, -0.0225, 18.0, 0.22, 0.0))


def test_the_running_interval_keeps_its_price_whatever_is_predicted():
    series, _ = fetch(TWO_CHANNELS, (utc(2021, 5, 5, 2, 10), utc(2021, 5, 5, 2, 11)))
    assert series.values == pytest.approx((0.4012465,)), "and not the 31.2 of its advancedPrice"


def test_a_forecast_without_any_price_is_a_gap_and_zero_is_a_price():
    series, _ = fetch(TWO_CHANNELS)
    assert utc(2021, 5, 5, 4) not in series.starts
    assert (series.starts[-1], series.values[-1]) == (utc(2021, 5, 5, 4, 30), 0.0)


def test_forecasts_can_be_the_markets_own_or_left_out():
    market, _ = fetch(TWO_CHANNELS, forecast="per_kwh")
    assert market.values == pytest.approx((0.305, 0.4012465, -0.015, 19.5, 0.22, 0.0))
    without, _ = fetch(TWO_CHANNELS, forecast="none")
    assert without.values == pytest.approx((0.305, 0.4012465))


def test_feed_in_is_turned_round_so_that_earning_is_positive():
    series, _ = fetch(TWO_CHANNELS, channel="feedIn")
    assert series.values == pytest.approx((0.094, 0.115, -0.055, 14.0)), "a spike earns, a cloudless noon costs"


def test_a_channel_that_the_site_lacks_is_an_error_of_the_settings():
    with pytest.raises(
        ConfigError, match="channel: the site has no 'controlledLoad' at amber; it has: feedIn, general"
    ):
        fetch(TWO_CHANNELS, channel="controlledLoad")


def test_forecasts_of_30_minutes_give_way_to_the_5_minutes_that_are_known():
    series, _ = fetch(FIVE_AND_THIRTY)
    minutes = [int((end - start).total_seconds() / 60) for start, end in zip(series.starts, series.ends, strict=True)]
    assert minutes == [5, 5, 5, 5, 10, 30, 30]
    assert series.starts[1:] == series.ends[:-1]
    assert series.values == pytest.approx((0.20, 0.21, 0.22, 0.245, 0.33, 0.34, 0.35))


def test_days_gone_by_are_asked_for_by_market_days_a_week_at_a_time():
    now = utc(2026, 4, 4, 15, 30)
    current = json.dumps([interval("Current", now, 30.0)])

    def answer(asked: Asked) -> Answer:
        return Answer(body=current if asked.path.endswith("/current") else "[]")

    _, found = fetch(answer, (utc(2026, 3, 27, 13), utc(2026, 4, 6)), past_days=14)
    assert [asked.params for asked in found.asked[1:]] == [
        {"startDate": "2026-03-27", "endDate": "2026-04-02"},
        {"startDate": "2026-04-03", "endDate": "2026-04-05"},
    ], "23:00 UTC+10 belongs to the 27th, 01:30 UTC+10 to the 5th"
    _, found = fetch(answer, (utc(2026, 3, 27, 13), utc(2026, 4, 6)), past_days=1)
    assert [asked.params for asked in found.asked[1:]] == [{"startDate": "2026-04-04", "endDate": "2026-04-05"}]


@pytest.mark.parametrize(("day", "hours"), [((2026, 4, 4, 13), 25), ((2026, 10, 3, 14), 23)])
def test_the_odd_days_of_sydney_have_25_and_23_hours(day, hours):
    midnight = utc(*day)
    current = [interval("Current", midnight + timedelta(hours=hours), 30.0, minutes=5)]
    past = [interval("Actual", midnight + timedelta(minutes=5 * at), 20.0, minutes=5) for at in range(hours * 12)]

    def answer(asked: Asked) -> Answer:
        return Answer(body=json.dumps(current if asked.path.endswith("/current") else past))

    series, _ = fetch(answer, (midnight, midnight + timedelta(hours=hours)), past_days=2)
    assert len(series) == hours * 12
    assert series.starts[1:] == series.ends[:-1]


def test_what_is_known_replaces_what_was_forecast_for_the_same_time():
    now = utc(2026, 1, 1, 12)
    rows = [interval("Forecast", now, 50.0), interval("Actual", now, 10.0), interval("Current", now, 20.0)]
    series, _ = fetch(json.dumps(rows))
    assert series.values == pytest.approx((0.1,))


def test_an_empty_list_is_an_empty_series():
    series, found = fetch("[]", past_days=7)
    assert len(series) == 0
    assert len(found.asked) == 1


def test_a_null_price_is_a_gap():
    now = utc(2026, 1, 1, 12)
    rows = [interval("Actual", now, None), interval("Current", now + timedelta(minutes=30), 20.0)]
    assert fetch(json.dumps(rows))[0].starts == (now + timedelta(minutes=30),)


def test_a_key_that_is_not_accepted_is_unauthorized_and_not_shown():
    with pytest.raises(SourceUnauthorized, match="amber") as caught:
        fetch(lambda _: Answer(body=json.dumps({"message": f"Unauthorized {KEY}"}), status=401))
    assert KEY not in str(caught.value)


def test_a_key_that_is_repeated_in_an_answer_is_not_shown():
    with pytest.raises(SourceMalformed, match="perKwh") as caught:
        fetch(json.dumps([GOOD | {"perKwh": KEY}]))
    assert KEY not in str(caught.value)


def test_too_many_requests_is_unavailable():
    with pytest.raises(SourceUnavailable, match="amber"):
        fetch(lambda _: Answer(body='{"message":"Too Many Requests"}', status=429))


def test_a_site_that_is_not_there_is_an_error_of_the_settings():
    with pytest.raises(ConfigError, match=f"site_id: amber has no site {SITE}"):
        fetch(lambda _: Answer(body="{}", status=404))


GOOD = interval("Current", datetime(2026, 1, 1, 12, tzinfo=UTC), 20.0)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<html>oops</html>", "amber"),
        ('[{"type":', "amber"),
        ("{}", "amber: {} is not a list"),
        ("[1]", r"amber\[0\]: 1 is not an object"),
        (json.dumps([GOOD | {"channelType": None}]), r"amber\[0\].channelType: None is not a text"),
        (json.dumps([GOOD | {"type": "Guess"}]), r"amber\[0\].type: 'Guess' is not one of ForecastInterval"),
        (json.dumps([GOOD | {"perKwh": "20"}]), r"amber\[0\].perKwh: '20' is not a number"),
        (json.dumps([GOOD | {"startTime": "2026-01-01T12:00:01"}]), "startTime: .* is not a time with its offset"),
        (json.dumps([GOOD | {"endTime": "2026-01-01T12:00:00Z"}]), "endTime: .* is not after"),
    ],
)
def test_what_the_interface_does_not_describe_is_malformed(body, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        fetch(body)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"site_id": "a/b"}, "feeds.amber.site_id: got 'a/b'"),
        ({"channel": "export"}, "feeds.amber.channel: got 'export'"),
        ({"forecast": "high"}, "feeds.amber.forecast: got 'high'"),
        ({"token": {"env": "NOT_THERE"}}, "token: environment variable NOT_THERE is not set"),
    ],
)
def test_options_that_cannot_be_used_are_refused(change, complaint):
    options = {"feed": "amber", "token": {"env": "AMBER_KEY"}, "site_id": SITE} | change
    with pytest.raises(ConfigError, match=complaint):
        build_feed(options, path="feeds.amber", context=CONTEXT)
