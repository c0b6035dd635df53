"""A problem's terms gathered into one PuLP model, with its costs by tier."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulp import LpAffineExpression, LpProblem

from optimizer.domain.problem import Problem
from optimizer.lp.term import Cost, Tier
from optimizer.lp.terms import TERMS
from optimizer.lp.variables import Exclusive, Variables, create_variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A built model. ``costs`` are the very expressions that are minimised and later reported."""

    program: LpProblem
    variables: Variables
    costs: tuple[Cost, ...]

    def total(self, tier: Tier) -> LpAffineExpression:
        """The sum of all costs of one tier."""
        total = LpAffineExpression.empty()
        for cost in self.costs:
            if cost.tier is tier:
                total += cost.expression
        return total

    def values(self, tier: Tier) -> Mapping[str, float]:
        """Each cost of one tier by name, at the values that the variables hold now."""
        return {cost.name: cost.expression.valueOrDefault() for cost in self.costs if cost.tier is tier}


def build_model(problem: Problem, exclusive: Exclusive) -> Model:
    """Every term's rows and costs over one set of variables."""
    program = LpProblem("site")
    variables = create_variables(program, problem, exclusive)
    costs: list[Cost] = []
    for term in TERMS:
        contribution = term(problem, variables)
        for row in contribution.rows:
            program.addConstraint(row.expression, row.name)
        costs += contribution.costs
    return Model(program=program, variables=variables, costs=tuple(costs))
