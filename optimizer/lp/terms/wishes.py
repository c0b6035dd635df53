"""Wishes with a price that no supplier bills: less carbon, more of one's own sun."""

from optimizer.domain.problem import Problem
from optimizer.lp.bounds import series, slot_h
from optimizer.lp.linear import Linear
from optimizer.lp.term import Contribution, Cost, Tier
from optimizer.lp.variables import Variables


def wishes(problem: Problem, at: Variables) -> Contribution:
    """carbon: (import * intensity + genset * its own) * h * price of a kg; own sun: export * h * price  [money]."""
    h = slot_h(problem)
    costs: list[Cost] = []
    if problem.co2_price_per_kg:
        carbon_kg: Linear = (at.import_kw * (h * series(problem.co2_kg_per_kwh, problem))).sum()
        for columns in at.gensets:
            carbon_kg = carbon_kg + (columns.supply_kw * (h * columns.genset.kg_co2_per_kwh)).sum()
        costs.append(Cost(name="carbon", tier=Tier.MONEY, expression=carbon_kg * problem.co2_price_per_kg))
    if problem.export_extra_cost_per_kwh:
        given_away = (at.export_kw * (h * problem.export_extra_cost_per_kwh)).sum()
        costs.append(Cost(name="self_consumption", tier=Tier.MONEY, expression=given_away))
    return Contribution(costs=tuple(costs))
