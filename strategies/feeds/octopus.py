"""The feed "octopus": public unit rates of Octopus Energy (UK), such as Agile and Outgoing Agile.

The same interface serves other suppliers on the Kraken platform; give their ``base_url``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import httpx
from pydantic import Field, model_validator

from optimizer.domain.series import Series
from optimizer.errors import ConfigError, SourceMalformed
from strategies.contract import FeedContext
from strategies.feeds.fields import Fields, one_object
from strategies.feeds.web import WebDoor, parsed_json, series_of
from strategies.options import WebFeedOptions

SOURCE = "octopus"
PER_PAGE = 1500
MOST_PAGES = 50
PENCE_PER_POUND = 100.0
NOT_FOUND = frozenset({404})

Code = Annotated[str, Field(pattern="^[A-Za-z0-9-]+$")]
Vat = Literal["included", "excluded"]
PaymentMethod = Literal["DIRECT_DEBIT", "NON_DIRECT_DEBIT"]
VALUE_KEYS: dict[Vat, str] = {"included": "value_inc_vat", "excluded": "value_exc_vat"}

Row = tuple[datetime, datetime, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rates of one answer, and the address of the page after it."""

    rates: list[Fields]
    next_url: str | None


class Octopus:
    """Unit rates in GBP per kWh, without the standing charge.

    With ``vat = "included"`` they are what the supplier publishes as such. That value has been wrong for long
    and open records after a change of the VAT rate; with ``"excluded"`` the tariff multiplies by its own rate.
    Export rates carry no VAT, so both are the same.
    """

    CURRENCY = "GBP"

    class Options(WebFeedOptions):
        """Codes as in the supplier's product list; they change with every version of a product."""

        product: Annotated[Code, Field(description='a product code, e.g. product = "AGILE-24-10-01"')]
        region: Annotated[
            Literal["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P"] | None,
            Field(description='the letter of the distribution region, e.g. region = "C" for London'),
        ] = None
        tariff: Annotated[
            Code | None, Field(description='a whole tariff code, e.g. tariff = "E-1R-AGILE-24-10-01-C"')
        ] = None
        vat: Annotated[Vat, Field(description='vat = "included" or "excluded"')]
        payment_method: Annotated[
            PaymentMethod, Field(description='how the bill is paid, e.g. payment_method = "DIRECT_DEBIT"')
        ] = "DIRECT_DEBIT"
        base_url: Annotated[str, Field(pattern=r"^https?://\S+$", description="scheme and host")] = (
            "https://api.octopus.energy/v1"
        )

        @model_validator(mode="after")
        def _one_way_to_name_the_tariff(self) -> "Octopus.Options":
            if (self.region is None) == (self.tariff is None):
                msg = 'give either region, e.g. region = "C", or tariff with the whole code'
                raise ValueError(msg)
            return self

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        tariff = f"E-1R-{options.product}-{options.region}" if options.tariff is None else options.tariff
        self._path = f"/products/{options.product}/electricity-tariffs/{tariff}/standard-unit-rates/"
        self._door = WebDoor(SOURCE, options.base_url)

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The rates that overlap ``[start, end)``; one without an end holds until ``end``.

        Raises ConfigError for codes that the supplier does not know, SourceError for what goes wrong on the way.
        """
        vat, paid_by = self._options.vat, self._options.payment_method
        rows = [row for page in self._pages(start, end) for row in rows_of(page, vat, paid_by, end)]
        return series_of(row for row in rows if row[0] < end and row[1] > start)

    def _pages(self, start: datetime, end: datetime) -> Iterator[Page]:
        params = {
            "period_from": _minute(start),
            "period_to": _minute(end + timedelta(seconds=59)),
            "page_size": str(PER_PAGE),
        }
        for number in range(1, MOST_PAGES + 1):
            content = self._door.get(self._path, params | {"page": str(number)}, absent=NOT_FOUND)
            if content is None:
                msg = (
                    f"{SOURCE}: nothing at {self._path}; product and tariff codes change with every version, "
                    f"see {self._options.base_url}/products/"
                )
                raise ConfigError(msg)
            page = page_of(content)
            yield page
            if page.next_url is None:
                return
            if _page_number(page.next_url) != str(number + 1):
                msg = f"{SOURCE}: after page {number} comes {page.next_url[:200]!r}, which is not page {number + 1}"
                raise SourceMalformed(msg)
        msg = f"{SOURCE}: more than {MOST_PAGES} pages of rates"
        raise SourceMalformed(msg)


def page_of(content: bytes) -> Page:
    """The page in an answer. Raises SourceMalformed."""
    answer = one_object(parsed_json(SOURCE, content), SOURCE)
    if answer.content.get("results") is None:
        raise answer.wrong("results", "a list of rates")
    following = None if answer.content.get("next") is None else answer.text("next")
    return Page(rates=answer.objects("results"), next_url=following)


def rows_of(page: Page, vat: Vat, payment_method: PaymentMethod, open_until: datetime) -> Iterator[Row]:
    """Start, end and GBP per kWh of each rate for that way to pay; None where no price is published."""
    for rate in page.rates:
        if rate.content.get("payment_method") not in (None, payment_method):
            continue
        start, end = rate.instant("valid_from"), rate.instant_or_none("valid_to")
        if end is None:
            if start >= open_until:
                continue
            end = open_until.astimezone(UTC)
        if end <= start:
            raise rate.wrong("valid_to", f"after {start.isoformat()}")
        pence = rate.number(VALUE_KEYS[vat])
        yield start, end, None if pence is None else pence / PENCE_PER_POUND


def _page_number(url: str) -> str | None:
    try:
        number: str | None = httpx.URL(url).params.get("page")
    except httpx.InvalidURL:
        return None
    return number


def _minute(at: datetime) -> str:
    """``at`` in UTC, down to the minute: a time without ``Z`` would be read as London's."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
