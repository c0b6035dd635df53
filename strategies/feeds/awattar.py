"""The feed "awattar": hourly day-ahead prices of Germany and Austria from aWATTar, keyless.

The market trades quarters of an hour; this interface still gives whole hours. Fair use is 100 requests a day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
MS = 1000.0
ADDRESSES = {"DE": "https://api.awattar.de", "AT": "https://api.awattar.at"}


class Awattar:
    """Prices in EUR per kWh, without taxes and fees."""

    class Options(WebFeedOptions):
        """The country chooses the address, unless one is given."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=57)

        country: Annotated[Literal["DE", "AT"], Field(description='country = "DE" or "AT"')]
        base_url: WebAddress | None = None

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._door = WebDoor(SOURCE, options.base_url or ADDRESSES[options.country])

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError."""
        question = {"start": str(int(start.timestamp() * MS)), "end": str(int(end.timestamp() * MS))}
        answer = one_object(parsed_json(SOURCE, self._door.get("/v1/marketdata", question)), SOURCE)
        return series_of(row for row in rows_of(answer) if row[0] < end and row[1] > start)


def rows_of(answer: Fields) -> Iterator[tuple[datetime, datetime, float | None]]:
    """Start, end and price per kWh. Raises SourceMalformed."""
    if answer.text("object") != "list":
        raise answer.wrong("object", "list")
    for entry in answer.objects("data"):
        if entry.text("unit") != UNIT:
            raise entry.wrong("unit", UNIT)
        start, end = _instant(entry, "start_timestamp"), _instant(entry, "end_timestamp")
        price = entry.number("marketprice")
        yield start, end, None if price is None else price / KWH_PER_MWH


def _instant(entry: Fields, key: str) -> datetime:
    """A time in milliseconds since 1970."""
    milliseconds = entry.number(key)
    try:
        return datetime.fromtimestamp((milliseconds or -1.0) / MS, UTC) if milliseconds else _refused(entry, key)
    except (OverflowError, ValueError, OSError):
        return _refused(entry, key)


def _refused(entry: Fields, key: str) -> datetime:
    raise entry.wrong(key, "a time in milliseconds since 1970")
