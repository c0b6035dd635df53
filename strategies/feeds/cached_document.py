"""A document whose last good copy is kept, in memory and on disk, and stands in while its provider fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from optimizer.errors import HeatOptimizerError
from strategies.contract import DocumentFeed, FeedContext
from strategies.feeds.cached import PAUSE, Refusal, file_of, refused, write_whole
from strategies.options import WebFeedOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAnswer:
    """JSON text. ``failure`` tells why it is not newer than ``fetched_at``, where that was tried.

    ``unsaved`` tells why the answer would not outlive a restart.
    """

    text: str
    fetched_at: datetime
    failure: HeatOptimizerError | None = None
    unsaved: str | None = None


class _Kept(BaseModel):
    """A good answer, and the file that holds it: version 1."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    fetched_at: AwareDatetime
    text: str


class CachedDocument:
    """Asks ``feed`` where its last answer is older than ``fresh_for``.

    While the feed fails that answer stands in until it is ``max_age`` old; then, and where there is none, the
    failure is raised. After a failure the feed is left alone for ``pause``, or as long as the provider asked for.
    Without ``file`` all of this ends with the process.
    """

    def __init__(
        self,
        feed: DocumentFeed,
        file: Path | None,
        now: Callable[[], datetime],
        fresh_for: timedelta,
        *,
        max_age: timedelta | None = None,
        pause: timedelta = PAUSE,
    ) -> None:
        self._feed = feed
        self._file = file
        self._now = now
        self._fresh_for = fresh_for
        self._max_age = max_age
        self._pause = pause
        self._kept: _Kept | None = None
        self._refusal: Refusal | None = None
        self._unsaved: str | None = None

    def fetch_document(self) -> str:
        """The text of ``answer``."""
        return self.answer().text

    def answer(self) -> DocumentAnswer:
        """The document, and how old it is. Raises what the feed raises."""
        now = self._now()
        found = self._fresh(now) or self._refusal_in_force(now) or self._ask(now)
        failure: HeatOptimizerError | None = None
        if isinstance(found, Refusal):
            failure = found.failure
            if self._kept is None or not self._is_usable(now):
                raise failure.with_traceback(None)
            found = self._kept
        return DocumentAnswer(text=found.text, fetched_at=found.fetched_at, failure=failure, unsaved=self._unsaved)

    def _fresh(self, now: datetime) -> _Kept | None:
        """What need not be asked again, from memory or else from disk."""
        if not self._is_fresh(now):
            self._look_on_disk()
        return self._kept if self._is_fresh(now) else None

    def _is_fresh(self, now: datetime) -> bool:
        return self._kept is not None and timedelta(0) <= now - self._kept.fetched_at < self._fresh_for

    def _is_usable(self, now: datetime) -> bool:
        return self._kept is not None and (self._max_age is None or now - self._kept.fetched_at <= self._max_age)

    def _refusal_in_force(self, now: datetime) -> Refusal | None:
        return self._refusal if self._refusal is not None and self._refusal.is_in_force(now) else None

    def _ask(self, now: datetime) -> _Kept | Refusal:
        """A new answer, kept, or why there is none."""
        try:
            text = self._feed.fetch_document()
        except HeatOptimizerError as failure:
            self._refusal = refused(failure, now, self._pause, has_stand_in=self._is_usable(now))
            return self._refusal
        self._kept, self._refusal = _Kept(fetched_at=now, text=text), None
        self._unsaved = self._save(self._kept)
        return self._kept

    def _look_on_disk(self) -> None:
        """Take what is on disk where it is newer: of the run before, or of another site with the same feed."""
        if self._file is None:
            return
        try:
            found = _Kept.model_validate_json(self._file.read_bytes())
        except (OSError, ValueError):  # absent, damaged or of another version
            return
        if self._kept is None or found.fetched_at > self._kept.fetched_at:
            self._kept = found.model_copy(update={"fetched_at": found.fetched_at.astimezone(UTC)})

    def _save(self, kept: _Kept) -> str | None:
        if self._file is None:
            return None
        try:
            write_whole(self._file, kept.model_dump_json())
        except OSError as error:
            return f"{self._file}: {error.strerror or type(error).__name__}"
        return None


def document_on_disk(
    feed: DocumentFeed, name: str, options: WebFeedOptions, context: FeedContext, folder: Path
) -> CachedDocument:
    """The feed with a file in ``folder`` that it shares with every feed of the same options."""
    return CachedDocument(
        feed,
        file_of(name, options, context, folder),
        context.now,
        options.FRESH_FOR,
        max_age=timedelta(hours=options.max_age_hours),
    )
