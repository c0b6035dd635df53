"""The contracts: a strategy prices the slots, a feed fetches what is published, as a series or as a document.

A class that the registry can build has an attribute ``Options`` (a pydantic model) and takes the
validated options in its constructor; a feed's constructor takes a ``FeedContext`` as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from optimizer.domain.horizon import Horizon
from optimizer.domain.series import Series
from optimizer.domain.tariff import Market, Tariff
from optimizer.errors import ConfigError
from strategies.options import Secret


class TariffStrategy(Protocol):
    """Import and export price per kWh for each slot. Pure; raises ForecastGap where prices are missing."""

    def tariff(self, horizon: Horizon, market: Market) -> Tariff: ...


class PriceFeed(Protocol):
    """The published intervals that overlap ``[start, end)``. Raises SourceError or ConfigError."""

    def fetch(self, start: datetime, end: datetime) -> Series: ...


@runtime_checkable
class DocumentFeed(Protocol):
    """A tariff's structure as it is published: JSON text that parses. Raises SourceError or ConfigError."""

    def fetch_document(self) -> str: ...


def _no_secrets(_: Secret, option: str) -> str:
    msg = f"{option}: there are no secrets here"
    raise ConfigError(msg)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContext:
    """Where a feed stands: relative paths start at ``base_folder``, naive times are in ``zone`` (IANA name).

    ``secret(reference, option)`` is the text of a secret; it raises ConfigError, naming the option, where there
    is none. Answers of providers are kept in ``cache_folder``; without one they are kept by nobody. ``now`` is
    the present, aware.
    """

    base_folder: Path
    zone: str
    secret: Callable[[Secret, str], str] = _no_secrets
    cache_folder: Path | None = None
    now: Callable[[], datetime] = _utc_now
