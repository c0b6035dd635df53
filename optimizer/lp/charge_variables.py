"""The variables of what is charged for the energy of a whole billing period."""

from dataclasses import dataclass

import numpy as np

from optimizer.domain.charges import NettedEnergy, TieredEnergy
from optimizer.domain.peaks import Direction
from optimizer.domain.problem import Problem
from optimizer.lp.columns import ColumnList
from optimizer.lp.linear import Columns, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class TierColumns:
    """``over_kwh`` beyond each bound, and whether it is passed, for the tiers that the LP would rather pass early."""

    tiers: TieredEnergy
    over_kwh: Columns
    falling: Ints
    passed: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class NettedColumns:
    """``matched_kwh`` of each group, and which side is the smaller one where matching costs money."""

    netting: NettedEnergy
    matched_kwh: Columns
    price_gap_per_kwh: tuple[float, ...]
    costly: Ints
    import_is_less: Columns


def create_tiers(into: ColumnList, tiers: TieredEnergy) -> TierColumns:
    """Dearer energy is reached no earlier than it must be; tiers that make it cheaper need a binary."""
    sign = 1.0 if tiers.direction is Direction.IMPORT else -1.0
    falling = np.flatnonzero(sign * np.array(tiers.added_price_per_kwh) < 0).astype(np.int32)
    return TierColumns(
        tiers=tiers,
        over_kwh=into.add(f"{tiers.name} over_kwh", len(tiers.above_kwh)),
        falling=falling,
        passed=into.binary(f"{tiers.name} passed", len(falling)),
    )


def create_netting(into: ColumnList, problem: Problem) -> NettedColumns | None:
    """Matching a kWh saves what import costs more than export pays; where that is less than nothing it is forced."""
    netting = problem.netting
    if netting is None:
        return None
    groups = len(netting.so_far_import_kwh)
    first = [netting.group_of_slot.index(group) for group in range(groups)]
    gaps = tuple(problem.import_price_per_kwh[slot] - problem.export_price_per_kwh[slot] for slot in first)
    falls = _most_fall(problem)
    costly = np.array([group for group, gap in enumerate(gaps) if gap < falls], dtype=np.int32)
    return NettedColumns(
        netting=netting,
        matched_kwh=into.add("matched_kwh", groups),
        price_gap_per_kwh=gaps,
        costly=costly,
        import_is_less=into.binary("import_is_less", len(costly)),
    )


def _most_fall(problem: Problem) -> float:
    """By how much tiers may lessen what matching a kWh saves."""
    return sum(
        abs(price)
        for tiers in problem.energy_tiers
        for price in tiers.added_price_per_kwh
        if (price < 0) == (tiers.direction is Direction.IMPORT)
    )
