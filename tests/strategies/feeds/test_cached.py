"""Answers of providers kept over restarts and failures: asked no more than needed, never older than allowed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retail_provider import Answer, provider

from strategies import FeedContext, Series, SourceUnavailable
from strategies.feeds.cached import CachedFeed
from strategies.feeds.overlay import overlaid, within
from strategies.registry import build_feed

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Feed:
    """Hourly prices whose value is when they were asked for; fails on demand."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.asked, self.failure = clock, [], None

    def fetch(self, start: datetime, end: datetime) -> Series:
        self.asked.append((start, end))
        if self.failure is not None:
            raise self.failure
        first = start.replace(minute=0, second=0)
        starts = tuple(first + n * HOUR for n in range(int((end - first) / HOUR) + 1) if first + n * HOUR < end)
        value = (self.clock.at - NOON) / HOUR
        return Series(starts=starts, ends=tuple(at + HOUR for at in starts), values=(value,) * len(starts))


def cached(feed: Feed, clock: Clock, file: Path | None = None, **more) -> CachedFeed:
    return CachedFeed(feed, file, clock.now, timedelta(minutes=12), **more)


def test_a_fresh_answer_is_not_asked_for_again_and_a_stale_one_is():
    clock = Clock()
    feed = Feed(clock)
    kept = cached(feed, clock)
    kept.fetch(NOON, NOON + DAY)
    clock.at += timedelta(minutes=11)
    kept.fetch(NOON, NOON + DAY)
    assert len(feed.asked) == 1
    clock.at += timedelta(minutes=2)
    kept.fetch(NOON, NOON + DAY)
    assert len(feed.asked) == 2


def test_a_restart_within_freshness_asks_nobody(tmp_path):
    clock = Clock()
    first, second = Feed(clock), Feed(clock)
    file = tmp_path / "feed.json"
    told = cached(first, clock, file).fetch(NOON, NOON + DAY)

    assert cached(second, clock, file).fetch(NOON, NOON + DAY) == told
    assert second.asked == []


def test_past_prices_are_asked_for_once_and_then_only_the_last_two_days():
    clock = Clock()
    feed = Feed(clock)
    kept = cached(feed, clock)
    kept.fetch(NOON - 29 * DAY, NOON + DAY)
    clock.at += HOUR
    found = kept.fetch(NOON - 29 * DAY, NOON + DAY)

    assert feed.asked[0][0] == NOON - 29 * DAY
    assert feed.asked[1][0] == NOON - 2 * DAY
    assert found.starts[0] == NOON - 29 * DAY
    assert (found.values[0], found.values[-1]) == (0.0, 1.0)


def test_a_provider_is_asked_for_no_more_than_it_gives_in_one_go():
    clock = Clock()
    feed = Feed(clock)
    cached(feed, clock, longest_ask=8 * DAY).fetch(NOON - 29 * DAY, NOON + DAY)

    assert feed.asked[0][0] == NOON - 8 * DAY


def test_while_the_feed_fails_the_last_answer_stands_in_until_it_is_too_old():
    clock = Clock()
    feed = Feed(clock)
    kept = cached(feed, clock, max_age=3 * HOUR)
    kept.fetch(NOON, NOON + DAY)
    feed.failure = SourceUnavailable("down")
    clock.at += 2 * HOUR
    answer = kept.answer(NOON, NOON + DAY)
    assert (answer.fetched_at, str(answer.failure)) == (NOON, "down")
    clock.at += 2 * HOUR
    with pytest.raises(SourceUnavailable, match="down"):
        kept.answer(NOON, NOON + DAY)


