"""What a problem must be before anybody solves it: each fault named with its place and its value."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.domain.assets import Battery, TaperPoint
    from optimizer.domain.peaks import PeakCharge
    from optimizer.domain.problem import Problem, Published, Uncertainty

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
    "first_slot",
    "battery_kw",
    "interval_of_slot",
    "fuel_cost_per_kwh",
    "wear_cost_per_kwh",
}
"""Every other number is at least 0."""


def problem_faults(problem: "Problem") -> Iterator[str]:
    """Each reason why ``problem`` cannot be put to the model."""
    slots = len(problem.horizon)
    for name in SERIES:
        yield from _number_faults(name, getattr(problem, name), slots, must_be_series=True)
    for field in fields(problem):
        if field.name not in SERIES:
            yield from _number_faults(field.name, getattr(problem, field.name), slots)
    names = [asset.name for asset in problem.assets]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two assets are called {name!r}: give each its own name"
    for asset in problem.assets:
        for field in fields(asset):
            yield from _number_faults(f"{asset.name}.{field.name}", getattr(asset, field.name), slots)
    for battery in problem.batteries:
        yield from _battery_faults(battery)
    for charge in problem.peak_charges:
        yield from _peak_faults(charge, slots)
    if problem.published is not None:
        yield from _published_faults(problem.published, slots)
    if problem.uncertainty is not None:
        yield from _uncertainty_faults(problem.uncertainty, slots)
    if problem.curtailment_steps is not None and problem.curtailment_steps < 1:
        yield f"curtailment_steps is {problem.curtailment_steps}: it must be at least 1 or None"


def _number_faults(name: str, given: object, slots: int, *, must_be_series: bool = False) -> Iterator[str]:
    """Finite, of the right sign, and as long as the horizon."""
    if isinstance(given, tuple):
        if given and not isinstance(given[0], int | float):
            return
        if len(given) != slots and (given or must_be_series):
            yield f"{name} has {len(given)} values for {slots} slots"
        numbers = given
    elif isinstance(given, int | float):
        numbers = (given,)
    else:
        return
    least = float("-inf") if name.rpartition(".")[2] in MAY_BE_NEGATIVE else 0.0
    is_limit = "limit_kw" in name
    for slot, number in enumerate(numbers):
        place = f"{name}[{slot}]" if isinstance(given, tuple) else name
        if not isfinite(number) and not (is_limit and number == float("inf")):
            yield f"{place} is {number}: not finite"
        elif number < least:
            yield f"{place} is negative: {number}"


def _battery_faults(battery: "Battery") -> Iterator[str]:
    name = battery.name
    for part in ("charge_efficiency", "discharge_efficiency"):
        efficiency: float = getattr(battery, part)
        if not 0 < efficiency <= 1:
            yield f"{name}.{part} is {efficiency}: it must be above 0 and at most 1"
    if not battery.soc_min_kwh <= battery.soc_max_kwh <= battery.capacity_kwh * (1 + 1e-9):
        yield (
            f"{name}: soc_min_kwh {battery.soc_min_kwh:g}, soc_max_kwh {battery.soc_max_kwh:g} and "
            f"capacity_kwh {battery.capacity_kwh:g} must rise"
        )
    if not 0 <= battery.self_discharge_per_h < 1:
        yield f"{name}.self_discharge_per_h is {battery.self_discharge_per_h}: it must be at least 0 and below 1"
    values = [value.value_per_kwh for value in battery.end_values]
    if values != sorted(values, reverse=True):
        yield f"{name}.end_values must fall from the first kWh stored to the last: {values}"
    costs = [segment.cost_per_kwh for segment in battery.depth_segments]
    if costs != sorted(costs):
        yield f"{name}.depth_segments must cost more the deeper they are: {costs}"
    yield from _taper_faults(f"{name}.charge_taper", battery.charge_taper)
    yield from _taper_faults(f"{name}.discharge_taper", battery.discharge_taper)


def _taper_faults(name: str, points: "tuple[TaperPoint, ...]") -> Iterator[str]:
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


def _peak_faults(charge: "PeakCharge", slots: int) -> Iterator[str]:
    intervals = charge.interval_of_slot
    if len(intervals) != slots:
        yield f"{charge.name}.interval_of_slot has {len(intervals)} values for {slots} slots"
        return
    looked_at = [interval for interval in intervals if interval >= 0]
    if looked_at != sorted(looked_at):
        yield f"{charge.name}.interval_of_slot must not fall"
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
            if number is not None and not isfinite(number):
                yield f"published.{name}[{slot}] is {number}: not finite"
    if any(price < 0 for price in published.price_per_kw):
        yield "published.price_per_kw is negative somewhere: a change cannot earn money"


def _uncertainty_faults(uncertainty: "Uncertainty", slots: int) -> Iterator[str]:
    if not uncertainty.scenarios:
        yield "uncertainty.scenarios is empty: give at least one or leave uncertainty out"
        return
    total = sum(scenario.probability for scenario in uncertainty.scenarios)
    if abs(total - 1.0) > 1e-6:
        yield f"uncertainty: the scenarios' probabilities sum to {total:g}, not to 1"
    for number, scenario in enumerate(uncertainty.scenarios):
        for field in fields(scenario):
            given = getattr(scenario, field.name)
            yield from _number_faults(f"uncertainty.scenarios[{number}].{field.name}", given, slots)
    for name in ("risk_weight", "risk_share"):
        share: float = getattr(uncertainty, name)
        if not 0 <= share <= 1:
            yield f"uncertainty.{name} is {share}: it must be between 0 and 1"
    if not 0 <= uncertainty.decided_slots <= slots:
        yield f"uncertainty.decided_slots is {uncertainty.decided_slots} for {slots} slots"
