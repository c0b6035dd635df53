"""The feed "entsoe": day-ahead prices of Europe's bidding zones on the ENTSO-E Transparency Platform.

To be named as the source: ENTSO-E Transparency Platform. What it allows to be handed on is said not to hold
exchange prices, so these are for one's own use.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from math import isfinite
from typing import Annotated, ClassVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from pydantic import Field, field_validator

from optimizer.domain.series import Series
from optimizer.errors import ConfigError, SourceMalformed, SourceRejected
from strategies.contract import FeedContext
from strategies.explain import nearest
from strategies.feeds.fields import Fields, without_secret
from strategies.feeds.overlay import overlaid, within
from strategies.feeds.web import WebDoor, series_of
from strategies.options import Currency, Secret, WebAddress, WebFeedOptions

SOURCE = "entsoe"
DAY_AHEAD_PRICES = "A44"
DAILY_CONTRACT = "A01"
NOTHING_FOUND = "999"
LONGEST_QUESTION = timedelta(days=365)
PER_ANSWER = 100
LAST_OFFSET = 4800
MOST_SLOTS = 40_000
KWH_PER_MWH = 1000.0

CONTRACT = "contract_MarketAgreement.type"
SEQUENCE = "classificationSequence_AttributeInstanceComponent.position"
COUPLED_AUCTION = "1"
EQUAL_BLOCKS, CHANGES_ONLY = "A01", "A03"
STEPS = {"PT15M": timedelta(minutes=15), "PT30M": timedelta(minutes=30), "PT60M": timedelta(hours=1)}

ZONES = {
    "AT": "10YAT-APG------L",
    "BE": "10YBE----------2",
    "BG": "10YCA-BULGARIA-R",
    "CH": "10YCH-SWISSGRIDZ",
    "CZ": "10YCZ-CEPS-----N",
    "DE-LU": "10Y1001A1001A82H",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
    "EE": "10Y1001A1001A39I",
    "ES": "10YES-REE------0",
    "FI": "10YFI-1--------U",
    "FR": "10YFR-RTE------C",
    "GR": "10YGR-HTSO-----Y",
    "HR": "10YHR-HEP------M",
    "HU": "10YHU-MAVIR----U",
    "IE-SEM": "10Y1001A1001A59C",
    "IT-North": "10Y1001A1001A73I",
    "LT": "10YLT-1001A0008Q",
    "LV": "10YLV-1001A00074",
    "NL": "10YNL----------L",
    "NO1": "10YNO-1--------2",
    "NO2": "10YNO-2--------T",
    "NO3": "10YNO-3--------J",
    "NO4": "10YNO-4--------9",
    "NO5": "10Y1001A1001A48H",
    "PL": "10YPL-AREA-----S",
    "PT": "10YPT-REN------W",
    "RO": "10YRO-TEL------P",
    "SE1": "10Y1001A1001A44P",
    "SE2": "10Y1001A1001A45N",
    "SE3": "10Y1001A1001A46L",
    "SE4": "10Y1001A1001A47J",
    "SI": "10YSI-ELES-----O",
    "SK": "10YSK-SEPS-----K",
}
"""Energy Identification Code (EIC) of each zone. Great Britain publishes no prices there."""

TWO_AUCTIONS = frozenset({ZONES["DE-LU"], ZONES["AT"]})
"""Where the prices of a morning auction stand beside those of the coupled one, and some days before them."""

Row = tuple[datetime, datetime, float | None]


class Entsoe:
    """Prices of the coupled day-ahead auction per kWh in ``currency``, without taxes and fees.

    Of several resolutions for one time the finest counts; a coarser price is never split to fill its gaps.
    """

    class Options(WebFeedOptions):
        """The token is the user's own: register on the platform, then ask its help desk for access to the interface."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=57)

        token: Annotated[Secret, Field(description='where the token is, e.g. token = {env = "ENTSOE_TOKEN"}')]
        zone: Annotated[
            str, Field(description='a bidding zone, e.g. zone = "DE-LU", or its EIC of 16 characters', max_length=16)
        ]
        currency: Currency = "EUR"
        base_url: WebAddress = "https://web-api.tp.entsoe.eu"

        @field_validator("zone")
        @classmethod
        def _a_zone_or_an_eic(cls, given: str) -> str:
            if given in ZONES or _is_eic(given):
                return given
            close = nearest(given, ZONES)
            hint = f"did you mean '{close}'? " if close else ""
            msg = f"no zone of that name; {hint}known by name: {', '.join(ZONES)}"
            raise ValueError(msg)

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._currency = options.currency
        self._eic = ZONES.get(options.zone, options.zone)
        self._token = context.secret(options.token, "token")
        self._door = WebDoor(SOURCE, options.base_url, secrets=(self._token,))

    def fetch(self, start: datetime, end: datetime) -> Series:
        """The prices that overlap ``[start, end)``; an empty series where nothing is published.

        Raises ConfigError where prices are in another currency only, SourceError for what goes wrong on the way.
        """
        auction = [series for series in self._asked(start, end) if _is_coupled_auction(series, self._eic)]
        paid = [series for series in auction if series.fields.text("currency_Unit.name") == self._currency]
        if auction and not paid:
            others = ", ".join(sorted({series.fields.text("currency_Unit.name") for series in auction}))
            raise ConfigError(
                f"currency: {SOURCE} has the prices of {self._eic} in {others}, not in {self._currency}; "
                "set currency to what it has"
            )
        return within(finest(paid), start, end)

    def _asked(self, start: datetime, end: datetime) -> Iterator["Node"]:
        """All series of all answers: a question spans at most a year, an answer holds at most a hundred series."""
        while start < end:
            until = min(start + LONGEST_QUESTION, end)
            params = self._question(start, until)
            for offset in range(0, LAST_OFFSET + 1, PER_ANSWER):
                found = self._answer(params | ({"offset": str(offset)} if offset else {}))
                yield from found
                if len(found) < PER_ANSWER:
                    break
            else:
                raise SourceMalformed(f"{SOURCE}: more than {LAST_OFFSET} series for one question")
            start = until

    def _question(self, start: datetime, end: datetime) -> dict[str, str]:
        params = {
            "securityToken": self._token,
            "documentType": DAY_AHEAD_PRICES,
            "in_Domain": self._eic,
            "out_Domain": self._eic,
            "periodStart": _minute(start),
            "periodEnd": _minute(end + timedelta(seconds=59)),
            CONTRACT: DAILY_CONTRACT,
        }
        return params | ({SEQUENCE: COUPLED_AUCTION} if self._eic in TWO_AUCTIONS else {})

    def _answer(self, params: dict[str, str]) -> "list[Node]":
        try:
            content = self._door.get("/api", params) or b""
        except SourceRejected as refused:
            raise SourceRejected(f"{refused} (asked for the zone {self._eic})") from None
        return time_series_of(without_secret(content, self._token))


