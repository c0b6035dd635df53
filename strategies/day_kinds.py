"""What kind of day a local date is: the words that the ``days`` of a price period may use."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from functools import lru_cache
from typing import Literal

import holidays

DayWord = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekday", "weekend", "holiday"]

DayWords = Mapping[date, frozenset[DayWord]]

WEEK: tuple[DayWord, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SATURDAY = 5


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of one year. Raises ValueError for a country or subdivision that is not known."""
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
    except NotImplementedError as error:
        msg = (
            f"no calendar of public holidays for holiday_country {country!r}, holiday_subdivision {subdivision!r}: "
            f"{error}; codes are as in ISO 3166, e.g. DE and BW"
        )
        raise ValueError(msg) from None


def words_for(day: date, public: AbstractSet[date]) -> frozenset[DayWord]:
    """The words that fit a date.

    A holiday from Monday to Friday is ``holiday`` only; on a Saturday or Sunday it stays that as well.
    """
    name = WEEK[day.weekday()]
    if day.weekday() >= SATURDAY:
        usual: frozenset[DayWord] = frozenset((name, "weekend"))
        return usual | {"holiday"} if day in public else usual
    return frozenset(("holiday",)) if day in public else frozenset((name, "weekday"))
