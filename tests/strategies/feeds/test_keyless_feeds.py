"""Energy-Charts, aWATTar and Energi Data Service: recorded shapes to the right prices at the right instants.

The first row of each is a documented real one; the days around them are made after the documented shape.
"""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from retail_provider import Answer, provider

from strategies import FeedContext, SourceMalformed, SourceRejected, SourceUnavailable
from strategies.registry import build_feed

SPRING = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
OPTIONS = {
    "energy_charts": {"zone": "DE-LU"},
    "awattar": {"country": "DE"},
    "energi_data_service": {"area": "DK2", "currency": "EUR"},
}


def charts(rows, **more) -> dict:
    return {
        "schema_version": "2.0",
        "bidding_zone": "DE-LU",
        "interval_minutes": 15,
        "unit": "EUR / MWh",
        "data": [{"timestamp": at.isoformat(), "values": {"day_ahead_price": price}} for at, price in rows],
    } | more


def awattar(rows) -> dict:
    data = [
        {
            "start_timestamp": int(at.timestamp() * 1000),
            "end_timestamp": int((at + HOUR).timestamp() * 1000),
            "marketprice": price,
            "unit": "Eur/MWh",
        }
        for at, price in rows
    ]
    return {"object": "list", "data": data, "url": "/de/v1/marketdata"}


def energinet(rows) -> dict:
    records = [
        {"TimeUTC": at.strftime("%Y-%m-%dT%H:%M:%S"), "PriceArea": "DK2", "DayAheadPriceEUR": price}
        for at, price in rows
    ]
    return {"total": len(records), "dataset": "DayAheadPrices", "records": records}


SHAPES = {"energy_charts": charts, "awattar": awattar, "energi_data_service": energinet}
STEPS = {"energy_charts": QUARTER, "awattar": HOUR, "energi_data_service": QUARTER}
names = pytest.mark.parametrize("name", SHAPES)


def fetched(name: str, answer: Answer, start: datetime, end: datetime, tmp_path, asked: list | None = None):
    with provider(lambda question: answer) as server:
        feed = build_feed(
            {"feed": name, "base_url": server.base_url, **OPTIONS[name]},
            path="feed",
            context=FeedContext(base_folder=tmp_path, zone="Europe/Berlin"),
        )
        found = feed.fetch(start, end)
        if asked is not None:
            asked += server.asked
    return found


def day_of(name: str, midnight: datetime, hours: int) -> list[tuple[datetime, float]]:
    step = STEPS[name]
    return [(midnight + n * step, round(50.0 - n, 2)) for n in range(int(hours * HOUR / step))]


@names
@pytest.mark.parametrize(("midnight", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_an_odd_day_has_its_own_number_of_prices_and_negative_ones_are_kept(name, midnight, hours, tmp_path):
    rows = day_of(name, midnight, hours)
    found = fetched(name, Answer(body=json.dumps(SHAPES[name](rows))), midnight, midnight + hours * HOUR, tmp_path)

    assert len(found) == len(rows)
    assert (found.starts[0], found.ends[-1]) == (midnight, midnight + hours * HOUR)
    assert found.values[3] == pytest.approx(0.047)
    assert 0.0 in found.values or hours * HOUR / STEPS[name] < 51
    assert min(found.values) == pytest.approx((50.0 - len(rows) + 1) / 1000)


@names
def test_nulls_are_gaps_rows_come_in_any_order_and_twice_and_tomorrow_is_just_not_there(name, tmp_path):
    rows = day_of(name, SPRING, 23)
    rows[5] = (rows[5][0], None)
    mixed = [rows[0], *reversed(rows)]
    found = fetched(name, Answer(body=json.dumps(SHAPES[name](mixed))), SPRING, SPRING + 60 * HOUR, tmp_path)

    assert len(found) == len(rows) - 1
    assert rows[5][0] not in found.starts
    assert list(found.starts) == sorted(found.starts)
    assert found.ends[-1] == SPRING + 23 * HOUR


@names
def test_nothing_published_is_an_empty_series(name, tmp_path):
    answer = Answer(body=json.dumps(SHAPES[name]([])))
    assert len(fetched(name, answer, SPRING, SPRING + HOUR, tmp_path)) == 0


@names
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({}, None),
        ({"Retry-After": format_datetime(datetime(2020, 1, 1, tzinfo=UTC))}, 0),
    ],
)
def test_a_429_says_when_to_ask_again(name, headers, seconds, tmp_path):
    with pytest.raises(SourceUnavailable) as refused:
        fetched(name, Answer(body="slow down", status=429, headers=headers), SPRING, SPRING + HOUR, tmp_path)
    assert refused.value.retry_after_s == seconds


