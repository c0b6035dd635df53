"""What a problem must be before anybody solves it: each fault named with its place and its value."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise, product
from math import isnan
from typing import TYPE_CHECKING, Any

from optimizer.domain.assets import per_slot

if TYPE_CHECKING:
    from optimizer.domain.assets import Battery, DeferrableLoad, EvSession, Genset, TaperPoint, ThermalStore
    from optimizer.domain.charges import NettedEnergy
    from optimizer.domain.peaks import BilledPeak
    from optimizer.domain.problem import Problem, Published
    from optimizer.domain.uncertainty import Uncertainty

    Asset = Battery | EvSession | Genset | ThermalStore

SERIES = ("load_kw", "heat_kw", "solar_kw", "import_price_per_kwh", "export_price_per_kwh")
MAY_BE_NEGATIVE = {
    "load_kw",
    "import_price_per_kwh",
    "export_price_per_kwh",
    "co2_price_per_kg",
    "export_extra_cost_per_kwh",
    "temperature_c",
    "comfort_min_c",
    "comfort_max_c",
    "surroundings_c",
    "value_per_k",
    "value_per_kwh",
    "charge_priority",
    "end_slot",
    "first_slot",
    "battery_kw",
    "interval_of_slot",
    "fuel_cost_per_kwh",
    "wear_cost_per_kwh",
    "added_price_per_kwh",
    "group_of_slot",
    "ratchet_of_slot",
    "missing",
    "fixed_charge",
}
"""Every other number is at least 0."""
LARGEST = 1e9
"""No number of a site, in any of our units, is larger; beyond it a solver's arithmetic is worth nothing."""
COST_NAMES = (
    *("import", "export", "import_limit over kWh", "export_limit over kWh"),
    *("wear", "stored_energy", "carbon", "self_consumption", "change", "netting", "fixed charges"),
)
COST_WORDS = (
    *("above", "below", "ceiling", "demanded", "goal", "reserve"),
    *("fuel", "running", "starts"),
    *("short", "stored", "too"),
)
"""With which an asset's costs and shortfalls go on after its name: "battery below window kWh h"."""
SMALLEST_EFFICIENCY = 0.01
ONE_PRICE = 1e-8
"""Prices that differ by less are one price."""
LISTED = {
    *("interval_of_slot", "day_of_interval", "daily_peaks_kw", "ratchet_of_slot"),
    *("group_of_slot", "so_far_import_kwh", "so_far_export_kwh", "above_kwh", "added_price_per_kwh"),
}
"""Numbers in a row that are not one for each slot."""
ELSEWHERE = {*SERIES, "horizon", "published", "uncertainty"}
"""Fields of a problem that have rules of their own."""


def problem_faults(problem: "Problem") -> Iterator[str]:
    """Each reason why ``problem`` cannot be put to the model."""
    slots = len(problem.horizon)
    for name in SERIES:
        yield from _number_faults(name, getattr(problem, name), slots, is_series=True)
    kind: Any = type(problem)
    for name, is_series in _checked(kind):
        if name not in ELSEWHERE:
            yield from _faults_within(name, getattr(problem, name), slots, is_series=is_series)
    yield from _name_faults(problem)
    for battery in problem.batteries:
        yield from _battery_faults(battery)
    for store in problem.heat_stores:
        yield from _heat_store_faults(store, problem)
    for machine in problem.gensets:
        yield from _least_above_most(machine, "min_kw", "max_kw")
    for session in problem.ev_sessions:
        yield from _session_faults(session)
    flexible: tuple[DeferrableLoad | EvSession, ...] = (*problem.deferrable_loads, *problem.ev_sessions)
    for present in flexible:
        if present.end_slot is not None and present.end_slot <= present.first_slot:
            yield f"{present.name}: end_slot {present.end_slot} must lie after first_slot {present.first_slot}"
    for charge in problem.peak_charges:
        yield from _peak_faults(charge, slots)
    yield from _charge_faults(problem)
    if problem.published is not None:
        yield from _published_faults(problem.published, slots)
    if problem.uncertainty is not None:
        yield from _uncertainty_faults(problem.uncertainty, slots)
    if problem.curtailment_steps is not None and problem.curtailment_steps < 1:
        yield f"curtailment_steps is {problem.curtailment_steps}: it must be at least 1 or None"


