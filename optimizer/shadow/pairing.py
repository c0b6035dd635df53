"""Whether a challenger would have been cheaper: paired days, with an interval that knows days are alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

BLOCK_DAYS = 7
DRAWS = 4000
SEED = 20260101
LEAST_DAYS = 14
TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Challenger less champion, money a day over the days that both have; ``low`` to ``high`` holds 95 %.

    Both are None while there are fewer than ``LEAST_DAYS``.
    """

    name: str
    days: int
    mean: float
    low: float | None
    high: float | None
    switching_cost: float = 0.0

    @property
    def verdict(self) -> str:
        """In words: it pays, it does not, or it is not decided yet."""
        if self.low is None or self.high is None:
            return f"too early: {self.days} of {LEAST_DAYS} days"
        if self.high < 0:
            if not self.switching_cost:
                return "switching would pay"
            return f"switching would pay: its cost is back after {self.switching_cost / -self.mean:.0f} days"
        return "switching would not pay" if self.low > 0 else "not decided"


def compare(
    name: str, champion: Mapping[date, float], challenger: Mapping[date, float], switching_cost: float = 0.0
) -> Comparison:
    """The paired difference with a 95 % interval by the circular block bootstrap.

    Blocks of a week keep what neighbouring days have in common (Politis and Romano, A circular block-resampling
    procedure for stationary data, 1992). The draws are seeded: the same days give the same interval.
    """
    days = sorted(champion.keys() & challenger.keys())
    differences = np.array([challenger[day] - champion[day] for day in days])
    mean = float(differences.mean()) if days else 0.0
    low = high = None
    if len(days) >= LEAST_DAYS:
        low, high = _interval(differences)
    return Comparison(name=name, days=len(days), mean=mean, low=low, high=high, switching_cost=switching_cost)


def _interval(differences: np.ndarray) -> tuple[float, float]:
    count = len(differences)
    blocks = -(-count // BLOCK_DAYS)
    firsts = np.random.default_rng(SEED).integers(0, count, size=(DRAWS, blocks))
    picked = (firsts[:, :, None] + np.arange(BLOCK_DAYS)) % count
    means = differences[picked.reshape(DRAWS, -1)[:, :count]].mean(axis=1)
    low, high = np.quantile(means, (TAIL, 1 - TAIL))
    return float(low), float(high)
