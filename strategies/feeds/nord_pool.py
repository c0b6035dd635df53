"""The feed "nord_pool": day-ahead prices as the data portal of Nord Pool shows them, without a key.

The portal's own interface, which nobody promises to keep as it is. To hand its prices on needs a licence,
so these are for one's own use.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from optimizer.domain.series import Series
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebAddress, WebFeedOptions

SOURCE = "nord_pool"
MARKET = "DayAhead"
FINAL = "Final"
KWH_PER_MWH = 1000.0
DELIVERY = ZoneInfo("Europe/Oslo")
"""Delivery days of all areas begin at midnight in CET or CEST, also where the local clock shows another time."""

NOT_PUBLISHED = frozenset({204})
NOT_PUBLISHED_OR_TOO_OLD = NOT_PUBLISHED | {401}
SURELY_OPEN = timedelta(days=31)
"""The portal answers 401 to days older than about two months; to a day younger than this 401 means what it says."""

# fmt: off
Area = Literal[
    "AT", "BE", "BG", "DK1", "DK2", "EE", "FI", "FR", "GER", "LT", "LV", "NL",
    "NO1", "NO2", "NO3", "NO4", "NO5", "PL", "SE1", "SE2", "SE3", "SE4", "SYS", "TEL",
]
# fmt: on
Row = tuple[datetime, datetime, float | None]


class NordPool:
    """Prices of one area per kWh in ``currency``, without taxes and fees, once they are final."""

    class Options(WebFeedOptions):
        """Area codes are the portal's own: GER is the zone DE-LU, TEL is Romania, SYS the Nordic system price."""

        area: Annotated[Area, Field(description='a delivery area, e.g. area = "SE3"')]
        currency: Annotated[
            Literal["BGN", "DKK", "EUR", "NOK", "PLN", "RON", "SEK"], Field(description='e.g. currency = "EUR"')
        ] = "EUR"
        base_url: WebAddress = "https://dataportal-api.nordpoolgroup.com"

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._now = context.now
        self._door = WebDoor(SOURCE, options.base_url)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; an empty series where nothing is published.

        Days later than tomorrow are not asked for. Raises SourceError for what goes wrong on the way.
        """
        today = self._now().astimezone(DELIVERY).date()
        days = delivery_days(start, end, today + timedelta(days=1))
        rows = [row for day in self._answers(days, today) for row in rows_of(day, self._options.area)]
        return series_of(row for row in rows if row[0] < end and row[1] > start)

    def _answers(self, days: list[date], today: date) -> Iterator[Fields]:
        """The answers to the days, the newest first: before one that is too old all are too old."""
        for day in reversed(days):
            may_be_too_old = today - day > SURELY_OPEN
            absent = NOT_PUBLISHED_OR_TOO_OLD if may_be_too_old else NOT_PUBLISHED
            content = self._door.get("/api/DayAheadPrices", self._question(day), absent=absent)
            if content is not None:
                yield answer_of(content, day, self._options.currency)
            elif may_be_too_old:
                return

    def _question(self, day: date) -> dict[str, str]:
        return {
            "market": MARKET,
            "date": day.isoformat(),
            "deliveryArea": self._options.area,
            "currency": self._options.currency,
        }


def delivery_days(start: datetime, end: datetime, last: date) -> list[date]:
    """The delivery days that overlap ``[start, end)``, none after ``last``."""
    first = start.astimezone(DELIVERY).date()
    until = min(last, (end - timedelta(microseconds=1)).astimezone(DELIVERY).date())
    return [first + timedelta(days=at) for at in range((until - first).days + 1)]


def answer_of(content: bytes, day: date, currency: str) -> Fields:
    """The answer for a day. Raises SourceMalformed where it is another's or in another currency."""
    answer = one_object(parsed_json(SOURCE, content), SOURCE)
    for key, wanted in (("deliveryDateCET", day.isoformat()), ("currency", currency)):
        if answer.text(key) != wanted:
            raise answer.wrong(key, f"what was asked for, {wanted}")
    return answer


def rows_of(answer: Fields, area: str) -> Iterator[Row]:
    """Start, end and price per kWh of each entry once the area is final; None where it has no price."""
    if not is_final(answer, area):
        return
    for entry in answer.objects("multiAreaEntries"):
        start, end = entry.instant("deliveryStart"), entry.instant("deliveryEnd")
        if end <= start:
            raise entry.wrong("deliveryEnd", f"after {start.isoformat()}")
        prices = entry.inner("entryPerArea")
        per_mwh = None if prices is None else prices.number(area)
        yield start, end, None if per_mwh is None else per_mwh / KWH_PER_MWH


def is_final(answer: Fields, area: str) -> bool:
    """Whether the area is in the state Final and in no other. Raises SourceMalformed."""
    states = set()
    for state in answer.objects("areaStates"):
        areas = state.content.get("areas")
        if not isinstance(areas, list):
            raise state.wrong("areas", "a list of areas")
        if area in areas:
            states.add(state.text("state"))
    return states == {FINAL}
