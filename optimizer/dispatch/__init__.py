"""Plans to commands: build a batch, prove that it is free of conflicts, decide if it is worth sending."""

from optimizer.dispatch.compile import compile_batch, other_battery_pair
from optimizer.dispatch.conflicts import Circumstances, find_conflicts
from optimizer.dispatch.foreign import BATTERY_OR_GRID, SAME, ForeignSchedule, foreign_schedules
from optimizer.dispatch.hold import in_force_as_sent, value_at, why_send
from optimizer.dispatch.publication import Publication, publish
from optimizer.dispatch.published import published_battery_kw

__all__ = [
    "BATTERY_OR_GRID",
    "SAME",
    "Circumstances",
    "ForeignSchedule",
    "Publication",
    "compile_batch",
    "find_conflicts",
    "foreign_schedules",
    "in_force_as_sent",
    "other_battery_pair",
    "publish",
    "published_battery_kw",
    "value_at",
    "why_send",
]
