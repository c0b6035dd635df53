"""What each scenario costs from the second slot on, by what is stored then: exactly, without a solver.

For one battery with constant efficiencies, where selling never pays more than buying costs, the cost of a slot is a
convex piecewise linear function of the energy that goes into the battery. Backwards from the horizon's end, the
cost to go is the infimal convolution of the next slot's with it: the pieces of both together, in order of their
slopes (Rockafellar, Convex Analysis, 1970, ch. 5 and 16; the same as the water values of a single reservoir).
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.assets import Battery, PerSlot
from optimizer.domain.problem import Problem
from optimizer.domain.uncertainty import SCENARIO_SERIES, Uncertainty
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Floats, Ints

LEAST_KWH = 1e-12
"""A shorter piece is none."""
INSIDE_KWH = 1e-9
SAME_SLOPE = 1e-9
FINE_H, COARSE_H = 3.0, 1.0

_PLAIN_BATTERY = {
    "goal_kwh": None,
    "ceiling_kwh": None,
    "demanded_charge_kw": None,
    "min_charge_kw": 0.0,
    "min_discharge_kw": 0.0,
    "self_discharge_per_h": 0.0,
    "charge_taper": (),
    "discharge_taper": (),
    "depth_segments": (),
    "is_dc_coupled": False,
}
_PLAIN_PROBLEM = {
    "import_over_price_per_kwh": None,
    "export_over_price_per_kwh": None,
    "curtailment_steps": None,
    "inverter_limit_kw": None,
    "peak_charges": (),
    "energy_tiers": (),
    "netting": None,
    "least_bills": (),
    "heat_stores": (),
    "deferrable_loads": (),
    "ev_sessions": (),
    "gensets": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Convex:
    """A convex piecewise linear function of kWh: where its pieces meet, and its values there."""

    knots: Floats
    values: Floats

    def at(self, points: Floats) -> Floats:
        """Its values; infinite outside."""
        found = np.interp(points, self.knots, self.values)
        outside = (points < self.knots[0] - INSIDE_KWH) | (points > self.knots[-1] + INSIDE_KWH)
        return np.where(outside, np.inf, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PiecesOfAll:
    """One such function for each turn ``k``, as its value at ``low[k]`` and its pieces by rising slope.

    ``slopes[k, p]`` are money per kWh stored, ``lengths[k, p]`` kWh; pieces of no length may stand anywhere.
    """

    low: Floats
    value: Floats
    slopes: Floats
    lengths: Floats

    def functions(self) -> list[Convex]:
        """Each of them."""
        steps, rises = self.lengths.cumsum(axis=1), (self.slopes * self.lengths).cumsum(axis=1)
        knots = np.concatenate((self.low[:, None], self.low[:, None] + steps), axis=1)
        values = np.concatenate((self.value[:, None], self.value[:, None] + rises), axis=1)
        return [Convex(knots=at, values=worth) for at, worth in zip(knots, values, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How things may turn out, ``[turn, slot]``: kW that no variable moves, sun, what a kWh bought or sold is worth.

    The first is the forecast's own.
    """

    demand_kw: Floats
    solar_kw: Floats
    bought: Floats
    sold: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How the slots are joined: ``firsts[n]`` is the first slot of step ``n``, ``h[n]`` its hours."""

    firsts: Ints
    h: Floats
    slot_h: Floats

    def means(self, values: Floats) -> Floats:
        """Per step (the last axis), weighted by time."""
        found: Floats = np.add.reduceat(values * self.slot_h, self.firsts, axis=-1) / self.h
        return found

    def least(self, values: Floats) -> Floats:
        """Per step."""
        found: Floats = np.minimum.reduceat(values[: len(self.slot_h)], self.firsts)
        return found


def steps_of(problem: Problem, joined: int = 1) -> Steps:
    """The first ``joined`` slots as one; each by itself for the first hours; later ones joined to about an hour each.

    What is compared is what the first command leaves to be done later, and for that the minutes of a later hour do
    not matter, while each step costs time.
    """
    h = slot_h(problem)
    since_h = np.cumsum(h) - h
    later = np.floor((since_h - FINE_H) / COARSE_H + 1e-9)
    key = np.where(since_h < FINE_H - 1e-9, -len(h) + np.arange(len(h)), later)
    key[:joined] = key[0]
    firsts = np.flatnonzero(np.diff(key, prepend=key[0] - 1)).astype(np.int32)
    return Steps(firsts=firsts, h=np.add.reduceat(h, firsts), slot_h=h)


def slots_alike(turns: Turns, shared: int) -> int:
    """How many of the first ``shared`` slots have the prices of the first one, whatever comes true."""
    prices = np.concatenate((turns.bought[:, :shared], turns.sold[:, :shared]))
    changes = np.flatnonzero(np.any(np.abs(prices - prices[:, :1]) > SAME_SLOPE, axis=0))
    return int(changes[0]) if len(changes) else shared


def turns_of(problem: Problem, uncertainty: Uncertainty) -> Turns:
    """The forecast's own, then one for each scenario; prices with what is wished for beside the bill."""
    co2 = problem.co2_price_per_kg * series(problem.co2_kg_per_kwh, problem)
    standby_kw = sum(battery.standby_kw for battery in problem.batteries)
    given = [{}, *(scenario.given for scenario in uncertainty.scenarios)]
    found = {name: np.array([each.get(name, getattr(problem, name)) for each in given]) for name in SCENARIO_SERIES}
    return Turns(
        demand_kw=found["load_kw"] + found["heat_kw"] + standby_kw,
        solar_kw=found["solar_kw"],
        bought=found["import_price_per_kwh"] + co2,
        sold=found["export_price_per_kwh"] - problem.export_extra_cost_per_kwh,
    )


