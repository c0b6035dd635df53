import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError
from retail_provider import Answer, Asked, Provider, provider

from optimizer.domain.horizon import plan_horizon
from optimizer.market import FeedShelf
from strategies import (
    ConfigError,
    FeedContext,
    Market,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.feeds.urdb import Urdb
from strategies.options import Secret
from strategies.registry import build_feed
from strategies.urdb import Rate, demand_windows, energy_price_per_kwh, parse_rate

DATA = Path(__file__).parent / "data"
EXAMPLE = DATA / "urdb-time-of-use-demand.json"
LABEL = "5cacc9d15457a31d537780e2"
KEY = "Zq3gQk0cJx5Tn8mWv2Lr7Yb1Hd6Sf9Pa4Ue0Ox3"


def secret(reference: Secret, option: str) -> str:
    if reference.env != "OPENEI_KEY":
        msg = f"{option}: environment variable {reference.env} is not set"
        raise ConfigError(msg)
    return KEY


CONTEXT = FeedContext(base_folder=DATA, zone="America/Phoenix", secret=secret)


def load(answer: Callable[[Asked], Answer] | str | bytes, label: str = LABEL) -> tuple[Rate, Provider]:
    respond = answer if callable(answer) else (lambda _: Answer(body=answer))
    with provider(respond) as found:
        return rate_of(asking(found, label), CONTEXT), found


def asking(found: Provider, label: str = LABEL) -> dict[str, object]:
    return {"label": label, "api_key": {"env": "OPENEI_KEY"}, "base_url": found.base_url}


def rate_of(options: dict[str, object], context: FeedContext) -> Rate:
    return parse_rate(json.loads(Urdb(Urdb.Options.model_validate(options), context).fetch_document()))


def test_a_rate_is_asked_for_by_its_label():
    rate, found = load(EXAMPLE.read_bytes())
    (asked,) = found.asked
    assert asked.path == "/utility_rates"
    assert asked.params == {
        "version": "8",
        "format": "json",
        "detail": "full",
        "getpage": LABEL,
        "api_key": KEY,
    }
    assert energy_price_per_kwh(rate, datetime(2026, 7, 6, 15), 0.0) == pytest.approx(0.137341)


def test_a_file_holds_the_same_rate():
    rate = rate_of({"path": EXAMPLE.name}, CONTEXT)
    assert rate == load(EXAMPLE.read_bytes())[0]
    assert len(demand_windows(rate, 7)) == 1


def test_an_unknown_label_is_an_error_of_the_settings():
    with pytest.raises(ConfigError, match="no rate; is the label that of a rate"):
        load('{"items":[]}')
    with pytest.raises(ConfigError, match=f"label: urdb has no rate {LABEL}"):
        load(lambda _: Answer(body="{}", status=404))


def test_another_rate_than_the_one_asked_for_is_malformed():
    with pytest.raises(SourceMalformed, match="asked for the rate abc, the answer holds '5cacc9d15457a31d537780e2'"):
        load(EXAMPLE.read_bytes(), label="abc")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "no", SourceUnauthorized),
        (429, '{"error":{"code":"OVER_RATE_LIMIT","message":"slow"}}', SourceUnavailable),
        (503, "no", SourceUnavailable),
        (400, '{"error":{"code":"BAD","message":"no"}}', SourceRejected),
        (200, '{"error":{"code":"API_KEY_MISSING","message":"none"}}', SourceUnauthorized),
        (200, '{"error":{"code":"RATE_LIMIT","message":"slow"}}', SourceUnavailable),
        (200, "<html>", SourceMalformed),
    ],
)
def test_a_refusal_is_sorted_and_never_shows_the_key(status, body, error):
    with pytest.raises(error, match="urdb") as caught:
        load(lambda _: Answer(body=body, status=status))
    assert KEY not in str(caught.value)


