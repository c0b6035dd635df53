"""A feed whose last good answer is kept, in memory and on disk, and stands in while its provider fails."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, FiniteFloat

from optimizer.domain.series import Series
from optimizer.errors import HeatOptimizerError, SourceUnavailable
from strategies.contract import FeedContext, PriceFeed
from strategies.feeds.overlay import overlaid, within
from strategies.options import WebFeedOptions

PAUSE = timedelta(minutes=10)
"""After a failure, while an earlier answer stands in: a plan at the quarter need not wait for the same failure."""
PAUSE_WITH_NOTHING = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
"""What ``Retry-After`` may ask for: a wrong header must not cost the prices of a day."""
SETTLED_AFTER = timedelta(days=2)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a feed knows. ``failure`` tells why it is not newer than ``fetched_at``, where that was tried.

    ``unsaved`` tells why the answer would not outlive a restart.
    """

    series: Series
    fetched_at: datetime
    failure: HeatOptimizerError | None = None
    unsaved: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A good answer and the window ``[asked_from, asked_until)`` that was asked for."""

    series: Series
    fetched_at: datetime
    asked_from: datetime
    asked_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A failure, and until when the provider is left alone after it."""

    failure: HeatOptimizerError
    at: datetime
    ask_again_at: datetime

    def is_in_force(self, now: datetime) -> bool:
        """Not where the clock was set back before it."""
        return self.at <= now < self.ask_again_at


def refused(failure: HeatOptimizerError, now: datetime, pause: timedelta, *, has_stand_in: bool) -> Refusal:
    """Wait as long as the provider asked for, else for ``pause``, which is shorter with nothing to stand in."""
    if isinstance(failure, SourceUnavailable) and failure.retry_after_s is not None:
        wait = timedelta(seconds=min(failure.retry_after_s, LONGEST_WAIT.total_seconds()))
    else:
        wait = pause if has_stand_in else min(pause, PAUSE_WITH_NOTHING)
    return Refusal(failure=failure, at=now, ask_again_at=now + wait)


class _Document(BaseModel):
    """The file: version 1."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    fetched_at: AwareDatetime
    asked_from: AwareDatetime
    asked_until: AwareDatetime
    intervals: tuple[tuple[AwareDatetime, AwareDatetime, FiniteFloat], ...]


class CachedFeed:
    """Asks ``feed`` where its last answer is no longer fresh or does not cover the window.

    A new answer is laid over the one before by ``joined``; usually what only the older one knows is kept, so
    that yesterday's prices stay known. While the feed fails the last answer stands in until it is ``max_age``
    old; then, and where there is none, the failure is raised. After a failure the feed is left alone for
    ``pause``, or as long as the provider asked for. Without ``file`` all of this ends with the process.
    """

    def __init__(
        self,
        feed: PriceFeed,
        file: Path | None,
        now: Callable[[], datetime],
        fresh_for: timedelta,
        *,
        max_age: timedelta | None = None,
        pause: timedelta = PAUSE,
        joined: Callable[[Series, Series], Series] = overlaid,
        longest_ask: timedelta | None = None,
    ) -> None:
        self._feed = feed
        self._file = file
        self._now = now
        self._fresh_for = fresh_for
        self._max_age = max_age
        self._pause = pause
        self._joined = joined
        self._longest_ask = longest_ask
        self._kept: _Kept | None = None
        self._refusal: Refusal | None = None
        self._unsaved: str | None = None

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The series of ``answer``."""
        return self.answer(start, end).series

    def answer(self, start: datetime, end: datetime) -> Answer:
        """The intervals that overlap ``[start, end)``, and how old they are. Raises what the feed raises."""
        now = self._now()
        found = self._fresh(now, start, end) or self._refusal_in_force(now) or self._ask(now, start, end)
        if isinstance(found, Refusal):
            return self._stand_in(found.failure, now, start, end)
        series = within(found.series, start, end)
        return Answer(series=series, fetched_at=found.fetched_at, unsaved=self._unsaved)

    def _fresh(self, now: datetime, start: datetime, end: datetime) -> _Kept | None:
        """What need not be asked again, from memory or else from disk."""
        if not self._is_fresh(self._kept, now, start, end):
            self._look_on_disk()
        return self._kept if self._is_fresh(self._kept, now, start, end) else None

    def _is_fresh(self, kept: _Kept | None, now: datetime, start: datetime, end: datetime) -> bool:
        return (
            kept is not None
            and timedelta(0) <= now - kept.fetched_at < self._fresh_for
            and kept.asked_from <= start
            and end <= kept.asked_until
        )

    def _refusal_in_force(self, now: datetime) -> Refusal | None:
        return self._refusal if self._refusal is not None and self._refusal.is_in_force(now) else None

    def _ask(self, now: datetime, start: datetime, end: datetime) -> _Kept | Refusal:
        """A new answer, kept, or why there is none. The window is asked a little further than it is needed."""
        until = end + self._fresh_for
        try:
            series = self._feed.fetch(self._ask_from(start, now), until)
        except HeatOptimizerError as failure:
            self._refusal = refused(failure, now, self._pause, has_stand_in=self._is_usable(now))
            return self._fresh(now, start, end) or self._refusal
        if self._kept is not None:
            series = self._joined(series, within(self._kept.series, start, END_OF_TIME))
        self._kept = _Kept(series=series, fetched_at=now, asked_from=start, asked_until=until)
        self._refusal = None
        self._unsaved = self._save(self._kept)
        return self._kept

    def _ask_from(self, start: datetime, now: datetime) -> datetime:
        """Prices that were days old at the last answer have not changed; a provider gives only so much in one go."""
        kept = self._kept
        if kept is not None and kept.asked_from <= start and self._joined is overlaid:
            start = max(start, min(kept.fetched_at, now) - SETTLED_AFTER)
        return start if self._longest_ask is None else max(start, now - self._longest_ask)

    def _is_usable(self, now: datetime) -> bool:
        return self._kept is not None and (self._max_age is None or now - self._kept.fetched_at <= self._max_age)

    def _stand_in(self, failure: HeatOptimizerError, now: datetime, start: datetime, end: datetime) -> Answer:
        if self._kept is None or not self._is_usable(now):
            raise failure.with_traceback(None)
        series = within(self._kept.series, start, end)
        return Answer(series=series, fetched_at=self._kept.fetched_at, failure=failure, unsaved=self._unsaved)

    def _look_on_disk(self) -> None:
        """Take what is on disk where it is newer: of the run before, or of another site with the same feed."""
        found = None if self._file is None else _read(self._file)
        if found is not None and (self._kept is None or found.fetched_at > self._kept.fetched_at):
            self._kept = found

    def _save(self, kept: _Kept) -> str | None:
        if self._file is None:
            return None
        try:
            _write(self._file, kept)
        except OSError as error:
            return f"{self._file}: {error.strerror or type(error).__name__}"
        return None


