"""HiGHS as it is, told to do badly: what a second solver is for, without pretending anything."""

from optimizer.lp.highs import Answer, Arrays, Basis, Session
from optimizer.lp.linear import Floats


class StoppedAtOnce(Session):
    """Begins where nothing flows and may not take a single step: without an answer, wherever something must flow."""

    def start_from(self, basis: Basis) -> None:
        pass

    def solve(self, within_s: float, accepted_gap: float = 0.0) -> Answer:
        self._highs.setOptionValue("simplex_iteration_limit", 0)
        return super().solve(within_s, accepted_gap)


class Careless(Session):
    """Takes a tenth of a kW, or of a kWh, for nothing."""

    def load(self, model: Arrays, weights: Floats) -> None:
        super().load(model, weights)
        self._highs.setOptionValue("primal_feasibility_tolerance", 0.1)
