"""What a strategy's tariff costs: to the site, by program and by invoice, and to the planner, in time."""

from time import thread_time

from strategies.conformance.billing import random_schedules
from strategies.conformance.cases import StrategyCase
from strategies.conformance.horizons import horizon_of, starts

SCHEDULES = 200
SAME_MONEY = 1e-6
SLOWEST = 60.0
"""How many times as long as a plain loop over 10,000 numbers pricing 36 hours may take: about 50 ms."""


def check_the_program_s_cost_is_the_invoice(tariff_case: StrategyCase) -> None:
    """200 random schedules: what the linear program pays is what the supplier bills."""
    at = list(starts(tariff_case))
    for start in at:
        horizon = horizon_of(tariff_case, start, 15, 24)
        for found in random_schedules(tariff_case.tariff(horizon), horizon, -(-SCHEDULES // len(at))):
            assert abs(found.program - found.caused) < SAME_MONEY, (
                f"the program's cost {found.program:.9f} is not the invoice's {found.caused:.9f} from {start} on: the "
                "tariff's charges are understood in two ways, which is our mistake: please report it with this case"
            )
            assert abs(found.total - found.exact) <= 0.005 * found.rounded + 1e-9, (
                f"the rounded invoice {found.total} is too far from the exact one {found.exact}: is decimals right?"
            )


def check_it_is_fast(tariff_case: StrategyCase) -> None:
    """36 hours of quarters within about 50 ms of the processor, against a plain loop of this very machine."""
    horizon = horizon_of(tariff_case)
    market, strategy = tariff_case.market(horizon), tariff_case.built()
    times, loops = [], []
    for _ in range(7):
        began = thread_time()
        tariff_case.tariff(horizon, market, strategy)
        times.append(thread_time() - began)
        began = thread_time()
        total = 0.0
        for number in range(10_000):
            total += number * 0.5
        loops.append(thread_time() - began)
    ratio = min(times) / min(loops)
    assert ratio < SLOWEST, (
        f"slow: pricing 36 hours takes {ratio:.0f} times a loop over 10,000 numbers; at most {SLOWEST:.0f} are allowed"
    )
