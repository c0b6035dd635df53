"""The feed "energi_data_service": day-ahead prices of Denmark and its neighbours from Energinet, keyless.

Source: Energinet (www.energidataservice.dk), CC BY 4.0. At most one request a minute is answered.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
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
DAY = timedelta(days=1)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
QUARTERS_SINCE = datetime(2025, 9, 30, 22, 0, tzinfo=UTC)
"""From the delivery of 1 October 2025 on the market has quarters of an hour."""

Row = tuple[datetime, datetime, float | None]


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
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError."""
        first_day, day_after = danish_days(start, end)
        question = {
            "start": first_day.isoformat(),
            "end": day_after.isoformat(),
            "filter": json.dumps({"PriceArea": [self._options.area]}),
            "sort": "TimeUTC asc",
            "limit": "0",
        }
        answer = one_object(parsed_json(SOURCE, self._door.get(PATH, question)), SOURCE)
        rows = rows_of(answer, self._options.area, f"DayAheadPrice{self._options.currency}", end)
        return series_of(row for row in rows if row[1] > start)


def danish_days(start: datetime, end: datetime) -> tuple[date, date]:
    """The first day that is asked for, and the one after the last.

    The interface takes Danish local times, which are ambiguous for an hour in October, so whole days are asked for.
    """
    return start.astimezone(DANISH).date(), end.astimezone(DANISH).date() + DAY


def rows_of(answer: Fields, area: str, price_key: str, before: datetime) -> Iterator[Row]:
    """Start, end and price per kWh of what begins before then; None where there is no price. Raises SourceMalformed."""
    if answer.text("dataset") != DATASET:
        raise answer.wrong("dataset", DATASET)
    if answer.content.get("records") is None:
        raise answer.wrong("records", "a list of prices")
    prices: list[tuple[datetime, float | None]] = []
    for record in answer.objects("records"):
        if record.text("PriceArea") != area:
            raise record.wrong("PriceArea", f"what was asked for, {area}")
        if price_key not in record.content:
            raise record.wrong(price_key, "a number or null")
        start, per_mwh = _utc(record), record.number(price_key)
        if start < before:
            prices.append((start, None if per_mwh is None else per_mwh / KWH_PER_MWH))
    ends = _ends(sorted({start for start, _ in prices}))
    return ((start, ends[start], price) for start, price in prices)


def _ends(starts: list[datetime]) -> dict[datetime, datetime]:
    """The end of each interval: a delivery day has one step, the least distance of two starts, at most an hour.

    So a row that is missing is a gap, not a longer interval. A day of one row has the market's usual step.
    """
    ends: dict[datetime, datetime] = {}
    for _, group in groupby(starts, key=lambda at: at.astimezone(DANISH).date()):
        day = list(group)
        usual = QUARTER if day[0] >= QUARTERS_SINCE else HOUR
        least = min((later - earlier for earlier, later in pairwise(day)), default=usual)
        step = least if least <= HOUR else usual
        ends |= {start: start + step for start in day}
    return ends


def _utc(record: Fields) -> datetime:
    """``TimeUTC``, which states no zone."""
    try:
        at = datetime.fromisoformat(record.text("TimeUTC"))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise record.wrong("TimeUTC", "a time in UTC") from None
