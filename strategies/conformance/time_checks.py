"""Prices go by the time that passes and by the wall clock, not by the number of a slot."""

from datetime import date, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np

from optimizer.domain.tariff import Tariff
from strategies.conformance.cases import StrategyCase
from strategies.conformance.horizons import cuts, day_horizon, finest, means_on, odd_days, starts
from strategies.conformance.price_checks import EXPORT, IMPORT, SAME
from strategies.conformance.telling import slot_told
from strategies.wall_clock import Floats

TimeOfDay = tuple[int, int]


def check_a_price_does_not_depend_on_how_the_day_is_cut(tariff_case: StrategyCase) -> None:
    """A slot costs the mean of what its five minutes cost, whatever its length and wherever the horizon begins."""
    for start in starts(tariff_case):
        fine = finest(tariff_case, start)
        market = tariff_case.market(fine)
        whole = tariff_case.tariff(fine, market)
        for coarse in cuts(tariff_case, start):
            tariff = tariff_case.tariff(coarse, market)
            is_known = means_on(fine, _marked(whole), coarse) + _marked(tariff) == 0
            for name in (IMPORT, EXPORT):
                means = means_on(fine, np.array(getattr(whole, name)), coarse)
                prices = np.array(getattr(tariff, name))
                worst = int(np.argmax(np.abs(means - prices) * is_known))
                assert abs(means[worst] - prices[worst]) * is_known[worst] < SAME, (
                    f"{name} in {slot_told(coarse, worst)} of {coarse.slot_h[worst] * 60:g} min is {prices[worst]:g}, "
                    f"but the same minutes one by one mean {means[worst]:g} where the horizon begins at {fine.start}: "
                    "price by time, not by the number of the slot or where the horizon begins; weight by time what "
                    "changes within a slot"
                )


def _marked(tariff: Tariff) -> Floats:
    return np.array(tariff.is_forecast or (False,) * len(tariff.import_price_per_kwh), dtype=float)


def check_on_the_odd_days_it_goes_by_the_wall_clock(tariff_case: StrategyCase) -> None:
    """Where the same weekday before and after has one price at each wall time, so has the day of the clock change."""
    for day, name in product(odd_days(tariff_case.zone), (IMPORT, EXPORT)):
        _check_an_odd_day(tariff_case, day, name)


def _check_an_odd_day(case: StrategyCase, day: date, name: str) -> None:
    zone = ZoneInfo(case.zone)
    for weeks in product((-1, -2), (1, 2)):
        neighbours = [day + timedelta(weeks=each) for each in weeks]
        before, after = (dict(_prices_by(zone, case, each, name)) for each in neighbours)
        if _differ(before, after):
            assert case.series is not None or not _is_by_utc(case, neighbours, name), (
                f"shifted hour on the day of the clock change: from {day} on the prices ({name}) stay where they were "
                f"in UTC and move by an hour in local time ({case.zone}); go by "
                "at.astimezone(ZoneInfo(horizon.zone)); where the supplier's clock never changes, give the case "
                'a zone that never does, e.g. "Etc/GMT-1"'
            )
            continue  # its prices follow something else than the clock
        for wall, price in _prices_by(zone, case, day, name):
            assert abs(price - before[wall]) <= SAME, (
                f"shifted hour on the day of the clock change: on {day} at {wall[0]:02d}:{wall[1]:02d} local time "
                f"({case.zone}) the {name} is {price:g}, on other such days {before[wall]:g}; go by "
                "at.astimezone(ZoneInfo(horizon.zone)) for each slot"
            )
        return


def _is_by_utc(case: StrategyCase, days: list[date], name: str) -> bool:
    utc = ZoneInfo("UTC")
    before, after = (dict(_prices_by(utc, case, day, name)) for day in days)
    return not _differ(before, after)


def _differ(before: dict[TimeOfDay, float], after: dict[TimeOfDay, float]) -> bool:
    return any(abs(before[time] - after[time]) > SAME for time in before)


def _prices_by(clock: ZoneInfo, case: StrategyCase, day: date, name: str) -> list[tuple[TimeOfDay, float]]:
    """One direction's price in each quarter of a local day, by a clock's time; an hour may come twice."""
    horizon = day_horizon(case, day)
    prices = getattr(case.tariff(horizon), name)
    times = [at.astimezone(clock) for at in horizon.starts]
    return [((at.hour, at.minute), price) for at, price in zip(times, prices, strict=True)]