def is_plain(problem: Problem, turns: Turns) -> bool:
    """Whether the cost of each slot hangs on one battery's energy alone, in a convex way, in all ``turns``."""
    if len(problem.batteries) != 1 or problem.preference_budget > 0:
        return False
    battery = problem.batteries[0]
    if any(getattr(battery, name) != plain for name, plain in _PLAIN_BATTERY.items()):
        return False
    if any(getattr(problem, name) != plain for name, plain in _PLAIN_PROBLEM.items()):
        return False
    if not _floor(battery) <= battery.soc_kwh <= battery.soc_max_kwh:
        return False
    return bool(np.all(turns.bought >= np.maximum(turns.sold, 0.0)))


def _floor(battery: Battery) -> float:
    reserve = battery.reserve_kwh
    most = max(reserve) if isinstance(reserve, tuple) else reserve
    return max(battery.soc_min_kwh, min(most, battery.soc_max_kwh))


def step_costs(problem: Problem, turns: Turns, steps: Steps) -> list[PiecesOfAll] | None:
    """The cost of each step by the energy that goes into the battery (less what comes out).

    None where one cannot be run, or is not convex. ``is_plain`` is taken for granted.
    """
    battery, h = problem.batteries[0], steps.h
    mean = Turns(**{name: steps.means(getattr(turns, name)) for name in ("demand_kw", "solar_kw", "bought", "sold")})
    sun_kwh, net_kwh = mean.solar_kw * h, (mean.demand_kw - mean.solar_kw) * h
    cut_kwh = sun_kwh if problem.can_curtail else np.zeros(sun_kwh.shape)
    most_in = steps.least(_least_limit(problem.import_limit_kw, problem.import_rating_kw, problem)) * h
    most_out = steps.least(_least_limit(problem.export_limit_kw, problem.export_rating_kw, problem)) * h
    low = np.maximum(-battery.max_discharge_kw * h, -most_out - cut_kwh - net_kwh)
    high = np.minimum(battery.max_charge_kw * h, most_in - net_kwh)
    if not battery.charges_from_grid:
        high = np.minimum(high, np.maximum(-net_kwh, 0.0))
    if not battery.discharges_to_grid:
        low = np.maximum(low, -np.maximum(net_kwh, 0.0))
    if np.any(high < low):
        return None
    told_kwh, told_price = _told(problem, steps)
    # where a slope may change: nothing moves, nothing is exchanged, all sun is cut, the limit of export, as told
    changes = np.broadcast_arrays(np.zeros(1), -net_kwh, -net_kwh - cut_kwh, -net_kwh - most_out, told_kwh)
    knots = np.sort(np.clip(np.stack([low, *changes, high]), low, high), axis=0)
    middles, lengths = (knots[1:] + knots[:-1]) / 2, np.diff(knots, axis=0)
    grid = middles + net_kwh
    out = np.where(((mean.sold < 0) & (grid > -cut_kwh)) | (grid < -most_out), 0.0, mean.sold)
    beside = battery.wear_cost_per_kwh * np.sign(middles) + told_price * np.sign(middles - told_kwh)
    slopes = np.where(grid > 0, mean.bought, out) + beside
    efficiency = np.where(middles > 0, battery.charge_efficiency, 1 / battery.discharge_efficiency)
    lengths, slopes = lengths * efficiency, slopes / efficiency
    if not _are_convex(slopes, lengths):
        return None
    first = _energy_cost(low + net_kwh, cut_kwh, most_out, mean)
    first = first + battery.wear_cost_per_kwh * np.abs(low) + told_price * np.abs(low - told_kwh)
    low = np.where(low > 0, low * battery.charge_efficiency, low / battery.discharge_efficiency)
    return [
        PiecesOfAll(low=low[:, t], value=first[:, t], slopes=slopes[:, :, t].T, lengths=lengths[:, :, t].T)
        for t in range(len(h))
    ]


