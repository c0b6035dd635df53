"""Feeds behind one port: fetched ahead of need, and the last good answer kept when a feed fails."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market
from optimizer.errors import HeatOptimizerError
from strategies import DocumentFeed, PriceFeed
from strategies.feeds.cached import Answer, CachedFeed
from strategies.feeds.cached_document import CachedDocument, DocumentAnswer
from strategies.feeds.overlay import upper_alone

LOOK_BACK = timedelta(days=29)
"""Four weeks of prices are what the extension beyond the last published one goes by."""
FRESH_FOR = timedelta(minutes=15)


@dataclass(slots=True)
class FeedShelf:
    """All feeds of one site, by the names that its settings give them."""

    feeds: Mapping[str, PriceFeed | DocumentFeed]
    now: Callable[[], datetime]
    _series: dict[str, CachedFeed] = field(init=False)
    _documents: dict[str, CachedDocument] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._series, self._documents = {}, {}
        for name, feed in self.feeds.items():
            if isinstance(feed, DocumentFeed):
                self._documents[name] = _document_in_memory(feed, self.now)
            else:
                self._series[name] = _kept_in_memory(feed, self.now)

    def market(self, horizon: Horizon) -> Market:
        """What the feeds know around the horizon. One that has nothing is left out: a tariff that needs it says so."""
        series, documents = self._known_series(horizon), self._known_documents()
        answers: dict[str, Answer | DocumentAnswer] = {**series, **documents}
        return Market(
            series={name: answer.series for name, answer in series.items()},
            documents={name: answer.text for name, answer in documents.items()},
            stale={
                name: f"{name}: the answer of {answer.fetched_at:%Y-%m-%dT%H:%MZ} stands in ({answer.failure.name})"
                for name, answer in answers.items()
                if answer.failure is not None
            },
        )

    def external(self, horizon: Horizon) -> Mapping[str, Series]:
        """The same for forecasts that the operator supplies."""
        return {name: answer.series for name, answer in self._known_series(horizon).items()}

    def refresh(self, horizon: Horizon) -> None:
        """Fetch what is no longer fresh, so that planning need not wait for it."""
        self._known_series(horizon)
        self._known_documents()

    def _known_series(self, horizon: Horizon) -> dict[str, Answer]:
        start, end = horizon.start - LOOK_BACK, horizon.end
        return self._answers({name: partial(feed.answer, start, end) for name, feed in self._series.items()})

    def _known_documents(self) -> dict[str, DocumentAnswer]:
        return self._answers({name: feed.answer for name, feed in self._documents.items()})

    def _answers[Found: (Answer, DocumentAnswer)](self, ask: Mapping[str, Callable[[], Found]]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for name, answer in ask.items():
            try:
                found[name] = self._told(name, answer)
            except HeatOptimizerError as error:
                structlog.get_logger().error(
                    "feed_failed", feed=name, error=error.name, detail=str(error), fallback=None
                )
        return found

    def _told[Found: (Answer, DocumentAnswer)](self, name: str, ask: Callable[[], Found]) -> Found:
        with self._lock:
            answer = ask()
        log = structlog.get_logger()
        if answer.failure is not None:
            log.warning(
                "feed_failed",
                feed=name,
                error=answer.failure.name,
                detail=str(answer.failure),
                fallback=f"cached answer of {answer.fetched_at:%Y-%m-%dT%H:%M:%SZ}",
            )
        if answer.unsaved is not None:
            log.warning("feed_not_saved", feed=name, detail=answer.unsaved)
        return answer


def _kept_in_memory(feed: PriceFeed, now: Callable[[], datetime]) -> CachedFeed:
    """A feed that keeps its answers already, or one that keeps the last one, whatever its age, while it runs."""
    if isinstance(feed, CachedFeed):
        return feed
    return CachedFeed(feed, None, now, FRESH_FOR, pause=timedelta(0), joined=upper_alone)


def _document_in_memory(feed: DocumentFeed, now: Callable[[], datetime]) -> CachedDocument:
    """The same for documents: a file is read again each time."""
    if isinstance(feed, CachedDocument):
        return feed
    return CachedDocument(feed, None, now, timedelta(0), pause=timedelta(0))
