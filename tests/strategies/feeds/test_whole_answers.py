"""Whole answers of the feeds that need no key, as files: how many prices, of how long intervals, at which instants.

The first rows of the dated files are those that the providers' documents show; the rest is made up in their form.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from strategies.feeds import awattar, energi_data_service, energy_charts
from strategies.feeds.fields import one_object

DATA = Path(__file__).parent / "data"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)

Row = tuple[datetime, datetime, float | None]


def rows(name: str) -> list[Row]:
    answer = one_object(json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")), name)
    found: Any
    if name.startswith("awattar"):
        found = awattar.rows_of(answer)
    elif name.startswith("energy-charts"):
        found = energy_charts.rows_of(answer, "DE-LU", LATER)
    else:
        area = name.removeprefix("energi-data-service-")[:3].upper()
        found = energi_data_service.rows_of(answer, area, "DayAheadPriceEUR", LATER)
    return list(found)


@pytest.mark.parametrize(
    ("name", "count", "length", "first", "last"),
    [
        ("awattar-de-25-hours", 25, HOUR, (2026, 10, 24, 22, 0), (2026, 10, 25, 22, 0)),
        ("energy-charts-de-lu-100-quarters", 100, QUARTER, (2026, 10, 24, 22, 0), (2026, 10, 25, 22, 45)),
        ("energi-data-service-dk1-100-quarters", 100, QUARTER, (2026, 10, 24, 22, 0), (2026, 10, 25, 22, 45)),
        ("energy-charts-de-lu-2026-09-09", 96, QUARTER, (2026, 9, 8, 22, 0), (2026, 9, 9, 21, 45)),
    ],
)
def test_a_whole_day_has_all_its_intervals_end_to_end(name, count, length, first, last):
    found = rows(name)

    assert len(found) == count
    assert {end - start for start, end, _ in found} == {length}
    assert all(earlier[1] == later[0] for earlier, later in pairwise(found))
    assert (found[0][0], found[-1][0]) == (datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC))


@pytest.mark.parametrize(
    "name", ["energy-charts-de-lu-hours-then-quarters", "energi-data-service-dk1-hours-then-quarters"]
)
def test_the_night_on_which_the_market_went_over_to_quarters_has_both(name):
    found = rows(name)

    assert [end - start for start, end, _ in found] == [HOUR, HOUR, *[QUARTER] * 8]
    assert found[2][0] == datetime(2025, 9, 30, 22, tzinfo=UTC)
    assert [price for _, _, price in found[:3]] == [0.07, 0.06, 0.05]


@pytest.mark.parametrize(
    ("name", "at", "price_per_kwh"),
    [
        ("awattar-de-2015-04-09", (2015, 4, 9, 15), 0.04209),
        ("awattar-de-25-hours", (2026, 10, 24, 22), -0.01),
        ("energy-charts-de-lu-2026-09-09", (2026, 9, 8, 22), 0.15031),
        ("energi-data-service-dk2-2025-09-27", (2025, 9, 27, 21), 0.099269997),
        ("energi-data-service-dk1-100-quarters", (2026, 10, 25, 22, 45), 0.079),
    ],
)
def test_a_price_stands_at_its_instant_per_kwh(name, at, price_per_kwh):
    by_start = {start: price for start, _, price in rows(name)}

    assert by_start[datetime(*at, tzinfo=UTC)] == pytest.approx(price_per_kwh, abs=1e-12)
