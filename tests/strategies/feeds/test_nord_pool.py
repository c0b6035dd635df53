"""Of data/nord-pool-2024-11-05-hourly-sek.json the form, the first entry and the average are recorded, the other prices made.

nord-pool-2026-10-25-100-quarters.json has the same form with prices made, and so have the answers that are made here.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from strategies.feeds.nord_pool import DELIVERY, NordPool, delivery_days
from strategies.registry import build_feed

DATA = Path(__file__).parent / "data"
UNPUBLISHED = Answer(body="", status=204)
FINAL = ({"state": "Final", "areas": ["SE3"]},)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


NOON = utc(2026, 5, 6, 10)
DAY = (utc(2026, 5, 5, 22), utc(2026, 5, 6, 22))
TWO_DAYS = (utc(2026, 5, 5, 22), utc(2026, 5, 7, 22))


def context_at(now: datetime, cache_folder: Path | None = None) -> FeedContext:
    return FeedContext(base_folder=DATA, zone="Europe/Helsinki", now=lambda: now, cache_folder=cache_folder)


def fetch(answer: Callable[[Asked], Answer], window=DAY, now=NOON, **options: object) -> tuple[Series, Provider]:
    """The series of SE3 in EUR at ten o'clock UTC of 6 May 2026, and the provider that was asked."""
    given_options = {"feed": "nord_pool", "area": "SE3"} | options
    with provider(answer) as found:
        feed = build_feed(given_options | {"base_url": found.base_url}, path="feeds.portal", context=context_at(now))
        return feed.fetch(*window), found


def always(body: str | bytes) -> Callable[[Asked], Answer]:
    return lambda _: Answer(body=body)


def recorded(name: str) -> Callable[[Asked], Answer]:
    """The day of a file; all others are not published."""
    body = (DATA / name).read_bytes()
    day = json.loads(body)["deliveryDateCET"]
    return lambda asked: Answer(body=body) if asked.params["date"] == day else UNPUBLISHED


def day_of(day: str, *rows: tuple[str, str, object], states=FINAL, currency="EUR") -> str:
    """An answer of rows (start, end, price) of SE3."""
    entries = [
        {"deliveryStart": start, "deliveryEnd": end, "entryPerArea": {"SE3": price}} for start, end, price in rows
    ]
    return json.dumps(
        {
            "deliveryDateCET": day,
            "market": "DayAhead",
            "multiAreaEntries": entries,
            "currency": currency,
            "areaStates": states,
        }
    )


def published(start: datetime, count: int, minutes: int) -> list[tuple[str, str, float]]:
    """So many slots from ``start``, at 1, 2, 3, … per MWh."""
    step = timedelta(minutes=minutes)
    return [
        (f"{start + at * step:%Y-%m-%dT%H:%M:%SZ}", f"{start + (at + 1) * step:%Y-%m-%dT%H:%M:%SZ}", at + 1.0)
        for at in range(count)
    ]


HOUR = ("2026-05-06T10:00:00Z", "2026-05-06T11:00:00Z", 80.0)
SAMPLE = day_of("2026-05-06", HOUR)


@pytest.mark.parametrize(("area", "first"), [("SE3", 0.25073), ("SE4", 0.28379)])
def test_the_recorded_day_is_24_hours_in_crowns_per_kwh(area, first):
    window = (utc(2024, 11, 4, 23), utc(2024, 11, 5, 23))
    series, _ = fetch(
        recorded("nord-pool-2024-11-05-hourly-sek.json"), window, utc(2024, 11, 5, 10), area=area, currency="SEK"
    )
    assert len(series) == 24
    assert (series.starts[0], series.ends[0]) == (utc(2024, 11, 4, 23), utc(2024, 11, 5))
    assert series.values[0] == pytest.approx(first)
    assert series.ends[-1] == utc(2024, 11, 5, 23)


