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

LOOK_BACK = timedelta(days=8)
FRESH_FOR = timedelta(minutes=15)


@dataclass(slots=True)
class _Kept:
    series: Series
    fetched_at: datetime
    until: datetime


@dataclass(slots=True)
class FeedShelf:
    """All feeds of one site, by the names that its settings give them."""

    feeds: Mapping[str, PriceFeed]
    now: Callable[[], datetime]
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def market(self, horizon: Horizon) -> Market:
        """What the feeds know around the horizon. One that has nothing is left out: a tariff that needs it says so."""
        return Market(series=self._known(horizon))

    def external(self, horizon: Horizon) -> Mapping[str, Series]:
        """The same for forecasts that the operator supplies."""
        return self._known(horizon)

    def refresh(self, horizon: Horizon) -> None:
        """Fetch what is no longer fresh, so that planning need not wait for it."""
        self._known(horizon)

    def _known(self, horizon: Horizon) -> dict[str, Series]:
        found: dict[str, Series] = {}
        for name in self.feeds:
            try:
                found[name] = self._one(name, horizon.start, horizon.end)
            except HeatOptimizerError as error:
                structlog.get_logger().error(
                    "feed_failed", feed=name, error=error.name, detail=str(error), fallback=None
                )
        return found

    def _one(self, name: str, start: datetime, end: datetime) -> Series:
        with self._lock:
            kept = self._kept.get(name)
            now = self.now()
            if kept is not None and now - kept.fetched_at < FRESH_FOR and kept.until >= end:
                return kept.series
            try:
                fetch_until = end + FRESH_FOR
                series = self.feeds[name].fetch(start - LOOK_BACK, fetch_until)
            except HeatOptimizerError as error:
                if kept is None:
                    raise
                structlog.get_logger().warning(
                    "feed_failed",
                    feed=name,
                    error=error.name,
                    detail=str(error),
                    fallback=f"the answer of {kept.fetched_at:%Y-%m-%dT%H:%M:%SZ}",
                )
                return kept.series
            self._kept[name] = _Kept(series=series, fetched_at=now, until=fetch_until)
            return series
