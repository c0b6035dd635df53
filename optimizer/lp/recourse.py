"""What each scenario costs from the second slot on, by what is stored then: exactly, without a solver.

For one battery with constant efficiencies, where selling never pays more than buying costs, the cost of a slot is a
convex piecewise linear function of the energy that goes into the battery. Backwards from the horizon's end, the
cost to go is the infimal convolution of the next slot's with it: the pieces of both together, in order of their
slopes (Rockafellar, Convex Analysis, 1970, ch. 5 and 16; the same as the water values of a single reservoir).
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

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

Piece = tuple[float, float]
"""Slope (money per kWh stored) and length (kWh)."""
_PLAIN_BATTERY = {
    "goal_kwh": None,
    "ceiling_kwh": None,
    "demanded_charge_kw": None,
    "min_charge_kw": 0.0,
    "min_discharge_kw": 0.0,
    "charges_from_grid": True,
    "discharges_to_grid": True,
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
class Pieces:
    """A convex function on ``[low, low + all lengths]``: its value at ``low``, and its pieces by rising slope."""

    low: float
    value: float
    pieces: tuple[Piece, ...]

    def knots(self) -> tuple[Floats, Floats]:
        """Where the pieces meet, and the function's values there."""
        lengths = np.array([length for _, length in self.pieces])
        slopes = np.array([slope for slope, _ in self.pieces])
        at = self.low + np.concatenate(([0.0], np.cumsum(lengths)))
        return at, self.value + np.concatenate(([0.0], np.cumsum(slopes * lengths)))

    def at(self, points: Floats) -> Floats:
        """Its values; infinite outside."""
        knots, values = self.knots()
        found = np.interp(points, knots, values)
        outside = (points < knots[0] - INSIDE_KWH) | (points > knots[-1] + INSIDE_KWH)
        return np.where(outside, np.inf, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How things may turn out, per slot: kW that no variable moves, sun, and what a kWh bought or sold is worth."""

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
        """Per step, weighted by time."""
        found: Floats = np.add.reduceat(values * self.slot_h, self.firsts) / self.h
        return found

    def least(self, values: Floats) -> Floats:
        """Per step."""
        found: Floats = np.minimum.reduceat(values, self.firsts)
        return found


def steps_of(problem: Problem) -> Steps:
    """Each slot by itself for the first hours; later ones joined to about an hour each.

    What is compared is what the first command leaves to be done later, and for that the minutes of a later hour do
    not matter, while each step costs time.
    """
    h = slot_h(problem)
    since_h = np.cumsum(h) - h
    later = np.floor((since_h - FINE_H) / COARSE_H + 1e-9)
    key = np.where(since_h < FINE_H - 1e-9, -len(h) + np.arange(len(h)), later)
    firsts = np.flatnonzero(np.diff(key, prepend=key[0] - 1)).astype(np.int32)
    return Steps(firsts=firsts, h=np.add.reduceat(h, firsts), slot_h=h)


def courses(problem: Problem, uncertainty: Uncertainty) -> list[Course]:
    """The forecast's own, then one for each scenario; prices with what is wished for beside the bill."""
    co2 = problem.co2_price_per_kg * series(problem.co2_kg_per_kwh, problem)
    standby_kw = sum(battery.standby_kw for battery in problem.batteries)
    own = {name: np.array(getattr(problem, name)) for name in SCENARIO_SERIES}

    def course(given: Mapping[str, tuple[float, ...]]) -> Course:
        found = own | {name: np.array(values) for name, values in given.items()}
        return Course(
            demand_kw=found["load_kw"] + found["heat_kw"] + standby_kw,
            solar_kw=found["solar_kw"],
            bought=found["import_price_per_kwh"] + co2,
            sold=found["export_price_per_kwh"] - problem.export_extra_cost_per_kwh,
        )

    return [course({}), *(course(scenario.given) for scenario in uncertainty.scenarios)]


def is_plain(problem: Problem, turns: Sequence[Course]) -> bool:
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
    return all(bool(np.all(turn.bought >= np.maximum(turn.sold, 0.0))) for turn in turns)


def _floor(battery: Battery) -> float:
    reserve = battery.reserve_kwh
    most = max(reserve) if isinstance(reserve, tuple) else reserve
    return max(battery.soc_min_kwh, min(most, battery.soc_max_kwh))


def step_costs(problem: Problem, turn: Course, steps: Steps) -> list[Pieces] | None:
    """The cost of each step by the energy that goes into the battery (less what comes out).

    None where it cannot be run, or is not convex. ``is_plain`` is taken for granted.
    """
    battery, h = problem.batteries[0], steps.h
    turn = Course(**{name: steps.means(getattr(turn, name)) for name in ("demand_kw", "solar_kw", "bought", "sold")})
    sun_kwh, net_kwh = turn.solar_kw * h, (turn.demand_kw - turn.solar_kw) * h
    cut_kwh = sun_kwh if problem.can_curtail else np.zeros(len(h))
    most_in = steps.least(_least_limit(problem.import_limit_kw, problem.import_rating_kw, problem)) * h
    most_out = steps.least(_least_limit(problem.export_limit_kw, problem.export_rating_kw, problem)) * h
    low = np.maximum(-battery.max_discharge_kw * h, -most_out - cut_kwh - net_kwh)
    high = np.minimum(battery.max_charge_kw * h, most_in - net_kwh)
    if np.any(high < low):
        return None
    told_kwh, told_price = _told(problem, steps)
    # where a slope may change: nothing moves, nothing is exchanged, all sun is cut, the limit of export, as told
    changes = np.stack([np.zeros(len(h)), -net_kwh, -net_kwh - cut_kwh, -net_kwh - most_out, told_kwh])
    knots = np.sort(np.clip(np.concatenate((low[None], changes, high[None])), low, high), axis=0)
    middles, lengths = (knots[1:] + knots[:-1]) / 2, np.diff(knots, axis=0)
    grid = middles + net_kwh
    out = np.where(((turn.sold < 0) & (grid > -cut_kwh)) | (grid < -most_out), 0.0, turn.sold)
    beside = battery.wear_cost_per_kwh * np.sign(middles) + told_price * np.sign(middles - told_kwh)
    slopes = np.where(grid > 0, turn.bought, out) + beside
    efficiency = np.where(middles > 0, battery.charge_efficiency, 1 / battery.discharge_efficiency)
    first = _energy_cost(low + net_kwh, cut_kwh, most_out, turn)
    first = first + battery.wear_cost_per_kwh * np.abs(low) + told_price * np.abs(low - told_kwh)
    stored, slopes = (lengths * efficiency).T.tolist(), (slopes / efficiency).T.tolist()
    low_stored = [into_store(battery, kwh) for kwh in low.tolist()]
    pieces = [_pieces(slopes[t], stored[t]) for t in range(len(h))]
    if not all(map(_are_convex, pieces)):
        return None
    return [Pieces(low=low_stored[t], value=first[t], pieces=pieces[t]) for t in range(len(h))]


def following_kwh(problem: Problem, turn: Course) -> float:
    """What goes into the store in the first slot where the battery follows the load, as far as it can."""
    battery, h = problem.batteries[0], problem.horizon.slot_h[0]
    rest_kw = float(turn.demand_kw[0] - turn.solar_kw[0])
    kwh = into_store(battery, min(max(-rest_kw, -battery.max_discharge_kw), battery.max_charge_kw) * h)
    return min(max(kwh, _floor(battery) - battery.soc_kwh), battery.soc_max_kwh - battery.soc_kwh)


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


def _energy_cost(grid_kwh: Floats, cut_kwh: Floats, most_out: Floats, turn: Course) -> Floats:
    """Where so much is exchanged, the sun cut where that pays or a limit asks for it."""
    kept = np.where(turn.sold < 0, np.minimum(grid_kwh + cut_kwh, 0.0), grid_kwh)
    exported = np.minimum(np.maximum(-kept, 0.0), most_out)
    cost: Floats = np.where(grid_kwh > 0, turn.bought * grid_kwh, -turn.sold * exported)
    return cost


def _pieces(slopes: list[float], lengths: list[float]) -> tuple[Piece, ...]:
    return tuple(piece for piece in zip(slopes, lengths, strict=True) if piece[1] > LEAST_KWH)


def _are_convex(pieces: tuple[Piece, ...]) -> bool:
    """Not so where doing as told is worth more than energy: then energy would be burnt by running both ways at once."""
    return all(before[0] <= after[0] + SAME_SLOPE for before, after in pairwise(pieces))


def cost_to_go(problem: Problem, costs: list[Pieces], shared: int) -> Pieces | None:
    """What the slots after the first ``shared`` cost at least, by the energy stored at their start; None: no way."""
    battery = problem.batteries[0]
    pieces = [(-end.value_per_kwh, end.kwh) for end in battery.end_values]
    spare_kwh = battery.capacity_kwh - sum(length for _, length in pieces)
    if spare_kwh > LEAST_KWH:
        pieces.append((0.0, spare_kwh))
    pieces.sort()
    left = _Left(low=0.0, high=sum(length for _, length in pieces), value=0.0, pieces=pieces)
    floor, top = _floor(battery), battery.soc_max_kwh
    if not left.clip(floor, top):
        return None
    for cost in reversed(costs[shared:]):
        left.add(cost)
        if not left.clip(floor, top):
            return None
    return Pieces(low=left.low, value=left.value, pieces=tuple(left.pieces))


@dataclass(slots=True)
class _Left:
    """The cost to go while it is built: a convex function on ``[low, high]``, ``value`` at ``low``."""

    low: float
    high: float
    value: float
    pieces: list[Piece]

    def add(self, cost: Pieces) -> None:
        """One slot before: what goes into the battery there need not be in it before."""
        low, value = cost.low, cost.value
        for slope, length in cost.pieces:
            insort(self.pieces, (-slope, length))
            low += length
            value += slope * length
        self.low -= low
        self.high -= cost.low
        self.value += value

    def clip(self, floor: float, top: float) -> bool:
        """Only what lies within ``[floor, top]`` is left. False where nothing is."""
        if self.high < floor - INSIDE_KWH or self.low > top + INSIDE_KWH:
            return False
        gone = 0
        while floor - self.low > LEAST_KWH and gone < len(self.pieces):
            slope, length = self.pieces[gone]
            used = min(length, floor - self.low)
            self.value += slope * used
            self.low += used
            if used < length:
                self.pieces[gone] = (slope, length - used)
            else:
                gone += 1
        del self.pieces[:gone]
        while self.high - top > LEAST_KWH and self.pieces:
            slope, length = self.pieces.pop()
            used = min(length, self.high - top)
            self.high -= used
            if used < length:
                self.pieces.append((slope, length - used))
        return True
