import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from retail_provider import Answer, Asked, Provider, provider

from strategies import ConfigError, FeedContext, Series, SourceMalformed, SourceUnavailable
from strategies.feeds.octopus import Octopus
from strategies.registry import build_feed

DATA = Path(__file__).parent / "data"
CONTEXT = FeedContext(base_folder=DATA, zone="Europe/London")
LONDON = ZoneInfo("Europe/London")
RATES = "/products/AGILE-24-10-01/electricity-tariffs/E-1R-AGILE-24-10-01-C/standard-unit-rates/"
SAMPLE = (
    '{"count":7968,"next":null,"previous":null,"results":['
    '{"value_exc_vat":20.02,"value_inc_vat":21.021,"valid_from":"2025-02-28T22:30:00Z",'
    '"valid_to":"2025-02-28T23:00:00Z","payment_method":null}]}'
)
AUTUMN = (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 26, 22, tzinfo=UTC))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def fetch(answer: Callable[[Asked], Answer] | str, window=AUTUMN, **options: object) -> tuple[Series, Provider]:
    """The series of Agile in London with VAT left out, and the provider that was asked."""
    given = {"product": "AGILE-24-10-01", "vat": "excluded"} | options
    if "tariff" not in given:
        given |= {"region": "C"}
    respond = (lambda _: Answer(body=answer)) if isinstance(answer, str) else answer
    with provider(respond) as found:
        feed = build_feed(given | {"feed": "octopus", "base_url": found.base_url}, path="feeds.agile", context=CONTEXT)
        return feed.fetch(*window), found


def two_pages(asked: Asked) -> Answer:
    page = asked.params.get("page", "1")
    return Answer(body=(DATA / f"octopus-agile-25-hours-page-{page}.json").read_bytes())


def rates(*rows: tuple[str, str | None, float | None]) -> str:
    results = [{"valid_from": a, "valid_to": b, "value_exc_vat": pence, "value_inc_vat": pence} for a, b, pence in rows]
    return json.dumps({"next": None, "results": results})


def test_the_sample_is_pounds_per_kwh_with_or_without_vat():
    window = (utc(2025, 2, 28), utc(2025, 3, 1))
    series, _ = fetch(SAMPLE, window)
    assert (series.starts, series.ends) == ((utc(2025, 2, 28, 22, 30),), (utc(2025, 2, 28, 23),))
    assert series.values == pytest.approx((0.2002,))
    series, _ = fetch(SAMPLE, window, vat="included")
    assert series.values == pytest.approx((0.21021,))


def test_the_request_names_product_tariff_and_a_window_in_utc():
    _, found = fetch(SAMPLE, (datetime(2026, 7, 1, 0, 0, 20, tzinfo=LONDON), utc(2026, 7, 2, 0, 0, 1)))
    (asked,) = found.asked
    assert asked.path == RATES
    assert asked.params["period_from"] == "2026-06-30T23:00Z"
    assert asked.params["period_to"] == "2026-07-02T00:01Z"
    assert asked.params["page_size"] == "1500"
    assert "Authorization" not in asked.headers


def test_a_whole_tariff_code_may_be_given():
    _, found = fetch(SAMPLE, product="AGILE-OUTGOING-19-05-13", tariff="E-1R-AGILE-OUTGOING-19-05-13-J")
    assert found.asked[0].path.startswith(
        "/products/AGILE-OUTGOING-19-05-13/electricity-tariffs/E-1R-AGILE-OUTGOING-19-05-13-J/"
    )


def test_the_day_of_25_hours_comes_in_two_pages_newest_first_and_leaves_sorted():
    series, found = fetch(two_pages)
    assert [asked.params.get("page", "1") for asked in found.asked] == ["1", "2"]
    assert all(asked.params["period_from"] == "2026-10-24T22:00Z" for asked in found.asked)
    assert len(series) == 50
    assert series.starts == tuple(AUTUMN[0] + timedelta(minutes=30 * at) for at in range(50))
    assert series.values[:3] == pytest.approx((0.2002, -0.035, 0.0)), "below zero and zero are prices"
    price = dict(zip(series.starts, series.values, strict=True))
    assert price[utc(2026, 10, 25, 0, 30)] == pytest.approx(0.1125), "01:30 for the first time"
    assert price[utc(2026, 10, 25, 1, 30)] == pytest.approx(0.1175), "01:30 for the second time"
    assert series.ends[-1] == utc(2026, 10, 25, 23), "tomorrow is not published: the answer just stops"


