"""The door of all feeds: what goes wrong is sorted, and secrets appear in no word of it."""

from datetime import UTC, datetime

import pytest
from retail_provider import Answer, Asked, provider

from strategies import SourceMalformed, SourceRejected, SourceUnauthorized, SourceUnavailable
from strategies.feeds.web import MOST_WORDS, WebDoor, parsed_json, series_of

KEY = "a-key-that-nobody-may-see"


def at(hour: int) -> datetime:
    return datetime(2026, 3, 29, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, SourceUnauthorized),
        (403, SourceUnauthorized),
        (404, SourceRejected),
        (408, SourceUnavailable),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (302, SourceRejected),
    ],
)
@pytest.mark.parametrize("before", range(MOST_WORDS - len(KEY), MOST_WORDS, 5))
def test_each_refusal_has_its_error_and_never_shows_the_key(status, error, before):
    def refuse(_: Asked) -> Answer:
        return Answer(status=status, body="x" * before + KEY)

    with provider(refuse) as there, pytest.raises(error) as refused:
        WebDoor("acme", there.base_url, secrets=(KEY,)).get(f"/prices/{KEY}", {"key": KEY})

    assert KEY[:4] not in str(refused.value)
    assert f"answered {status}" in str(refused.value)


def test_a_wait_that_is_asked_for_is_told():
    def busy(_: Asked) -> Answer:
        return Answer(status=429, body="", headers={"Retry-After": "90"})

    with provider(busy) as there, pytest.raises(SourceUnavailable) as refused:
        WebDoor("acme", there.base_url).get("/prices")

    assert refused.value.retry_after_s == 90


def test_nothing_there_is_none_where_the_feed_says_so():
    with provider(lambda _: Answer(status=404, body="none")) as there:
        assert WebDoor("acme", there.base_url).get("/prices", absent=frozenset({404})) is None


def test_nobody_listening_is_unavailable():
    with provider(lambda _: Answer(body="{}")) as there:
        gone = there.base_url

    with pytest.raises(SourceUnavailable, match="acme: GET /prices failed"):
        WebDoor("acme", gone).get("/prices")


def test_what_is_no_json_is_malformed():
    with pytest.raises(SourceMalformed, match="acme: the answer is not valid JSON"):
        parsed_json("acme", b"<html>")


def test_rows_without_value_are_gaps_and_twice_the_same_counts_once():
    rows = [(at(2), at(3), 0.2), (at(0), at(1), None), (at(1), at(2), -0.1), (at(2), at(3), 0.2)]

    series = series_of(rows)

    assert series.starts == (at(1), at(2))
    assert series.values == (-0.1, 0.2)


def test_rows_that_overlap_are_malformed():
    with pytest.raises(SourceMalformed, match="overlap"):
        series_of([(at(0), at(2), 0.1), (at(1), at(3), 0.2)])
