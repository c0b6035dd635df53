"""What a problem must be before anybody solves it: each fault named with its place and its value."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.domain.assets import Battery, TaperPoint, ThermalStore
    from optimizer.domain.peaks import PeakCharge
    from optimizer.domain.problem import Problem, Published

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
}
"""Every other number is at least 0."""
LARGEST = 1e9
"""No number of a site, in any of our units, is larger; beyond it a solver's arithmetic is worth nothing."""
COST_NAMES = ("import", "export", "wear", "stored_energy", "carbon", "self_consumption", "change")
SMALLEST_EFFICIENCY = 0.01


def problem_faults(problem: "Problem") -> Iterator[str]:
    """Each reason why ``problem`` cannot be put to the model."""
    slots = len(problem.horizon)
    for name in SERIES:
        yield from _number_faults(name, getattr(problem, name), slots, is_series=True)
    for field in fields(problem):
        if field.name not in (*SERIES, "horizon", "published"):
            yield from _faults_within(
                field.name, getattr(problem, field.name), slots, is_series=_is_per_slot(field.type)
            )
    yield from _name_faults(problem)
    for battery in problem.batteries:
        yield from _battery_faults(battery)
    for store in problem.heat_stores:
        yield from _heat_store_faults(store)
    for charge in problem.peak_charges:
        yield from _peak_faults(charge, slots)
    if problem.published is not None:
        yield from _published_faults(problem.published, slots)
    if problem.curtailment_steps is not None and problem.curtailment_steps < 1:
        yield f"curtailment_steps is {problem.curtailment_steps}: it must be at least 1 or None"


def _is_per_slot(declared: object) -> bool:
    """Whether a field may hold one number for each slot."""
    return "tuple[float, ...]" in str(declared)


def _faults_within(path: str, given: object, slots: int, *, is_series: bool) -> Iterator[str]:
    """The numbers of a field, and of whatever it holds."""
    if isinstance(given, tuple) and given and is_dataclass(given[0]):
        for number, part in enumerate(given):
            yield from _faults_within(getattr(part, "name", f"{path}[{number}]"), part, slots, is_series=False)
    elif is_dataclass(given) and not isinstance(given, type):
        for field in fields(given):
            listed = field.name in {"interval_of_slot", "day_of_interval", "daily_peaks_kw"}
            part = getattr(given, field.name)
            if not listed:
                yield from _faults_within(f"{path}.{field.name}", part, slots, is_series=_is_per_slot(field.type))
            else:
                for number in part:
                    yield from _number_faults(f"{path}.{field.name}", number, slots, is_series=False)
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
    for name in names:
        if not name[:1].isalnum():
            yield f"the name {name!r} must begin with a letter or a digit"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two assets or charges are called {name!r}: give each its own name"
    for name in sorted(set(names) & set(COST_NAMES)):
        yield f"the name {name!r} is taken by a cost of every plan: choose another"


def _heat_store_faults(store: "ThermalStore") -> Iterator[str]:
    if store.kwh_per_k < 1e-6:
        yield f"{store.name}.kwh_per_k is {store.kwh_per_k}: a store without capacity holds no heat"
    if store.min_kw > store.max_kw:
        yield f"{store.name}: min_kw {store.min_kw:g} exceeds max_kw {store.max_kw:g}"


def _battery_faults(battery: "Battery") -> Iterator[str]:
    name = battery.name
    for part in ("charge_efficiency", "discharge_efficiency"):
        efficiency: float = getattr(battery, part)
        if not SMALLEST_EFFICIENCY <= efficiency <= 1:
            yield f"{name}.{part} is {efficiency}: it must be at least {SMALLEST_EFFICIENCY} and at most 1"
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


def _peak_faults(charge: "PeakCharge", slots: int) -> Iterator[str]:
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
    if charge.highest_days < 1:
        yield f"{charge.name}.highest_days is {charge.highest_days}: it must be at least 1"
    if charge.highest_days > 1 and looked_at and len(charge.day_of_interval) <= max(looked_at):
        yield f"{charge.name}.day_of_interval has {len(charge.day_of_interval)} values, interval {max(looked_at)} none"
    bounds = [step.above_kw for step in charge.steps]
    charges = [step.charge for step in charge.steps]
    if bounds != sorted(bounds) or charges != sorted(charges):
        yield f"{charge.name}.steps must rise in above_kw and in charge"


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
