"""A cycle's decision written down so that it can be made again, and made again from that.

The record begins at the problem: forecasts, prices and state of charge stand in it as numbers. Beside it stand what
else an answer hangs on (the solver's version, options and starting basis, whether the clock ended a solve) and what
its commands hang on (``Publication``).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from optimizer import __version__
from optimizer.commands_record import commands_document, commands_from
from optimizer.dispatch import Publication, publish
from optimizer.domain.command import Pair
from optimizer.domain.conventions import Conventions
from optimizer.domain.horizon import Horizon
from optimizer.domain.limits import SiteLimits
from optimizer.domain.plan import USUAL_SOLVER
from optimizer.domain.site import DispatchMode
from optimizer.errors import ConfigError
from optimizer.lp import Kept, Planner, Solving, second_planner
from optimizer.lp.linear import Ints
from optimizer.planning import Planned
from optimizer.problem_file import read_problem

CONVENTIONS = TypeAdapter(Conventions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The commands of a record and those made from it anew, both as ``commands_document``.

    ``changed`` says what is other now than it was then, and could explain a difference.
    """

    recorded: list[dict[str, Any]]
    made: list[dict[str, Any]]
    changed: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return self.recorded == self.made


def replay_document(planned: Planned) -> dict[str, Any]:
    """What ``replayed`` needs beside the problem."""
    solving, publication = planned.solving, planned.publication
    start = solving.start
    return {
        "version": __version__,
        "solver": planned.plan.solver,
        "solver_version": solving.version,
        "solver_options": dict(solving.options),
        "was_cut": planned.plan.was_cut,
        "start": None if start is None else _start_document(start),
        "publication": {
            "mode": publication.mode.value,
            "conventions": asdict(publication.conventions),
            "limits": asdict(publication.limits),
            "solar_rated_kw": publication.solar_rated_kw,
            "in_force": commands_document(publication.in_force),
            "theirs": sorted(pair.label for pair in publication.theirs),
            "first_start": publication.first_start.isoformat(),
            "publish_until": publication.publish_until.isoformat(),
        },
        "commands": commands_document(planned.batch.commands),
    }


def replayed(body: Mapping[str, Any]) -> Replayed:
    """Solve a recorded cycle's problem as it was solved then, and make its commands.

    Raises ConfigError where the record holds no decision, PlanError where none can be made now.
    """
    record, document = body.get("replay"), body.get("problem")
    if record is None or document is None:
        msg = "this cycle's record holds no decision: it failed before it planned, or is older than version 2 of it"
        raise ConfigError(msg)
    problem = read_problem(json.dumps(document))
    start = record["start"]
    planner = Planner(start=None if start is None else _start_from(start))
    if record["solver"] != USUAL_SOLVER:
        planner, problem = second_planner(), replace(problem, uncertainty=None)
    now = planner.solving
    plan = planner.solve(problem)
    batch = publish(plan, _publication_from(record["publication"]))
    return Replayed(
        recorded=record["commands"],
        made=commands_document(batch.commands),
        changed=tuple(_changed(record, now, is_cut=plan.was_cut)),
    )


def _changed(record: Mapping[str, Any], now: Solving, *, is_cut: bool) -> Iterator[str]:
    """What could explain a difference."""
    if record["version"] != __version__:
        yield f"heat-optimizer was {record['version']}, is {__version__}"
    if record["solver_version"] != now.version:
        yield f"{record['solver']} was {record['solver_version']}, is {now.version}"
    was = record["solver_options"]
    for name in sorted({*was, *now.options}):
        if was.get(name) != now.options.get(name):
            yield f"{record['solver']}'s option {name} was {was.get(name)}, is {now.options.get(name)}"
    if record["was_cut"]:
        yield "the clock ended a solve then: a faster or slower run ends elsewhere"
    if is_cut:
        yield "the clock ended a solve now: a faster or slower run ends elsewhere"


def _start_document(start: Kept) -> dict[str, Any]:
    """A basis as one digit for each column and row."""
    return {
        "edges": [edge.isoformat() for edge in start.horizon.edges],
        "zone": start.horizon.zone,
        "columns": {name: _digits(codes) for name, codes in start.columns.items()},
        "rows": {name: _digits(codes) for name, codes in start.rows.items()},
    }


def _start_from(document: Mapping[str, Any]) -> Kept:
    edges = tuple(datetime.fromisoformat(edge) for edge in document["edges"])
    return Kept(
        horizon=Horizon(edges=edges, zone=document["zone"]),
        columns={name: _codes(digits) for name, digits in document["columns"].items()},
        rows={name: _codes(digits) for name, digits in document["rows"].items()},
    )


def _digits(codes: Ints) -> str:
    return "".join(map(str, codes.tolist()))


def _codes(digits: str) -> Ints:
    return np.array([int(digit) for digit in digits], dtype=np.int32)


BEFORE = {"export_limit_cuts_sun": False}
"""What a record that does not state it was made with: it is older than the setting."""


def _publication_from(document: Mapping[str, Any]) -> Publication:
    pairs = {pair.label: pair for pair in Pair}
    return Publication(
        mode=DispatchMode(document["mode"]),
        conventions=CONVENTIONS.validate_python(BEFORE | document["conventions"]),
        limits=SiteLimits(**document["limits"]),
        solar_rated_kw=document["solar_rated_kw"],
        in_force=commands_from(document["in_force"]),
        theirs=frozenset(pairs[label] for label in document["theirs"]),
        first_start=datetime.fromisoformat(document["first_start"]),
        publish_until=datetime.fromisoformat(document["publish_until"]),
    )
