"""The contract's limits at the connection point, soft and named when they bite."""

from optimizer.domain.assets import PerSlot
from optimizer.domain.problem import Problem
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Columns
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_most, priced
from optimizer.lp.variables import Limited, Variables


def grid_limits(problem: Problem, at: Variables) -> Contribution:
    """import <= import_limit + over, export <= export_limit + over  [kW]; the energy over is priced or a breach.

    A limit beyond what physics allows has no variable for its breach and needs no row; where limits are
    strict they bound the flows themselves.
    """
    rows: list[Rows] = []
    costs: list[Cost] = []
    h = slot_h(problem)

    def limit(name: str, flow_kw: Columns, limited: Limited, limit_kw: PerSlot, price: float | None) -> None:
        here = limited.slots
        rows.append(at_most(name, flow_kw[here] - limited.over_kw, series(limit_kw, problem)[here]))
        costs.append(priced(f"{name} over kWh", (limited.over_kw * h[here]).sum(), price, Tier.LIMIT))

    if problem.import_limit_kw is not None and at.import_over is not None:
        limit("import_limit", at.import_kw, at.import_over, problem.import_limit_kw, problem.import_over_price_per_kwh)
    if problem.export_limit_kw is not None and at.export_over is not None:
        limit("export_limit", at.export_kw, at.export_over, problem.export_limit_kw, problem.export_over_price_per_kwh)
    return Contribution(rows=tuple(rows), costs=tuple(costs))
