"""Half-open slots on a UTC grid, the first of them possibly partial."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

NO_OFFSET = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One half-open interval ``[start, end)`` in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Horizon:
    """Consecutive slots ``[edges[t], edges[t + 1])``; lengths may differ, the first may be partial.

    ``zone`` is the IANA name of the site's local time, for those who price or forecast by it.
    Raises ValueError when an edge is naive, not UTC, or not later than the one before it.
    """

    edges: tuple[datetime, ...]
    zone: str = "UTC"
    slot_h: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.edges) < 2:
            msg = f"a horizon needs at least one slot, got {len(self.edges)} edge(s)"
            raise ValueError(msg)
        for edge in self.edges:
            if edge.tzinfo is not UTC and edge.utcoffset() != NO_OFFSET:
                msg = f"horizon edge {edge!r} is not aware UTC"
                raise ValueError(msg)
        hours = tuple((later - earlier).total_seconds() / 3600 for earlier, later in pairwise(self.edges))
        if min(hours) <= 0:
            earlier, later = next(pair for pair in pairwise(self.edges) if pair[1] <= pair[0])
            msg = f"horizon edges must rise: {earlier.isoformat()} then {later.isoformat()}"
            raise ValueError(msg)
        object.__setattr__(self, "slot_h", hours)

    def __len__(self) -> int:
        return len(self.edges) - 1

    def __iter__(self) -> Iterator[Slot]:
        for start, end in pairwise(self.edges):
            yield Slot(start=start, end=end)

    @property
    def start(self) -> datetime:
        return self.edges[0]

    @property
    def end(self) -> datetime:
        return self.edges[-1]

    @property
    def starts(self) -> tuple[datetime, ...]:
        return self.edges[:-1]


def floor_to_slot(at: datetime, slot_minutes: int) -> datetime:
    """The latest boundary of the UTC slot grid that is not after ``at``."""
    step_s = slot_minutes * 60
    whole = int(at.timestamp()) // step_s * step_s
    return datetime.fromtimestamp(whole, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Slots of ``slot_minutes`` for the first ``until_hours`` of a horizon."""

    slot_minutes: int
    until_hours: float


def plan_horizon(
    now: datetime,
    *,
    slot_minutes: int,
    horizon_hours: float,
    zone: str = "UTC",
    finer: tuple[Resolution, ...] = (),
) -> Horizon:
    """The slots from ``now`` (floored to a second) on; the first ends at the next boundary of its grid.

    ``finer`` grids stand in front, each until its hours have passed and the next grid has a boundary. The last
    edge is the grid boundary at or after ``now + horizon_hours``.
    """
    start = now.astimezone(UTC).replace(microsecond=0)
    grids = [*finer, Resolution(slot_minutes=slot_minutes, until_hours=horizon_hours)]
    edges = [start]
    for grid, coarser in pairwise([*grids, grids[-1]]):
        step = timedelta(minutes=grid.slot_minutes)
        until = start + timedelta(hours=min(grid.until_hours, horizon_hours))
        edge = floor_to_slot(edges[-1], grid.slot_minutes) + step
        while edges[-1] < until or edges[-1] != floor_to_slot(edges[-1], coarser.slot_minutes):
            edges.append(edge)
            edge += step
    return Horizon(tuple(edges), zone)
