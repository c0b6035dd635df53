"""What a forecast is made from: the newest readings, the recorded past and what others predict."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from optimizer.domain.series import Series
from optimizer.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The newest readings; None means not known.

    ``load_kw`` is the household without heat machine, EV, wind and genset. ``heat_kw`` is electrical.
    ``solar_kw`` is None also while the array is curtailed. ``other_kw`` is EV minus wind minus genset
    and may be negative. Raises ValueError where ``at`` is naive.
    """

    at: datetime
    load_kw: float | None
    heat_kw: float | None
    solar_kw: float | None
    other_kw: float | None
    outdoor_c: float | None

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            msg = f"the time of the present readings, {self.at!r}, has no time zone"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastInputs:
    """All that ``forecast_site`` reads.

    ``history`` is indexed by the aware start of each 15-minute interval, rising, with gaps allowed. Its
    columns are ``load_kw``, ``solar_kw``, ``heat_kw``, ``thermal_kw``, ``outdoor_c`` and ``other_kw``;
    NaN (or an absent column) means missing or not to be learnt from.
    ``solar_rated_kw`` is the rating as the cloud reports it. ``has_heat`` is False where no electricity
    is turned into heat. ``external`` holds forecasts in kW under "load", "solar" and "heat": they win
    where they cover a whole slot. An external load stands for all uncontrolled power but heat.
    """

    site: Site
    present: Present
    history: pd.DataFrame
    solar_rated_kw: float | None
    has_solar: bool
    has_heat: bool
    external: Mapping[str, Series]
