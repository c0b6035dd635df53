"""A forecast on its way: kW per five-minute cell, with where it comes from."""

from dataclasses import dataclass

from optimizer.domain.forecast import Quality
from optimizer.forecast.align import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CellForecast:
    """Expected kW in each cell of an ``Ahead``, its quality and the operator's words for it."""

    kw: Floats
    quality: Quality
    basis: str
