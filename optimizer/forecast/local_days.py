"""Local wall-clock time: day, quarter of an hour and kind of day, as habits go by them."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import numpy as np
import pandas as pd

from optimizer.errors import ConfigError
from optimizer.forecast.align import Ints

QUARTERS = 96
QUARTER_S = 900
DAY_S = 86_400


class DayKind(IntEnum):
    """Days that are lived alike (the three day types of the BDEW profiles, 2025)."""

    WEEKDAY = 0
    SATURDAY = 1
    SUNDAY_OR_HOLIDAY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStamps:
    """Per instant: local day (days since 1970), quarter of an hour (0 to 95), ``DayKind``."""

    day: Ints
    quarter: Ints
    kind: Ints


def local_stamps(starts_s: Ints, zone: str, holiday_country: str | None) -> LocalStamps:
    """Local stamps of instants given in seconds since 1970 UTC.

    On the days when clocks change some quarters occur twice or not at all; both are ordinary here.
    """
    utc = pd.DatetimeIndex(starts_s.astype("datetime64[s]")).tz_localize("UTC")
    wall_s = utc.tz_convert(zone_info(zone)).tz_localize(None).as_unit("s").asi8
    day = wall_s // DAY_S
    return LocalStamps(day=day, quarter=wall_s % DAY_S // QUARTER_S, kind=_kinds(day, holiday_country))


@cache
def zone_info(zone: str) -> ZoneInfo:
    """The zone's rules. Raises ConfigError where the name is not in the tz database."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"site.zone {zone!r} is not a name of the tz database, such as 'Europe/Berlin'"
        raise ConfigError(msg) from error


def _kinds(day: Ints, holiday_country: str | None) -> Ints:
    distinct, which = np.unique(day, return_inverse=True)
    return np.array([_kind(int(one), holiday_country) for one in distinct], dtype=np.int64)[which]


@cache
def _kind(day: int, holiday_country: str | None) -> DayKind:
    date = np.datetime64(day, "D").astype(object)
    if date.isoweekday() == 7 or date in _holidays(holiday_country, date.year):
        return DayKind.SUNDAY_OR_HOLIDAY
    return DayKind.SATURDAY if date.isoweekday() == 6 else DayKind.WEEKDAY


@cache
def _holidays(holiday_country: str | None, year: int) -> frozenset[object]:
    """Public holidays of "DE", or of "DE-BY" with the subdivision after the dash."""
    if holiday_country is None:
        return frozenset()
    country, _, subdivision = holiday_country.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, expand=False)
    except NotImplementedError as error:  # how that library says that it does not know a country
        msg = f"site.holiday_country {holiday_country!r} is unknown to the library: try 'DE' or 'DE-BY'"
        raise ConfigError(msg) from error
    return frozenset(found)
