"""Answers in data/entsoe-*.xml say in their first lines what is recorded and what is made; the others are made here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
    SourceError,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.feeds.entsoe import STEPS, ZONES, finest, time_series_of
from strategies.options import Secret
from strategies.registry import build_feed

DATA = Path(__file__).parent / "data"
TOKEN = "3f6c1b1e-9d0a-4c52-8a77-2f5c9e1d4b60"
WIDE = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
WINTER_DAY = ("2026-02-01T23:00Z", "2026-02-02T23:00Z")
NAMESPACE = ' xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"'
SEQUENCE = "classificationSequence_AttributeInstanceComponent.position"
NOTHING = (DATA / "entsoe-nothing.xml").read_text(encoding="utf-8")


def secret(reference: Secret, option: str) -> str:
    if reference.env != "ENTSOE_TOKEN":
        msg = f"{option}: environment variable {reference.env} is not set"
        raise ConfigError(msg)
    return TOKEN


CONTEXT = FeedContext(base_folder=DATA, zone="Europe/Berlin", secret=secret)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def fetch(answer: Callable[[Asked], Answer] | str | bytes, window=WIDE, **options: object) -> tuple[Series, Provider]:
    """The series of Belgium, which has one auction, unless another zone is named; and the provider that was asked."""
    given_options = {"feed": "entsoe", "token": {"env": "ENTSOE_TOKEN"}, "zone": "BE"} | options
    respond = answer if callable(answer) else (lambda _: Answer(body=answer))
    with provider(respond) as found:
        feed = build_feed(given_options | {"base_url": found.base_url}, path="feeds.exchange", context=CONTEXT)
        return feed.fetch(*window), found


def recorded(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def document(*series: str, namespace: str = NAMESPACE) -> str:
    return f"<Publication_MarketDocument{namespace}>{''.join(series)}</Publication_MarketDocument>"


def period(interval: tuple[str, str], resolution: str, *points: tuple[object, object]) -> str:
    listed = "".join(
        f"<Point><position>{position}</position><price.amount>{price}</price.amount></Point>"
        for position, price in points
    )
    start, end = interval
    return (
        f"<Period><timeInterval><start>{start}</start><end>{end}</end></timeInterval>"
        f"<resolution>{resolution}</resolution>{listed}</Period>"
    )


def series_with(*periods: str, curve="A03", currency="EUR", unit="MWH", sequence="", zone="BE", contract="A01") -> str:
    eic = ZONES[zone]
    position = f"<{SEQUENCE}>{sequence}</{SEQUENCE}>" if sequence else ""
    return (
        f"<TimeSeries><in_Domain.mRID>{eic}</in_Domain.mRID><out_Domain.mRID>{eic}</out_Domain.mRID>"
        f"<contract_MarketAgreement.type>{contract}</contract_MarketAgreement.type>"
        f"<currency_Unit.name>{currency}</currency_Unit.name><price_Measure_Unit.name>{unit}</price_Measure_Unit.name>"
        f"{position}<curveType>{curve}</curveType>{''.join(periods)}</TimeSeries>"
    )


HOUR = ("2026-02-02T10:00Z", "2026-02-02T11:00Z")
TWO_HOURS = ("2026-02-02T10:00Z", "2026-02-02T12:00Z")
SAMPLE = document(series_with(period(HOUR, "PT60M", (1, 80))))


def test_the_recorded_day_is_96_quarters_though_95_are_listed():
    series, _ = fetch(recorded("entsoe-de-lu-95-points.xml"), zone="DE-LU")
    assert len(series) == 96
    assert (series.starts[0], series.ends[-1]) == (utc(2026, 2, 1, 23), utc(2026, 2, 2, 23))
    price = dict(zip(series.starts, series.values, strict=True))
    assert price[utc(2026, 2, 1, 23)] == pytest.approx(0.10041)
    assert price[utc(2026, 2, 1, 23, 15)] == pytest.approx(0.10191)
    assert price[utc(2026, 2, 2, 18, 15)] == pytest.approx(0.128), "position 78"
    assert price[utc(2026, 2, 2, 18, 30)] == pytest.approx(0.128), "position 79 is not listed: as before"
    assert price[utc(2026, 2, 2, 18, 45)] == pytest.approx(0.130), "position 80"


def test_the_day_of_25_hours_has_100_quarters_of_the_coupled_auction_filled_to_the_end():
    series, _ = fetch(recorded("entsoe-de-lu-100-slots-two-auctions.xml"), zone="DE-LU")
    assert len(series) == 100
    assert (series.starts[0], series.ends[-1]) == (utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    assert series.values[:11] == pytest.approx([-0.009 + 0.001 * at for at in range(11)]), "below zero, zero, above"
    assert series.values[9] == 0.0
    price = dict(zip(series.starts, series.values, strict=True))
    assert price[utc(2026, 10, 25, 0)] == pytest.approx(-0.001), "position 9: 02:00 for the first time"
    assert price[utc(2026, 10, 25, 1)] == pytest.approx(0.003), "position 13: 02:00 for the second time"
    assert series.values[-4:] == pytest.approx((0.087,) * 4), "positions 98 to 100 are not listed"


def test_the_day_of_23_hours_has_92_quarters():
    day = period(("2026-03-28T23:00Z", "2026-03-29T22:00Z"), "PT15M", (1, 10), (92, 20))
    series, _ = fetch(document(series_with(day)))
    assert len(series) == 92
    assert (series.starts[-1], series.ends[-1]) == (utc(2026, 3, 29, 21, 45), utc(2026, 3, 29, 22))
    assert series.values == (0.01,) * 91 + (0.02,)


def test_the_request_names_document_zone_contract_and_a_window_in_utc():
    window = (datetime.fromisoformat("2026-02-02T00:00:30+01:00"), utc(2026, 2, 3, 23, 0, 1))
    _, found = fetch(SAMPLE, window)
    (asked,) = found.asked
    assert asked.path == "/api"
    assert asked.params == {
        "securityToken": TOKEN,
        "documentType": "A44",
        "in_Domain": "10YBE----------2",
        "out_Domain": "10YBE----------2",
        "periodStart": "202602012300",
        "periodEnd": "202602032301",
        "contract_MarketAgreement.type": "A01",
    }


@pytest.mark.parametrize("zone", ["DE-LU", "AT", "10Y1001A1001A82H"])
def test_the_coupled_auction_alone_is_asked_for_where_there_are_two(zone):
    _, found = fetch(NOTHING, zone=zone)
    assert found.asked[0].params[SEQUENCE] == "1"


@pytest.mark.parametrize(
    ("zone", "sequence", "count"),
    [
        ("DE-LU", "1", 1),
        ("DE-LU", "2", 0),
        ("DE-LU", "", 0),
        ("AT", "", 0),
        ("BE", "", 1),
        ("BE", "1", 1),
        ("PL", "2", 0),
    ],
)
def test_a_morning_auction_is_never_taken_for_the_coupled_one(zone, sequence, count):
    series, _ = fetch(document(series_with(period(HOUR, "PT60M", (1, 80)), zone=zone, sequence=sequence)), zone=zone)
    assert len(series) == count


def test_prices_of_another_contract_than_the_daily_one_are_left_out():
    weekly = series_with(period(HOUR, "PT60M", (1, 70)), contract="A02")
    daily = series_with(period(HOUR, "PT60M", (1, 80)))
    assert fetch(document(weekly, daily))[0].values == (0.08,)


def test_prices_of_another_zone_are_malformed():
    with pytest.raises(SourceMalformed, match=r"in_Domain.mRID: '10YNL-+L' is not the zone that was asked for, 10YBE"):
        fetch(document(series_with(period(HOUR, "PT60M", (1, 80)), zone="NL")))


def test_nothing_found_is_an_empty_series_with_status_200():
    assert len(fetch(NOTHING)[0]) == 0


def test_tomorrow_is_left_out_until_it_is_published():
    today = period(WINTER_DAY, "PT60M", (1, 80))
    series, _ = fetch(document(series_with(today)), (utc(2026, 2, 1, 23), utc(2026, 2, 3, 23)))
    assert len(series) == 24
    assert series.ends[-1] == utc(2026, 2, 2, 23)


def test_only_what_overlaps_the_window_is_delivered_of_the_whole_days_that_come():
    day = recorded("entsoe-de-lu-95-points.xml")
    series, _ = fetch(day, (utc(2026, 2, 2, 10, 20), utc(2026, 2, 2, 11)), zone="DE-LU")
    assert series.starts == (utc(2026, 2, 2, 10, 15), utc(2026, 2, 2, 10, 30), utc(2026, 2, 2, 10, 45))


def test_equal_blocks_that_are_not_listed_stay_gaps():
    points = period(HOUR, "PT15M", (1, 10), (3, 30))
    series, _ = fetch(document(series_with(points, curve="A01")))
    assert (series.starts, series.values) == ((utc(2026, 2, 2, 10), utc(2026, 2, 2, 10, 30)), (0.01, 0.03))
    series, _ = fetch(document(series_with(points, curve="A01").replace("<curveType>A01</curveType>", "")))
    assert series.values == (0.01, 0.03), "no curve type says the same"


def test_a_price_that_is_empty_and_one_that_nothing_precedes_stay_gaps():
    series, _ = fetch(document(series_with(period(TWO_HOURS, "PT15M", (3, 30), (5, ""), (7, 70)))))
    quarter = timedelta(minutes=15)
    start = utc(2026, 2, 2, 10)
    assert series.starts == tuple(start + at * quarter for at in (2, 3, 6, 7)), (
        "what repeats an empty price is as empty"
    )
    assert series.values == (0.03, 0.03, 0.07, 0.07)


def test_an_hour_stays_an_hour_where_nothing_finer_is_published():
    hourly = series_with(period(TWO_HOURS, "PT60M", (1, 80), (2, 90)))
    half_hourly = series_with(period(("2026-02-02T12:00Z", "2026-02-02T13:00Z"), "PT30M", (1, 100), (2, 110)))
    series, _ = fetch(document(half_hourly, hourly))
    assert series.values == (0.08, 0.09, 0.1, 0.11)
    assert series.ends == (utc(2026, 2, 2, 11), utc(2026, 2, 2, 12), utc(2026, 2, 2, 12, 30), utc(2026, 2, 2, 13))


@pytest.mark.parametrize("hourly_first", [True, False])
def test_of_two_resolutions_for_one_time_the_finest_counts_and_its_gaps_stay_gaps(hourly_first):
    hourly = series_with(period(TWO_HOURS, "PT60M", (1, 80), (2, 90)))
    quarters = series_with(period(HOUR, "PT15M", (1, 10), (2, 20), (4, 40)), curve="A01")
    series, _ = fetch(document(*((hourly, quarters) if hourly_first else (quarters, hourly))))
    assert series.values == (0.01, 0.02, 0.04, 0.09)
    assert series.starts[2:] == (utc(2026, 2, 2, 10, 45), utc(2026, 2, 2, 11))


@pytest.mark.parametrize("namespace", ["", NAMESPACE, NAMESPACE.replace("7:3", "9:0")])
def test_a_new_version_of_the_namespace_changes_nothing(namespace):
    body = document(series_with(period(HOUR, "PT60M", (1, 80))), namespace=namespace)
    assert fetch(body)[0].values == (0.08,)


def test_rows_in_any_order_are_sorted_and_what_comes_twice_counts_once():
    later = series_with(period(("2026-02-02T11:00Z", "2026-02-02T12:00Z"), "PT60M", (1, 90)))
    earlier = series_with(period(HOUR, "PT30M", (2, 82), (1, 81), (1, 81)))
    series, _ = fetch(document(later, earlier, later))
    assert series.values == (0.081, 0.082, 0.09)


def test_two_prices_for_one_hour_are_malformed():
    with pytest.raises(SourceMalformed, match="overlap"):
        fetch(document(*(series_with(period(HOUR, "PT60M", (1, price))) for price in (80, 81))))


def test_prices_in_another_currency_are_an_error_of_the_settings_and_may_be_asked_for():
    body = document(series_with(period(HOUR, "PT60M", (1, 80)), currency="PLN", zone="PL"))
    with pytest.raises(
        ConfigError, match=r"currency: entsoe has the prices of 10YPL-AREA-----S in PLN, not in EUR; set"
    ):
        fetch(body, zone="PL")
    assert fetch(body, zone="PL", currency="PLN")[0].values == (0.08,)


def test_before_a_zone_changed_its_currency_its_prices_are_left_out():
    before = series_with(period(HOUR, "PT60M", (1, 160)), currency="BGN", zone="BG")
    after = series_with(period(("2026-02-02T11:00Z", "2026-02-02T12:00Z"), "PT60M", (1, 80)), zone="BG")
    assert fetch(document(before, after), zone="BG")[0].values == (0.08,)


def test_a_window_beyond_a_year_is_asked_in_two_questions():
    _, found = fetch(NOTHING, (utc(2025, 1, 1), utc(2026, 1, 2)))
    assert [(asked.params["periodStart"], asked.params["periodEnd"]) for asked in found.asked] == [
        ("202501010000", "202601010000"),
        ("202601010000", "202601020000"),
    ]


def days_in_answers_of_100(asked: Asked) -> Answer:
    """Three hundred days of one price each; what lies after the last day is nothing."""
    first = int(asked.params.get("offset", "0"))
    starts = [utc(2026, 1, 1) + timedelta(days=at) for at in range(first, min(first + 100, 300))]
    if not starts:
        return Answer(body=NOTHING)
    days = [(f"{start:%Y-%m-%dT%H:%MZ}", f"{start + timedelta(days=1):%Y-%m-%dT%H:%MZ}") for start in starts]
    return Answer(body=document(*(series_with(period(day, "PT60M", (1, 80))) for day in days)))


def test_what_does_not_fit_into_one_answer_is_asked_for_by_its_offset():
    series, found = fetch(days_in_answers_of_100)
    assert [asked.params.get("offset") for asked in found.asked] == [None, "100", "200", "300"]
    assert len(series) == 300 * 24


def test_answers_without_an_end_are_malformed():
    hundred = document(*(series_with(period(HOUR, "PT60M", (1, 80))) for _ in range(100)))
    with pytest.raises(SourceMalformed, match="entsoe: more than 4800 series"):
        fetch(hundred)


def in_ten_minutes() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)


@pytest.mark.parametrize(("retry_after", "lowest", "highest"), [(lambda: "600", 600, 600), (in_ten_minutes, 1, 600)])
def test_too_many_requests_keep_the_wait_that_was_asked_for(retry_after, lowest, highest):
    headers = {"Retry-After": retry_after()}
    with pytest.raises(SourceUnavailable, match="entsoe: /api answered 429") as caught:
        fetch(lambda _: Answer(body="", status=429, headers=headers))
    assert lowest <= caught.value.retry_after_s <= highest


def test_too_many_requests_may_ask_for_no_wait():
    with pytest.raises(SourceUnavailable) as caught:
        fetch(lambda _: Answer(body="", status=429))
    assert caught.value.retry_after_s is None


def refusal(code: str, words: str) -> str:
    return NOTHING.replace("<code>999<", f"<code>{code}<").replace("No matching data found", words)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, "Unauthorized {token}", SourceUnauthorized, r"answered 401: Unauthorized \*\*\*"),
        (400, "<html>securityToken={token}", SourceRejected, r"\*\*\* \(asked for the zone 10YBE-+2\)"),
        (503, "at ?securityToken={token}", SourceUnavailable, r"answered 503: at \?securityToken=\*\*\*"),
        (200, refusal("A59", "{token} may not see this"), SourceRejected, r"entsoe: A59: \*\*\* may not see this"),
        (200, "<{token}/>".replace("{token}", f"t{TOKEN}"), SourceMalformed, "entsoe"),
        (200, SAMPLE.replace("PT60M", "{token}"), SourceMalformed, r"resolution: '\*\*\*' is not one of PT15M"),
        (200, SAMPLE.replace("EUR", "{token}"), ConfigError, r"in \*\*\*, not in EUR"),
    ],
)
def test_a_refusal_has_its_error_and_never_shows_the_token(status, body, error, words):
    with pytest.raises(error, match=words) as caught:
        fetch(lambda _: Answer(body=body.replace("{token}", TOKEN), status=status))
    assert TOKEN[:6] not in str(caught.value)
    assert caught.value.__cause__ is None


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><Publication_MarketDocument>&c;</Publication_MarketDocument>'


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "entsoe: the answer is not valid XML"),
        ("<!DOCTYPE html><html>maintenance</html>", "entsoe: the answer is not valid XML"),
        ("<html><p>maintenance</html>", "entsoe: the answer is not valid XML"),
        ("<html>maintenance</html>", "entsoe: the answer is a 'html', not a Publication_MarketDocument"),
        (SAMPLE[:200], "entsoe: the answer is not valid XML"),
        ('<?xml version="1.0" encoding="nobody-knows"?><a/>', "entsoe: the answer is not valid XML"),
        (BOMB, "entsoe: the answer is not valid XML"),
        ('{"price": 5}', "entsoe: the answer is not valid XML"),
        (SAMPLE.replace("MWH", "KWH"), r"TimeSeries\[0\].price_Measure_Unit.name: 'KWH' is not MWH"),
        (SAMPLE.replace("<currency_Unit.name>EUR</currency_Unit.name>", ""), r"currency_Unit.name: None is not a text"),
        (SAMPLE.replace(">A03<", ">A05<"), r"curveType: 'A05' is not A01 or A03"),
        (SAMPLE.replace("PT60M", "P1D"), r"Period\[0\].resolution: 'P1D' is not one of PT15M, PT30M, PT60M"),
        (SAMPLE.replace("10:00Z", "10:10Z"), r"end: '2026-02-02T11:00Z' is not 1 to 40000 times 1:00:00 after"),
        (SAMPLE.replace("11:00Z", "10:00Z"), r"end: '2026-02-02T10:00Z' is not 1 to"),
        (SAMPLE.replace("2026-02-02T11", "9026-02-02T11"), r"end: '9026-02-02T11:00Z' is not 1 to"),
        (SAMPLE.replace("10:00Z", "10:00"), r"start: '2026-02-02T10:00' is not a time with its offset"),
        (SAMPLE.replace("timeInterval", "span"), r"Period\[0\]: a period without timeInterval"),
        (SAMPLE.replace(">1<", ">0<"), r"Point\[0\].position: '0' is not a whole number from 1 to 1"),
        (SAMPLE.replace(">1<", ">2<"), r"position: '2' is not a whole number from 1 to 1"),
        (SAMPLE.replace(">1<", ">0.5<"), r"position: '0.5' is not a whole number"),
        (SAMPLE.replace(">1<", "><"), r"position: None is not a whole number"),
        (SAMPLE.replace(">80<", ">eighty<"), r"price.amount: 'eighty' is not a number"),
        (SAMPLE.replace(">80<", ">NaN<"), r"price.amount: 'NaN' is not a number"),
        (document(series_with(period(HOUR, "PT60M", (1, 80), (1, 81)))), r"'81' is not the price that position 1 had"),
    ],
)
def test_what_the_interface_does_not_describe_is_malformed(body, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        fetch(body)


@given(
    prices=st.lists(st.integers(-500, 4000), min_size=1, max_size=100),
    resolution=st.sampled_from(sorted(STEPS)),
)
def test_listing_only_changes_loses_nothing(prices, resolution):
    start, step = utc(2026, 2, 1, 23), STEPS[resolution]
    changes = [(at + 1, price) for at, price in enumerate(prices) if at == 0 or price != prices[at - 1]]
    interval = (f"{start:%Y-%m-%dT%H:%MZ}", f"{start + len(prices) * step:%Y-%m-%dT%H:%MZ}")
    series = finest(time_series_of(document(series_with(period(interval, resolution, *changes))).encode()))
    assert series.starts == tuple(start + at * step for at in range(len(prices)))
    assert series.values == tuple(price / 1000 for price in prices)


def test_a_restart_within_the_hour_asks_nothing(tmp_path):
    with provider(lambda _: Answer(body=SAMPLE)) as found:
        options = {"feed": "entsoe", "token": {"env": "ENTSOE_TOKEN"}, "zone": "BE", "base_url": found.base_url}
        for minutes, asked in ((0, 1), (56, 1), (57, 2)):
            now = utc(2026, 2, 2, 10) + timedelta(minutes=minutes)
            context = FeedContext(
                base_folder=DATA, zone="Europe/Brussels", secret=secret, cache_folder=tmp_path, now=lambda now=now: now
            )
            series = build_feed(options, path="feeds.exchange", context=context).fetch(now, utc(2026, 2, 2, 12))
            assert series.values == (0.08,)
            assert len(found.asked) == asked
    assert not any(TOKEN in file.read_text(encoding="utf-8") for file in tmp_path.iterdir())


def weighted_sum(eic: str) -> int:
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
    return sum(signs.index(sign) * weight for sign, weight in zip(eic[:15], range(16, 1, -1), strict=True))


@pytest.mark.parametrize(("zone", "eic"), ZONES.items())
def test_each_zone_has_a_code_whose_check_character_fits(zone, eic):
    assert len(eic) == 16
    assert "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"[36 - (weighted_sum(eic) - 1) % 37] == eic[15], zone


def test_no_two_zones_share_a_code():
    assert len(set(ZONES.values())) == len(ZONES) == 34


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"zone": "BE"}, "feeds.exchange.token: missing"),
        ({"zone": "BE", "token": TOKEN}, "feeds.exchange.token: a secret is never written into the settings"),
        ({"zone": "BE", "token": {"env": "NOT_THERE"}}, "token: environment variable NOT_THERE is not set"),
        ({"token": {"env": "ENTSOE_TOKEN"}}, "feeds.exchange.zone: missing; give a bidding zone"),
        (
            {"token": {"env": "ENTSOE_TOKEN"}, "zone": "DE"},
            "feeds.exchange.zone: got 'DE'; no zone of that name; did you",
        ),
        ({"token": {"env": "ENTSOE_TOKEN"}, "zone": "10y1001a1001a82h"}, "feeds.exchange.zone: got '10y1001a1001a82h'"),
        ({"token": {"env": "ENTSOE_TOKEN"}, "zone": "BE", "currency": "euro"}, "feeds.exchange.currency: got 'euro'"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        build_feed(options | {"feed": "entsoe"}, path="feeds.exchange", context=CONTEXT)
    assert TOKEN not in str(caught.value)


def test_nobody_listening_is_unavailable_and_never_shows_the_token():
    with provider(lambda _: Answer(body="")) as found:
        gone = found.base_url
    options = {"feed": "entsoe", "token": {"env": "ENTSOE_TOKEN"}, "zone": "BE", "base_url": gone}
    with pytest.raises(SourceError, match="entsoe: GET /api failed") as caught:
        build_feed(options, path="feeds.exchange", context=CONTEXT).fetch(*WIDE)
    assert TOKEN not in str(caught.value)