def test_the_day_of_25_hours_has_100_quarters_less_one_without_a_price():
    window = (utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    series, _ = fetch(recorded("nord-pool-2026-10-25-100-quarters.json"), window, utc(2026, 10, 25, 9))
    assert len(series) == 99
    assert (series.starts[0], series.ends[-1]) == (utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    price = dict(zip(series.starts, series.values, strict=True))
    assert price[utc(2026, 10, 24, 22)] == pytest.approx(-0.015)
    assert price[utc(2026, 10, 25)] == pytest.approx(-0.003), "02:00 for the first time"
    assert price[utc(2026, 10, 25, 1)] == pytest.approx(0.003), "02:00 for the second time"
    assert price[utc(2026, 10, 25, 0, 30)] == 0.0, "zero is a price"
    assert utc(2026, 10, 25, 10, 30) not in price, "null is none"


def test_the_day_of_23_hours_has_92_quarters():
    window = (utc(2026, 3, 28, 23), utc(2026, 3, 29, 22))
    body = day_of("2026-03-29", *published(window[0], 92, 15))
    series, found = fetch(always(body), window, utc(2026, 3, 29, 9))
    assert [asked.params["date"] for asked in found.asked] == ["2026-03-29"]
    assert series.values == pytest.approx([0.001 * (at + 1) for at in range(92)])
    assert series.ends[-1] == utc(2026, 3, 29, 22)


def test_the_request_names_one_day_area_and_currency():
    _, found = fetch(always(day_of("2026-05-06", currency="NOK")), area="NO2", currency="NOK")
    (asked,) = found.asked
    assert asked.path == "/api/DayAheadPrices"
    assert asked.params == {"market": "DayAhead", "date": "2026-05-06", "deliveryArea": "NO2", "currency": "NOK"}


def test_tomorrow_is_left_out_until_it_is_published_and_no_day_after_it_is_asked_for():
    week = (utc(2026, 5, 5, 22), utc(2026, 5, 12, 22))
    days = {"2026-05-06": SAMPLE}
    series, found = fetch(
        lambda asked: Answer(body=days[asked.params["date"]]) if asked.params["date"] in days else UNPUBLISHED, week
    )
    assert sorted(asked.params["date"] for asked in found.asked) == ["2026-05-06", "2026-05-07"]
    assert series.starts == (utc(2026, 5, 6, 10),)


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ((utc(2026, 5, 5, 21, 59), utc(2026, 5, 6, 22)), ["2026-05-05", "2026-05-06"]),
        ((utc(2026, 5, 5, 22), utc(2026, 5, 6, 22, 0, 1)), ["2026-05-06", "2026-05-07"]),
        ((utc(2026, 5, 8), utc(2026, 5, 9)), []),
    ],
)
def test_the_days_asked_for_begin_at_midnight_in_central_europe(window, days):
    _, found = fetch(lambda _: UNPUBLISHED, window)
    assert sorted(asked.params["date"] for asked in found.asked) == days


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    minutes=st.integers(1, 5000),
    ahead=st.integers(-3, 3),
)
def test_every_instant_of_a_window_lies_in_a_day_that_is_asked_for_once_unless_it_is_too_far_ahead(
    start, minutes, ahead
):
    last = start.date() + timedelta(days=ahead)
    days = delivery_days(start, start + timedelta(minutes=minutes), last)
    assert days == sorted(set(days))
    wanted = {(start + timedelta(minutes=at)).astimezone(DELIVERY).date() for at in range(minutes)}
    assert {day for day in wanted if day <= last} <= set(days)
    assert all(day <= last for day in days)


def test_an_hourly_day_before_a_day_of_quarters_stays_hourly():
    answers = {
        "2025-09-30": day_of("2025-09-30", *published(utc(2025, 9, 29, 22), 24, 60)),
        "2025-10-01": day_of("2025-10-01", *published(utc(2025, 9, 30, 22), 96, 15)),
    }
    window = (utc(2025, 9, 29, 22), utc(2025, 10, 1, 22))
    series, _ = fetch(lambda asked: Answer(body=answers[asked.params["date"]]), window, utc(2025, 9, 30, 12))
    assert len(series) == 24 + 96
    assert series.ends[23] - series.starts[23] == timedelta(hours=1)
    assert series.starts[24] == series.ends[23] == utc(2025, 9, 30, 22)
    assert series.ends[24] - series.starts[24] == timedelta(minutes=15)


