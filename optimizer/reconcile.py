"""Readings and settings to one snapshot: the place where the absence of a reading is decided, by name."""

from dataclasses import dataclass, replace

from optimizer.domain.conventions import Conventions, StorageCapacity
from optimizer.domain.site import Site
from optimizer.domain.snapshot import (
    BatteryReading,
    BatteryState,
    HcuReading,
    SiteReading,
    SiteSnapshot,
)
from optimizer.errors import ConfigError
from optimizer.last_assets import LastAssets, completed, missing_battery

SOC_SLACK_PERCENT = 1.0
"""Gateways report 100.4 now and then; that is full, not broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSoc:
    """The newest plausible state of charge that was recorded, and its age in seconds."""

    soc_percent: float
    age_s: float


def plausible_soc(soc_percent: float | None) -> float | None:
    """The state of charge if it can be true, drawn to 0..100; None otherwise."""
    if soc_percent is None or not -SOC_SLACK_PERCENT <= soc_percent <= 100.0 + SOC_SLACK_PERCENT:
        return None
    return min(max(soc_percent, 0.0), 100.0)


def reconcile(
    site: Site,
    conventions: Conventions,
    reading: SiteReading,
    hcu: HcuReading | None,
    hcu_problem: str | None,
    last_soc: LastSoc | None,
    last_assets: LastAssets,
) -> SiteSnapshot:
    """One snapshot from what was read. ``hcu_problem`` says why a configured HCU gave no reading.

    No plan may rest on it when the state of charge cannot be true and none was recorded lately, or when the battery is
    missing that was there. Raises ConfigError when the battery's size or power is stated neither by the cloud nor by
    the settings.
    """
    reading, missing = completed(site, reading, last_assets)
    notes: list[str] = [*reading.remarks, *missing]
    if hcu_problem is not None:
        notes.append(f"HCU not read ({hcu_problem}): the site's heat pump reading stands in")
    heat_kw = _heat_kw(site, reading, hcu, notes)
    battery, unplannable = None, missing_battery(reading, last_assets)
    if reading.battery is not None:
        soc_percent = _soc_percent(reading.battery, last_soc, notes)
        if soc_percent is None:
            unplannable = _without_soc(site, reading.battery)
        else:
            battery = _battery(site, conventions, reading.battery, soc_percent)
    import_limit_kw, export_limit_kw = _grid_limits(site, reading)
    return SiteSnapshot(
        site_id=site.site_id,
        taken_at=reading.read_at,
        reading=reading,
        hcu=hcu,
        battery=battery,
        import_limit_kw=import_limit_kw,
        export_limit_kw=export_limit_kw,
        load_kw=_load_kw(conventions, reading, heat_kw, notes),
        heat_kw=heat_kw,
        other_kw=_uncontrolled_kw(site, reading),
        degradations=tuple(notes),
        unplannable=unplannable,
    )


def has_heat(site: Site, snapshot: SiteSnapshot) -> bool:
    """Whether the site buys electricity for heat at all, as far as is known."""
    if snapshot.hcu is not None and not snapshot.hcu.buys_electricity:
        return snapshot.reading.heatpump_kw is not None and not site.hcu_is_site_heatpump
    return site.has_hcu or snapshot.reading.heatpump_kw is not None


def _heat_kw(site: Site, reading: SiteReading, hcu: HcuReading | None, notes: list[str]) -> float | None:
    """The electrical draw for heat. HCU and ``heatpump`` asset are one machine unless settings part them."""
    if hcu is None:
        return reading.heatpump_kw
    if not hcu.buys_electricity:
        return 0.0 if site.hcu_is_site_heatpump else reading.heatpump_kw
    if hcu.backup_heater_active:
        notes.append("backup heater is on: its draw may not be part of the HCU's power")
    if hcu.active_faults:
        notes.append(f"HCU reports faults: {', '.join(hcu.active_faults)}")
    hcu_kw = hcu.electrical_kw
    if site.hcu_is_site_heatpump:
        return reading.heatpump_kw if hcu_kw is None else hcu_kw
    known = [kw for kw in (hcu_kw, reading.heatpump_kw) if kw is not None]
    return sum(known) if known else None


def _load_kw(conventions: Conventions, reading: SiteReading, heat_kw: float | None, notes: list[str]) -> float | None:
    """Household load alone: without heat pump and EV."""
    load_kw = reading.load_kw
    if load_kw is None:
        load_kw = _load_from_balance(reading, heat_kw)
        if load_kw is None:
            notes.append("no load reading")
            return None
        notes.append("no load reading: derived from the site's power balance")
        return max(load_kw, 0.0)
    if conventions.load_includes_heatpump and heat_kw is not None:
        load_kw -= heat_kw
    if conventions.load_includes_ev and reading.ev_kw is not None:
        load_kw -= reading.ev_kw
    if load_kw < 0:
        notes.append(f"load less its parts is {load_kw:.2f} kW: taken as 0")
    return max(load_kw, 0.0)


def _load_from_balance(reading: SiteReading, heat_kw: float | None) -> float | None:
    grid, battery = reading.grid, reading.battery
    if grid is None or grid.import_kw is None or grid.export_kw is None:
        return None
    supply_kw = grid.import_kw - grid.export_kw
    if reading.has_solar:
        if reading.solar_kw is None:
            return None
        supply_kw += reading.solar_kw
    if battery is not None:
        if battery.charge_kw is None or battery.discharge_kw is None:
            return None
        supply_kw += battery.discharge_kw - battery.charge_kw
    other_kw = _other_kw(reading)
    return supply_kw - (other_kw if other_kw is not None else 0.0) - (heat_kw if heat_kw is not None else 0.0)


def _other_kw(reading: SiteReading) -> float | None:
    """EV less wind and genset: uncontrolled power that is neither load nor heat. None where there is none."""
    parts = [
        sign * kw
        for sign, kw in ((1.0, reading.ev_kw), (-1.0, reading.wind_kw), (-1.0, reading.genset_kw))
        if kw is not None
    ]
    return sum(parts) if parts else None


def _uncontrolled_kw(site: Site, reading: SiteReading) -> float | None:
    """The same without what is stated as an asset of its own: that is planned and must not be forecast as well."""
    return _other_kw(
        replace(
            reading,
            ev_kw=None if site.ev_sessions else reading.ev_kw,
            genset_kw=None if site.gensets else reading.genset_kw,
        )
    )


def _grid_limits(site: Site, reading: SiteReading) -> tuple[float | None, float | None]:
    """The tighter of rating and contract, import and export."""
    ratings = reading.grid.ratings if reading.grid is not None else None
    return (
        tighter(ratings.intake_kw if ratings else None, site.grid.import_limit_kw),
        tighter(ratings.output_kw if ratings else None, site.grid.export_limit_kw),
    )


def tighter(one_kw: float | None, other_kw: float | None) -> float | None:
    """The lower of two limits; None is no limit."""
    known = [kw for kw in (one_kw, other_kw) if kw is not None]
    return min(known) if known else None


def _soc_percent(reading: BatteryReading, last_soc: LastSoc | None, notes: list[str]) -> float | None:
    """As reported, or the last plausible one; None where there is neither."""
    soc_percent = plausible_soc(reading.soc_percent)
    if soc_percent is not None or last_soc is None:
        return soc_percent
    notes.append(
        f"state of charge is {_words(reading.soc_percent)}: "
        f"{last_soc.soc_percent:.1f} % from {last_soc.age_s / 60:.0f} min ago stands in"
    )
    return last_soc.soc_percent


def _without_soc(site: Site, reading: BatteryReading) -> str:
    return (
        f"site {site.site_id}: state of charge is {_words(reading.soc_percent)} and no plausible one was recorded "
        "lately; check the battery's telemetry"
    )


def _battery(site: Site, conventions: Conventions, reading: BatteryReading, soc_percent: float) -> BatteryState:
    settings = site.battery
    capacity_kwh = _capacity_kwh(site, conventions, reading, soc_percent)
    ratings = reading.ratings
    charge_kw = settings.max_charge_kw
    if charge_kw is None:
        charge_kw = ratings.intake_kw if ratings.intake_kw is not None else ratings.output_kw
    discharge_kw = settings.max_discharge_kw
    if discharge_kw is None:
        discharge_kw = ratings.output_kw if ratings.output_kw is not None else ratings.intake_kw
    if charge_kw is None or discharge_kw is None:
        msg = (
            f"site {site.site_id}: the cloud states no battery power rating; set "
            "sites[].battery.max_charge_kw and max_discharge_kw"
        )
        raise ConfigError(msg)
    soc_min_kwh = capacity_kwh * settings.soc_min_percent / 100
    reserve_percent = settings.reserve_percent
    return BatteryState(
        capacity_kwh=capacity_kwh,
        soc_kwh=capacity_kwh * soc_percent / 100,
        soc_min_kwh=soc_min_kwh,
        soc_max_kwh=capacity_kwh * settings.soc_max_percent / 100,
        reserve_kwh=soc_min_kwh if reserve_percent is None else capacity_kwh * reserve_percent / 100,
        max_charge_kw=charge_kw,
        max_discharge_kw=discharge_kw,
        charge_efficiency=settings.charge_efficiency,
        discharge_efficiency=settings.discharge_efficiency,
        wear_cost_per_kwh=settings.wear_cost_per_kwh,
    )


def _capacity_kwh(site: Site, conventions: Conventions, reading: BatteryReading, soc_percent: float) -> float:
    if site.battery.capacity_kwh is not None:
        return site.battery.capacity_kwh
    reported_kwh = reading.reported_capacity_kwh
    if reported_kwh is None or reported_kwh <= 0:
        msg = (
            f"site {site.site_id}: the cloud reports the battery's capacity as {_words(reported_kwh)}; "
            "set sites[].battery.capacity_kwh"
        )
        raise ConfigError(msg)
    if conventions.storage_capacity is StorageCapacity.REMAINING:
        if soc_percent < 5:
            msg = (
                f"site {site.site_id}: capacity cannot be told from the remaining energy at {soc_percent:.1f} %; "
                "set sites[].battery.capacity_kwh"
            )
            raise ConfigError(msg)
        return reported_kwh / (soc_percent / 100)
    return reported_kwh


def _words(number: float | None) -> str:
    return "not reported" if number is None else f"{number:g}"