def untold_first(problem: Problem, turns: Turns, joined: int) -> list[Convex]:
    """What the first ``joined`` slots cost in each turn, whatever the battery was told for them before."""
    names = ("demand_kw", "solar_kw", "bought", "sold")
    first = Turns(**{name: getattr(turns, name)[:, :joined] for name in names})
    h = slot_h(problem)[:joined]
    step = Steps(firsts=np.zeros(1, dtype=np.int32), h=h.sum(keepdims=True), slot_h=h)
    costs = step_costs(replace(problem, published=None), first, step)
    return [] if costs is None else costs[0].functions()


def following_kwh(problem: Problem, turns: Turns, joined: int) -> Floats:
    """What goes into the store in the first ``joined`` slots of each turn where the battery follows the load."""
    battery, h = problem.batteries[0], slot_h(problem)[:joined]
    rest_kw = (turns.solar_kw - turns.demand_kw)[:, :joined]
    kwh = np.clip(rest_kw, -battery.max_discharge_kw, battery.max_charge_kw) * h
    stored = np.where(kwh > 0, kwh * battery.charge_efficiency, kwh / battery.discharge_efficiency).sum(axis=1)
    found: Floats = np.clip(stored, _floor(battery) - battery.soc_kwh, battery.soc_max_kwh - battery.soc_kwh)
    return found


def into_store(battery: Battery, kwh: float) -> float:
    """Energy that reaches (or leaves) the store for what is charged (or discharged) at the AC side."""
    return kwh * battery.charge_efficiency if kwh > 0 else kwh / battery.discharge_efficiency


def out_of_store(battery: Battery, kwh: float) -> float:
    """The other way round."""
    return kwh / battery.charge_efficiency if kwh > 0 else kwh * battery.discharge_efficiency


def _least_limit(limit: PerSlot | None, rating_kw: float | None, problem: Problem) -> Floats:
    limits = np.full(len(problem.horizon), np.inf) if limit is None else series(limit, problem)
    return limits if rating_kw is None else np.minimum(limits, rating_kw)


def _told(problem: Problem, steps: Steps) -> tuple[Floats, Floats]:
    """What the battery was told in each step (kWh into it) and what each kWh of change costs."""
    if problem.published is None:
        return np.zeros(len(steps.h)), np.zeros(len(steps.h))
    told_kw = np.array([np.nan if kw is None else kw for kw in problem.published.battery_kw])
    price = np.where(np.isnan(told_kw), 0.0, np.array(problem.published.price_per_kw) / steps.slot_h)
    return steps.means(np.nan_to_num(told_kw)) * steps.h, steps.means(price)