@pytest.mark.parametrize(
    "states",
    [
        ({"state": "Preliminary", "areas": ["SE3"]},),
        ({"state": "Final", "areas": ["SE4"]}, {"state": "Preliminary", "areas": ["SE3"]}),
        ({"state": "Final", "areas": ["SE3"]}, {"state": "Preliminary", "areas": ["SE3"]}),
        (),
    ],
)
def test_prices_that_are_not_final_are_left_out(states):
    assert len(fetch(always(day_of("2026-05-06", HOUR, states=states)))[0]) == 0


def test_an_area_without_a_price_is_a_gap():
    later = ("2026-05-06T11:00:00Z", "2026-05-06T12:00:00Z", None)
    assert fetch(always(day_of("2026-05-06", HOUR, later)))[0].values == (0.08,)
    assert len(fetch(always(SAMPLE.replace('"SE3": 80.0', '"SE4": 80.0')))[0]) == 0
    assert len(fetch(always(day_of("2026-05-06")))[0]) == 0


def test_only_what_overlaps_the_window_is_delivered():
    body = day_of("2026-05-06", *published(utc(2026, 5, 5, 22), 24, 60))
    series, _ = fetch(always(body), (utc(2026, 5, 6, 10, 30), utc(2026, 5, 6, 12)))
    assert series.starts == (utc(2026, 5, 6, 10), utc(2026, 5, 6, 11))


def test_rows_in_any_order_are_sorted_and_what_comes_twice_counts_once():
    rows = published(utc(2026, 5, 5, 22), 3, 60)
    series, _ = fetch(always(day_of("2026-05-06", rows[2], rows[0], rows[1], rows[0])))
    assert series.values == (0.001, 0.002, 0.003)


def test_two_prices_for_one_time_are_malformed():
    for other in ((*HOUR[:2], 81.0), ("2026-05-06T10:30:00Z", "2026-05-06T11:30:00Z", 80.0)):
        with pytest.raises(SourceMalformed, match="overlap"):
            fetch(always(day_of("2026-05-06", HOUR, other)))


def two_months(asked: Asked) -> Answer:
    """One price a day at noon from 7 March on; 401 for what is older."""
    day = date.fromisoformat(asked.params["date"])
    if day < date(2026, 3, 7):
        return Answer(body="", status=401)
    return Answer(body=day_of(day.isoformat(), (f"{day}T12:00:00Z", f"{day}T13:00:00Z", 80.0)))


def test_days_older_than_the_portal_shows_are_left_out_and_the_first_of_them_ends_the_asking():
    series, found = fetch(two_months, (utc(2025, 12, 31, 23), utc(2026, 5, 6, 22)))
    assert (series.starts[0], series.starts[-1]) == (utc(2026, 3, 7, 12), utc(2026, 5, 6, 12))
    assert len(series) == 61
    assert len(found.asked) == 62


@pytest.mark.parametrize("days_ago", [0, 31])
def test_to_a_day_that_is_young_enough_401_means_what_it_says(days_ago):
    start = DAY[0] - timedelta(days=days_ago)
    with pytest.raises(SourceUnauthorized, match="nord_pool: /api/DayAheadPrices answered 401"):
        fetch(lambda _: Answer(body="", status=401), (start, start + timedelta(hours=1)))


def test_a_visitor_who_is_taken_for_a_robot_is_told_so_on_any_day():
    with pytest.raises(SourceUnauthorized, match="answered 403: <html>Are you human"):
        fetch(lambda _: Answer(body="<html>Are you human?", status=403), (utc(2026, 1, 1), utc(2026, 1, 2)))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, SourceRejected), (411, SourceRejected), (500, SourceUnavailable), (503, SourceUnavailable)],
)
def test_one_day_that_fails_fails_the_whole(status, error):
    def tomorrow_fails(asked: Asked) -> Answer:
        return Answer(body=SAMPLE) if asked.params["date"] == "2026-05-06" else Answer(body="no", status=status)

    with pytest.raises(error, match=f"answered {status}: no"):
        fetch(tomorrow_fails, TWO_DAYS)


