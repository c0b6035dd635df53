"""What a data file lacks, told for the span that is lived through."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """Which intervals lack ``what``: their numbers, counted in steps of ``step`` from ``first`` on, rising.

    ``instead`` says in words what stands in.
    """

    what: str
    first: datetime
    step: timedelta
    numbers: npt.NDArray[np.int64]
    instead: str = ""

    def told(self, start: datetime, end: datetime) -> str | None:
        """In words, how many intervals that begin within [start, end) lack it, and the first of these; None: none."""
        low, high = (-((self.first - edge) // self.step) for edge in (start, end))
        inside = self.numbers[(self.numbers >= low) & (self.numbers < high)]
        if not inside.size:
            return None
        return f"{self.what.format(f'{inside.size} of {high - low}')}: {'; '.join(self._spans(inside))}{self.instead}"

    def _spans(self, numbers: npt.NDArray[np.int64]) -> Iterator[str]:
        runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
        for run in runs[:MOST_TOLD]:
            edges = (self.first + int(number) * self.step for number in (run[0], run[-1] + 1))
            yield " to ".join(f"{edge:%Y-%m-%dT%H:%MZ}" for edge in edges)
        if len(runs) > MOST_TOLD:
            yield f"and {len(runs) - MOST_TOLD} more gaps"


def told_gaps(gaps: Iterable[Gap], start: datetime, end: datetime) -> tuple[str, ...]:
    """All that touch a span, in words."""
    return tuple(text for text in (gap.told(start, end) for gap in gaps) if text is not None)