@names
@pytest.mark.parametrize("body", ["<html>busy</html>", '{"data": [', "null", "[]", '{"error": "no"}', '{"data": 3}'])
def test_what_is_no_answer_is_malformed(name, body, tmp_path):
    with pytest.raises(SourceMalformed, match=name):
        fetched(name, Answer(body=body), SPRING, SPRING + HOUR, tmp_path)


@names
def test_overlapping_and_contradicting_rows_are_refused(name, tmp_path):
    step = STEPS[name]
    rows = [(SPRING, 10.0), (SPRING, 20.0), (SPRING + step, 1.0)]
    with pytest.raises(SourceMalformed):
        fetched(name, Answer(body=json.dumps(SHAPES[name](rows))), SPRING, SPRING + HOUR, tmp_path)


@names
def test_a_bad_question_is_told_with_the_provider_s_words(name, tmp_path):
    with pytest.raises(SourceRejected, match="no such zone"):
        fetched(name, Answer(body="no such zone", status=400), SPRING, SPRING + HOUR, tmp_path)


def test_energy_charts_documented_row_and_question(tmp_path):
    asked: list = []
    row = {"timestamp": "2026-09-09T00:00:00+02:00", "values": {"day_ahead_price": 150.31}}
    start = datetime(2026, 9, 8, 22, 0, tzinfo=UTC)
    answer = Answer(body=json.dumps(charts([], data=[row])))
    found = fetched("energy_charts", answer, start, start + HOUR, tmp_path, asked)

    assert (found.starts, found.ends, found.values) == ((start,), (start + QUARTER,), (pytest.approx(0.15031),))
    assert asked[0].path == "/v2/price"
    assert asked[0].params == {"bzn": "DE-LU", "start": "2026-09-08T22:00Z", "end": "2026-09-08T23:00Z"}


def test_energy_charts_mixes_hours_and_quarters_by_the_next_stamp(tmp_path):
    rows = [(SPRING, 10.0), (SPRING + HOUR, 20.0), (SPRING + HOUR + QUARTER, 30.0)]
    answer = Answer(body=json.dumps(charts(rows, interval_minutes=None)))
    found = fetched("energy_charts", answer, SPRING, SPRING + 3 * HOUR, tmp_path)

    assert [end - start for start, end in zip(found.starts, found.ends, strict=True)] == [HOUR, QUARTER, QUARTER]


def test_energy_charts_404_is_not_yet_and_another_unit_or_zone_is_refused(tmp_path):
    nothing = Answer(body='{"detail":"no content available"}', status=404)
    assert len(fetched("energy_charts", nothing, SPRING, SPRING + HOUR, tmp_path)) == 0
    for more in ({"unit": "No Unit"}, {"bidding_zone": "AT"}):
        with pytest.raises(SourceMalformed, match="what was asked for"):
            fetched("energy_charts", Answer(body=json.dumps(charts([], **more))), SPRING, SPRING + HOUR, tmp_path)


def test_awattar_documented_row_and_question(tmp_path):
    asked: list = []
    start = datetime.fromtimestamp(1428591600, UTC)
    found = fetched("awattar", Answer(body=json.dumps(awattar([(start, 42.09)]))), start, start + HOUR, tmp_path, asked)

    assert (found.starts, found.ends, found.values) == ((start,), (start + HOUR,), (pytest.approx(0.04209),))
    assert asked[0].params == {"start": "1428591600000", "end": "1428595200000"}


def test_energinet_documented_rows_are_utc_and_hourly_before_october_2025(tmp_path):
    asked: list = []
    start = datetime(2025, 9, 27, 21, 0, tzinfo=UTC)
    answer = Answer(body=json.dumps(energinet([(start, 99.269997)])))
    found = fetched("energi_data_service", answer, start, start + HOUR, tmp_path, asked)

    assert (found.starts, found.ends) == ((start,), (start + HOUR,))
    assert found.values == (pytest.approx(0.099269997),)
    assert asked[0].params["filter"] == '{"PriceArea": ["DK2"]}'
    assert (asked[0].params["start"], asked[0].params["end"]) == ("2025-09-27", "2025-09-29")
