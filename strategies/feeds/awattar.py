"""The feed "awattar": hourly day-ahead prices of Germany and Austria from aWATTar, keyless.

The market trades quarters of an hour; this interface still gives whole hours. Fair use is 100 requests a day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from optimizer.domain.series import Series
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebAddress, WebFeedOptions

SOURCE = "awattar"
UNIT = "Eur/MWh"
KWH_PER_MWH = 1000.0
HOUR_S = 3600
MS_PER_S = 1000
ADDRESSES = {"DE": "https://api.awattar.de", "AT": "https://api.awattar.at"}

Row = tuple[datetime, datetime, float | None]


class Awattar:
    """Prices in EUR per kWh, without taxes and fees."""

    CURRENCY = "EUR"

    class Options(WebFeedOptions):
        """The country chooses the address, unless one is given."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=57)

        country: Annotated[Literal["DE", "AT"], Field(description='country = "DE" or "AT"')]
        base_url: WebAddress | None = None

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._door = WebDoor(SOURCE, options.base_url or ADDRESSES[options.country])

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError."""
        first_ms, last_ms = whole_hours_ms(start, end)
        question = {"start": str(first_ms), "end": str(last_ms)}
        answer = one_object(parsed_json(SOURCE, self._door.get("/v1/marketdata", question)), SOURCE)
        return series_of(row for row in rows_of(answer) if row[0] < end and row[1] > start)


def whole_hours_ms(start: datetime, end: datetime) -> tuple[int, int]:
    """The hours that overlap ``[start, end)``, in ms since 1970, so that the one under way is not left out."""
    hour_ms = HOUR_S * MS_PER_S
    return floor(start.timestamp() / HOUR_S) * hour_ms, ceil(end.timestamp() / HOUR_S) * hour_ms


def rows_of(answer: Fields) -> Iterator[Row]:
    """Start, end and price per kWh; None where there is no price. Raises SourceMalformed."""
    if answer.text("object") != "list":
        raise answer.wrong("object", "list")
    if answer.content.get("data") is None:
        raise answer.wrong("data", "a list of prices")
    for entry in answer.objects("data"):
        if entry.text("unit") != UNIT:
            raise entry.wrong("unit", UNIT)
        start, end = _instant(entry, "start_timestamp"), _instant(entry, "end_timestamp")
        if end <= start:
            raise entry.wrong("end_timestamp", f"after {start.isoformat()}")
        if "marketprice" not in entry.content:
            raise entry.wrong("marketprice", "a number or null")
        per_mwh = entry.number("marketprice")
        yield start, end, None if per_mwh is None else per_mwh / KWH_PER_MWH


def _instant(entry: Fields, key: str) -> datetime:
    """A time in milliseconds since 1970."""
    milliseconds = entry.number(key)
    try:
        if milliseconds is not None:
            return datetime.fromtimestamp(milliseconds / MS_PER_S, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise entry.wrong(key, "a time in milliseconds since 1970")
