"""Power balance: what comes in equals what goes out, in each slot."""

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import demand_kw, solar_kw
from optimizer.lp.term import Contribution, equal
from optimizer.lp.variables import Variables

NAME = "power_balance"


def power_balance(problem: Problem, at: Variables) -> Contribution:
    """import - export + supply - use - curtailed = demand - solar  [kW].

    Supply is what batteries and gensets give, use what batteries, heat pumps, vehicles and deferrable loads
    take. Its dual is the marginal price of one kWh at the connection point, times the slot's hours.
    """
    net_kw = at.import_kw - at.export_kw + at.supply_kw - at.use_kw - at.curtailed_kw
    return Contribution(rows=(equal(NAME, net_kw, demand_kw(problem) - solar_kw(problem)),))
