"""Readings that cannot be true are set aside before a plan rests on them, each by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

from optimizer.domain.snapshot import SiteSnapshot
from optimizer.ports import RememberBatches
from optimizer.trust import Sample, quarantine, reckoned_soc

LOOK_BACK = timedelta(hours=4)


def believed(snapshot: SiteSnapshot, book: RememberBatches, now: datetime) -> SiteSnapshot:
    """``snapshot`` with suspicious readings replaced by the next best source, and told. Raises LedgerUnavailable.

    The next best state of charge is the last one believed and the energy moved since; in the place of a stuck
    load the forecast goes by its history.
    """
    battery = snapshot.battery
    if battery is None or battery.capacity_kwh <= 0:
        return snapshot
    rows = book.readings(snapshot.site_id, now - LOOK_BACK, now)
    samples = [Sample(at=at, soc_percent=soc_percent, battery_kw=kw) for at, soc_percent, kw, _ in rows]
    rated_kw = max(battery.max_charge_kw, battery.max_discharge_kw)
    load_kw = [row[3] for row in rows]
    found = quarantine(samples, load_kw, capacity_kwh=battery.capacity_kwh, rated_kw=rated_kw)
    for suspicion in found:
        if suspicion.signal == "load":
            snapshot = replace(snapshot, load_kw=None).degraded(f"{suspicion.why}: its history stands in")
            continue
        soc_percent = reckoned_soc(samples, suspicion.trusted_until, battery.capacity_kwh)
        battery = replace(battery, soc_kwh=soc_percent / 100 * battery.capacity_kwh)
        note = f"{suspicion.why}: {soc_percent:.1f} %, reckoned from the power since, stands in"
        snapshot = replace(snapshot, battery=battery).degraded(note)
    return snapshot
