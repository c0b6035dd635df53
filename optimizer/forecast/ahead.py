"""The time to be forecast, in five-minute cells."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.horizon import Horizon
from optimizer.forecast.align import CELL_S, Floats, Ints, cell_starts, cells_on_horizon
from optimizer.forecast.local_days import LocalStamps, local_stamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The cells of a horizon with their local stamps. ``age_s`` is counted from the present readings."""

    horizon: Horizon
    cells_s: Ints
    local: LocalStamps
    at_s: float

    @property
    def middles_s(self) -> Floats:
        """The middle of each cell, seconds since 1970."""
        return self.cells_s.astype(np.float64) + CELL_S / 2

    @property
    def age_s(self) -> Floats:
        """Seconds from the present readings to the middle of each cell, at least 0."""
        age_s: Floats = (self.middles_s - self.at_s).clip(min=0.0)
        return age_s

    def on_slots(self, values: Floats) -> Floats:
        """Values per cell, averaged over each slot."""
        return cells_on_horizon(self.cells_s, values, self.horizon)


def look_ahead(horizon: Horizon, at_s: float, zone: str, holiday_country: str | None) -> Ahead:
    """Cut a horizon into cells."""
    cells_s = cell_starts(horizon)
    return Ahead(horizon=horizon, cells_s=cells_s, local=local_stamps(cells_s, zone, holiday_country), at_s=at_s)
