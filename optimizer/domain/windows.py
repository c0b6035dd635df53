"""Stretches of local time, as operators and suppliers state them."""

from dataclasses import dataclass
from enum import Enum

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWindow:
    """``[start_min, end_min)`` in minutes after local midnight, on each day of ``days`` and ``months``; () is all.

    An end that is not after the start lies on the next day; the window belongs to the day on which it begins.
    ``days`` are words: mon, tue, wed, thu, fri, sat, sun, weekday, weekend, holiday.
    """

    start_min: int = 0
    end_min: int = DAY_MIN
    days: tuple[str, ...] = ()
    months: tuple[int, ...] = ()


ALWAYS = LocalWindow()

Windows = LocalWindow | tuple[LocalWindow, ...]
"""One stretch, or several that are open while any of them is."""


class BillingPeriod(Enum):
    """How long an amount counts before the next begins, in local calendar time."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
