"""Full batteries take less, empty ones give less."""

from itertools import pairwise

from optimizer.domain.assets import TaperPoint
from optimizer.domain.problem import Problem
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Rows, at_most
from optimizer.lp.variables import Variables


def taper(_: Problem, at: Variables) -> Contribution:
    """power <= the concave curve through the taper points, at the energy at the slot's start  [kW].

    A concave curve lies below each of its pieces' lines, so one row a piece says it exactly.
    """
    rows: list[Rows] = []
    for columns in at.batteries:
        name = columns.battery.name
        rows += _below(f"{name} charge taper", columns.charge_kw, columns.start_kwh, columns.battery.charge_taper)
        rows += _below(
            f"{name} discharge taper", columns.discharge_kw, columns.start_kwh, columns.battery.discharge_taper
        )
    return Contribution(rows=tuple(rows))


def _below(name: str, power_kw: Linear, stored_kwh: Linear, points: tuple[TaperPoint, ...]) -> list[Rows]:
    rows = []
    for number, (left, right) in enumerate(pairwise(points)):
        slope = (right.limit_kw - left.limit_kw) / (right.soc_kwh - left.soc_kwh)
        line = stored_kwh * slope + (left.limit_kw - slope * left.soc_kwh)
        rows.append(at_most(f"{name} {number}", power_kw - line))
    return rows
