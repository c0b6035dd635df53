"""Which of a plan's costs the supplier bills: the rest is wear, worth at the end, and wishes."""

from collections.abc import Mapping

from optimizer.domain.problem import Problem


def billed(problem: Problem, costs: Mapping[str, float]) -> float:
    """The sum of the costs that are on the bill."""
    charges = (*problem.peak_charges, *problem.energy_tiers, *problem.least_bills)
    names = {"import", "export", "netting", "fixed charges", *(charge.name for charge in charges)}
    return sum(amount for name, amount in costs.items() if name in names)
