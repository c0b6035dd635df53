"""The feed "tibber": the customer's own prices at Tibber (NO, SE, DE, NL), by its GraphQL interface."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from optimizer.domain.series import Series
from optimizer.errors import (
    ConfigError,
    SourceError,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object, without_secret
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import Secret, WebFeedOptions

SOURCE = "tibber"
MOST_WORDS = 300

Part = Literal["total", "energy", "tax"]
Resolution = Literal["QUARTER_HOURLY", "HOURLY"]
STEPS: dict[Resolution, timedelta] = {"QUARTER_HOURLY": timedelta(minutes=15), "HOURLY": timedelta(hours=1)}
MOST_PAST: dict[Resolution, int] = {"QUARTER_HOURLY": 672, "HOURLY": 744}
PRICE_FIELDS = "{total energy tax startsAt}"

ERRORS: dict[str, type[SourceError]] = {
    "UNAUTHENTICATED": SourceUnauthorized,
    "FORBIDDEN": SourceUnauthorized,
    "INTERNAL_SERVER_ERROR": SourceUnavailable,
}
"""What a GraphQL error code means; any other is a refusal."""
PASSING_STATUS = "answered 428"

Row = tuple[datetime, datetime, float | None]


class Tibber:
    """Prices of one home per kWh, in the currency of its country, for today and tomorrow.

    ``total`` is what is paid for energy: ``energy`` (the market price) plus ``tax`` (fees and taxes), VAT
    included. Whether grid fees are in it differs by country. An export price is not offered; ``energy`` is nearest.
    """

    class Options(WebFeedOptions):
        """The token is the customer's own, from developer.tibber.com."""

        token: Annotated[Secret, Field(description='where the token is, e.g. token = {env = "TIBBER_TOKEN"}')]
        home_id: Annotated[
            str | None, Field(min_length=1, description="the id of the home; not needed where one has prices")
        ] = None
        price: Annotated[Part, Field(description='price = "total", "energy" or "tax"')] = "total"
        resolution: Annotated[Resolution, Field(description='resolution = "QUARTER_HOURLY" or "HOURLY"')] = (
            "QUARTER_HOURLY"
        )
        past_days: Annotated[
            int, Field(strict=True, ge=0, le=7, description="days before today to ask for as well, at most 7")
        ] = 0
        base_url: Annotated[str, Field(pattern=r"^https?://\S+$", description="scheme and host")] = (
            "https://api.tibber.com/v1-beta"
        )

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._token = token = context.secret(options.token, "token")
        self._door = WebDoor(SOURCE, options.base_url, headers={"Authorization": f"Bearer {token}"}, secrets=(token,))

    def fetch(self, start: datetime, end: datetime) -> Series:
        """What is published of ``[start, end)``: today, tomorrow once it is there, and past days if asked for.

        Raises ConfigError for a home that is not there, SourceError for what goes wrong on the way.
        """
        options = self._options
        try:
            content = self._door.post_json("/gql", {"query": query(options.resolution, options.past_days)})
        except SourceRejected as refused:
            raise judged(refused) from None
        prices = prices_of(home_of(without_secret(content, self._token), options.home_id))
        rows = [row for part in prices for row in rows_of(part, options.price, STEPS[options.resolution])]
        return series_of(row for row in rows if row[0] < end and row[1] > start)


def query(resolution: Resolution, past_days: int) -> str:
    """The GraphQL text that asks for the prices of all homes."""
    past = ""
    if past_days:
        count = min(past_days * round(timedelta(days=1) / STEPS[resolution]), MOST_PAST[resolution])
        past = f"priceInfoRange(resolution: {resolution}, last: {count}){{nodes{PRICE_FIELDS}}}"
    days = f"priceInfo(resolution: {resolution}){{today{PRICE_FIELDS} tomorrow{PRICE_FIELDS}}}"
    return f"{{viewer{{homes{{id appNickname currentSubscription{{status {days} {past}}}}}}}}}"


def home_of(content: bytes, home_id: str | None) -> Fields:
    """The subscription of the home with that id or, without one, of the only home that has a subscription."""
    answer = one_object(parsed_json(SOURCE, content), SOURCE)
    _raise_errors(answer)
    data = answer.inner("data")
    viewer = None if data is None else data.inner("viewer")
    if viewer is None:
        raise SourceMalformed(f"{SOURCE}: the answer holds no data.viewer")
    homes = {home.text("id"): home.inner("currentSubscription") for home in viewer.objects("homes")}
    if home_id is not None and home_id not in homes:
        raise ConfigError(f"home_id: no home {home_id!r} at {SOURCE}; there are: {', '.join(homes) or 'none'}")
    chosen = homes if home_id is None else {home_id: homes[home_id]}
    subscribed = {name: subscription for name, subscription in chosen.items() if subscription is not None}
    if len(subscribed) > 1:
        raise ConfigError(f"home_id: {SOURCE} has several homes with prices, choose one: {', '.join(subscribed)}")
    for subscription in subscribed.values():
        return subscription
    raise SourceRejected(f"{SOURCE}: no subscription, and so no price, at home {', '.join(chosen) or '(none)'}")


def prices_of(subscription: Fields) -> Iterator[list[Fields]]:
    """The lists of prices: days before, today, tomorrow. One that is not published yet is empty."""
    past = subscription.inner("priceInfoRange")
    if past is not None:
        yield past.objects("nodes")
    days = subscription.inner("priceInfo")
    if days is not None:
        yield days.objects("today")
        yield days.objects("tomorrow")


def rows_of(prices: list[Fields], part: Part, expected: timedelta) -> Iterator[Row]:
    """Start, end and price per kWh of one list; None where no price is published.

    A price holds for the most common distance of two starts in its list, or until the next one if that comes
    sooner, since an answer may be coarser than what was asked; ``expected`` where a list has one price.
    """
    starts = sorted({price.instant("startsAt") for price in prices})
    distances = Counter(after - before for before, after in pairwise(starts))
    step = min(distances, key=lambda distance: (-distances[distance], distance), default=expected)
    following = dict(pairwise(starts))
    for price in prices:
        start = price.instant("startsAt")
        yield start, min(start + step, following.get(start, start + step)), price.number(part)


def judged(refused: SourceRejected) -> SourceError:
    """A refusal by status, sorted by what is in it: GraphQL codes come with status 400 as well as with 200."""
    words = str(refused)
    if PASSING_STATUS in words:
        return SourceUnavailable(words)
    kind = next((kind for code, kind in ERRORS.items() if f'"{code}"' in words), SourceRejected)
    return kind(words)


def _raise_errors(answer: Fields) -> None:
    """GraphQL reports failures in a 200 answer. The one that can be told apart best decides."""
    errors = answer.objects("errors")
    if not errors:
        return
    codes = [extensions.content.get("code") if (extensions := error.inner("extensions")) else None for error in errors]
    words = "; ".join(str(error.content.get("message", "no message")) for error in errors)[:MOST_WORDS]
    kind = next((ERRORS[code] for code in codes if isinstance(code, str) and code in ERRORS), SourceRejected)
    raise kind(": ".join((SOURCE, *(str(code) for code in codes if code), words)))
