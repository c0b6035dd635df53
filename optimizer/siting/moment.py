"""What was read and recorded, as far as the operator's statements need it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from optimizer.domain.tariff import Meter, Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The moment of planning.

    ``history`` as in ``ForecastInputs``. ``metered`` holds, by the minutes of a metering interval, a frame with the
    intervals' starts (aware UTC, rising) as index, the mean ``import_kw`` and ``export_kw`` of each, and in
    ``readings`` from how many readings. ``past``: the running month's prices so far and what was metered under them.
    """

    at: datetime
    import_rated_kw: float | None = None
    export_rated_kw: float | None = None
    genset_kw: float | None = None
    outdoor_c: float | None = None
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    metered: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    past: tuple[Tariff, Meter] | None = None
