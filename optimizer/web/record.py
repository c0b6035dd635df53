"""What the ledger tells of one site for the operator's page: its newest batches, and forecasts against what came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One batch as the ledger holds it."""

    intended_at: datetime
    kind: str
    state: str
    sends: int
    batch_id: str | None
    accepted: int | None
    answered_at: datetime | None
    confirmed_at: datetime | None
    effective_at: datetime | None
    ends_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """One past hour, mean kW: what was expected an hour before it began, and what was recorded. None: not known."""

    start: datetime
    expected_load_kw: float | None
    load_kw: float | None
    expected_solar_kw: float | None
    solar_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRecord:
    """What was read at ``read_at``. ``error`` says why nothing could be read; the rest is empty then."""

    read_at: datetime
    batches: tuple[BatchRow, ...] = ()
    hours: tuple[HourRow, ...] = ()
    error: str | None = None


def load_error_kw(hours: tuple[HourRow, ...]) -> tuple[float | None, int]:
    """Mean absolute error of the load's forecast, and over how many hours; None over none."""
    return _mean_error((hour.expected_load_kw, hour.load_kw) for hour in hours)


def solar_error_kw(hours: tuple[HourRow, ...]) -> tuple[float | None, int]:
    """The same of the sun's."""
    return _mean_error((hour.expected_solar_kw, hour.solar_kw) for hour in hours)


def _mean_error(pairs: Iterator[tuple[float | None, float | None]]) -> tuple[float | None, int]:
    errors = [abs(came - expected) for expected, came in pairs if expected is not None and came is not None]
    return (sum(errors) / len(errors) if errors else None), len(errors)
