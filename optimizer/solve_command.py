"""Solve a problem file and print the plan: text in, text and exit code out."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from optimizer.domain.plan import USUAL_SOLVER, EndEffect, Plan
from optimizer.errors import ConfigError, PlanError
from optimizer.lp import Planner
from optimizer.lp.breaches import describe_weighed
from optimizer.problem_file import plan_document, problem_schema, read_problem

PLANNED, NOT_PLANNED, BAD_PROBLEM = 0, 1, 2
NUMBER = re.compile(r"-?\d+(\.\d+)?")
TIME = re.compile(r" \(\d\d:\d\dZ\)")
Style = Literal["table", "json"]


def problem_text(source: str) -> str:
    """What the file ``source`` holds; "-" is standard input. Raises ConfigError."""
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        msg = f"{source}: cannot be read: {error.strerror or type(error).__name__}"
    except UnicodeDecodeError as error:
        msg = f"{source}: not UTF-8 text: {error.reason} at byte {error.start}"
    raise ConfigError(msg)


def solve_text(text: str, style: Style) -> tuple[str, int]:
    """The plan of the problem in ``text`` and 0; or why there is none, and 2 for a bad problem, 1 for a bad end."""
    planner = Planner()
    try:
        plan = planner.consider(planner.solve(read_problem(text)))
    except ConfigError as error:
        return "\n".join(_printable(line) for line in str(error).split("\n")), BAD_PROBLEM
    except PlanError as error:
        return _printable(f"{error.name}: {error}"), NOT_PLANNED
    match style:
        case "json":
            return json.dumps(_answer(plan), indent=1, allow_nan=False), PLANNED
        case "table":
            return "\n".join(plan_lines(plan)), PLANNED
        case never:
            assert_never(never)


def schema_text() -> str:
    """The JSON Schema of a problem file."""
    return json.dumps(problem_schema(), indent=1)


def _answer(plan: Plan) -> dict[str, Any]:
    """The plan's document, with what it weighed against money."""
    return plan_document(plan) | {"weighed": list(describe_weighed(plan.problem, plan))}


def plan_lines(plan: Plan) -> Iterator[str]:
    """Money, peaks and what is missed, then why, then the slots; neighbours with the same powers share a line."""
    for section in (_summary(plan), _why(plan), _slots(plan)):
        yield from (_printable(line) for line in section)


def _summary(plan: Plan) -> Iterator[str]:
    currency = plan.problem.currency
    found_by = "" if plan.solver == USUAL_SOLVER else f" (by {plan.solver}: {USUAL_SOLVER} failed)"
    yield f"{plan.verdict}, objective {_fixed(plan.objective, 4)} {currency}{found_by}"
    yield from (f"  {name.replace('_', ' ')}: {_fixed(cost, 4)} {currency}" for name, cost in plan.costs.items())
    yield from (f"  billed {name}: {_fixed(peak_kw, 3)} kW" for name, peak_kw in plan.peaks_kw.items())
    for name, amount in plan.shortfalls.items():
        if _fixed(amount, 3) != _fixed(0.0, 3):
            yield f"  missed {name}: {_fixed(amount, 3)}"
    yield from (f"  weighed: {weighed}" for weighed in describe_weighed(plan.problem, plan))
    if plan.end_effect is not None and plan.end_effect.matters:
        yield f"  note: {told_end_effect(plan.end_effect)}"


def told_end_effect(effect: EndEffect) -> str:
    """How much of the first hour is owed to what lies beyond the horizon."""
    return (
        f"the first hour hangs on what energy left at the end is worth: battery {effect.planned_kw:+.2f} kW, "
        f"{effect.with_less_kw:+.2f} if a quarter less, {effect.with_more_kw:+.2f} if more"
    )


def _why(plan: Plan) -> Iterator[str]:
    """The first slot's reason, then one wherever it becomes another kind of reason."""
    yield ""
    yield "why"
    zone = ZoneInfo(plan.problem.horizon.zone)
    told = zip(plan.problem.horizon.starts, plan.reasons, strict=True)
    for _, alike in groupby(told, key=lambda each: _kind(each[1])):
        start, reason = next(alike)
        yield f"  {_local(start, zone)}  {reason}"


def _kind(reason: str) -> str:
    """What the battery does and what binds: a reason up to its alternatives, without numbers and times."""
    return NUMBER.sub("", TIME.sub("", reason.partition(";")[0]))


def _slots(plan: Plan) -> Iterator[str]:
    yield ""
    zone = plan.problem.horizon.zone
    yield f"times in {zone}; kW, grid + import, battery + charging; kWh at the end of each line"
    yield from _aligned([_heads(plan), *_rows(plan, ZoneInfo(zone))])


def _heads(plan: Plan) -> list[str]:
    batteries = [battery.name for battery in plan.batteries]
    others = [other.name for other in plan.others]
    return ["from", "to", "grid", *batteries, *others, "curtailed", *(f"{name} kWh" for name in batteries)]


def _rows(plan: Plan, zone: ZoneInfo) -> Iterator[list[str]]:
    windows = list(plan.problem.horizon)
    for powers, group in groupby(range(len(windows)), key=lambda slot: _powers(plan, slot)):
        slots = list(group)
        stored = [_fixed(battery.soc_kwh[slots[-1]], 3) for battery in plan.batteries]
        yield [_local(windows[slots[0]].start, zone), _local(windows[slots[-1]].end, zone), *powers, *stored]


def _powers(plan: Plan, slot: int) -> list[str]:
    """What a line says of a slot but for the energy: slots that read the same share one."""
    flows = plan.flows
    grid_kw = flows.import_kw[slot] - flows.export_kw[slot]
    batteries_kw = (battery.charge_kw[slot] - battery.discharge_kw[slot] for battery in plan.batteries)
    others_kw = (other.electrical_kw[slot] for other in plan.others)
    return [_fixed(power_kw, 3) for power_kw in (grid_kw, *batteries_kw, *others_kw, flows.curtailed_kw[slot])]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _printable(line: str) -> str:
    """One line, with a space for each character that would end it, move the cursor or change the colours."""
    return "".join(each if each.isprintable() else " " for each in line)


def _fixed(number: float, digits: int) -> str:
    """Rounded, and without a sign where it rounds to zero."""
    return f"{round(number, digits) + 0.0:.{digits}f}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    try:
        local = at.astimezone(zone)
    except OverflowError:  # the calendar's first or last day
        local = at
    return f"{local:%m-%d %H:%M:%S}" if local.second else f"{local:%m-%d %H:%M}"
