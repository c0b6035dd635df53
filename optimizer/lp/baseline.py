"""The dumb rules that a plan must beat, and the one function that prices them all."""

from collections.abc import Mapping

import numpy as np

from optimizer.domain.plan import Flows
from optimizer.domain.problem import Problem
from optimizer.errors import PlanInfeasible
from optimizer.lp.bounds import demand_kw, series, solar_kw
from optimizer.lp.highs import Ending, Session
from optimizer.lp.linear import Columns, Floats
from optimizer.lp.model import build_model
from optimizer.lp.read import stored
from optimizer.lp.rule import follow_the_load
from optimizer.lp.settle import settle_charges
from optimizer.lp.term import Tier
from optimizer.lp.variables import Exclusive

WITHIN_S = 10.0


def no_battery(problem: Problem) -> Flows:
    """The battery rests: surplus is exported, and cut only beyond the export limit."""
    nothing = np.zeros(len(problem.horizon))
    return complete_flows(problem, nothing, nothing)


def self_consumption(problem: Problem) -> Flows:
    """The usual inverter rule of the first battery; everything else that moves rests."""
    charge_kw, discharge_kw, _ = follow_the_load(problem)
    return complete_flows(problem, charge_kw, discharge_kw)


def complete_flows(
    problem: Problem, charge_kw: Floats, discharge_kw: Floats, curtailed_kw: Floats | None = None
) -> Flows:
    """The flows that follow from what the first battery does: exchange by the balance, energy by recursion.

    The sun is cut by ``curtailed_kw``; None: as little as keeps the export limit.
    """
    sun, demand = solar_kw(problem), demand_kw(problem)
    net_kw = demand + charge_kw - discharge_kw - sun
    cut_kw = np.zeros(len(net_kw)) if curtailed_kw is None else curtailed_kw
    if curtailed_kw is None and problem.export_limit_kw is not None and problem.can_curtail:
        cut_kw = np.clip(-net_kw - series(problem.export_limit_kw, problem), 0.0, sun)
    net_kw = net_kw + cut_kw
    battery = problem.battery
    soc_kwh = np.zeros(len(net_kw)) if battery is None else stored(battery, problem, charge_kw, discharge_kw)
    columns = (np.maximum(net_kw, 0.0), np.maximum(-net_kw, 0.0), charge_kw, discharge_kw, cut_kw, soc_kwh)
    names = ("import_kw", "export_kw", "charge_kw", "discharge_kw", "curtailed_kw", "soc_kwh")
    return Flows(**{name: tuple(values.tolist()) for name, values in zip(names, columns, strict=True)})


def price(problem: Problem, flows: Flows) -> Mapping[str, float]:
    """Each money term for any flows of a site with at most one battery, by the model's own expressions.

    Whatever follows from the flows (billed peaks, what is left at the end) is at its cheapest. Raises
    PlanInfeasible where no model knows such flows.
    """
    model = build_model(problem, Exclusive(), is_strict=False)
    at = model.variables
    session = Session()
    session.load(model, model.weights(model.total(Tier.MONEY)))

    def hold(columns: Columns, values: tuple[float, ...]) -> None:
        session.fix(columns.index, np.array(values))

    hold(at.import_kw, flows.import_kw)
    hold(at.export_kw, flows.export_kw)
    hold(at.curtailed_kw, flows.curtailed_kw)
    for battery in at.batteries[:1]:
        hold(battery.charge_kw, flows.charge_kw)
        hold(battery.discharge_kw, flows.discharge_kw)
    answer = session.solve(WITHIN_S)
    if answer.ending is Ending.INFEASIBLE:
        msg = f"site {problem.site_id}: these flows cannot happen at this site"
        raise PlanInfeasible(msg)
    values = answer.values.copy()
    values[at.import_kw.index], values[at.export_kw.index] = flows.import_kw, flows.export_kw
    settle_charges(problem, at, values)
    return model.amounts(Tier.MONEY, values)