def test_the_day_of_23_hours_has_46_rates():
    start = utc(2026, 3, 28, 23)
    half_hours = [start + timedelta(minutes=30 * at) for at in range(46)]
    rows = [(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}", 1.0) for at in half_hours]
    series, _ = fetch(rates(*reversed(rows)), (start, utc(2026, 3, 29, 23)))
    assert len(series) == 46
    assert series.ends[-1].astimezone(LONDON) == datetime(2026, 3, 29, 23, tzinfo=LONDON)


def test_only_rates_that_overlap_the_window_are_delivered():
    series, _ = fetch(two_pages, (utc(2026, 10, 25, 10, 15), utc(2026, 10, 25, 11)))
    assert series.starts == (utc(2026, 10, 25, 10), utc(2026, 10, 25, 10, 30))


@pytest.mark.parametrize(("method", "prices"), [("DIRECT_DEBIT", (0.235, 0.245)), ("NON_DIRECT_DEBIT", (0.25, 0.26))])
def test_a_flat_rate_without_an_end_holds_until_the_window_ends_for_one_way_to_pay(method, prices):
    answer = (DATA / "octopus-flat-open-end.json").read_text(encoding="utf-8")
    window = (utc(2026, 10, 1), utc(2026, 10, 3, 6))
    series, _ = fetch(answer, window, payment_method=method)
    assert series.values == pytest.approx(prices)
    assert series.starts == (utc(2026, 6, 30, 23), utc(2026, 10, 1, 23))
    assert series.ends == (utc(2026, 10, 1, 23), window[1])


def test_a_rate_without_an_end_that_begins_after_the_window_is_left_out():
    series, _ = fetch(rates(("2026-12-01T00:00:00Z", None, 30.0)))
    assert len(series) == 0


def test_a_null_price_and_a_missing_rate_stay_gaps():
    series, _ = fetch(
        rates(
            ("2026-10-25T03:00:00Z", "2026-10-25T03:30:00Z", 4.0),
            ("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", 2.0),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", None),
            ("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", 1.0),
        )
    )
    assert series.starts == (utc(2026, 10, 25), utc(2026, 10, 25, 1), utc(2026, 10, 25, 3))


def test_a_rate_that_two_pages_repeat_counts_once():
    row = ("2026-10-25T03:00:00Z", "2026-10-25T03:30:00Z", 4.0)
    assert len(fetch(rates(row, row))[0]) == 1


def test_an_empty_answer_is_an_empty_series():
    assert len(fetch(rates())[0]) == 0


def test_codes_that_nobody_knows_are_an_error_of_the_settings():
    with pytest.raises(
        ConfigError, match=r"E-1R-AGILE-24-10-01-C.* product and tariff codes change with every version"
    ):
        fetch(lambda _: Answer(body="<html>Not Found</html>", status=404))


def test_too_many_requests_is_unavailable_and_keeps_the_wait_that_was_asked_for():
    with pytest.raises(SourceUnavailable, match="octopus") as caught:
        fetch(lambda _: Answer(body="{}", status=429, headers={"Retry-After": "120"}))
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<html>maintenance</html>", "octopus"),
        (SAMPLE[:90], "octopus"),
        ("[]", "octopus: \\[\\] is not an object"),
        ("{}", "octopus.results: None is not a list of rates"),
        ('{"results": 5}', "octopus.results: 5 is not a list"),
        ('{"results": [5]}', "octopus.results\\[0\\]: 5 is not an object"),
        ('{"results": [{}]}', "octopus.results\\[0\\].valid_from: None is not a time"),
        (SAMPLE.replace("22:30:00Z", "22:30:00"), "valid_from: '2025-02-28T22:30:00' is not a time with its offset"),
        (SAMPLE.replace("23:00:00Z", "22:00:00Z"), "valid_to: '2025-02-28T22:00:00Z' is not after"),
        (SAMPLE.replace("20.02", '"20.02"'), "value_exc_vat: '20.02' is not a number"),
        (SAMPLE.replace('"next":null', '"next":"https://elsewhere/?page=7"'), "page 1 comes .* not page 2"),
        (SAMPLE.replace('"next":null', '"next":5'), "octopus.next: 5 is not a text"),
    ],
)
def test_what_the_interface_does_not_describe_is_malformed(body, complaint):
    with pytest.raises(SourceMalformed, match=complaint):
        fetch(body)


def test_two_prices_for_one_half_hour_are_malformed():
    with pytest.raises(SourceMalformed):
        fetch(
            rates(
                ("2026-10-25T03:00:00Z", "2026-10-25T03:30:00Z", 4.0),
                ("2026-10-25T03:00:00Z", "2026-10-25T03:30:00Z", 5.0),
            )
        )


def test_pages_without_an_end_are_malformed():
    def endless(asked: Asked) -> Answer:
        following = int(asked.params["page"]) + 1
        return Answer(body=json.dumps({"next": f"http://x/?page={following}", "results": []}))

    with pytest.raises(SourceMalformed, match="more than 50 pages"):
        fetch(endless)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"product": "A", "vat": "excluded"}, "give either region"),
        ({"product": "A", "vat": "excluded", "region": "C", "tariff": "T"}, "give either region"),
        ({"product": "A", "region": "C"}, "feeds.agile.vat: missing"),
        ({"product": "A/../B", "region": "C", "vat": "included"}, "feeds.agile.product: got 'A/../B'"),
        ({"product": "A", "region": "_C", "vat": "included"}, "feeds.agile.region: got '_C'"),
    ],
)
def test_options_that_name_no_tariff_are_refused(options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        build_feed(options | {"feed": "octopus"}, path="feeds.agile", context=CONTEXT)


def test_the_feed_has_its_providers_address_by_default():
    options = Octopus.Options(product="A", region="C", vat="excluded")
    assert options.base_url == "https://api.octopus.energy/v1"
