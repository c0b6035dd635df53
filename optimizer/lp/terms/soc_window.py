"""The state-of-charge window and the reserve: kept if they can be, recovered if they are not."""

from pulp import LpAffineExpression, LpVariable

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Row, Tier
from optimizer.lp.variables import Variables


def soc_window(problem: Problem, at: Variables) -> Contribution:
    """soc_min - short <= soc <= soc_max + over, and soc >= reserve - reserve_short  [kWh].

    A battery that starts inside its window can always stay inside, so the window is then a bound of the
    variable and adds no row. One that starts outside may not go further out, and comes back as soon as
    it can: the breach is summed over time (kWh times hours).
    """
    battery = problem.battery
    if battery is None:
        return Contribution()
    slot_h = problem.horizon.slot_h
    rows: list[Row] = []
    costs: list[Cost] = []

    def soft(name: str, slack_kwh: list[LpVariable], bound_kwh: float, *, at_least: bool) -> None:
        for slot, slack in enumerate(slack_kwh):
            sign = 1.0 if at_least else -1.0
            level_kwh = LpAffineExpression.from_list([(at.soc_kwh[slot], 1.0), (slack, sign)])
            within = level_kwh >= bound_kwh if at_least else level_kwh <= bound_kwh
            rows.append(Row(name=f"{name}_{slot}", expression=within))
        if slack_kwh:
            breach_kwh_h = LpAffineExpression.from_list(list(zip(slack_kwh, slot_h, strict=True)))
            costs.append(Cost(name=f"{name}_kwh_h", tier=Tier.RESERVE, expression=breach_kwh_h))

    soft("soc_below_window", at.soc_short_kwh, battery.soc_min_kwh, at_least=True)
    soft("soc_above_window", at.soc_over_kwh, battery.soc_max_kwh, at_least=False)
    soft("soc_below_reserve", at.reserve_short_kwh, battery.reserve_kwh, at_least=True)
    return Contribution(rows=tuple(rows), costs=tuple(costs))
