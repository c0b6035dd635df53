"""The contract's limits at the connection point, soft and named when they bite."""

from pulp import LpAffineExpression, LpVariable

from optimizer.domain.problem import Problem
from optimizer.lp.term import Contribution, Cost, Row, Tier
from optimizer.lp.variables import Variables


def grid_limits(problem: Problem, at: Variables) -> Contribution:
    """import <= import_limit + over, export <= export_limit + over  [kW]; the energy over is a breach.

    A limit beyond what physics allows has no variable for its breach and needs no row.
    """
    slot_h = problem.horizon.slot_h
    rows: list[Row] = []
    costs: list[Cost] = []

    def limit(name: str, flow_kw: list[LpVariable], over_kw: list[LpVariable], limit_kw: float) -> None:
        for slot in range(len(slot_h)):
            within = LpAffineExpression.from_list([(flow_kw[slot], 1.0), (over_kw[slot], -1.0)]) <= limit_kw
            rows.append(Row(name=f"{name}_{slot}", expression=within))
        over_kwh = LpAffineExpression.from_list(list(zip(over_kw, slot_h, strict=True)))
        costs.append(Cost(name=f"{name}_over_kwh", tier=Tier.LIMIT, expression=over_kwh))

    if problem.import_limit_kw is not None and at.import_over_kw:
        limit("import_limit", at.import_kw, at.import_over_kw, problem.import_limit_kw)
    if problem.export_limit_kw is not None and at.export_over_kw:
        limit("export_limit", at.export_kw, at.export_over_kw, problem.export_limit_kw)
    return Contribution(rows=tuple(rows), costs=tuple(costs))
