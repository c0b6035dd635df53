"""Uncontrolled power that is no household: EV chargers less wind and genset, negative when these win."""

import numpy as np

from optimizer.forecast.ahead import Ahead
from optimizer.forecast.align import Floats
from optimizer.forecast.day_table import day_table, filled_around
from optimizer.forecast.past import Past
from optimizer.forecast.plausible import known_kw, winsorised
from optimizer.forecast.present_hour import LAST_S, blended

LEARNED_DAYS = 3


def forecast_other(past: Past, ahead: Ahead, present_kw: float | None) -> tuple[Floats, str | None]:
    """kW per cell to be added to the load, and a phrase for it where it adds anything.

    Learned by local time of day from three days on; before that the present holds for an hour.
    """
    present_kw = known_kw(present_kw)
    table = day_table(past.local, winsorised(past.other_kw))
    if table.full_days >= LEARNED_DAYS:
        kw = filled_around(table.mean())[ahead.local.quarter]
        kw = kw if present_kw is None else blended(kw, present_kw, ahead.age_s)
        return kw, "plus EV, wind and genset by time of day" if kw.any() else None
    if present_kw is None or present_kw == 0:
        return np.zeros(len(ahead.cells_s)), None
    held = np.where(ahead.age_s < LAST_S, present_kw, 0.0)
    return held, f"plus EV, wind and genset of {present_kw:.2f} kW for an hour"
