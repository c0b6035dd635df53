"""What the tariff charges for power."""

import numpy as np

from optimizer.domain.peaks import SAME_KW, BilledPeak, Direction
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import most_export_kw, most_import_kw, slot_h
from optimizer.lp.linear import Columns, Floats, Linear, nothing
from optimizer.lp.peak_variables import PeakColumns, added_prices, days_ahead
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_least, at_most
from optimizer.lp.variables import Variables


def peak_charges(problem: Problem, at: Variables) -> Contribution:
    """price_per_kw * (billed - already) + tiers(billed) - tiers(already) + step(billed) - step(already)  [money].

    billed >= sunk and >= each metering interval's mean power; or >= the mean of the N highest daily peaks,
    which is the least of (N * threshold + sum of max(0, day - threshold)) / N over all thresholds
    (Rockafellar and Uryasev, 2000, for the sum of the N largest).
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    nothing_more = np.zeros(at.count)
    for columns in at.peaks:
        charge, billed = columns.charge, columns.billed_kw
        flow_kw = at.import_kw if charge.direction is Direction.IMPORT else at.export_kw
        means_kw = interval_means_kw(charge, problem, flow_kw)
        already_kw = billed_kw(charge, means_kw.values(nothing_more))
        rows.append(at_least(f"{charge.name} sunk", billed, charge.sunk_kw))
        if columns.day_kw is None or columns.day_over_kw is None:
            rows.append(at_least(f"{charge.name} interval", billed.repeated(len(means_kw)) - means_kw))
        else:
            rows += _highest_days(columns, means_kw, columns.day_kw, columns.day_over_kw)
        rows += _ratchet(charge, problem, flow_kw, billed)
        most = most_import_kw(problem) if charge.direction is Direction.IMPORT else most_export_kw(problem)
        most_kw = already_kw + float(most.max())
        cost = (billed - already_kw) * charge.price_per_kw + _steps(columns, most_kw, rows)
        cost = cost + _tiers(columns, most_kw, rows) - tier_charge(charge, already_kw)
        cost = cost - step_charge(charge, already_kw)
        costs.append(Cost(name=charge.name, tier=Tier.MONEY, expression=cost))
    return Contribution(rows=tuple(rows), costs=tuple(costs))


def interval_means_kw(charge: BilledPeak, problem: Problem, flow_kw: Linear) -> Linear:
    """Mean power of each metering interval, what was metered before included."""
    return _means_kw(charge.interval_of_slot, problem, flow_kw, charge.metered_kwh, charge.metered_h)


def _means_kw(
    interval_of_slot: tuple[int, ...], problem: Problem, flow_kw: Linear, metered_kwh: float, metered_h: float
) -> Linear:
    intervals = max(interval_of_slot, default=-1) + 1
    into = np.array(interval_of_slot, dtype=np.int32)
    h = slot_h(problem)
    hours = np.bincount(into[into >= 0], weights=h[into >= 0], minlength=intervals).astype(np.float64)
    before_kwh = np.zeros(intervals)
    if intervals:
        hours[0] += metered_h
        before_kwh[0] = metered_kwh
    shares = np.divide(1.0, hours, out=np.zeros(intervals), where=hours > 0)
    return ((flow_kw * h).gathered(into, intervals) + before_kwh) * shares


def billed_kw(charge: BilledPeak, means_kw: Floats) -> float:
    """The billed peak for given means of the metering intervals."""
    if charge.highest_days == 1:
        return max(charge.sunk_kw, float(np.max(means_kw, initial=0.0)))
    ahead = np.zeros(max(days_ahead(charge), 1))
    np.maximum.at(ahead, np.array(charge.day_of_interval, dtype=np.int32)[: len(means_kw)], means_kw)
    ahead[0] = max(ahead[0], charge.today_kw)
    days = sorted([*charge.daily_peaks_kw, *ahead.tolist()], reverse=True)
    return max(charge.sunk_kw, sum(days[: charge.highest_days]) / charge.highest_days)


def step_charge(charge: BilledPeak, peak_kw: float) -> float:
    """The charge of the highest step that ``peak_kw`` exceeds."""
    return max((step.charge for step in charge.steps if peak_kw > step.above_kw + SAME_KW), default=0.0)


def tier_charge(charge: BilledPeak, peak_kw: float) -> float:
    """What the tiers add to ``price_per_kw``."""
    over_kw = np.maximum(peak_kw - np.array([tier.above_kw for tier in charge.tiers]), 0.0)
    return float(over_kw @ added_prices(charge))


def _tiers(columns: PeakColumns, most_kw: float, rows: list[Rows]) -> Linear:
    """over >= billed - above; where a further kW is cheaper, over is exact: b is 1 where billed > above."""
    charge, over = columns.charge, columns.over_kw
    if over is None:
        return nothing(1)
    above = np.array([tier.above_kw for tier in charge.tiers])
    beyond = columns.billed_kw.repeated(len(above)) - above
    rows.append(at_least(f"{charge.name} over", over - beyond))
    if len(columns.falling):
        here, most = columns.falling, most_kw + float(above.max())
        rows.append(at_most(f"{charge.name} over before", over[here] - beyond.at(here) + columns.passed * most, most))
        rows.append(at_most(f"{charge.name} passed", over[here] - columns.passed * most))
    return (over * added_prices(charge)).sum()


def _ratchet(charge: BilledPeak, problem: Problem, flow_kw: Linear, billed: Columns) -> list[Rows]:
    """billed >= ratchet_share * each interval of the earlier periods in the horizon."""
    means_kw = ratchet_means_kw(charge, problem, flow_kw)
    if means_kw is None:
        return []
    return [at_least(f"{charge.name} ratchet", billed.repeated(len(means_kw)) - means_kw * charge.ratchet_share)]


def ratchet_means_kw(charge: BilledPeak, problem: Problem, flow_kw: Linear) -> Linear | None:
    """Mean power of each earlier interval that a ratchet looks at; None where there is none."""
    if not charge.ratchet_share or max(charge.ratchet_of_slot, default=-1) < 0:
        return None
    return _means_kw(charge.ratchet_of_slot, problem, flow_kw, 0.0, 0.0)


def _highest_days(columns: PeakColumns, means_kw: Linear, day_kw: Columns, over_kw: Columns) -> list[Rows]:
    charge = columns.charge
    days = days_ahead(charge)
    of_interval = np.array(charge.day_of_interval, dtype=np.int32)[: len(means_kw)]
    so_far = np.zeros(days)
    so_far[:1] = charge.today_kw
    threshold = columns.threshold_kw if columns.threshold_kw is not None else columns.billed_kw
    known = np.array(charge.daily_peaks_kw)
    mean = (threshold * float(charge.highest_days) + over_kw.sum()) * (1.0 / charge.highest_days)
    return [
        at_least(f"{charge.name} day", day_kw[of_interval] - means_kw),
        at_least(f"{charge.name} day so far", day_kw, so_far),
        at_least(f"{charge.name} day over", over_kw[:days] - day_kw + threshold.repeated(days)),
        at_least(f"{charge.name} known day over", over_kw[days:] + threshold.repeated(len(known)), known),
        at_least(f"{charge.name} highest days", columns.billed_kw - mean),
    ]


def _steps(columns: PeakColumns, most_kw: float, rows: list[Rows]) -> Linear:
    """Each step costs what it adds to the one before: reached is 1 wherever billed > above."""
    charge, reached = columns.charge, columns.reached
    if reached is None:
        return nothing(1)
    above = np.array([step.above_kw for step in charge.steps])
    added = np.diff(np.array([0.0, *(step.charge for step in charge.steps)]))
    beyond = columns.billed_kw.repeated(len(above)) - reached * np.maximum(most_kw - above, 0.0)
    rows.append(at_most(f"{charge.name} step", beyond, above))
    return (reached * added).sum()
