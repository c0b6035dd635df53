"""A made-up home as a data file, and its settings: small enough to be lived through in a test."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path

START = datetime(2026, 3, 26, 23, 0, tzinfo=UTC)
"""Midnight in Berlin; the day after the next is one of 23 hours."""
SETTINGS = """
[[sites]]
timezone = "Europe/Berlin"
[sites.battery]
capacity_kwh = 8
max_charge_kw = 4
max_discharge_kw = 4
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
start = "00:00"
end = "06:00"
import_price = 0.20
[[sites.tariff.periods]]
name = "evening"
start = "17:00"
end = "21:00"
import_price = 0.42
"""


def rows(days: int, step: timedelta, start: datetime = START) -> Iterator[dict[str, object]]:
    """Load with a morning and an evening, sun by day, both a little different each day."""
    at, number = start, 0
    while at < start + timedelta(days=days):
        hour = (at - START) / timedelta(hours=1) % 24
        day = (at - START) // timedelta(days=1)
        load_kw = 0.4 + 0.1 * sin(number * 2.3) + (1.6 + 0.3 * sin(day * 1.7)) * (17 <= hour < 22) + (7 <= hour < 9)
        solar_kw = max(sin((hour - 6) / 12 * pi), 0.0) * (3.5 + 1.2 * sin(day * 2.1)) if 6 <= hour < 18 else 0.0
        yield {
            "timestamp_utc": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "load_kw": round(load_kw, 3),
            "solar_kw": round(solar_kw, 3),
        }
        at += step
        number += 1


def write_data(file: Path, content: list[dict[str, object]]) -> Path:
    """As CSV, packed where the name says so."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(content[0]))
    writer.writeheader()
    writer.writerows(content)
    raw = text.getvalue().encode()
    file.write_bytes(gzip.compress(raw) if file.suffix == ".gz" else raw)
    return file


def write_settings(folder: Path, text: str = SETTINGS) -> Path:
    """A settings file that names no cloud and no secret."""
    file = folder / "home.toml"
    file.write_text(text, encoding="utf-8")
    return file
