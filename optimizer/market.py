"""Feeds behind one port: fetched ahead of need, and the last good answer kept when a feed fails."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market
from optimizer.errors import HeatOptimizerError
from strategies import PriceFeed
from strategies.feeds.cached import Answer, CachedFeed
from strategies.feeds.overlay import upper_alone

LOOK_BACK = timedelta(days=8)
FRESH_FOR = timedelta(minutes=15)


@dataclass(slots=True)
class FeedShelf:
    """All feeds of one site, by the names that its settings give them."""

    feeds: Mapping[str, PriceFeed]
    now: Callable[[], datetime]
    _kept: dict[str, CachedFeed] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = {name: _kept_in_memory(feed, self.now) for name, feed in self.feeds.items()}

    def market(self, horizon: Horizon) -> Market:
        """What the feeds know around the horizon. One that has nothing is left out: a tariff that needs it says so."""
        answers = self._known(horizon)
        return Market(
            series={name: answer.series for name, answer in answers.items()},
            stale={
                name: f"{name}: the answer of {answer.fetched_at:%Y-%m-%dT%H:%MZ} stands in ({answer.failure.name})"
                for name, answer in answers.items()
                if answer.failure is not None
            },
        )

    def external(self, horizon: Horizon) -> Mapping[str, Series]:
        """The same for forecasts that the operator supplies."""
        return {name: answer.series for name, answer in self._known(horizon).items()}

    def refresh(self, horizon: Horizon) -> None:
        """Fetch what is no longer fresh, so that planning need not wait for it."""
        self._known(horizon)

    def _known(self, horizon: Horizon) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        for name in self.feeds:
            try:
                found[name] = self._one(name, horizon.start, horizon.end)
            except HeatOptimizerError as error:
                structlog.get_logger().error(
                    "feed_failed", feed=name, error=error.name, detail=str(error), fallback=None
                )
        return found

    def _one(self, name: str, start: datetime, end: datetime) -> Answer:
        with self._lock:
            answer = self._kept[name].answer(start - LOOK_BACK, end)
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