@cache
def _checked(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a dataclass, and whether each may hold one number for each slot."""
    return tuple((field.name, "tuple[float, ...]" in str(field.type)) for field in fields(kind))


def _faults_within(path: str, given: object, slots: int, *, is_series: bool) -> Iterator[str]:
    """The numbers of a field, and of whatever it holds."""
    if isinstance(given, tuple) and given and is_dataclass(given[0]):
        for number, part in enumerate(given):
            yield from _faults_within(getattr(part, "name", f"{path}[{number}]"), part, slots, is_series=False)
    elif is_dataclass(given) and not isinstance(given, type):
        kind: Any = type(given)
        for name, may_be_series in _checked(kind):
            part = getattr(given, name)
            if name not in LISTED:
                yield from _faults_within(f"{path}.{name}", part, slots, is_series=may_be_series)
            else:
                for number in part:
                    yield from _number_faults(f"{path}.{name}", number, slots, is_series=False)
    else:
        yield from _number_faults(path, given, slots, is_series=is_series)


def _number_faults(name: str, given: object, slots: int, *, is_series: bool) -> Iterator[str]:
    """Of a possible size, of the right sign, and as long as the horizon."""
    if isinstance(given, tuple):
        if not is_series:
            return
        if len(given) != slots:
            yield f"{name} has {len(given)} values for {slots} slots"
        numbers = given
    elif isinstance(given, int | float):
        numbers = (given,)
    else:
        return
    least = -LARGEST if name.rpartition(".")[2] in MAY_BE_NEGATIVE else 0.0
    is_limit = "limit_kw" in name
    if numbers and min(numbers) >= least and max(numbers) <= LARGEST and not isnan(sum(numbers)):
        return
    for slot, number in enumerate(numbers):
        if least <= number <= LARGEST or (is_limit and number == float("inf")):
            continue
        place = f"{name}[{slot}]" if isinstance(given, tuple) else name
        if -LARGEST <= number < 0:
            yield f"{place} is negative: {number}"
        else:
            yield f"{place} is {str(number)[:40]}: not finite, or beyond {LARGEST:g}"


def _name_faults(problem: "Problem") -> Iterator[str]:
    """Reported costs and rows are told apart by name."""
    names = [asset.name for asset in problem.assets] + [charge.name for charge in problem.peak_charges]
    names += [tiers.name for tiers in problem.energy_tiers] + [bill.name for bill in problem.least_bills]
    for name in names:
        if not name[:1].isalnum():
            yield f"the name {name!r} must begin with a letter or a digit"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two assets or charges are called {name!r}: give each its own name"
    for name in sorted(set(names) & set(COST_NAMES)):
        yield f"the name {name!r} is taken by a cost of every plan: choose another"
    for owner, name in product(names, names):
        rest = name.removeprefix(f"{owner} ")
        if rest != name and rest.partition(" ")[0] in COST_WORDS:
            yield f"the name {name!r} reads like a cost of {owner!r}: choose another"


def _heat_store_faults(store: "ThermalStore", problem: "Problem") -> Iterator[str]:
    if store.kwh_per_k < 1e-6:
        yield f"{store.name}.kwh_per_k is {store.kwh_per_k}: a store without capacity holds no heat"
    yield from _least_above_most(store, "min_kw", "max_kw")
    longest_h = max(problem.horizon.slot_h)
    most_loss = store.kwh_per_k / longest_h
    if store.loss_kw_per_k > most_loss:
        yield (
            f"{store.name}.loss_kw_per_k is {store.loss_kw_per_k:g}: beyond {most_loss:g} the store cools down "
            f"within less than a slot of {longest_h:g} h; give shorter slots"
        )
    lows, highs = (per_slot(given, len(problem.horizon)) for given in (store.comfort_min_c, store.comfort_max_c))
    for slot, (low, high) in enumerate(zip(lows, highs, strict=False)):
        if low > high:
            yield f"{store.name}: comfort_min_c {low:g} exceeds comfort_max_c {high:g} in slot {slot}"
            break


def _session_faults(session: "EvSession") -> Iterator[str]:
    yield from _efficiency_faults(session, "efficiency")
    yield from _least_above_most(session, "min_charge_kw", "max_charge_kw")


def _least_above_most(asset: "Asset", least: str, most: str) -> Iterator[str]:
    if getattr(asset, least) > getattr(asset, most):
        yield f"{asset.name}: {least} {getattr(asset, least):g} exceeds {most} {getattr(asset, most):g}"


def _efficiency_faults(asset: "Asset", part: str) -> Iterator[str]:
    efficiency: float = getattr(asset, part)
    if not SMALLEST_EFFICIENCY <= efficiency <= 1:
        yield f"{asset.name}.{part} is {efficiency}: it must be at least {SMALLEST_EFFICIENCY} and at most 1"


def _battery_faults(battery: "Battery") -> Iterator[str]:
    name = battery.name
    yield from _efficiency_faults(battery, "charge_efficiency")
    yield from _efficiency_faults(battery, "discharge_efficiency")
    yield from _least_above_most(battery, "min_charge_kw", "max_charge_kw")
    yield from _least_above_most(battery, "min_discharge_kw", "max_discharge_kw")
    if not battery.soc_min_kwh <= battery.soc_max_kwh <= battery.capacity_kwh * (1 + 1e-9):
        yield (
            f"{name}: soc_min_kwh {battery.soc_min_kwh:g}, soc_max_kwh {battery.soc_max_kwh:g} and "
            f"capacity_kwh {battery.capacity_kwh:g} must rise"
        )
    if battery.soc_kwh > battery.capacity_kwh * (1 + 1e-9):
        yield f"{name}.soc_kwh is {battery.soc_kwh:g}: more than capacity_kwh {battery.capacity_kwh:g}"
    if not 0 <= battery.self_discharge_per_h < 1:
        yield f"{name}.self_discharge_per_h is {battery.self_discharge_per_h}: it must be at least 0 and below 1"
    values = [value.value_per_kwh for value in battery.end_values]
    if values != sorted(values, reverse=True):
        yield f"{name}.end_values must fall from the first kWh stored to the last: {values}"
    covered_kwh = sum(value.kwh for value in battery.end_values)
    if values and values[-1] < 0 and covered_kwh < battery.capacity_kwh * (1 - 1e-9):
        yield f"{name}.end_values turn negative, so they must cover the capacity, not {covered_kwh:g} kWh of it"
    costs = [segment.cost_per_kwh for segment in battery.depth_segments]
    if costs != sorted(costs):
        yield f"{name}.depth_segments must cost more the deeper they are: {costs}"
    yield from _taper_faults(f"{name}.charge_taper", battery.charge_taper, battery.capacity_kwh)
    yield from _taper_faults(f"{name}.discharge_taper", battery.discharge_taper, battery.capacity_kwh)


def _taper_faults(name: str, points: "tuple[TaperPoint, ...]", capacity_kwh: float) -> Iterator[str]:
    if not points:
        return
    if len(points) == 1:
        yield f"{name} has one point: give at least two"
        return
    slopes = []
    for left, right in pairwise(points):
        if right.soc_kwh <= left.soc_kwh:
            yield f"{name}: soc_kwh must rise, {left.soc_kwh:g} is followed by {right.soc_kwh:g}"
            return
        slopes.append((right.limit_kw - left.limit_kw) / (right.soc_kwh - left.soc_kwh))
    if any(later > earlier + 1e-9 for earlier, later in pairwise(slopes)):
        yield f"{name}: the curve must be concave (each piece at most as steep as the one before it)"
    first, last = points[0], points[-1]
    at_empty = first.limit_kw - slopes[0] * first.soc_kwh
    at_full = last.limit_kw + slopes[-1] * (capacity_kwh - last.soc_kwh)
    if min(at_empty, at_full) < -1e-9:
        yield f"{name}: continued to empty and to full the curve falls below 0 kW; give it points there"


def _peak_faults(charge: "BilledPeak", slots: int) -> Iterator[str]:
    intervals = charge.interval_of_slot
    if len(intervals) != slots:
        yield f"{charge.name}.interval_of_slot has {len(intervals)} values for {slots} slots"
        return
    looked_at = [interval for interval in intervals if interval >= 0]
    if looked_at != sorted(looked_at):
        yield f"{charge.name}.interval_of_slot must not fall"
    if looked_at and max(looked_at) >= slots:
        yield f"{charge.name}.interval_of_slot holds {max(looked_at)}: number the intervals from 0 without gaps"
    if any(not 0 <= day < max(slots, 1) for day in charge.day_of_interval):
        yield f"{charge.name}.day_of_interval must number the days from 0 without gaps"
    if charge.metered_kwh > LARGEST * charge.metered_h > 0:
        yield f"{charge.name}: metered_kwh {charge.metered_kwh:g} in metered_h {charge.metered_h:g} is beyond any power"
    if charge.highest_days < 1:
        yield f"{charge.name}.highest_days is {charge.highest_days}: it must be at least 1"
    if charge.highest_days > 1 and looked_at and len(charge.day_of_interval) <= max(looked_at):
        yield f"{charge.name}.day_of_interval has {len(charge.day_of_interval)} values, interval {max(looked_at)} none"
    if charge.ratchet_of_slot and len(charge.ratchet_of_slot) != slots:
        yield f"{charge.name}.ratchet_of_slot has {len(charge.ratchet_of_slot)} values for {slots} slots"
    if charge.ratchet_share > 1:
        yield f"{charge.name}.ratchet_share is {charge.ratchet_share:g}: it must be at most 1"
    bounds = [tier.above_kw for tier in charge.tiers]
    if bounds != sorted(set(bounds)):
        yield f"{charge.name}.tiers must rise in above_kw"
    bounds = [step.above_kw for step in charge.steps]
    charges = [step.charge for step in charge.steps]
    if bounds != sorted(bounds) or charges != sorted(charges):
        yield f"{charge.name}.steps must rise in above_kw and in charge"


def _charge_faults(problem: "Problem") -> Iterator[str]:
    slots = len(problem.horizon)
    for tiers in problem.energy_tiers:
        if len(tiers.counts) != slots:
            yield f"{tiers.name}.counts has {len(tiers.counts)} values for {slots} slots"
        if len(tiers.above_kwh) != len(tiers.added_price_per_kwh):
            yield f"{tiers.name}: above_kwh and added_price_per_kwh must be equally long"
        if list(tiers.above_kwh) != sorted(set(tiers.above_kwh)):
            yield f"{tiers.name}.above_kwh must rise: {list(tiers.above_kwh)}"
    if problem.netting is not None:
        yield from _netting_faults(problem.netting, problem)
    for bill in problem.least_bills:
        if not 0 <= bill.first_slot < bill.end_slot <= slots:
            yield f"{bill.name}: first_slot {bill.first_slot} and end_slot {bill.end_slot} must rise within {slots}"


def _netting_faults(netting: "NettedEnergy", problem: "Problem") -> Iterator[str]:
    slots, groups = len(problem.horizon), len(netting.so_far_import_kwh)
    if len(netting.group_of_slot) != slots:
        yield f"netting.group_of_slot has {len(netting.group_of_slot)} values for {slots} slots"
        return
    if len(netting.so_far_export_kwh) != groups:
        yield "netting.so_far_import_kwh and so_far_export_kwh must be equally long"
    if {group for group in netting.group_of_slot if group >= 0} != set(range(groups)):
        yield f"netting.group_of_slot must hold each of the {groups} groups of so_far_import_kwh, and no other"
    prices: dict[int, tuple[float, float]] = {}
    rows = zip(netting.group_of_slot, problem.import_price_per_kwh, problem.export_price_per_kwh, strict=False)
    for slot, (group, bought, sold) in enumerate(rows):
        first = prices.setdefault(group, (bought, sold))
        if group >= 0 and max(abs(first[0] - bought), abs(first[1] - sold)) > ONE_PRICE:
            yield f"netting: slot {slot} is in group {group} but has other prices than its first slot"
            return


def _published_faults(published: "Published", slots: int) -> Iterator[str]:
    for name in ("battery_kw", "price_per_kw"):
        series: tuple[float | None, ...] = getattr(published, name)
        if len(series) != slots:
            yield f"published.{name} has {len(series)} values for {slots} slots"
        for slot, number in enumerate(series):
            if number is not None and not abs(number) <= LARGEST:
                yield f"published.{name}[{slot}] is {number}: not finite, or beyond {LARGEST:g}"
    if any(price < 0 for price in published.price_per_kw):
        yield "published.price_per_kw is negative somewhere: a change cannot earn money"


def _uncertainty_faults(uncertainty: "Uncertainty", slots: int) -> Iterator[str]:
    total = sum(scenario.probability for scenario in uncertainty.scenarios)
    if any(not 0 <= scenario.probability <= 1 for scenario in uncertainty.scenarios) or not total <= 1 + 1e-9:
        yield f"uncertainty.scenarios have probabilities of {total:g} together: each is 0 to 1, all at most 1"
    for number, scenario in enumerate(uncertainty.scenarios):
        for name, series in scenario.given.items():
            yield from _number_faults(f"uncertainty.scenarios[{number}].{name}", series, slots, is_series=True)
    if not 1 <= uncertainty.shared_slots <= slots:
        yield f"uncertainty.shared_slots is {uncertainty.shared_slots}: it must be 1 to {slots}, all slots"
    if not 0 <= uncertainty.risk_weight <= 1:
        yield f"uncertainty.risk_weight is {uncertainty.risk_weight}: it must be 0 to 1"
    if not 0 < uncertainty.tail <= 1:
        yield f"uncertainty.tail is {uncertainty.tail}: it must be above 0 and at most 1"
