"""Where the people of a time zone live: the coordinates of its principal city in the tz database."""

import re
from functools import cache
from importlib.resources import files

from optimizer.domain.site import Location

_COORDINATE = re.compile(r"([+-]\d{4,7})([+-]\d{5,7})")


def principal_city(zone: str) -> Location | None:
    """The zone's principal city, or None for zones without a place ("UTC", "Etc/GMT+1")."""
    return _cities().get(zone)


@cache
def _cities() -> dict[str, Location]:
    """zone.tab names a city for each country, zone1970.tab for each zone; aliases follow tzdata.zi."""
    cities: dict[str, Location] = {}
    for table in ("zone.tab", "zone1970.tab"):
        for line in _lines(table):
            if not line.startswith("#"):
                _, coordinates, zone, *_ = line.split("\t")
                cities[zone] = _location(coordinates)
    for line in _lines("tzdata.zi"):
        match line.split():
            case ["L", target, alias] if "/" in alias and alias not in cities and target in cities:
                cities[alias] = cities[target]
    return cities


def _lines(table: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8").splitlines()


def _location(coordinates: str) -> Location:
    match = _COORDINATE.fullmatch(coordinates)
    if match is None:
        msg = f"the tz database holds the coordinates {coordinates!r}, which are not ISO 6709"
        raise ValueError(msg)
    latitude, longitude = match.groups()
    return Location(latitude=_degrees(latitude, 2), longitude=_degrees(longitude, 3))


def _degrees(text: str, degree_digits: int) -> float:
    """Degrees of +DDMM, +DDDMM, +DDMMSS or +DDDMMSS (ISO 6709)."""
    digits = text[1:]
    degrees = int(digits[:degree_digits])
    minutes = int(digits[degree_digits : degree_digits + 2])
    seconds = int(digits[degree_digits + 2 :] or "0")
    size = degrees + minutes / 60 + seconds / 3600
    return -size if text[0] == "-" else size
