"""The JSON of the OpenEI Utility Rate Database (version 8) -> ``Rate``.

What the record may leave out is read as the database means it, and told in ``Rate.notes`` where that is an
assumption. What cannot be priced is refused by its name in the record. Show "OpenEI Utility Rate Database" as
the source of what comes out.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from strategies.urdb_rate import (
    BoundUnit,
    DemandTier,
    DemandTiers,
    DemandWindow,
    EnergyPeriod,
    EnergyTier,
    ExportRule,
    Per,
    PeriodicCharge,
    Ratchet,
    Rate,
    Schedule,
    demand_charge,
    demand_windows,
    energy_price_per_kwh,
    energy_tier,
    looked_back_months,
)
from strategies.urdb_record import Record, says_something, short, single_rate

__all__ = [
    "DemandWindow",
    "Rate",
    "demand_charge",
    "demand_windows",
    "energy_price_per_kwh",
    "energy_tier",
    "looked_back_months",
    "parse_rate",
]

UNBOUNDED = 1e9
"""Bounds from here on stand for none: records write 1e38 where they mean infinity."""

REFUSED = {
    "coincidentratestructure": "demand at the hour of the utility's own peak, which nobody knows in advance",
    "fueladjustmentsmonthly": "a fuel adjustment by month",
    "fixedmonthlycharge": "a fixed charge of an old version of the database",
    "minmonthlycharge": "a minimum charge of an old version of the database",
    "annualmincharge": "a minimum charge of an old version of the database",
}
LEFT_OUT = {
    "demandreactivepowercharge": "the charge for reactive power",
    "fixedchargeeaaddl": "the fixed charge of further meters",
}
DEFAULT_INTERVAL_MIN = 15
INTERVALS_MIN = (1, 5, 10, 15, 20, 30, 60)


def parse_rate(document: object, source: str = "urdb") -> Rate:
    """The rate of an API answer ``{"items": [{…}]}`` or of a bare record; ``source`` begins every error.

    Raises SourceMalformed for what the database does not describe, ConfigError for what is described but not
    supported, and for ``{"error": …}`` what it says.
    """
    record = Record(source=source, content=single_rate(document, source))
    for key, meaning in REFUSED.items():
        if says_something(record.content.get(key)):
            raise record.unsupported(key, f"{meaning}, is not supported")
    record.notes += [
        f"{meaning} ({key}) is left out" for key, meaning in LEFT_OUT.items() if says_something(record.content.get(key))
    ]
    if record.content.get("approved") is False:
        record.notes.append("the record is not approved by the database's editors")
    energy = _structure(record, "energyratestructure", _energy_period)
    if not energy:
        raise record.malformed("energyratestructure", "missing, so energy has no price")
    demand = _structure(record, "demandratestructure", _demand_tiers)
    flat = _structure(record, "flatdemandstructure", _demand_tiers)
    for unit_key, priced in (("demandrateunit", demand), ("flatdemandunit", flat)):
        if priced and record.text(unit_key, "kW") != "kW":
            raise record.unsupported(unit_key, f"demand in {record.content[unit_key]!r} is not supported, only in kW")
    return Rate(
        label=record.text("label", ""),
        utility=record.text("utility", ""),
        name=record.text("name", ""),
        sector=record.text("sector", "") or None,
        start=record.instant("startdate"),
        end=record.instant("enddate"),
        export_rule=record.member("dgrules", ExportRule),
        energy_periods=energy,
        energy_schedule=_schedule(record, "energy", len(energy)),
        demand_periods=demand,
        demand_schedule=_schedule(record, "demand", len(demand)) if demand else None,
        flat_demand=flat,
        flat_demand_of_month=_flat_months(record, len(flat)),
        demand_interval_min=_interval_min(record, has_demand=bool(demand or flat)),
        ratchet=_ratchet(record, has_flat_demand=bool(flat)),
        fixed_charge=_periodic(record, "fixedchargefirstmeter", "fixedchargeunits"),
        minimum_charge=_periodic(record, "mincharge", "minchargeunits"),
        notes=tuple(record.notes),  # last, since the readings above add to them
    )


def _structure[Built](
    record: Record, key: str, build: Callable[[Record, str, Sequence[Any]], Built]
) -> tuple[Built, ...]:
    """``[period][tier]`` -> one object for each period; empty where the key is absent."""
    value = record.content.get(key)
    if value is None:
        return ()
    built: list[Built] = []
    for index, tiers in enumerate(record.rows(key, value)):
        where = f"{key}[{index}]"
        rows = record.rows(where, tiers)
        if not rows:
            raise record.malformed(where, "the period has no tier")
        for at, tier in enumerate(rows):
            if not isinstance(tier, dict):
                raise record.malformed(f"{where}[{at}]", f"{short(tier)} is not a tier")
        built.append(build(record, where, rows))
    return tuple(built)


def _energy_period(record: Record, where: str, tiers: Sequence[Any]) -> EnergyPeriod:
    units = {str(tier["unit"]) for tier in tiers if tier.get("unit") is not None} or {BoundUnit.KWH.value}
    if len(units) > 1:
        raise record.unsupported(where, f"its tiers are in different units: {', '.join(sorted(units))}")
    (name,) = units
    unit = next((unit for unit in BoundUnit if unit.value.lower() == name.lower()), None)
    if unit is None:
        known = ", ".join(unit.value for unit in BoundUnit)
        raise record.unsupported(where, f"the unit {name!r} is none of: {known}")
    return EnergyPeriod(
        unit=unit,
        tiers=tuple(
            EnergyTier(
                price_per_kwh=_price(record, f"{where}[{at}]", tier),
                sell_per_kwh=record.number_of(f"{where}[{at}].sell", tier.get("sell")),
                bound=bound,
            )
            for at, (tier, bound) in enumerate(zip(tiers, _bounds(record, where, tiers), strict=True))
        ),
    )


def _demand_tiers(record: Record, where: str, tiers: Sequence[Any]) -> DemandTiers:
    built = tuple(
        DemandTier(price_per_kw=_price(record, f"{where}[{at}]", tier), bound_kw=bound)
        for at, (tier, bound) in enumerate(zip(tiers, _bounds(record, where, tiers), strict=True))
    )
    if any(tier.price_per_kw < 0 for tier in built):
        raise record.unsupported(where, "a demand charge below zero would pay for peaks")
    return built


def _price(record: Record, where: str, tier: Mapping[str, Any]) -> float:
    """Rate plus adjustment; the adjustment is often left out and then none."""
    rate = record.number_of(f"{where}.rate", tier.get("rate"))
    adjustment = record.number_of(f"{where}.adj", tier.get("adj"))
    if rate is None:
        raise record.malformed(f"{where}.rate", "missing, so the tier has no price")
    return rate if adjustment is None else rate + adjustment


def _bounds(record: Record, where: str, tiers: Sequence[Any]) -> list[float | None]:
    """The upper bounds of the tiers: rising, and None for the last alone."""
    stated = [record.number_of(f"{where}[{at}].max", tier.get("max")) for at, tier in enumerate(tiers)]
    *inner, last = stated
    bounded = [0.0, *(bound for bound in inner if bound is not None)]
    if len(bounded) <= len(inner) or any(after <= before for before, after in pairwise(bounded)):
        raise record.malformed(where, f"the bounds of its tiers do not rise: {stated}")
    if last is not None and last < UNBOUNDED:
        record.notes.append(f"{where}: the last tier also holds above its max of {last:g}")
    return [*inner, None]


def _schedule(record: Record, kind: str, periods: int) -> Schedule:
    keys = (f"{kind}weekdayschedule", f"{kind}weekendschedule")
    weekday, weekend = (_table(record, key, periods) for key in keys)
    return Schedule(weekday=weekday, weekend=weekend)


def _table(record: Record, key: str, periods: int) -> tuple[tuple[int, ...], ...]:
    """12 rows of 24 indices. Where there is but one period, a missing schedule can only mean that one."""
    value = record.content.get(key)
    if value is None:
        if periods > 1:
            raise record.malformed(key, f"missing, though there are {periods} periods")
        return ((0,) * 24,) * 12
    rows = [record.rows(key, row) for row in record.rows(key, value)]
    if len(rows) != 12 or any(len(row) != 24 for row in rows):
        raise record.malformed(key, f"not 12 months of 24 hours but {[len(row) for row in rows]}")
    return tuple(_indices(record, key, row, periods) for row in rows)


def _indices(record: Record, key: str, row: Sequence[Any], count: int) -> tuple[int, ...]:
    """Zero-based indices below ``count``; 1.0 counts as 1."""
    found = [record.number_of(key, value) for value in row]
    for stated, value in zip(row, found, strict=True):
        if value is None or not value.is_integer() or not 0 <= value < count:
            raise record.malformed(key, f"{stated} is no index of one of the {count} periods, which begin at 0")
    return tuple(int(value) for value in found if value is not None)


def _flat_months(record: Record, count: int) -> tuple[int, ...]:
    if count == 0:
        return ()
    value = record.content.get("flatdemandmonths")
    if value is None:
        if count > 1:
            raise record.malformed("flatdemandmonths", f"missing, though there are {count} structures")
        return (0,) * 12
    months = _indices(record, "flatdemandmonths", record.rows("flatdemandmonths", value), count)
    if len(months) != 12:
        raise record.malformed("flatdemandmonths", f"{len(months)} values are not 12 months")
    return months


def _interval_min(record: Record, *, has_demand: bool) -> int:
    """Minutes over which demand is averaged."""
    stated = record.number("demandwindow")
    if stated is None:
        if has_demand:
            record.notes.append(f"demandwindow is missing: demand is averaged over {DEFAULT_INTERVAL_MIN} minutes")
        return DEFAULT_INTERVAL_MIN
    if stated not in INTERVALS_MIN:
        raise record.unsupported("demandwindow", f"{stated:g} minutes is none of {', '.join(map(str, INTERVALS_MIN))}")
    return int(stated)


def _ratchet(record: Record, *, has_flat_demand: bool) -> Ratchet | None:
    share = record.number("lookbackpercent")
    if share is None or share == 0:
        return None
    if not 0 < share <= 1:
        raise record.malformed("lookbackpercent", f"{share:g} is not a share between 0 and 1")
    if not has_flat_demand:
        raise record.unsupported("lookbackpercent", "a ratchet without flat demand to apply it to")
    reach = record.number("lookbackrange") or None
    months = _marked_months(record)
    if (reach is None) == (not months):
        raise record.malformed("lookbackpercent", "needs either lookbackrange or lookbackmonths")
    if reach is None:
        return Ratchet(share=share, months=months)
    if not reach.is_integer() or not 0 < reach <= 60:
        raise record.malformed("lookbackrange", f"{reach:g} is not a number of months up to 60")
    return Ratchet(share=share, previous_months=int(reach))


def _marked_months(record: Record) -> frozenset[int]:
    value = record.content.get("lookbackmonths")
    if value is None:
        return frozenset()
    marks = record.rows("lookbackmonths", value)
    if len(marks) != 12 or any(mark not in (0, 1) for mark in marks):
        raise record.malformed("lookbackmonths", f"{short(marks)} is not a mark of true or false for each of 12 months")
    return frozenset(number for number, mark in enumerate(marks, start=1) if mark)


def _periodic(record: Record, amount_key: str, unit_key: str) -> PeriodicCharge | None:
    amount = record.number(amount_key)
    if amount is None or amount == 0:
        return None
    per = record.member(unit_key, Per)
    if per is None:
        raise record.malformed(unit_key, f"missing, so {amount_key} {amount:g} has no period")
    return PeriodicCharge(amount=amount, per=per)
