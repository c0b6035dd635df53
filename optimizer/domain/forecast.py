"""Expected power per slot, each series with the quality it honestly has."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Quality(Enum):
    """Where a forecast comes from, best first."""

    MEASURED = "measured"
    EXTERNAL = "external"
    LEARNED = "learned"
    PROFILE = "profile"
    FALLBACK = "fallback"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Mean kW in each slot. ``basis`` says in a few words what it rests on."""

    kw: tuple[float, ...]
    quality: Quality
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """What a plan expects. ``load`` holds all uncontrolled power but heat; ``heat`` is electrical."""

    load: Forecast
    heat: Forecast
    solar: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Forecasts as they were made at ``at``: mean kW between neighbouring ``edges``."""

    at: datetime
    edges: tuple[datetime, ...]
    load_kw: tuple[float, ...]
    heat_kw: tuple[float, ...]
    solar_kw: tuple[float, ...]
