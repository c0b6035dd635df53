"""Power balance: what comes in equals what goes out, in each slot."""

from pulp import LpAffineExpression

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Row
from optimizer.lp.variables import Variables


def power_balance(problem: Problem, at: Variables) -> Contribution:
    """import - export + discharge - charge - curtailed = load + heat - solar  [kW].

    Its dual is the marginal price of one kWh at the connection point, times the slot's hours.
    """
    rows = []
    for slot, demand_kw in enumerate(problem.demand_kw):
        flows_kw = LpAffineExpression.from_list(
            [
                (at.import_kw[slot], 1.0),
                (at.export_kw[slot], -1.0),
                (at.discharge_kw[slot], 1.0),
                (at.charge_kw[slot], -1.0),
                (at.curtailed_kw[slot], -1.0),
            ]
        )
        rows.append(Row(name=f"power_balance_{slot}", expression=flows_kw == demand_kw - problem.solar_kw[slot]))
    return Contribution(rows=tuple(rows))