class Node:
    """One XML element whose ``fields`` are the texts of its children, by local name: namespaces change by version."""

    __slots__ = ("_element", "fields", "name")

    def __init__(self, element: Element, where: str) -> None:
        self._element = element
        self.name = _local(element)
        self.fields = Fields(
            where=where, content={_local(child): (child.text or "").strip() or None for child in element}
        )

    def inner(self, name: str) -> "list[Node]":
        """The children of that name."""
        found = [child for child in self._element if _local(child) == name]
        return [Node(child, f"{self.fields.where}.{name}[{at}]") for at, child in enumerate(found)]

    def number(self, key: str) -> float | None:
        """A finite number, or None where the field is absent or empty."""
        text = self.fields.content.get(key)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not isfinite(number):
            raise self.fields.wrong(key, "a number")
        return number


def time_series_of(content: bytes) -> list[Node]:
    """The series of an answer, none where it acknowledges that there is nothing.

    Raises SourceRejected where it acknowledges anything else, SourceMalformed.
    """
    root = parsed_xml(content)
    if root.name == "Publication_MarketDocument":
        return root.inner("TimeSeries")
    if root.name != "Acknowledgement_MarketDocument":
        raise SourceMalformed(f"{SOURCE}: the answer is a {root.name[:60]!r}, not a Publication_MarketDocument")
    reasons = [reason.fields.content for reason in root.inner("Reason")]
    if any(reason.get("code") == NOTHING_FOUND for reason in reasons):
        return []
    words = "; ".join(f"{reason.get('code')}: {reason.get('text')}" for reason in reasons)
    raise SourceRejected(f"{SOURCE}: {words[:300] or 'refused without a reason'}")


