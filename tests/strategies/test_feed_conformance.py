"""The checks of feeds: a right one passes, each mistake is caught by its name."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from strategies import FeedContext, Series
from strategies.conformance import FeedCase, feed_checks
from strategies.feeds.file import FileFeed

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


class Published:
    """A feed that has hourly prices, as a well-behaved one gives them."""

    def fetch(self, start: datetime, end: datetime) -> Series:
        starts = tuple(START + timedelta(hours=n) for n in range(-5, 60) if start - HOUR < START + n * HOUR < end)
        return Series(
            starts=starts,
            ends=tuple(at + HOUR for at in starts),
            values=tuple(0.05 + 0.001 * at.hour for at in starts),
        )


class WithHole(Published):
    def fetch(self, start, end):
        all_of_it = super().fetch(start, end)
        kept = [n for n, at in enumerate(all_of_it.starts) if at != START + 3 * HOUR]
        return Series(
            **{name: tuple(getattr(all_of_it, name)[n] for n in kept) for name in ("starts", "ends", "values")}
        )


class OnlyWhatBegins(Published):
    def fetch(self, start, end):
        return super().fetch(start + HOUR - timedelta(microseconds=1), end)


class Nothing(Published):
    def fetch(self, start, end):
        return Series(starts=(), ends=(), values=())


class Naive(Published):
    def fetch(self, start, end):
        all_of_it = super().fetch(start, end)
        return replace(
            all_of_it,
            starts=tuple(at.replace(tzinfo=None) for at in all_of_it.starts),
            ends=tuple(at.replace(tzinfo=None) for at in all_of_it.ends),
        )


class InMegawattHours(Published):
    def fetch(self, start, end):
        all_of_it = super().fetch(start, end)
        return replace(all_of_it, values=tuple(value * 1000 for value in all_of_it.values))


class NotNumbers(Published):
    def fetch(self, start, end):
        all_of_it = super().fetch(start, end)
        return replace(all_of_it, values=(float("nan"),) * len(all_of_it))


class ByWindow(Published):
    def fetch(self, start, end):
        all_of_it = super().fetch(start, end)
        return replace(all_of_it, values=tuple(value + (end - start) / HOUR / 1000 for value in all_of_it.values))


def feed_faults(feed: object) -> str:
    messages = []
    for check in feed_checks.CHECKS:
        try:
            check(FeedCase(feed=feed, start=START, end=START + 36 * HOUR))
        except AssertionError as error:
            messages.append(str(error))
        except TypeError as error:
            messages.append(f"crashed: {error}")
    return "\n".join(messages)


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        (WithHole, r"gap: nothing from 2026-03-29 01:00:00\+00:00 to 2026-03-29 02:00"),
        (OnlyWhatBegins, "the interval from .* is not there; give every interval that overlaps"),
        (Nothing, "gap: the feed has nothing between"),
        (Naive, "naive time: 2026-03-28 22:00:00 has no zone"),
        (InMegawattHours, "wrong unit: 7[0-9] EUR per kWh .*a price per MWh: divide by 1000"),
        (NotNumbers, "NaN: the value at .*leave out what is not published"),
        (ByWindow, "half a window is answered otherwise"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_feed_s_mistake_is_named(feed, message):
    assert re.search(message, feed_faults(feed()))


def test_a_right_feed_passes_made_or_to_be_made():
    assert feed_faults(Published()) == feed_faults(Published) == ""


def test_the_feed_of_files_passes(tmp_path):
    rows = [f"{(START + n * HOUR).isoformat()},{0.05 + 0.001 * n:.3f}" for n in range(-5, 60)]
    (tmp_path / "prices.csv").write_text("\n".join(["start,price", *rows]), encoding="utf-8")
    options = FileFeed.Options(path="prices.csv")

    assert feed_faults(FileFeed(options, FeedContext(base_folder=tmp_path, zone="Europe/Berlin"))) == ""
