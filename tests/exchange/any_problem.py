"""Any problem that the domain lets through, drawn field by field from the types."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import accumulate
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from optimizer.domain.assets import DepthSegment, EndValue, TaperPoint
from optimizer.domain.charges import LeastBill, NettedEnergy
from optimizer.domain.horizon import Horizon
from optimizer.domain.peaks import PeakStep, PeakTier
from optimizer.domain.problem import Problem
from optimizer.domain.validity import LARGEST, MAY_BE_NEGATIVE

ASSETS = (
    "peak_charges",
    "energy_tiers",
    "least_bills",
    "batteries",
    "heat_stores",
    "deferrable_loads",
    "ev_sessions",
    "gensets",
)
AT_LEAST_0 = st.floats(0, LARGEST)
ANY = st.floats(-LARGEST, LARGEST)
SHARE = st.floats(min_value=0.01, max_value=0.99)
LIMIT = st.floats(0, LARGEST) | st.just(float("inf"))
COOL, WARM = st.floats(-LARGEST, 20), st.floats(20, LARGEST)
TAPER = tuple(TaperPoint(soc_kwh=soc_kwh, limit_kw=limit_kw) for soc_kwh, limit_kw in ((0, 1), (1.5, 2), (3, 0.5)))


def rising(number):
    return st.lists(number, max_size=3).map(sorted)


def horizons(slots):
    lengths = st.lists(st.timedeltas(timedelta(microseconds=1), timedelta(days=2)), min_size=slots, max_size=slots)
    starts = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
    return st.builds(
        lambda start, each, zone: Horizon(tuple(accumulate(each, initial=start)), zone),
        starts,
        lengths,
        st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns")),
    )


LAWS = {
    "horizon": horizons,
    "import_limit_kw": lambda slots: st.none() | LIMIT | series(LIMIT, slots),
    "export_limit_kw": lambda slots: st.none() | LIMIT | series(LIMIT, slots),
    "inverter_limit_kw": lambda slots: st.none() | LIMIT,
    "charge_efficiency": lambda slots: SHARE,
    "discharge_efficiency": lambda slots: SHARE,
    "self_discharge_per_h": lambda slots: SHARE,
    "risk_weight": lambda slots: SHARE,
    "tail": lambda slots: SHARE,
    "probability": lambda slots: st.floats(0, 0.5),
    "efficiency": lambda slots: SHARE,
    "min_charge_kw": lambda slots: st.floats(0, 1),
    "min_discharge_kw": lambda slots: st.floats(0, 1),
    "max_charge_kw": lambda slots: st.floats(1, 10),
    "max_discharge_kw": lambda slots: st.floats(1, 10),
    "end_slot": lambda slots: st.none() | st.integers(slots + 1, 2 * slots),
    "comfort_min_c": lambda slots: COOL | series(COOL, slots),
    "comfort_max_c": lambda slots: WARM | series(WARM, slots),
    "loss_kw_per_k": lambda slots: st.floats(0, 0.002),
    "soc_min_kwh": lambda slots: st.floats(0, 1),
    "soc_kwh": lambda slots: st.floats(0, 2),
    "soc_max_kwh": lambda slots: st.floats(1, 2),
    "capacity_kwh": lambda slots: st.floats(2, 3),
    "charge_taper": lambda slots: st.sampled_from(((), TAPER)),
    "discharge_taper": lambda slots: st.sampled_from(((), TAPER)),
    "end_values": lambda slots: rising(ANY).map(
        lambda each: tuple(EndValue(kwh=3.0, value_per_kwh=value) for value in reversed(each))
    ),
    "depth_segments": lambda slots: rising(AT_LEAST_0).map(
        lambda each: tuple(DepthSegment(kwh=0.5, cost_per_kwh=cost) for cost in each)
    ),
    "steps": lambda slots: rising(AT_LEAST_0).map(
        lambda each: tuple(PeakStep(above_kw=number, charge=number) for number in each)
    ),
    "tiers": lambda slots: rising(AT_LEAST_0).map(
        lambda each: tuple(PeakTier(above_kw=number, price_per_kw=number) for number in dict.fromkeys(each))
    ),
    "ratchet_share": lambda slots: SHARE,
    "above_kwh": lambda slots: st.just((1.0, 2.5)),
    "added_price_per_kwh": lambda slots: st.tuples(ANY, ANY),
    "netting": lambda slots: (
        st.none()
        | st.builds(
            NettedEnergy,
            group_of_slot=st.just((0, *(-1,) * (slots - 1))),
            so_far_import_kwh=st.tuples(AT_LEAST_0),
            so_far_export_kwh=st.tuples(AT_LEAST_0),
        )
    ),
    "least_bills": lambda slots: st.lists(
        st.builds(
            LeastBill,
            name=st.text(),
            missing=ANY,
            first_slot=st.integers(0, slots - 1),
            end_slot=st.just(slots),
            charges=st.lists(st.text(), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    "interval_of_slot": lambda slots: st.lists(st.integers(-1, slots - 1), min_size=slots, max_size=slots).map(
        lambda each: tuple(sorted(each))
    ),
    "day_of_interval": lambda slots: st.just((0,) * slots),
    "kwh_per_k": lambda slots: st.floats(0.1, 10),
    "min_kw": lambda slots: st.floats(0, 1),
    "max_kw": lambda slots: st.floats(1, 10),
    "metered_h": lambda slots: st.just(0.0) | st.floats(1, LARGEST),
    "battery_kw": lambda slots: series(st.none() | ANY, slots),
}
"""Fields of which the type says too little."""


def series(number, slots):
    return st.lists(number, min_size=slots, max_size=slots).map(tuple)


def any_of(hint, name, slots):
    """Whatever a type allows: series as long as the horizon, numbers at least 0 but for those known better."""
    if get_origin(hint) is UnionType:
        return st.one_of(*(any_of(choice, name, slots) for choice in get_args(hint)))
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if is_dataclass(inner):
            return st.lists(made(inner, slots), max_size=2).map(tuple)
        return series(any_of(inner, name, slots), slots)
    if is_dataclass(hint):
        return made(hint, slots)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    number = ANY if name in MAY_BE_NEGATIVE else AT_LEAST_0
    plain = {float: number, int: st.integers(1, slots), bool: st.booleans(), str: st.text(), NoneType: st.none()}
    return plain[hint]


def fields_of(kind, slots):
    hints = get_type_hints(kind)
    return {
        field.name: LAWS[field.name](slots)
        if field.name in LAWS
        else st.deferred(lambda name=field.name: any_of(hints[name], name, slots))
        for field in fields(kind)
    }


def made(kind, slots):
    return st.builds(kind, **fields_of(kind, slots))


@st.composite
def problems(draw):
    drawn = draw(st.fixed_dictionaries(fields_of(Problem, draw(st.integers(1, 4)))))
    for kind in ASSETS:
        assets = enumerate(drawn[kind])
        drawn[kind] = tuple(replace(asset, name=f"{kind} {number} {asset.name}") for number, asset in assets)
    return Problem(**drawn)
