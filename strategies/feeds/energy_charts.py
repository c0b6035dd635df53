"""The feed "energy_charts": day-ahead prices of European bidding zones from Energy-Charts (Fraunhofer ISE), keyless.

The data stand under CC BY 4.0; show the source that each answer names, usually "Bundesnetzagentur | SMARD.de".
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from optimizer.domain.series import Series
from optimizer.errors import SourceMalformed, SourceRejected
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebAddress, WebFeedOptions

SOURCE = "energy_charts"
PRICE = "day_ahead_price"
UNIT = "EUR / MWh"
KWH_PER_MWH = 1000.0
LONGEST_MIN = 60
HOUR = timedelta(minutes=LONGEST_MIN)
NOT_PUBLISHED = ("answered 404", "no content")
"""What a refusal says where the whole window has no price. Another 404 is an address that is wrong."""

# fmt: off
Zone = Literal[
    "AT", "BE", "BG", "CH", "CZ", "DE-AT-LU", "DE-LU", "DK1", "DK2", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IT-Calabria", "IT-Centre-North", "IT-Centre-South", "IT-North", "IT-SACOAC", "IT-SACODC", "IT-Sardinia",
    "IT-Sicily", "IT-South", "LT", "LV", "ME", "NL", "NO1", "NO2", "NO2NSL", "NO3", "NO4", "NO5", "PL", "PT",
    "RO", "RS", "SE1", "SE2", "SE3", "SE4", "SI", "SK",
]
# fmt: on
Row = tuple[datetime, datetime, float | None]


class EnergyCharts:
    """Prices of a bidding zone in EUR per kWh, also where the zone has another currency, without taxes and fees."""

    CURRENCY = "EUR"

    class Options(WebFeedOptions):
        """Zones are written as the provider does, where case matters."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=27)

        zone: Annotated[Zone, Field(description='a bidding zone, e.g. zone = "DE-LU"')]
        base_url: WebAddress = "https://api.energy-charts.info"

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._door = WebDoor(SOURCE, options.base_url)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; empty where nothing is published. Raises SourceError.

        Whole hours are asked for: else an interval that is under way at ``start`` might be left out.
        """
        question = {"bzn": self._options.zone, "start": _hour(start), "end": _hour(end + HOUR - datetime.resolution)}
        try:
            content = self._door.get("/v2/price", question)
        except SourceRejected as refused:
            if all(words in str(refused).lower() for words in NOT_PUBLISHED):
                return series_of(())
            raise
        answer = one_object(parsed_json(SOURCE, content), SOURCE)
        rows = rows_of(answer, self._options.zone, end)
        return series_of(row for row in rows if row[1] > start)


def rows_of(answer: Fields, zone: str, before: datetime) -> Iterator[Row]:
    """Start, end and price per kWh of what begins before then; None where there is no price.

    Raises SourceMalformed, also where the answer is about another zone or in another unit.
    """
    for key, wanted in (("bidding_zone", zone), ("unit", UNIT)):
        if answer.text(key) != wanted:
            raise answer.wrong(key, f"what was asked for, {wanted}")
    prices = _prices_per_mwh(answer)
    starts = sorted(prices)
    for start, length in zip(starts, _lengths(starts, _stated_step(answer)), strict=True):
        if start < before:
            per_mwh = prices[start]
            yield start, start + length, None if per_mwh is None else per_mwh / KWH_PER_MWH


def _prices_per_mwh(answer: Fields) -> dict[datetime, float | None]:
    """By the start of the interval."""
    if answer.content.get("data") is None:
        raise answer.wrong("data", "a list of prices")
    prices: dict[datetime, float | None] = {}
    for entry in answer.objects("data"):
        at, values = entry.instant("timestamp"), entry.inner("values")
        if values is not None and PRICE not in values.content:
            raise entry.wrong("values", f"an object with {PRICE}")
        per_mwh = None if values is None else values.number(PRICE)
        if prices.setdefault(at, per_mwh) != per_mwh:
            raise SourceMalformed(f"{SOURCE}: two prices for {at.isoformat()}: {prices[at]} and {per_mwh}")
    return prices


def _stated_step(answer: Fields) -> timedelta | None:
    """The length of an interval; None where the answer mixes hours and quarters, which it says in several ways."""
    minutes = answer.content.get("interval_minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= LONGEST_MIN:
        return None
    return timedelta(minutes=minutes)


def _lengths(starts: list[datetime], stated: timedelta | None) -> list[timedelta]:
    """An interval ends where the next begins, and lasts no longer than is stated, else no longer than an hour.

    The last one is as long as the one before it.
    """
    longest = stated or HOUR
    lengths = [min(later - earlier, longest) for earlier, later in pairwise(starts)]
    return [*lengths, *(lengths or [longest])[-1:]] if starts else []


def _hour(at: datetime) -> str:
    """The hour that holds ``at``, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:00Z}"
