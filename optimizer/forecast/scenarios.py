"""How the coming day may differ from its forecast: the errors of earlier forecasts, laid over it day by day."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from optimizer.domain.forecast import Forecasts, Issued
from optimizer.domain.horizon import Horizon
from optimizer.domain.uncertainty import Scenario
from optimizer.forecast.align import Floats, means_on_edges, seconds

DAY = timedelta(days=1)
QUARTER_S = 900.0
LEAST_SCENARIOS = 5
"""Fewer days tell more of themselves than of what may come."""
LEAST_KNOWN = 0.5
"""Share of its slots in which a day must tell forecast and outcome."""
CHANCE = 0.5
"""Share of the mean error that is not believed. Chosen on two months of a measured home, judged on seven others."""
DIGITS = 2
"""10 W: what is smaller is not worth remembering for months."""


def error_days(now: datetime, horizon_hours: float, scenarios: int) -> tuple[datetime, ...]:
    """When the forecasts were made that are compared: at this time of day, as late as their outcome is known."""
    first = max(math.ceil(horizon_hours / 24), 1)
    return tuple(now - number * DAY for number in range(first, first + scenarios))


@dataclass(frozen=True, slots=True)
class _Record:
    """The history as arrays: the start of each quarter (seconds since 1970, rising) and its means."""

    starts_s: Floats
    columns: Mapping[str, Floats]


def outcomes(
    forecasts: Forecasts, horizon: Horizon, issued: Sequence[Issued], history: pd.DataFrame, now: datetime
) -> tuple[Scenario, ...]:
    """One scenario for each earlier forecast of which the outcome is known; none where they are too few.

    Its error (what came less what was expected, at the same distance ahead) is added to today's forecast, less
    half the mean error of all: that much of the mean is taken for chance, the rest for a habit of the forecast.
    Unknown errors count as none. ``history`` as in ``ForecastInputs``.
    """
    record = _Record(
        starts_s=_starts_s(history),
        columns={name: _column(history, name) for name in ("load_kw", "other_kw", "heat_kw", "solar_kw")},
    )
    errors: dict[str, list[Floats]] = {"load_kw": [], "heat_kw": [], "solar_kw": []}
    for past in issued:
        found = dict(_errors(past, horizon, record, now))
        if np.isfinite(found["load_kw"]).mean() < LEAST_KNOWN:
            continue
        for name, error in found.items():
            errors[name].append(np.nan_to_num(error))
    count = len(errors["load_kw"])
    if count < LEAST_SCENARIOS:
        return ()
    expected = {"load_kw": forecasts.load.kw, "heat_kw": forecasts.heat.kw, "solar_kw": forecasts.solar.kw}
    series = {name: _around(np.array(expected[name]), np.array(errors[name])) for name in errors}
    return tuple(
        Scenario(
            probability=1.0 / count,
            load_kw=_plain(series["load_kw"][number]),
            heat_kw=_plain(series["heat_kw"][number]) if np.any(series["heat_kw"]) else None,
            solar_kw=_plain(series["solar_kw"][number]) if np.any(series["solar_kw"]) else None,
        )
        for number in range(count)
    )


def _errors(past: Issued, horizon: Horizon, record: _Record, now: datetime) -> Iterator[tuple[str, Floats]]:
    """kW above what was expected in each slot of ``horizon``, as many days earlier; NaN is unknown."""
    days = round((now - past.at) / DAY)
    edges_s = seconds(horizon.edges) - days * DAY.total_seconds()
    made_s = seconds(past.edges)
    first, last = np.searchsorted(record.starts_s, [edges_s[0] - QUARTER_S, edges_s[-1]])
    starts_s = record.starts_s[first:last]

    def came(*columns: str) -> Floats:
        known = [record.columns[name][first:last] for name in columns]
        values = known[0] + sum((np.nan_to_num(other) for other in known[1:]), np.zeros(len(known[0])))
        return means_on_edges(edges_s, starts_s, starts_s + QUARTER_S, values).mean

    for name, columns in (("load_kw", ("load_kw", "other_kw")), ("heat_kw", ("heat_kw",)), ("solar_kw", ("solar_kw",))):
        expected = np.array(getattr(past, name))
        yield name, came(*columns) - means_on_edges(edges_s, made_s[:-1], made_s[1:], expected).mean


def _starts_s(history: pd.DataFrame) -> Floats:
    if history.empty or not isinstance(history.index, pd.DatetimeIndex):
        return np.zeros(0)
    return history.index.tz_convert("UTC").as_unit("s").asi8.astype(np.float64)


def _column(history: pd.DataFrame, name: str) -> Floats:
    if name not in history.columns:
        return np.full(len(history), np.nan)
    return history[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _around(expected: Floats, errors: Floats) -> Floats:
    """Never below zero where the forecast is not, and never above the most that was expected or came."""
    around = expected + errors - CHANCE * errors.mean(axis=0)
    most = max(float(expected.max(initial=0.0)), float((expected + errors).max(initial=0.0)))
    bounded: Floats = np.clip(around, np.minimum(expected, 0.0), most)
    return np.round(bounded, DIGITS)


def _plain(series: Floats) -> tuple[float, ...]:
    return tuple(series.tolist())
