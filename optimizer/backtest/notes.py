"""What the settings state and the bills of a backtest do not hold, in words for who reads them."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

from optimizer.domain.site import Site
from optimizer.settings import SiteSettings

LACKED = "; none of the bills holds them, and the daemon plans without them"
KEPT = "the daemon keeps it, the other bills do not"
AIMED = "the daemon weighs it, none of the bills holds it"
COUNTED = "the daemon counts with it, the backtest's plant is without it"
NEUTRAL = (None, (), False, 0.0)
"""What states nothing."""
NOTES = {
    "ev_sessions": f"the backtest's plant has no vehicles{LACKED}",
    "deferrable_loads": f"the backtest's plant has no tasks that can wait{LACKED}",
    "gensets": f"the backtest's plant has no generators{LACKED}",
    "heat_stores": "the backtest's plant has no heat stores: its heat is the data's, and the daemon plans without them",
    "solar.inverter_limit_kw": COUNTED,
    "solar.curtailment_steps": COUNTED,
    "grid.import_limit_kw": "the battery keeps it, the load does not; without a battery nothing does",
    "grid.import_limits": KEPT,
    "grid.export_limits": KEPT,
    "grid.import_over_price_per_kwh": AIMED,
    "grid.export_over_price_per_kwh": AIMED,
    "grid.export_floor_price_per_kwh": KEPT,
    "grid.self_consumption_price_per_kwh": AIMED,
    "grid.co2_price_per_kg": AIMED,
    "battery.reserve_percent": KEPT,
    "battery.reserve_hours": KEPT,
    "battery.targets": KEPT,
    "battery.charges_from_grid": KEPT,
    "battery.discharges_to_grid": KEPT,
    "battery.wear_cost_per_kwh": AIMED,
    "battery.depth_costs": AIMED,
    "battery.min_charge_kw": COUNTED,
    "battery.min_discharge_kw": COUNTED,
    "battery.self_discharge_percent_per_h": COUNTED,
    "battery.standby_kw": COUNTED,
    "battery.charge_taper": COUNTED,
    "battery.discharge_taper": COUNTED,
}
"""By the setting's path below the site."""
FREE_UNLESS_REFUSED = {"battery.charges_from_grid", "battery.discharges_to_grid"}
"""These state something where they are false."""


def notes_on(path: str, site: SiteSettings) -> Iterator[str]:
    """One note for each setting that is stated and of which not every bill knows; ``path``: where the site stands."""
    for name, note in NOTES.items():
        if _is_stated(site, name):
            yield f"{path}.{name}: {note}"


def _is_stated(site: SiteSettings, name: str) -> bool:
    section, _, setting = name.rpartition(".")
    place: Any = attrgetter(section)(site) if section else site
    given = getattr(place, setting)
    if name in FREE_UNLESS_REFUSED:
        return given is False
    return setting in place.model_fields_set and given not in NEUTRAL


def lived_by_the_plant(site: Site) -> Site:
    """``site`` without what no plant of a backtest has: a plan would act for what never comes."""
    return replace(site, deferrable_loads=(), ev_sessions=(), gensets=(), heat_stores=())