def test_a_key_that_is_repeated_in_an_error_is_not_shown():
    with pytest.raises(SourceUnauthorized) as caught:
        load(f'{{"error":{{"code":"API_KEY_INVALID","message":"{KEY} is not a key"}}}}')
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        (None, SourceUnavailable, "rate.json: cannot be read"),
        (b"\xff\xfe\x00", SourceMalformed, "rate.json: not text in UTF-8"),
        (b"{", SourceMalformed, "rate.json: not JSON"),
        (b"[" * 100_000, SourceMalformed, "rate.json: not JSON"),
        (b'{"items": []}', ConfigError, "rate.json: the answer holds no rate"),
        (b'{"label": "x"}', SourceMalformed, "rate.json: rate x: energyratestructure: missing"),
    ],
)
def test_a_file_that_is_no_rate_says_so(tmp_path, content, error, complaint):
    if content is not None:
        (tmp_path / "rate.json").write_bytes(content)
    with pytest.raises(error, match=complaint):
        rate_of({"path": "rate.json"}, FeedContext(base_folder=tmp_path, zone="America/Phoenix"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "give either path, a file, or label"),
        ({"path": "a.json", "label": "x"}, "give either path, a file, or label"),
        ({"label": "x"}, "label and api_key belong together"),
        ({"path": "a.json", "api_key": {"env": "OPENEI_KEY"}}, "label and api_key belong together"),
        ({"label": "x&y", "api_key": {"env": "OPENEI_KEY"}}, "label"),
    ],
)
def test_options_that_name_no_source_are_refused(options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Urdb.Options.model_validate(options)


START = datetime(2026, 7, 6, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BROKEN = Answer(body="gone", status=503)


@dataclass
class Place:
    """A provider whose answer changes, a clock that is set, and a folder that outlives every shelf."""

    found: Provider
    folder: Path
    answer: Answer = field(default_factory=lambda: Answer(body=EXAMPLE.read_bytes()))
    now: datetime = START

    def shelf(self, **options: object) -> FeedShelf:
        context = replace(CONTEXT, cache_folder=self.folder, now=lambda: self.now)
        feed = build_feed({"feed": "urdb", **asking(self.found), **options}, path="feeds.rate", context=context)
        return FeedShelf({"rate": feed}, lambda: self.now)

    def market(self, shelf: FeedShelf, later: timedelta) -> Market:
        self.now = START + later
        return shelf.market(plan_horizon(self.now, slot_minutes=60, horizon_hours=24))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with provider(lambda _: here.answer) as found:
        here = Place(found=found, folder=tmp_path)
        yield here


def test_a_rate_reaches_the_market_as_a_document_and_is_asked_for_once_a_day(place):
    shelf = place.shelf()

    first = place.market(shelf, timedelta(0))
    place.market(shelf, DAY - timedelta(minutes=30))
    assert len(place.found.asked) == 1
    place.market(shelf, DAY)

    assert len(place.found.asked) == 2
    assert parse_rate(json.loads(first.documents["rate"])).label == LABEL
    assert (dict(first.series), dict(first.stale)) == ({}, {})


def test_a_restart_within_the_day_asks_nobody_and_the_key_is_not_on_disk(place):
    before = place.market(place.shelf(), timedelta(0)).documents

    again = place.market(place.shelf(), timedelta(hours=20))

    assert again.documents == before
    assert len(place.found.asked) == 1
    (kept,) = place.folder.iterdir()
    assert KEY not in kept.read_text(encoding="utf-8")


def test_the_last_rate_stands_in_while_the_provider_fails_is_told_and_ends_with_its_age(place):
    shelf = place.shelf(max_age_hours=72)
    place.market(shelf, timedelta(0))
    place.answer = BROKEN

    with structlog.testing.capture_logs() as log:
        market = place.market(shelf, 2 * DAY)

    assert parse_rate(json.loads(market.documents["rate"])).label == LABEL
    assert market.stale == {"rate": "rate: the answer of 2026-07-06T12:00Z stands in (SourceUnavailable)"}
    assert [(each["event"], each["fallback"]) for each in log] == [
        ("feed_failed", "cached answer of 2026-07-06T12:00:00Z")
    ]
    with structlog.testing.capture_logs() as log:
        assert place.market(shelf, 3 * DAY + timedelta(minutes=1)).documents == {}
    assert [(each["event"], each["error"], each["fallback"]) for each in log] == [
        ("feed_failed", "SourceUnavailable", None)
    ]


@pytest.mark.parametrize(
    "bad", [b"<html>", b'{"items": []}', b'{"label": "x"}', EXAMPLE.read_bytes().replace(LABEL.encode(), b"another")]
)
def test_an_answer_that_is_no_rate_or_another_one_does_not_displace_a_good_one(place, bad):
    shelf = place.shelf()
    before = place.market(shelf, timedelta(0)).documents
    place.answer = Answer(body=bad)

    market = place.market(shelf, DAY)

    assert market.documents == before
    assert market.stale.keys() == {"rate"}


@pytest.mark.parametrize(("headers", "wait"), [({"Retry-After": "3600"}, 60), ({}, 10)])
def test_after_a_failure_the_provider_is_left_alone_for_ten_minutes_or_as_it_asks(place, headers, wait):
    shelf = place.shelf()
    place.market(shelf, timedelta(0))
    place.answer = replace(BROKEN, headers=headers)

    place.market(shelf, DAY)
    place.market(shelf, DAY + timedelta(minutes=wait - 1))
    assert len(place.found.asked) == 2
    place.answer = Answer(body=EXAMPLE.read_bytes())

    market = place.market(shelf, DAY + timedelta(minutes=wait))

    assert len(place.found.asked) == 3
    assert market.stale == {}


def test_a_damaged_copy_on_disk_is_as_good_as_none(place):
    place.market(place.shelf(), timedelta(0))
    (kept,) = place.folder.iterdir()
    kept.write_bytes(b"{")

    assert place.market(place.shelf(), timedelta(minutes=1)).documents.keys() == {"rate"}
    assert len(place.found.asked) == 2


def test_a_copy_that_cannot_be_written_is_told(place):
    place.folder = place.folder / "file" / "under"
    place.folder.parent.write_text("not a folder", encoding="utf-8")

    with structlog.testing.capture_logs() as log:
        market = place.market(place.shelf(), timedelta(0))

    assert market.documents.keys() == {"rate"}
    assert [each["event"] for each in log] == ["feed_not_saved"]


def test_a_file_is_read_again_each_time_and_its_last_good_state_stands_in(tmp_path):
    file = tmp_path / "rate.json"
    file.write_text('{"label": "old", "energyratestructure": [[{"rate": 0.1}]]}', encoding="utf-8")
    context = FeedContext(base_folder=tmp_path, zone="America/Phoenix", cache_folder=tmp_path / "kept")
    feed = build_feed({"feed": "urdb", "path": file.name}, path="feeds.rate", context=context)
    shelf = FeedShelf({"rate": feed}, lambda: START)
    horizon = plan_horizon(START, slot_minutes=60, horizon_hours=24)

    def label() -> object:
        return json.loads(shelf.market(horizon).documents["rate"])["label"]

    assert label() == "old"
    file.write_text('{"label": "new", "energyratestructure": [[{"rate": 0.2}]]}', encoding="utf-8")
    assert label() == "new"
    file.write_text("{", encoding="utf-8")
    assert label() == "new"
    assert shelf.market(horizon).stale.keys() == {"rate"}
    assert not (tmp_path / "kept").exists()


def test_a_rate_that_cannot_be_priced_is_brought_all_the_same_so_that_the_strategy_can_say_why(tmp_path):
    (tmp_path / "rate.json").write_text(
        '{"label": "x", "energyratestructure": [[{"rate": 0.1}]], "flatdemandstructure": [[{"rate": 1}]],'
        ' "flatdemandunit": "hp"}',
        encoding="utf-8",
    )
    feed = Urdb(Urdb.Options(path="rate.json"), FeedContext(base_folder=tmp_path, zone="America/Phoenix"))

    with pytest.raises(ConfigError, match="demand in 'hp' is not supported"):
        parse_rate(json.loads(feed.fetch_document()))
