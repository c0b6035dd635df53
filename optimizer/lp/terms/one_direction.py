"""Import or export, charge or discharge, never both at once."""

from pulp import LpAffineExpression, LpVariable

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Row
from optimizer.lp.variables import Variables, most_export_kw, most_import_kw


def one_direction(problem: Problem, at: Variables) -> Contribution:
    """flow_in <= most_in * b and flow_out <= most_out * (1 - b), b binary, where the LP needs to be told.

    The big-M of each row is the physical bound of its flow in that slot.
    """
    rows = []
    for slot, importing in at.importing.items():
        rows += _either_or(
            f"grid_{slot}",
            (at.import_kw[slot], most_import_kw(problem, slot)),
            (at.export_kw[slot], most_export_kw(problem, slot)),
            importing,
        )
    if problem.battery is not None:
        for slot, charging in at.charging.items():
            rows += _either_or(
                f"battery_{slot}",
                (at.charge_kw[slot], problem.battery.max_charge_kw),
                (at.discharge_kw[slot], problem.battery.max_discharge_kw),
                charging,
            )
    return Contribution(rows=tuple(rows))


def _either_or(
    name: str, inward: tuple[LpVariable, float], outward: tuple[LpVariable, float], is_inward: LpVariable
) -> list[Row]:
    (in_kw, most_in_kw), (out_kw, most_out_kw) = inward, outward
    return [
        Row(
            name=f"one_direction_in_{name}",
            expression=LpAffineExpression.from_list([(in_kw, 1.0), (is_inward, -most_in_kw)]) <= 0.0,
        ),
        Row(
            name=f"one_direction_out_{name}",
            expression=LpAffineExpression.from_list([(out_kw, 1.0), (is_inward, most_out_kw)]) <= most_out_kw,
        ),
    ]
