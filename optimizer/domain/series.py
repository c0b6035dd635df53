"""A sequence of values on half-open UTC intervals, as a feed or a file delivers it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values on half-open intervals ``[starts[i], ends[i])``, sorted and without overlap.

    Gaps are allowed and mean "not known". The unit is the reader's contract (price per kWh, kW, ...).
    Raises ValueError when lengths differ, an interval is empty or two overlap.
    """

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.starts) == len(self.ends) == len(self.values):
            msg = f"series of {len(self.starts)} starts, {len(self.ends)} ends, {len(self.values)} values"
            raise ValueError(msg)
        previous_end: datetime | None = None
        for start, end in zip(self.starts, self.ends, strict=True):
            if end <= start:
                msg = f"series interval is empty: {start.isoformat()} to {end.isoformat()}"
                raise ValueError(msg)
            if previous_end is not None and start < previous_end:
                msg = f"series intervals overlap at {start.isoformat()}"
                raise ValueError(msg)
            previous_end = end

    def __len__(self) -> int:
        return len(self.values)
