"""Which of a plan's costs the supplier bills: the rest is wear, worth at the end, and wishes."""

from collections.abc import Mapping

from optimizer.domain.problem import Problem


def billed(problem: Problem, costs: Mapping[str, float]) -> float:
    """The sum of the costs that are on the bill."""
    names = {"import", "export", "netting", "fixed charges", *(charge.name for charge in problem.peak_charges)}
    names |= {tiers.name for tiers in problem.energy_tiers} | {bill.name for bill in problem.least_bills}
    return sum(amount for name, amount in costs.items() if name in names)
