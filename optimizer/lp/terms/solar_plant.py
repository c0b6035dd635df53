"""What the sun's own hardware allows: an inverter shared with batteries, and cuts in steps."""

import numpy as np

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import solar_kw
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Rows, at_least, at_most, equal
from optimizer.lp.variables import Variables


def solar_plant(problem: Problem, at: Variables) -> Contribution:
    """-limit <= solar - curtailed + DC-coupled (discharge - charge) <= limit; curtailed = step * solar / steps."""
    rows: list[Rows] = []
    sun = solar_kw(problem)
    if problem.inverter_limit_kw is not None and np.isfinite(problem.inverter_limit_kw):
        through: Linear = -at.curtailed_kw
        for columns in at.batteries:
            if columns.battery.is_dc_coupled:
                through = through + columns.discharge_kw - columns.charge_kw
        rows.append(at_most("inverter out", through, problem.inverter_limit_kw - sun))
        rows.append(at_least("inverter in", through, -problem.inverter_limit_kw - sun))
    if at.curtailment_step is not None:
        step_kw = sun / float(problem.curtailment_steps or 1)
        rows.append(equal("curtailment steps", at.curtailed_kw - at.curtailment_step * step_kw, np.zeros(len(sun))))
    return Contribution(rows=tuple(rows))
