"""The feed "energy_charts": day-ahead prices of European bidding zones from Energy-Charts (Fraunhofer ISE), keyless.

The data stand under CC BY 4.0; show the source that each answer names, usually "Bundesnetzagentur | SMARD.de".
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from optimizer.domain.series import Series
from optimizer.errors import SourceMalformed
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebAddress, WebFeedOptions

SOURCE = "energy_charts"
KWH_PER_MWH = 1000.0
UNIT = "EUR / MWh"
NOT_PUBLISHED = frozenset({404})
LONGEST_MIN = 60

Row = tuple[datetime, datetime, float | None]


class EnergyCharts:
    """Prices of a bidding zone in EUR per kWh, without taxes and fees."""

    class Options(WebFeedOptions):
        """Zones are written as the provider does; "DE-LU", "AT", "NL", "SE3"; case matters."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=27)

        zone: Annotated[str, Field(pattern="^[A-Za-z0-9-]+$", description='a bidding zone, e.g. zone = "DE-LU"')]
        base_url: WebAddress = "https://api.energy-charts.info"

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._door = WebDoor(SOURCE, options.base_url)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError."""
        question = {
            "bzn": self._options.zone,
            "start": f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
            "end": f"{end.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        }
        content = self._door.get("/v2/price", question, absent=NOT_PUBLISHED)
        if content is None:
            return series_of(())
        answer = one_object(parsed_json(SOURCE, content), SOURCE)
        return series_of(row for row in rows_of(answer, self._options.zone) if row[0] < end and row[1] > start)


def rows_of(answer: Fields, zone: str) -> Iterator[Row]:
    """Start, end and price per kWh; None where it is not published. Raises SourceMalformed."""
    for key, wanted in (("bidding_zone", zone), ("unit", UNIT)):
        if answer.text(key) != wanted:
            raise answer.wrong(key, f"what was asked for, {wanted}")
    prices: dict[datetime, float | None] = {}
    for entry in answer.objects("data"):
        values = entry.inner("values")
        at, price = entry.instant("timestamp"), None if values is None else values.number("day_ahead_price")
        if prices.setdefault(at, price) != price:
            msg = f"{SOURCE}: two prices for {at.isoformat()}"
            raise SourceMalformed(msg)
    starts = sorted(prices)
    for start, length in zip(starts, _lengths(starts, answer), strict=True):
        price = prices[start]
        yield start, start + length, None if price is None else price / KWH_PER_MWH


def _lengths(starts: list[datetime], answer: Fields) -> list[timedelta]:
    """An interval ends where the next begins, at most an hour later; the last is as long as the one before it."""
    stated = answer.number("interval_minutes")
    longest = timedelta(minutes=LONGEST_MIN)
    usual = longest if stated is None else timedelta(minutes=stated)
    lengths = [min(later - earlier, longest if stated is None else usual) for earlier, later in pairwise(starts)]
    return [*lengths, lengths[-1] if lengths and stated is None else usual] if starts else []