def _energy_cost(grid_kwh: Floats, cut_kwh: Floats, most_out: Floats, mean: Turns) -> Floats:
    """Where so much is exchanged, the sun cut where that pays or a limit asks for it."""
    kept = np.where(mean.sold < 0, np.minimum(grid_kwh + cut_kwh, 0.0), grid_kwh)
    exported = np.minimum(np.maximum(-kept, 0.0), most_out)
    cost: Floats = np.where(grid_kwh > 0, mean.bought * grid_kwh, -mean.sold * exported)
    return cost


def _are_convex(slopes: Floats, lengths: Floats) -> bool:
    """``[piece, turn, step]``. Not so where doing as told is worth more than energy.

    Energy would then be burnt by running both ways at once.
    """
    told = np.where(lengths > LEAST_KWH, slopes, -np.inf)
    highest = np.maximum.accumulate(told, axis=0)
    return not np.any((lengths[1:] > LEAST_KWH) & (slopes[1:] < highest[:-1] - SAME_SLOPE))


def cost_to_go(problem: Problem, costs: list[PiecesOfAll], shared: int) -> PiecesOfAll | None:
    """What the slots after the first ``shared`` cost at least, by the energy stored at their start; None: no way."""
    battery, turns = problem.batteries[0], len(costs[0].low)
    pieces = [(-end.value_per_kwh, end.kwh) for end in battery.end_values]
    spare_kwh = battery.capacity_kwh - sum(length for _, length in pieces)
    if spare_kwh > LEAST_KWH:
        pieces.append((0.0, spare_kwh))
    pieces.sort()
    slopes, lengths = np.array(pieces).T
    nothing = np.zeros(turns)
    at_end = PiecesOfAll(
        low=nothing, value=nothing, slopes=np.tile(slopes, (turns, 1)), lengths=np.tile(lengths, (turns, 1))
    )
    floor, top = _floor(battery), battery.soc_max_kwh
    left = _clipped(at_end, floor, top)
    for cost in reversed(costs[shared:]):
        if left is None:
            return None
        left = _clipped(_one_step_before(left, cost), floor, top)
    return left


def _one_step_before(left: PiecesOfAll, cost: PiecesOfAll) -> PiecesOfAll:
    """What goes into the battery in a step need not be in it before: the infimal convolution with its mirror image."""
    slopes = np.concatenate((left.slopes, -cost.slopes), axis=1)
    lengths = np.concatenate((left.lengths, cost.lengths), axis=1)
    is_some = lengths > LEAST_KWH
    most = max(int(is_some.sum(axis=1).max()), 1)
    order = np.where(is_some, slopes, np.inf).argsort(axis=1)[:, :most]
    order += np.arange(len(slopes))[:, None] * slopes.shape[1]
    return PiecesOfAll(
        low=left.low - cost.low - cost.lengths.sum(axis=1),
        value=left.value + cost.value + (cost.slopes * cost.lengths).sum(axis=1),
        slopes=slopes.ravel()[order],
        lengths=lengths.ravel()[order],
    )


def _clipped(all_: PiecesOfAll, floor: float, top: float) -> PiecesOfAll | None:
    """Only what lies within ``[floor, top]`` is left. None where nothing is in some turn."""
    low, lengths = all_.low, all_.lengths
    until = lengths.cumsum(axis=1) + low[:, None]
    if until[:, -1].min() < floor - INSIDE_KWH or low.max() > top + INSIDE_KWH:
        return None
    value = all_.value
    if low.min() < floor:
        below = np.minimum(np.maximum(floor - until + lengths, 0.0), lengths)
        low, value = low + below.sum(axis=1), value + (all_.slopes * below).sum(axis=1)
        lengths = lengths - below
    lengths = lengths - np.minimum(np.maximum(until - top, 0.0), lengths)
    return PiecesOfAll(low=low, value=value, slopes=all_.slopes, lengths=lengths)