@pytest.mark.parametrize(("asked_for_s", "waits"), [(1800.0, timedelta(minutes=30)), (1e6, timedelta(hours=6))])
def test_retry_after_is_honoured_but_not_for_ever(asked_for_s, waits):
    clock = Clock()
    feed = Feed(clock)
    kept = cached(feed, clock)
    kept.fetch(NOON, NOON + DAY)
    feed.failure = SourceUnavailable("busy", retry_after_s=asked_for_s)
    clock.at += HOUR
    kept.fetch(NOON, NOON + DAY)
    clock.at += waits - timedelta(seconds=1)
    kept.fetch(NOON, NOON + DAY)
    assert len(feed.asked) == 2
    clock.at += timedelta(seconds=2)
    kept.fetch(NOON, NOON + DAY)
    assert len(feed.asked) == 3


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2}', b"\xff\xfe", b"[]"])
def test_a_damaged_file_counts_as_none(tmp_path, content):
    clock = Clock()
    feed = Feed(clock)
    file = tmp_path / "feed.json"
    file.write_bytes(content)

    assert len(cached(feed, clock, file).fetch(NOON, NOON + DAY)) == 24
    assert json.loads(file.read_bytes())["version"] == 1


def test_what_cannot_be_kept_is_told(tmp_path):
    clock = Clock()
    blocked = tmp_path / "file"
    blocked.write_text("")

    answer = cached(Feed(clock), clock, blocked / "feed.json").answer(NOON, NOON + DAY)

    assert answer.unsaved is not None
    assert "feed.json" in answer.unsaved


def test_a_clock_that_jumps_back_asks_again():
    clock = Clock()
    feed = Feed(clock)
    kept = cached(feed, clock)
    kept.fetch(NOON, NOON + DAY)
    clock.at -= 3 * HOUR
    kept.fetch(NOON, NOON + DAY)
    assert len(feed.asked) == 2


def test_over_http_a_provider_that_says_429_is_left_alone_and_its_answer_outlives_the_process(tmp_path):
    clock = Clock()
    busy = [False]
    row = {"timestamp": NOON.isoformat(), "values": {"day_ahead_price": 90.0}}
    body = json.dumps({"bidding_zone": "AT", "unit": "EUR / MWh", "interval_minutes": 15, "data": [row]})

    def answer(_) -> Answer:
        return Answer(body="busy", status=429, headers={"Retry-After": "3600"}) if busy[0] else Answer(body=body)

    with provider(answer) as server:
        options = {"feed": "energy_charts", "zone": "AT", "base_url": server.base_url}
        context = FeedContext(base_folder=tmp_path, zone="Europe/Vienna", cache_folder=tmp_path, now=clock.now)
        build_feed(options, path="feed", context=context).fetch(NOON, NOON + HOUR)
        busy[0] = True
        clock.at += HOUR
        again = build_feed(options, path="feed", context=context)
        assert again.fetch(NOON, NOON + HOUR).values == (0.09,)
        again.fetch(NOON, NOON + HOUR)
        assert len(server.asked) == 2


def some_series():
    lengths = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.floats(-1, 1)), max_size=12)

    def built(parts):
        at, rows = NOON, []
        for gap, length, value in parts:
            start = at + gap * HOUR
            at = start + length * HOUR
            rows.append((start, at, value))
        return Series(
            starts=tuple(r[0] for r in rows), ends=tuple(r[1] for r in rows), values=tuple(r[2] for r in rows)
        )

    return lengths.map(built)


@given(some_series(), some_series())
def test_laid_over_each_other_the_upper_wins_and_nothing_beside_it_is_lost(upper, lower):
    found = overlaid(upper, lower)
    rows = list(zip(found.starts, found.ends, found.values, strict=True))

    assert rows == sorted(rows)
    assert set(zip(upper.starts, upper.ends, upper.values, strict=True)) <= set(rows)
    for row in zip(lower.starts, lower.ends, lower.values, strict=True):
        touches = any(start < row[1] and row[0] < end for start, end in zip(upper.starts, upper.ends, strict=True))
        assert (row in rows) or touches


@given(some_series(), st.integers(0, 40), st.integers(1, 20))
def test_cut_to_a_window_every_interval_that_touches_it_stays_whole(series, first, length):
    start, end = NOON + first * HOUR, NOON + (first + length) * HOUR
    found = within(series, start, end)

    expected = [s for s, e in zip(series.starts, series.ends, strict=True) if s < end and e > start]
    assert list(found.starts) == expected
