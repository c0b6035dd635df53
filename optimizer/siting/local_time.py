"""A site's calendar, and the slots that lie within a stretch of time."""

from datetime import datetime

from optimizer.domain.horizon import Horizon
from optimizer.domain.site import Site
from strategies.wall_clock import Calendar


def calendar_of(site: Site) -> Calendar:
    """The calendar of a site."""
    return Calendar(zone=site.zone, holiday_country=site.holiday_country)


def slots_within(horizon: Horizon, start: datetime, end: datetime) -> tuple[int, int]:
    """``[first, end)`` of the slots that lie wholly between two instants; equal where none does."""
    first = next((slot for slot, begins in enumerate(horizon.starts) if begins >= start), len(horizon))
    last = sum(1 for ends in horizon.edges[1:] if ends <= end)
    return first, max(last, first)
