"""How much power physics allows in each slot: every big-M of the model comes from here."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from optimizer.domain.assets import DeferrableLoad, EvSession, PerSlot
from optimizer.domain.problem import Problem
from optimizer.lp.linear import Floats, filled


@lru_cache(maxsize=32)
def _array(values: tuple[float, ...]) -> Floats:
    """``values`` as an array that nobody may change: every law asks for the same few series."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def series(given: PerSlot, problem: Problem) -> Floats:
    """``given`` as an array over the slots."""
    return filled(given, len(problem.horizon))


def slot_h(problem: Problem) -> Floats:
    """Hours of each slot."""
    return _array(problem.horizon.slot_h)


def demand_kw(problem: Problem) -> Floats:
    """All consumption that no variable moves."""
    standby_kw = sum(battery.standby_kw for battery in problem.batteries)
    demand: Floats = _array(problem.load_kw) + _array(problem.heat_kw) + standby_kw
    return demand


def solar_kw(problem: Problem) -> Floats:
    """What the sun could give."""
    return _array(problem.solar_kw)


def presence(asset: DeferrableLoad | EvSession, problem: Problem) -> Floats:
    """1 in the slots in which the asset may use power, 0 elsewhere."""
    mask = np.zeros(len(problem.horizon))
    end = len(mask) if asset.end_slot is None else max(asset.end_slot, 0)
    mask[max(asset.first_slot, 0) : end] = 1.0
    return mask


def _sum(powers: Iterable[Floats], problem: Problem) -> Floats:
    return sum(powers, np.zeros(len(problem.horizon)))


def most_use_kw(problem: Problem) -> Floats:
    """The largest consumption of all that the plan moves."""
    ones = np.ones(len(problem.horizon))
    constant_kw = sum(battery.max_charge_kw for battery in problem.batteries)
    constant_kw += sum(store.max_kw for store in problem.heat_stores)
    loads = [presence(load, problem) * load.power_kw for load in problem.deferrable_loads]
    sessions = [presence(session, problem) * session.max_charge_kw for session in problem.ev_sessions]
    return ones * constant_kw + _sum(loads + sessions, problem)


def most_supply_kw(problem: Problem) -> Floats:
    """The largest supply of all that the plan moves."""
    constant_kw = sum(battery.max_discharge_kw for battery in problem.batteries)
    constant_kw += sum(genset.max_kw for genset in problem.gensets)
    return np.full(len(problem.horizon), constant_kw, dtype=np.float64)


def most_import_kw(problem: Problem) -> Floats:
    """The demand and everything that can use power, at full power; never beyond the rating."""
    most = np.maximum(demand_kw(problem), 0.0) + most_use_kw(problem)
    return most if problem.import_rating_kw is None else np.minimum(most, problem.import_rating_kw)


def most_export_kw(problem: Problem) -> Floats:
    """All generation and everything that can supply power, at full power; never beyond the rating."""
    most = solar_kw(problem) + np.maximum(-demand_kw(problem), 0.0) + most_supply_kw(problem)
    return most if problem.export_rating_kw is None else np.minimum(most, problem.export_rating_kw)
