"""A synthetic home and a builder of inputs, shared by the tests of the forecast room."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimizer.domain.series import Series
from optimizer.domain.site import Location, Site
from optimizer.forecast import ForecastInputs, Present

COLUMNS = ["load_kw", "solar_kw", "heat_kw", "thermal_kw", "outdoor_c", "other_kw"]
NOON = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
BERLIN = Location(latitude=52.5, longitude=13.4)


def make_inputs(
    *,
    site: Site | None = None,
    at: datetime = NOON,
    history: pd.DataFrame | None = None,
    load_kw: float | None = None,
    heat_kw: float | None = None,
    solar_kw: float | None = None,
    other_kw: float | None = None,
    outdoor_c: float | None = None,
    solar_rated_kw: float | None = None,
    has_solar: bool = True,
    has_heat: bool = True,
    external: dict[str, Series] | None = None,
) -> ForecastInputs:
    """Inputs of a Berlin site of which nothing is known but what is said."""
    return ForecastInputs(
        site=site or Site(site_id="a", zone="Europe/Berlin"),
        present=Present(
            at=at, load_kw=load_kw, heat_kw=heat_kw, solar_kw=solar_kw, other_kw=other_kw, outdoor_c=outdoor_c
        ),
        history=empty_history() if history is None else history,
        solar_rated_kw=solar_rated_kw,
        has_solar=has_solar,
        has_heat=has_heat,
        external={} if external is None else external,
    )


def empty_history() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS, index=pd.DatetimeIndex([], tz="UTC"), dtype=float)


def quarters(until: datetime, days: float) -> pd.DatetimeIndex:
    """Starts of the quarters of an hour of some days before ``until``."""
    return pd.date_range(end=until - timedelta(minutes=15), periods=round(days * 96), freq="15min")


def record(until: datetime, days: float, **columns: float | Callable[[pd.DatetimeIndex], object]) -> pd.DataFrame:
    """A history in which each named column is a constant or a function of the index; others are NaN."""
    index = quarters(until, days)
    frame = pd.DataFrame(np.nan, index=index, columns=COLUMNS)
    for name, column in columns.items():
        frame[name] = column(index) if callable(column) else column
    return frame


def data_file(name: str) -> Path:
    """A reference data file; skips where the folder is absent."""
    folder = Path(os.environ.get("HEAT_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"reference data {name} is absent: set HEAT_DATA_DIR to the folder that holds it")
    return path
