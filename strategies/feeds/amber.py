"""The feed "amber": the customer's own prices at Amber Electric (Australia)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from optimizer.domain.series import Series
from optimizer.errors import ConfigError
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, all_objects, without_secret
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import Secret, WebFeedOptions

SOURCE = "amber"
NOT_FOUND = frozenset({404})
CENTS_PER_DOLLAR = 100.0
NEM = timezone(timedelta(hours=10))
"""The market's clock: Brisbane's, without summer time. Days of the interface are its days."""
DAYS_AT_ONCE = 7

Channel = Literal["general", "controlledLoad", "feedIn"]
Forecast = Literal["predicted", "per_kwh", "none"]


class Kind(IntEnum):
    """How firm an interval is; where two overlap, the firmer one holds."""

    FORECAST = 0
    CURRENT = 1
    ACTUAL = 2


KINDS = {"ForecastInterval": Kind.FORECAST, "CurrentInterval": Kind.CURRENT, "ActualInterval": Kind.ACTUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One price of one channel; ``price_per_kwh`` in AUD."""

    kind: Kind
    start: datetime
    end: datetime
    price_per_kwh: float


class Amber:
    """Prices of one site and channel in AUD per kWh, GST and network fees included, spikes as they come.

    The channel ``feedIn`` is turned round: positive is what the site is paid. Demand charges are not in it.
    """

    CURRENCY = "AUD"

    class Options(WebFeedOptions):
        """The key is the customer's own, from the developer page of the account."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=4, seconds=30)
        LONGEST_ASK: ClassVar[timedelta] = timedelta(days=7)

        token: Annotated[Secret, Field(description='where the key is, e.g. token = {env = "AMBER_KEY"}')]
        site_id: Annotated[
            str, Field(pattern="^[A-Za-z0-9]+$", description="the id of the site, as GET /sites lists it")
        ]
        channel: Annotated[Channel, Field(description='channel = "general", "controlledLoad" or "feedIn"')] = "general"
        forecast: Annotated[
            Forecast,
            Field(description='what to take ahead: the "predicted" price, the "per_kwh" of the market, or "none"'),
        ] = "predicted"
        intervals_ahead: Annotated[
            int, Field(strict=True, ge=1, le=2048, description="intervals to ask for ahead; 864 are 72 h of 5 min")
        ] = 864
        past_days: Annotated[
            int, Field(strict=True, ge=0, le=14, description="days before today to ask for as well")
        ] = 7
        base_url: Annotated[str, Field(pattern=r"^https?://\S+$", description="scheme and host")] = (
            "https://api.amber.com.au/v1"
        )

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._token = token = context.secret(options.token, "token")
        self._path = f"/sites/{options.site_id}/prices"
        self._door = WebDoor(SOURCE, options.base_url, headers={"Authorization": f"Bearer {token}"}, secrets=(token,))

    def fetch(self, start: datetime, end: datetime) -> Series:
        """What is known of ``[start, end)``: days gone by, the running interval and the forecast after it.

        Raises ConfigError for a site or channel that is not there, SourceError for what goes wrong on the way.
        """
        options = self._options
        ahead = {"next": str(options.intervals_ahead), "previous": "1"}
        found = self._intervals("/current", ahead)
        now = min((interval.start for interval in found if interval.kind is not Kind.FORECAST), default=None)
        if now is not None:
            earliest = max(start, now - timedelta(days=options.past_days))
            for first, last in days_between(earliest, now):
                found += self._intervals("", {"startDate": first.isoformat(), "endDate": last.isoformat()})
        return series_of(
            (interval.start, interval.end, interval.price_per_kwh)
            for interval in firmest(found)
            if interval.start < end and interval.end > start
        )

    def _intervals(self, path: str, params: dict[str, str]) -> list[Interval]:
        content = self._door.get(self._path + path, params, absent=NOT_FOUND)
        if content is None:
            raise ConfigError(f"site_id: {SOURCE} has no site {self._options.site_id}; GET /sites lists yours")
        return list(intervals_of(without_secret(content, self._token), self._options.channel, self._options.forecast))


def days_between(start: datetime, now: datetime) -> Iterator[tuple[date, date]]:
    """First and last market day of each request that together cover ``[start, now)``; none if that is empty."""
    if start >= now:
        return
    first, today = start.astimezone(NEM).date(), now.astimezone(NEM).date()
    while first <= today:
        last = min(first + timedelta(days=DAYS_AT_ONCE - 1), today)
        yield first, last
        first = last + timedelta(days=1)


def intervals_of(content: bytes, channel: Channel, forecast: Forecast) -> Iterator[Interval]:
    """The intervals of one channel that have a price; a list mixes all channels that the site has.

    Starts are stamped one second after the minute, so times are cut to the minute.
    Raises ConfigError where there are intervals but none of that channel.
    """
    rows = list(all_objects(parsed_json(SOURCE, content), SOURCE))
    channels = {row.text("channelType") for row in rows}
    if channels and channel not in channels:
        msg = f"channel: the site has no {channel!r} at {SOURCE}; it has: {', '.join(sorted(channels))}"
        raise ConfigError(msg)
    for row in rows:
        if row.text("channelType") != channel:
            continue
        kind = KINDS.get(row.text("type"))
        if kind is None:
            raise row.wrong("type", f"one of {', '.join(KINDS)}")
        if kind is Kind.FORECAST and forecast == "none":
            continue
        start, end = (row.instant(key).replace(second=0, microsecond=0) for key in ("startTime", "endTime"))
        if end <= start:
            raise row.wrong("endTime", f"after {start.isoformat()}")
        cents = _cents_per_kwh(row, kind, forecast)
        if cents is not None:
            paid = 0.0 - cents if channel == "feedIn" else cents
            yield Interval(kind=kind, start=start, end=end, price_per_kwh=paid / CENTS_PER_DOLLAR)


def _cents_per_kwh(row: Fields, kind: Kind, forecast: Forecast) -> float | None:
    cents = row.number("perKwh")
    if kind is Kind.FORECAST and forecast == "predicted":
        advanced = row.inner("advancedPrice")
        predicted = None if advanced is None else advanced.number("predicted")
        cents = cents if predicted is None else predicted
    return cents


def firmest(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals without overlap: of two kinds the firmer one whole, of the other what lies outside of it."""
    latest = {(interval.kind, interval.start, interval.end): interval for interval in intervals}
    kept: list[Interval] = []
    for kind in sorted(Kind, reverse=True):
        ends = [interval.end for interval in kept]
        layer = [part for key, interval in latest.items() if key[0] is kind for part in _outside(interval, kept, ends)]
        kept = sorted([*kept, *layer], key=lambda interval: interval.start)
    return kept


def _outside(interval: Interval, firmer: Sequence[Interval], ends: Sequence[datetime]) -> Iterator[Interval]:
    """The parts of an interval that no firmer one covers; ``ends`` are those of ``firmer``, which is sorted."""
    reached = interval.start
    for other in firmer[bisect_right(ends, interval.start) :]:
        if other.start >= interval.end:
            break
        if other.start > reached:
            yield replace(interval, start=reached, end=other.start)
        reached = other.end
    if reached < interval.end:
        yield replace(interval, start=reached)
