"""Zones become places, instants become local days."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from forecast.forecast_home import BERLIN

from optimizer.domain.site import Site
from optimizer.errors import ConfigError
from optimizer.forecast.local_days import DayKind, LocalStamps, local_stamps
from optimizer.forecast.place import place_of
from optimizer.forecast.principal_city import principal_city


@pytest.mark.parametrize(
    ("zone", "latitude", "longitude"),
    [
        ("Europe/Berlin", 52.5, 13.37),
        ("Europe/Oslo", 59.92, 10.75),
        ("America/Los_Angeles", 34.05, -118.24),
        ("Australia/Sydney", -33.87, 151.22),
        ("Asia/Calcutta", 22.53, 88.37),
    ],
)
def test_a_zone_has_the_coordinates_of_its_principal_city(zone: str, latitude: float, longitude: float) -> None:
    city = principal_city(zone)
    assert city is not None
    assert (city.latitude, city.longitude) == pytest.approx((latitude, longitude), abs=0.02)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+1", "Etc/UTC", "No/Where"])
def test_a_zone_without_a_place_has_no_city(zone: str) -> None:
    assert principal_city(zone) is None


def test_a_configured_location_wins_over_the_zones_city() -> None:
    place = place_of(Site(site_id="a", zone="Europe/Oslo", location=BERLIN), datetime(2026, 1, 1, tzinfo=UTC))
    assert (place.location, place.is_own) == (BERLIN, True)


@pytest.mark.parametrize(("zone", "longitude"), [("UTC", 0.0), ("Etc/GMT+5", -75.0), ("Etc/GMT-14", -150.0)])
def test_a_zone_without_a_city_gives_the_meridian_of_its_offset(zone: str, longitude: float) -> None:
    place = place_of(Site(site_id="a", zone=zone), datetime(2026, 7, 1, tzinfo=UTC))
    assert (place.location.latitude, place.location.longitude) == pytest.approx((45.0, longitude))
    assert not place.is_own


def stamps(text: str, holiday_country: str | None = None) -> LocalStamps:
    seconds = np.array([int(pd.Timestamp(text, tz="UTC").timestamp())], dtype=np.int64)
    return local_stamps(seconds, "Europe/Berlin", holiday_country)


@pytest.mark.parametrize(
    ("utc", "holiday_country", "kind"),
    [
        ("2026-06-12 12:00", None, DayKind.WEEKDAY),
        ("2026-06-13 12:00", None, DayKind.SATURDAY),
        ("2026-06-14 12:00", None, DayKind.SUNDAY_OR_HOLIDAY),
        ("2026-06-12 22:30", None, DayKind.SATURDAY),  # already Saturday in Berlin
        ("2026-12-25 12:00", None, DayKind.WEEKDAY),
        ("2026-12-25 12:00", "DE", DayKind.SUNDAY_OR_HOLIDAY),
        ("2026-01-06 12:00", "DE", DayKind.WEEKDAY),
        ("2026-01-06 12:00", "DE-BY", DayKind.SUNDAY_OR_HOLIDAY),  # Epiphany in Bavaria
    ],
)
def test_days_are_of_a_kind_by_the_local_calendar(utc: str, holiday_country: str | None, kind: DayKind) -> None:
    assert stamps(utc, holiday_country).kind.tolist() == [kind]


def test_quarters_of_an_hour_follow_the_wall_clock() -> None:
    assert stamps("2026-01-12 11:15").quarter.tolist() == [49]
    assert stamps("2026-07-12 11:15").quarter.tolist() == [53]


@pytest.mark.parametrize("country", ["Nowhere", "DE-XX"])
def test_an_unknown_holiday_country_is_refused_by_name(country: str) -> None:
    with pytest.raises(ConfigError, match="holiday_country"):
        stamps("2026-06-12 12:00", country)


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"site\.zone"):
        local_stamps(np.array([0], dtype=np.int64), "Europe/Nowhere", None)
