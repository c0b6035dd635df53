"""Where the sun is looked at from: the best that is known of a site's place."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from optimizer.domain.site import Location, Site
from optimizer.forecast.local_days import zone_info
from optimizer.forecast.principal_city import principal_city

GUESSED_LATITUDE = 45.0
"""Half way to the pole, where a zone names no place."""

DEGREES_PER_HOUR = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location, whether it is the site's own, and its name for the operator."""

    location: Location
    is_own: bool
    name: str


def place_of(site: Site, at: datetime) -> Place:
    """The configured location, else the zone's principal city, else a meridian from the zone's offset.

    The sun stands in the south at noon standard time on the meridian at 15 degrees east per hour.
    """
    if site.location is not None:
        return Place(location=site.location, is_own=True, name="the site")
    city = principal_city(site.zone)
    if city is not None:
        return Place(location=city, is_own=False, name=f"the principal city of {site.zone}")
    guess = Location(latitude=GUESSED_LATITUDE, longitude=_meridian_deg(site.zone, at))
    return Place(location=guess, is_own=False, name=f"45 degrees north on the meridian of {site.zone}")


def _meridian_deg(zone: str, at: datetime) -> float:
    """15 degrees east for each hour that the zone's standard time is ahead of UTC, within -180 and 180."""
    local = at.astimezone(zone_info(zone))
    ahead, summer = local.utcoffset(), local.dst()
    if ahead is None or summer is None:
        msg = f"zone {zone!r} states no offset from UTC at {at.isoformat()}"
        raise ValueError(msg)
    return ((ahead - summer) / timedelta(hours=1) * DEGREES_PER_HOUR + 180) % 360 - 180
