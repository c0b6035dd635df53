"""Which wishes contradict each other: the smallest set of soft limits that no plan can keep together."""

import numpy as np

from optimizer.lp.engine import Engine
from optimizer.lp.highs import Ending
from optimizer.lp.linear import Columns, Ints
from optimizer.lp.model import Model
from optimizer.lp.term import BREACHES

WORDS = {
    "import_over_kw": "the import limit",
    "export_over_kw": "the export limit",
    "window_short_kwh": "the least energy",
    "window_over_kwh": "the most energy",
    "reserve_short_kwh": "the reserve",
    "goal_short_kwh": "the goal",
    "ceiling_over_kwh": "the cap",
    "demand_short_kw": "the demanded charge",
    "cold_k": "the least temperature",
    "hot_k": "the highest temperature",
    "short_kwh": "the energy asked for",
}
"""What an operator calls the limit that each family of missing amounts stands for."""


def smallest_contradiction(session: Engine, model: Model, within_s: float) -> tuple[str, ...]:
    """The soft limits that contradict each other and physics, in the operator's words; empty where none do.

    Those with a price are not among them: they are weighed, never kept at any price.
    A deletion filter: all are kept, then each in turn is let go; where there is still no plan, it was not
    needed for the contradiction and stays let go. What remains is a smallest set: without any one of it there
    is a plan. Source: Chinneck and Dravnieks, "Locating minimal infeasible constraint sets in linear programs",
    ORSA Journal on Computing 3(2), 1991.
    """
    avoided = sum((model.weights(model.total(tier)) for tier in BREACHES), np.zeros(len(model.lower)))
    slacks = [
        (words, columns)
        for name, columns, _ in model.families
        if (words := _words(name)) is not None and avoided[columns.index].any()
    ]
    kept = list(slacks)
    if _has_plan(session, model, kept, within_s):
        return ()
    for candidate in slacks:
        fewer = [other for other in kept if other is not candidate]
        if not _has_plan(session, model, fewer, within_s):
            kept = fewer
    return tuple(words for words, _ in kept)


def _words(family: str) -> str | None:
    """Families are named by their asset and what they measure."""
    owner, _, measure = family.rpartition(" ")
    words = WORDS.get(measure)
    return None if words is None else f"{words} of {owner}" if owner else words


def _has_plan(session: Engine, model: Model, kept: list[tuple[str, Columns]], within_s: float) -> bool:
    """Whether anything satisfies the model with these missing amounts at nothing."""
    session.load(model, np.zeros(len(model.lower)))
    for _, columns in kept:
        index: Ints = columns.index
        session.fix(index, np.zeros(len(index)))
    return session.solve(within_s).ending is not Ending.INFEASIBLE
