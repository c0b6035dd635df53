"""Whether a reading of the sun is what it could give. Pure."""

from datetime import datetime

from optimizer.dispatch import value_at
from optimizer.domain.command import Pair
from optimizer.domain.conventions import Conventions
from optimizer.domain.snapshot import SiteSnapshot

NEAR_KW = 0.05
NEAR_SHARE = 0.02
"""Of its capacity: a battery that is so near its highest state of charge takes no more."""


def is_sun_cut(snapshot: SiteSnapshot, conventions: Conventions, at: datetime) -> bool:
    """Whether the sun is cut at ``at``, so that its reading is not what it could give.

    It is where a curtailment in force says so, and it may be where export stands at its limit and the battery takes
    no more, or a power is told to it: a gateway that keeps the limit then cuts what is beyond.
    """
    released = 0.0 if conventions.curtailment_percent.value == "cut" else 100.0
    percent = _in_force(snapshot, Pair.SOLAR_CURTAILMENT, at)
    if percent is not None and percent != released:
        return True
    return is_export_at_limit(snapshot, at) and _takes_no_more(snapshot, at)


def is_export_at_limit(snapshot: SiteSnapshot, at: datetime) -> bool:
    """Whether a limit of export is in force, and reached."""
    limit_kw, grid = _in_force(snapshot, Pair.GRID_LOWER_LIMIT, at), snapshot.reading.grid
    return (
        limit_kw is not None
        and grid is not None
        and grid.export_kw is not None
        and (grid.export_kw >= -limit_kw - NEAR_KW)
    )


def _takes_no_more(snapshot: SiteSnapshot, at: datetime) -> bool:
    if _in_force(snapshot, Pair.BESS_POWER, at) is not None:
        return True
    battery, reading = snapshot.battery, snapshot.reading.battery
    if battery is None:
        return True
    charge_kw = None if reading is None else reading.charge_kw
    is_full = battery.soc_kwh >= battery.soc_max_kwh - NEAR_SHARE * battery.capacity_kwh
    return is_full or (charge_kw is not None and charge_kw >= battery.max_charge_kw - NEAR_KW)


def _in_force(snapshot: SiteSnapshot, pair: Pair, at: datetime) -> float | None:
    entries = (command.entries for command in snapshot.reading.in_force if command.pair is pair)
    return next((value for each in entries if (value := value_at(each, at)) is not None), None)
