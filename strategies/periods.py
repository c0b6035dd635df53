"""One period of a time-of-use tariff: when it applies, in local wall time, and what it costs."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from strategies.day_kinds import DayWord, DayWords
from strategies.options import Price

LEAP_YEAR = 2024
DAY_MIN = 24 * 60
ONE_DAY = timedelta(days=1)


def _wall_minute(text: str) -> int:
    """Minutes after midnight of ``"HH:MM"``, ``"24:00"`` being the end of the day."""
    if text == "24:00":
        return DAY_MIN
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        msg = "not a time of the day"
        raise ValueError(msg)
    return int(text[:2]) * 60 + int(text[3:])


def _month_day(text: str) -> tuple[int, int]:
    """Month and day of ``"MM-DD"``; 02-29 is a date."""
    if not re.fullmatch(r"\d\d-\d\d", text):
        msg = "not a date of the form MM-DD"
        raise ValueError(msg)
    at = date(LEAP_YEAR, int(text[:2]), int(text[3:]))
    return at.month, at.day


def _checked_time(text: str) -> str:
    _wall_minute(text)
    return text


def _checked_date(text: str) -> str:
    _month_day(text)
    return text


WallTime = Annotated[str, AfterValidator(_checked_time)]
MonthDay = Annotated[str, AfterValidator(_checked_date)]
Month = Annotated[int, Field(strict=True, ge=1, le=12)]


class Period(BaseModel):
    """``[[…tariff.periods]]``: prices per kWh for some months, days and hours of local wall time.

    ``end`` before ``start`` wraps midnight: the part after it belongs to the day on which the period began.
    Both ends of a season are inclusive; ``season_end`` before ``season_start`` wraps the new year.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1, description='a name for the period, e.g. name = "peak"')]
    import_price: Annotated[Price | None, Field(description="the price per kWh bought, e.g. 0.38")] = None
    export_price: Annotated[Price | None, Field(description="the price per kWh sold, e.g. 0.08")] = None
    months: Annotated[
        tuple[Month, ...] | None,
        Field(description="numbers 1 to 12, e.g. months = [11, 12, 1, 2]"),
    ] = None
    season_start: Annotated[
        MonthDay | None, Field(description='month and day in quotes, e.g. season_start = "10-01"')
    ] = None
    season_end: Annotated[MonthDay | None, Field(description='month and day in quotes, e.g. season_end = "03-31"')] = (
        None
    )
    days: Annotated[tuple[DayWord, ...] | None, Field(description='a list, e.g. days = ["weekday", "sat"]')] = None
    start: Annotated[WallTime, Field(description='local time in quotes, e.g. start = "17:00"')] = "00:00"
    end: Annotated[WallTime, Field(description='local time in quotes up to "24:00", e.g. end = "20:00"')] = "24:00"

    @model_validator(mode="after")
    def _makes_sense(self) -> "Period":
        if self.import_price is None and self.export_price is None:
            msg = "the period sets no price; give import_price, export_price or both"
            raise ValueError(msg)
        if () in {self.months, self.days}:
            msg = "an empty list of months or days matches nothing; leave it out to match all"
            raise ValueError(msg)
        if (self.season_start is None) != (self.season_end is None):
            msg = "a season needs both season_start and season_end"
            raise ValueError(msg)
        if self.start in {self.end, "24:00"}:
            msg = f'start "{self.start}" leaves no time before end "{self.end}"; a whole day is "00:00" to "24:00"'
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A period made ready to be asked: minutes after midnight, (month, day) pairs, sets."""

    import_price: float | None
    export_price: float | None
    months: frozenset[int]
    season: tuple[tuple[int, int], tuple[int, int]]
    days: frozenset[DayWord]
    start_min: int
    end_min: int

    def covers(self, day: date, minute: int, words: DayWords) -> bool:
        """Whether the wall time ``minute`` after midnight of ``day`` lies in the period.

        ``words`` tells the kind of that date and of the one before.
        """
        if self.start_min < self.end_min:
            return self.start_min <= minute < self.end_min and self._begins_on(day, words[day])
        if minute >= self.start_min:
            return self._begins_on(day, words[day])
        return minute < self.end_min and self._begins_on(day - ONE_DAY, words[day - ONE_DAY])

    def _begins_on(self, day: date, words: frozenset[DayWord]) -> bool:
        first, last = self.season
        at = (day.month, day.day)
        in_season = first <= at <= last if first <= last else at >= first or at <= last
        return in_season and day.month in self.months and (not self.days or not self.days.isdisjoint(words))


def rule_of(period: Period) -> Rule:
    """What the period leaves open is every month, the whole year, every day."""
    return Rule(
        import_price=period.import_price,
        export_price=period.export_price,
        months=frozenset(period.months or range(1, 13)),
        season=(_month_day(period.season_start or "01-01"), _month_day(period.season_end or "12-31")),
        days=frozenset(period.days or ()),
        start_min=_wall_minute(period.start),
        end_min=_wall_minute(period.end),
    )