def kept_on_disk(feed: PriceFeed, name: str, options: WebFeedOptions, context: FeedContext, folder: Path) -> CachedFeed:
    """The feed with a file in ``folder`` that it shares with every feed of the same options."""
    return CachedFeed(
        feed,
        file_of(name, options, context, folder),
        context.now,
        options.FRESH_FOR,
        max_age=timedelta(hours=options.max_age_hours),
        longest_ask=options.LONGEST_ASK,
    )


def file_of(name: str, options: WebFeedOptions, context: FeedContext, folder: Path) -> Path:
    """Where the answers to these options are kept."""
    told = f"{name} {context.zone} {options.model_dump_json()}"
    return folder / f"{name}-{sha256(told.encode()).hexdigest()[:16]}.json"


def _read(file: Path) -> _Kept | None:
    """What is in the file, or None where it is absent, damaged or of another version."""
    try:
        document = _Document.model_validate_json(file.read_bytes())
        starts, ends, values = zip(*document.intervals, strict=True) if document.intervals else ((), (), ())
        return _Kept(
            series=Series(
                starts=tuple(at.astimezone(UTC) for at in starts),
                ends=tuple(at.astimezone(UTC) for at in ends),
                values=values,
            ),
            fetched_at=document.fetched_at.astimezone(UTC),
            asked_from=document.asked_from.astimezone(UTC),
            asked_until=document.asked_until.astimezone(UTC),
        )
    except (OSError, ValueError, OverflowError):
        return None


def _write(file: Path, kept: _Kept) -> None:
    series = kept.series
    document = _Document(
        fetched_at=kept.fetched_at,
        asked_from=kept.asked_from,
        asked_until=kept.asked_until,
        intervals=tuple(zip(series.starts, series.ends, series.values, strict=True)),
    )
    write_whole(file, document.model_dump_json())


def write_whole(file: Path, text: str) -> None:
    """All of it or nothing. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=file.stem, delete=False) as draft:
        try:
            draft.write(text)
            draft.close()
            Path(draft.name).replace(file)
        except OSError:
            with suppress(OSError):
                Path(draft.name).unlink()
            raise
