"""The feed "energi_data_service": day-ahead prices of Denmark and its neighbours from Energinet, keyless.

Source: Energinet (www.energidataservice.dk), CC BY 4.0. At most one request a minute is answered.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from optimizer.domain.series import Series
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebAddress, WebFeedOptions

SOURCE = "energi_data_service"
DATASET = "DayAheadPrices"
PATH = f"/dataset/{DATASET}"
KWH_PER_MWH = 1000.0
DANISH = ZoneInfo("Europe/Copenhagen")
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
QUARTERS_SINCE = datetime(2025, 9, 30, 22, 0, tzinfo=UTC)
"""From the delivery of 1 October 2025 on the market has quarters of an hour."""


class EnergiDataService:
    """Prices in ``currency`` per kWh, without taxes and fees."""

    class Options(WebFeedOptions):
        """``DK1`` is west of the Great Belt, ``DK2`` east of it."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=14)

        area: Annotated[Literal["DK1", "DK2", "DE", "NO2", "SE3", "SE4"], Field(description='e.g. area = "DK1"')]
        currency: Annotated[Literal["DKK", "EUR"], Field(description='currency = "DKK" or "EUR"')] = "DKK"
        base_url: WebAddress = "https://api.energidataservice.dk"

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._door = WebDoor(SOURCE, options.base_url)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError.

        The interface takes Danish local times, which are ambiguous for an hour in October: whole days are asked for.
        """
        first, last = start.astimezone(DANISH).date(), (end + timedelta(days=1)).astimezone(DANISH).date()
        question = {
            "start": first.isoformat(),
            "end": last.isoformat(),
            "filter": json.dumps({"PriceArea": [self._options.area]}),
            "sort": "TimeUTC asc",
            "limit": "0",
        }
        answer = one_object(parsed_json(SOURCE, self._door.get(PATH, question)), SOURCE)
        rows = rows_of(answer, self._options.area, f"DayAheadPrice{self._options.currency}")
        return series_of(row for row in rows if row[0] < end and row[1] > start)


def rows_of(answer: Fields, area: str, key: str) -> Iterator[tuple[datetime, datetime, float | None]]:
    """Start, end and price per kWh. Raises SourceMalformed."""
    if answer.text("dataset") != DATASET:
        raise answer.wrong("dataset", DATASET)
    for record in answer.objects("records"):
        if record.text("PriceArea") != area:
            raise record.wrong("PriceArea", f"what was asked for, {area}")
        start = _utc(record)
        price = record.number(key)
        length = QUARTER if start >= QUARTERS_SINCE else HOUR
        yield start, start + length, None if price is None else price / KWH_PER_MWH


def _utc(record: Fields) -> datetime:
    """``TimeUTC``, which states no zone."""
    try:
        at = datetime.fromisoformat(record.text("TimeUTC"))
    except ValueError:
        raise record.wrong("TimeUTC", "a time in UTC") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