def parsed_xml(content: bytes) -> Node:
    """The root of an XML document without document type and entities. Raises SourceMalformed."""
    try:
        return Node(fromstring(content, forbid_dtd=True), SOURCE)
    except (ParseError, ValueError, LookupError):
        raise SourceMalformed(f"{SOURCE}: the answer is not valid XML ({len(content)} bytes)") from None


def finest(found: list[Node]) -> Series:
    """The prices of several series as one, the finest where resolutions overlap. Raises SourceMalformed."""
    rows: dict[timedelta, list[Row]] = defaultdict(list)
    for series in found:
        for row in rows_of(series):
            rows[row[1] - row[0]].append(row)
    return reduce(overlaid, (series_of(rows[step]) for step in sorted(rows)), series_of(()))


def rows_of(series: Node) -> Iterator[Row]:
    """Start, end and price per kWh of each slot of a series; None where no price is published."""
    if series.fields.text("price_Measure_Unit.name") != "MWH":
        raise series.fields.wrong("price_Measure_Unit.name", "MWH")
    curve = series.fields.content.get("curveType") or EQUAL_BLOCKS
    if curve not in {EQUAL_BLOCKS, CHANGES_ONLY}:
        raise series.fields.wrong("curveType", f"{EQUAL_BLOCKS} or {CHANGES_ONLY}")
    for period in series.inner("Period"):
        start, step, count = slots_of(period)
        prices = prices_by_position(period, count)
        per_mwh: float | None = None
        for position in range(1, count + 1):
            unchanged = per_mwh if curve == CHANGES_ONLY else None
            per_mwh = prices.get(position, unchanged)
            at = start + (position - 1) * step
            yield at, at + step, None if per_mwh is None else per_mwh / KWH_PER_MWH


def slots_of(period: Node) -> tuple[datetime, timedelta, int]:
    """Start of the first slot, length of each and their number, which is not always that of 24 hours."""
    step = STEPS.get(period.fields.text("resolution"))
    if step is None:
        raise period.fields.wrong("resolution", f"one of {', '.join(STEPS)}")
    for interval in period.inner("timeInterval"):
        start, end = interval.fields.instant("start"), interval.fields.instant("end")
        count, rest = divmod(end - start, step)
        if rest or not 0 < count <= MOST_SLOTS:
            raise interval.fields.wrong("end", f"1 to {MOST_SLOTS} times {step} after {start.isoformat()}")
        return start, step, count
    raise SourceMalformed(f"{period.fields.where}: a period without timeInterval")


def prices_by_position(period: Node, count: int) -> dict[int, float | None]:
    """Price per MWh of each position that is listed, counted from 1; None where it is listed without a price."""
    prices: dict[int, float | None] = {}
    for point in period.inner("Point"):
        position, price = point.number("position"), point.number("price.amount")
        if position is None or not position.is_integer() or not 1 <= position <= count:
            raise point.fields.wrong("position", f"a whole number from 1 to {count}")
        if prices.setdefault(int(position), price) != price:
            raise point.fields.wrong("price.amount", f"the price that position {position:g} had before")
    return prices


def _is_coupled_auction(series: Node, eic: str) -> bool:
    """Whether a series is the auction that contracts refer to. Raises SourceMalformed for another zone's."""
    told = series.fields.content
    for key in ("in_Domain.mRID", "out_Domain.mRID"):
        if told.get(key, eic) != eic:
            raise series.fields.wrong(key, f"the zone that was asked for, {eic}")
    contract: object = told.get(CONTRACT, DAILY_CONTRACT)
    sequence: object = told.get(SEQUENCE, None if eic in TWO_AUCTIONS else COUPLED_AUCTION)
    return contract == DAILY_CONTRACT and sequence == COUPLED_AUCTION


def _is_eic(text: str) -> bool:
    return len(text) == 16 and all(sign in "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" for sign in text)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M")
