"""How the coming day may differ from its forecast: the errors of earlier forecasts, laid over it day by day."""

import math
from collections.abc import Mapping, Sequence
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
    """What came, as integrals over time since its first quarter: of kW, and of the seconds in which it is known.

    Both rise evenly between the ``knots`` (seconds since 1970), so that the mean between any two instants is a
    difference of two interpolations (see ``align.means_on_edges``), here for many days at once.
    """

    knots: Floats
    kw_s: Floats
    known_s: Floats

    @classmethod
    def of(cls, starts_s: Floats, kw: Floats) -> "_Record":
        """Quarters that begin at ``starts_s`` (rising) with these means; NaN is unknown."""
        knots = np.unique(np.concatenate((starts_s, starts_s + QUARTER_S)))
        at = np.searchsorted(knots, starts_s)
        known = np.zeros(len(knots))
        power = np.zeros(len(knots))
        known[at] = np.isfinite(kw)
        power[at] = np.nan_to_num(kw)
        lengths_s = np.diff(knots, append=knots[-1:])
        return cls(knots=knots, kw_s=_running(power * lengths_s), known_s=_running(known * lengths_s))

    def means(self, edges_s: Floats) -> Floats:
        """``edges_s[..., t]`` to means over ``[edges_s[..., t], edges_s[..., t + 1])``; NaN where nothing is known."""
        if not len(self.knots):
            return np.full((*edges_s.shape[:-1], edges_s.shape[-1] - 1), np.nan)
        known_s = np.diff(np.interp(edges_s, self.knots, self.known_s), axis=-1)
        kw_s = np.diff(np.interp(edges_s, self.knots, self.kw_s), axis=-1)
        found: Floats = np.divide(kw_s, known_s, out=np.full(known_s.shape, np.nan), where=known_s > 0)
        return found


def _running(steps: Floats) -> Floats:
    """The sum of all steps before each."""
    return np.concatenate(([0.0], np.cumsum(steps[:-1]))) if len(steps) else steps


def outcomes(
    forecasts: Forecasts, horizon: Horizon, issued: Sequence[Issued], history: pd.DataFrame, now: datetime
) -> tuple[Scenario, ...]:
    """One scenario for each earlier forecast of which the outcome is known; none where they are too few, or none erred.

    Its error (what came less what was expected, at the same distance ahead) is added to today's forecast, less
    half the mean error of all: that much of the mean is taken for chance, the rest for a habit of the forecast.
    Unknown errors count as none. ``history`` as in ``ForecastInputs``.
    """
    if len(issued) < LEAST_SCENARIOS:
        return ()
    found = _errors(issued, horizon, history, now)
    is_told = np.isfinite(found["load_kw"]).mean(axis=1) >= LEAST_KNOWN
    errors = {name: np.nan_to_num(each[is_told]) for name, each in found.items()}
    count = int(is_told.sum())
    if count < LEAST_SCENARIOS or not any(np.any(each) for each in errors.values()):
        return ()
    expected = {"load_kw": forecasts.load.kw, "heat_kw": forecasts.heat.kw, "solar_kw": forecasts.solar.kw}
    series = {name: _around(np.array(expected[name]), errors[name]) for name in errors}
    return tuple(
        Scenario(
            probability=1.0 / count,
            load_kw=_plain(series["load_kw"][number]),
            heat_kw=_plain(series["heat_kw"][number]) if np.any(series["heat_kw"]) else None,
            solar_kw=_plain(series["solar_kw"][number]) if np.any(series["solar_kw"]) else None,
        )
        for number in range(count)
    )


def _errors(issued: Sequence[Issued], horizon: Horizon, history: pd.DataFrame, now: datetime) -> Mapping[str, Floats]:
    """``[name][past, slot]``: kW above what was expected in each slot, as many days earlier; NaN is unknown."""
    days = np.array([round((now - past.at) / DAY) for past in issued])
    edges_s = seconds(horizon.edges) - days[:, None] * DAY.total_seconds()
    starts_s = _starts_s(history)
    first, last = np.searchsorted(starts_s, [edges_s.min() - QUARTER_S, edges_s.max()])
    known = {name: _column(history, name)[first:last] for name in ("load_kw", "other_kw", "heat_kw", "solar_kw")}
    came = {
        "load_kw": known["load_kw"] + np.nan_to_num(known["other_kw"]),
        "heat_kw": known["heat_kw"],
        "solar_kw": known["solar_kw"],
    }
    made_s = [seconds(past.edges) for past in issued]
    is_same = [np.array_equal(made, edges) for made, edges in zip(made_s, edges_s, strict=True)]

    def expected(name: str, number: int) -> Floats:
        kw = np.array(getattr(issued[number], name))
        if is_same[number]:
            return kw
        return means_on_edges(edges_s[number], made_s[number][:-1], made_s[number][1:], kw).mean

    return {
        name: _Record.of(starts_s[first:last], kw).means(edges_s)
        - np.array([expected(name, number) for number in range(len(issued))])
        for name, kw in came.items()
    }


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
