"""What a picture is made of: panels, one under the other, on one axis of time."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise


class Drawn(Enum):
    """How a series is drawn."""

    LINE = "line"
    AREA = "area"
    DOTTED = "dotted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A mean for each slot or, with one value more, a level at each edge; None is a gap.

    ``role`` names its colour. ``is_guess`` marks the slots whose values are expected to change (() is none); they
    are dashed. ``decimals`` is what a reader is told of a value; what is drawn is not rounded.
    """

    name: str
    role: str
    values: tuple[float | None, ...]
    drawn: Drawn = Drawn.LINE
    is_guess: tuple[bool, ...] = ()
    decimals: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a series should not pass in each slot, None where nothing bounds it; drawn where the scale reaches it."""

    name: str
    values: tuple[float | None, ...]
    role: str = "bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Series on one scale. ``holds_zero``: the scale shows zero, wherever the values are.

    ``remark`` follows the unit, as what the
    signs mean. ``guess`` says what the shaded part is, where a series marks one.
    """

    title: str
    unit: str
    series: tuple[Series, ...]
    remark: str = ""
    bounds: tuple[Bound, ...] = ()
    guess: str = "forecast"
    holds_zero: bool = True
    height_px: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A bar on ``[start, end)`` with its text; ``weight`` from 0 to 1 is how strong its colour is."""

    start: datetime
    end: datetime
    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One row of bars."""

    name: str
    role: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Rows of bars over the time, as in a Gantt chart."""

    title: str
    lanes: tuple[Lane, ...]
    lane_px: int = 38

    @property
    def height_px(self) -> int:
        return max(len(self.lanes), 1) * self.lane_px


Panel = Graph | Strip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The lowest and the highest value that a graph shows."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


FAR = 1.6
"""A bound further out than this many times the values' own extent would flatten them: it is told, not drawn."""
MARGIN = 0.07


def scale_of(graph: Graph) -> Scale:
    """What holds all values, and the bounds that are not far away."""
    known = [value for series in graph.series for value in series.values if value is not None]
    known += [0.0] if graph.holds_zero or not known else []
    low, high = min(known), max(known)
    extent = FAR * (high - low)
    near = [
        value
        for bound in graph.bounds
        for value in bound.values
        if value is not None and high - extent <= value <= low + extent
    ]
    low, high = min([low, *near]), max([high, *near])
    margin = (high - low or abs(high) or 1.0) * MARGIN
    ends_at_zero = low == 0.0 < high
    return Scale(low=0.0 if ends_at_zero else low - margin, high=high + margin)


def runs(marks: tuple[bool, ...]) -> tuple[tuple[int, int], ...]:
    """The half-open ranges of places that are marked."""
    edges = [at for at, (one, other) in enumerate(pairwise((False, *marks, False))) if one is not other]
    return tuple(zip(edges[::2], edges[1::2], strict=True))