def in_ten_minutes() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)


@pytest.mark.parametrize(("retry_after", "lowest", "highest"), [(lambda: "120", 120, 120), (in_ten_minutes, 1, 600)])
def test_too_many_requests_keep_the_wait_that_was_asked_for(retry_after, lowest, highest):
    headers = {"Retry-After": retry_after()}
    with pytest.raises(SourceUnavailable, match="nord_pool") as caught:
        fetch(lambda _: Answer(body="", status=429, headers=headers))
    assert lowest <= caught.value.retry_after_s <= highest


def test_too_many_requests_may_ask_for_no_wait():
    with pytest.raises(SourceUnavailable) as caught:
        fetch(lambda _: Answer(body="", status=429))
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "nord_pool: the answer is not valid JSON"),
        ("<html>maintenance</html>", "nord_pool: the answer is not valid JSON"),
        (SAMPLE[:150], "nord_pool: the answer is not valid JSON"),
        ("[]", r"nord_pool: \[\] is not an object"),
        ('{"error": "no such area"}', "nord_pool.deliveryDateCET: None is not a text"),
        (
            SAMPLE.replace('CET": "2026-05-06', 'CET": "2026-05-05'),
            "'2026-05-05' is not what was asked for, 2026-05-06",
        ),
        (SAMPLE.replace('"EUR"', '"SEK"'), "nord_pool.currency: 'SEK' is not what was asked for, EUR"),
        (SAMPLE.replace('["SE3"]', '"SE3"'), r"areaStates\[0\].areas: 'SE3' is not a list of areas"),
        (SAMPLE.replace('"Final"', "7"), r"areaStates\[0\].state: 7 is not a text"),
        (
            day_of("2026-05-06", ("2026-05-06T10:00:00", HOUR[1], 80.0)),
            "deliveryStart: .* is not a time with its offset",
        ),
        (day_of("2026-05-06", (HOUR[0], HOUR[0], 80.0)), r"multiAreaEntries\[0\].deliveryEnd: .* is not after"),
        (day_of("2026-05-06", (*HOUR[:2], "80")), r"entryPerArea.SE3: '80' is not a number"),
        (SAMPLE.replace('{"SE3": 80.0}', "[80.0]"), r"entryPerArea: \[80.0\] is not an object"),
    ],
)
def test_what_the_portal_does_not_show_is_malformed(body, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        fetch(always(body))


def test_a_restart_within_twelve_minutes_asks_nothing(tmp_path):
    with provider(always(SAMPLE)) as found:
        for minutes, asked in ((0, 1), (11, 1), (12, 2)):
            now = NOON + timedelta(minutes=minutes)
            feed = build_feed(
                {"feed": "nord_pool", "area": "SE3", "base_url": found.base_url},
                path="feeds.portal",
                context=context_at(now, tmp_path),
            )
            assert feed.fetch(now, utc(2026, 5, 6, 20)).values == (0.08,)
            assert len(found.asked) == asked


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "feeds.portal.area: missing; give a delivery area"),
        ({"area": "SE"}, "feeds.portal.area: got 'SE'"),
        ({"area": "SE3", "currency": "USD"}, "feeds.portal.currency: got 'USD'"),
        ({"area": "SE3", "key": "x"}, "feeds.portal.key: unknown option"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        build_feed(options | {"feed": "nord_pool"}, path="feeds.portal", context=context_at(NOON))


def test_the_feed_has_its_providers_address_and_the_euro_by_default():
    options = NordPool.Options(area="FI")
    assert (options.base_url, options.currency) == ("https://dataportal-api.nordpoolgroup.com", "EUR")
