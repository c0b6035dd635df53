"""What can be told to a site: six (asset, type) pairs, each with time-windowed entries."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Pair(Enum):
    """The (asset, type) pairs that the cloud supports, by the vendor's names."""

    GRID_UPPER_LIMIT = ("grid", "upperLimitkW")
    GRID_LOWER_LIMIT = ("grid", "lowerLimitkW")
    GRID_POWER = ("grid", "activePowerkW")
    SOLAR_CURTAILMENT = ("solar", "solarCurtailmentPcnt")
    BESS_POWER = ("bess", "activePowerkW")
    BESS_SOC = ("bess", "optimalSocPcnt")

    @property
    def asset(self) -> str:
        return self.value[0]

    @property
    def type(self) -> str:
        return self.value[1]

    @property
    def label(self) -> str:
        """``asset.type``, as people write it."""
        return ".".join(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value on the wire (kW or percent, signed as the vendor reads it) on ``[start, end)`` UTC."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """All entries of one pair. No entries means: clear what is stored for this pair."""

    pair: Pair
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The commands of one request."""

    commands: tuple[Command, ...]

    @property
    def entry_count(self) -> int:
        return sum(len(command.entries) for command in self.commands)

    @property
    def pairs(self) -> frozenset[Pair]:
        return frozenset(command.pair for command in self.commands)

    @property
    def end(self) -> datetime | None:
        """When the last entry ends, or None where there is none."""
        return max((entry.end for command in self.commands for entry in command.entries), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The cloud's answer to an accepted batch. None where the answer was lost but the batch is in force."""

    batch_id: str | None
    accepted: int | None
