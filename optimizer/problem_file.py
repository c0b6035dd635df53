"""A problem and its plan as JSON: what other programs write to ask, and what they read as the answer.

A problem file is one object: ``"schema"``, then the fields of ``optimizer.domain.problem.Problem`` by their
names. Assets, charges and scenarios are objects (or lists of them) with the fields of their dataclasses, whose
docstrings state each law and unit; ``heat-optimizer solve --schema`` prints all of it as JSON Schema.
One that is complete, four hours with sun and a battery, with a limit on the import of the last two::

    {
      "schema": "heat-optimizer/problem/1",
      "horizon": {"start": "2026-06-01T12:00:00Z", "slot_minutes": 60, "slots": 4, "zone": "Europe/Berlin"},
      "load_kw": 1.5,
      "solar_kw": [4, 2, 0, 0],
      "import_price_per_kwh": [0.3, 0.3, 0.45, 0.45],
      "export_price_per_kwh": 0.08,
      "import_limit_kw": ["inf", "inf", 1, 1],
      "batteries": [{
        "capacity_kwh": 10, "soc_kwh": 2, "soc_max_kwh": 10,
        "max_charge_kw": 3, "max_discharge_kw": 3, "charge_efficiency": 0.95,
        "end_values": [{"kwh": 10, "value_per_kwh": 0.2}]
      }]
    }

Needed are schema, horizon, load_kw and both prices. Every field that has a default may be left out, and also
``heat_kw`` and ``solar_kw`` (then 0), ``currency`` ("EUR") and ``site_id`` ("site").

The horizon has three forms, each with an optional ``zone`` (IANA name, "UTC" if left out): ``edges``, a list
of one time more than there are slots; ``start``, ``slot_minutes`` and ``slots``; or ``start`` and
``slot_minutes`` as a list with one number for each slot, [7.5, 15, 15]. Times are ISO 8601 and end with Z or
an offset; they are kept in UTC.

Per slot, ``load_kw``, ``heat_kw``, ``solar_kw``, both prices and every field of type ``PerSlot`` are a list
with one number for each slot, or one number that holds for all. Other series (``published``, ``scenarios``,
``interval_of_slot``) are lists always.

Numbers are JSON numbers: a text is never taken for one, and NaN and Infinity are refused. No limit is null for
the whole horizon; where ``import_limit_kw``, ``export_limit_kw`` (for single slots too) or
``inverter_limit_kw`` is infinite, it is the text "inf".

What is wrong comes back one line a fault, with its path: an unknown key at any depth and the nearest known
one, a key given twice, a wrong type, another schema, and what the domain finds contradictory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from itertools import accumulate
from math import inf, isfinite
from typing import Annotated, Any, Final, Literal, assert_never, get_type_hints
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    create_model,
)

from optimizer.document_faults import listing, parsed_object, shown, type_faults
from optimizer.domain.assets import PerSlot, per_slot
from optimizer.domain.horizon import Horizon
from optimizer.domain.plan import Feasible, Optimal, Plan, Relaxed, Verdict
from optimizer.domain.problem import Problem
from optimizer.domain.validity import SERIES, problem_faults
from optimizer.errors import ConfigError

SCHEMA: Final = "heat-optimizer/problem/1"
MOST_SLOTS = 1_000_000
"""A slip in ``slots`` ends in a message instead of a full memory."""
INFINITE = ("import_limit_kw", "export_limit_kw", "inverter_limit_kw")
"""Where the domain knows an infinite number."""
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _instant(given: object) -> datetime:
    """ISO 8601 with an offset. Pydantic itself would read "1748779200" as seconds since 1970."""
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    msg = f'{shown(given)} is no time with its offset; write it as "2026-06-01T12:00:00Z"'
    raise ValueError(msg)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        msg = f'{shown(name)} is no IANA time zone; give one such as "Europe/Berlin"'
        raise ValueError(msg)
    return name


Instant = Annotated[datetime, BeforeValidator(_instant)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Minutes = Annotated[float, Field(gt=0)]
Limit = Annotated[float | Literal["inf"], AfterValidator(float)]


class Form(BaseModel):
    """One way to write a horizon."""

    model_config = STRICT
    zone: Zone = "UTC"


class Edges(Form):
    """All boundaries of the slots."""

    edges: Annotated[tuple[Instant, ...], Field(min_length=2)]


class EvenSlots(Form):
    """So many slots of one length."""

    start: Instant
    slot_minutes: Minutes
    slots: Annotated[int, Field(ge=1, le=MOST_SLOTS)]


class UnevenSlots(Form):
    """One slot for each length."""

    start: Instant
    slot_minutes: Annotated[tuple[Minutes, ...], Field(min_length=1)]


def _form(given: object) -> str:
    if not isinstance(given, Mapping):
        return "<even>"
    if "edges" in given:
        return "<edges>"
    return "<uneven>" if isinstance(given.get("slot_minutes"), list) else "<even>"


def _horizon(form: Edges | EvenSlots | UnevenSlots) -> Horizon:
    """Edge k lies the sum of the first k lengths after the start, rounded to a microsecond."""
    if isinstance(form, Edges):
        return Horizon(form.edges, form.zone)
    lengths = form.slot_minutes if isinstance(form, UnevenSlots) else (form.slot_minutes,) * form.slots
    try:
        edges = tuple(form.start + timedelta(minutes=past) for past in accumulate(lengths, initial=0.0))
    except OverflowError:
        msg = "ends after the year 9999"
        raise ValueError(msg) from None
    return Horizon(edges, form.zone)


HorizonForm = Annotated[
    Annotated[Edges, Tag("<edges>")] | Annotated[EvenSlots, Tag("<even>")] | Annotated[UnevenSlots, Tag("<uneven>")],
    Discriminator(_form),
    AfterValidator(_horizon),
]


@cache
def _document_model() -> type[BaseModel]:
    """The fields of ``Problem``, with the shorthands in the place of what they stand for."""
    types = get_type_hints(Problem)
    shapes: dict[str, Any] = {
        field.name: (types[field.name], ... if field.default is MISSING else field.default) for field in fields(Problem)
    }
    shapes |= dict.fromkeys(SERIES, (PerSlot, ...))
    shapes |= dict.fromkeys(("heat_kw", "solar_kw"), (PerSlot, 0.0))
    shapes |= dict.fromkeys(("import_limit_kw", "export_limit_kw"), (Limit | tuple[Limit, ...] | None, None))
    shapes |= {"inverter_limit_kw": (Limit | None, None), "horizon": (HorizonForm, ...)}
    shapes |= {"site_id": (str, "site"), "currency": (str, "EUR")}
    version = (str, Field(alias="schema", json_schema_extra={"const": SCHEMA}))
    return create_model("HeatOptimizerProblem", __config__=STRICT, __doc__=Problem.__doc__, version=version, **shapes)


def read_problem(text: str) -> Problem:
    """The problem that ``text`` states. Raises ConfigError with one line for each fault, five at most."""
    found = parsed_object(text)
    _refuse_other_versions(found)
    try:
        document = _document_model().model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(listing(type_faults(error, found, problem_schema()))) from None
    given = {field.name: getattr(document, field.name) for field in fields(Problem)}
    given |= {name: per_slot(given[name], len(given["horizon"])) for name in SERIES}
    try:
        faults = list(problem_faults(_Draft(**given)))
    except OverflowError:
        faults = ["a whole number is too large to be reckoned with"]
    if faults:
        raise ConfigError(listing(faults))
    return Problem(**given)


def _refuse_other_versions(found: Mapping[str, Any]) -> None:
    """Before anything else: what another version's keys mean is not known here."""
    if found.get("schema") != SCHEMA:
        given = f"is {shown(found['schema'])}" if "schema" in found else "is missing"
        msg = f'schema {given}: this version reads "schema": "{SCHEMA}"'
        raise ConfigError(msg)


class _Draft(Problem):
    """A problem that does not stop at its first fault, so that all can be told."""

    def __post_init__(self) -> None:
        pass


def problem_document(problem: Problem) -> dict[str, Any]:
    """``problem`` as plain JSON data that ``read_problem`` turns into the same problem again.

    Raises ValueError where a number is not finite that is no limit: the file has no form for it.
    """
    return {"schema": SCHEMA} | {
        field.name: _plain(getattr(problem, field.name), field.name) for field in fields(problem)
    }


def problem_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a problem file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_document_model().model_json_schema()}


def plan_document(plan: Plan) -> dict[str, Any]:
    """``plan`` as plain JSON data: flows per slot in kW at the AC side, ``soc_kwh`` at each slot's end.

    ``gap`` is how much money is left on the table at most: 0 where optimality was proved, null where unknown.
    Prices of a slot are null where the solver gave none. ``breaches`` are the soft limits that could not be kept,
    ``contradiction`` the smallest set of limits that cannot be kept together; both are empty where nothing was
    forced on the plan.
    """
    status, gap = _judgement(plan.verdict)
    relaxed = plan.verdict if isinstance(plan.verdict, Relaxed) else None
    return {
        "verdict": str(plan.verdict),
        "status": status,
        "gap": gap,
        "objective": plan.objective,
        "costs": dict(plan.costs),
        "currency": plan.problem.currency,
        "shortfalls": dict(plan.shortfalls),
        "breaches": [] if relaxed is None else list(relaxed.breaches),
        "contradiction": [] if relaxed is None else list(relaxed.contradiction),
        "peaks_kw": dict(plan.peaks_kw),
        "slots": list(_slots(plan)),
        "batteries": [_plain(profile, profile.name) for profile in plan.batteries],
        "others": [_plain(profile, profile.name) for profile in plan.others],
        "solver": plan.solver,
        **explanation(plan),
        "solve_s": plan.solve_s,
    }


def explanation(plan: Plan) -> dict[str, Any]:
    """Why the plan is what it is: a line for each slot, the best alternative, what hangs on the end, caution's price.

    Each but the reasons is null where nobody asked, or where there is no battery to ask about.
    """
    other = plan.alternative
    alternative = None
    if other is not None:
        made_up_at = None if other.made_up_at is None else _zulu(other.made_up_at)
        alternative = {"battery_kw": other.battery_kw, "extra_cost": other.extra_cost, "made_up_at": made_up_at}
    return {
        "reasons": list(plan.reasons),
        "alternative": alternative,
        "end_effect": None if plan.end_effect is None else asdict(plan.end_effect),
        "caution": None if plan.caution is None else asdict(plan.caution),
    }


def _judgement(verdict: Verdict) -> tuple[str, float | None]:
    match verdict:
        case Optimal():
            return "optimal", 0.0
        case Feasible(gap=gap):
            return "feasible", gap
        case Relaxed(base=base):
            return "relaxed", _judgement(base)[1]
        case never:
            assert_never(never)


def _slots(plan: Plan) -> Iterator[dict[str, Any]]:
    flows, marginals = plan.flows, plan.marginals
    unknown = (None,) * len(plan.problem.horizon)
    node_price, stored_value = marginals.node_price_per_kwh or unknown, marginals.stored_value_per_kwh or unknown
    for slot, window in enumerate(plan.problem.horizon):
        yield {
            "start": _zulu(window.start),
            "end": _zulu(window.end),
            **{field.name: getattr(flows, field.name)[slot] for field in fields(flows)},
            "node_price_per_kwh": node_price[slot],
            "stored_value_per_kwh": stored_value[slot],
        }


def _plain(given: object, path: str) -> Any:
    """Dataclasses as objects, tuples as lists, an infinite limit as "inf"."""
    match given:
        case Horizon(edges=edges, zone=zone):
            return {"edges": [_zulu(edge) for edge in edges], "zone": zone}
        case tuple() if _are_finite(given):
            return list(given)
        case tuple():
            return [_plain(entry, f"{path}[{slot}]") for slot, entry in enumerate(given)]
        case Enum():
            return given.value
        case float() if given == inf and path.partition("[")[0] in INFINITE:
            return "inf"
        case float() if not isfinite(given):
            msg = f"{path} is {given}: a problem file has no form for it"
            raise ValueError(msg)
    if is_dataclass(given):
        return {field.name: _plain(getattr(given, field.name), f"{path}.{field.name}") for field in fields(given)}
    return given


def _are_finite(given: tuple[object, ...]) -> bool:
    """Whether all are finite numbers: then their sum is one too, which takes a tenth of the time to see."""
    return set(map(type, given)) == {float} and isfinite(sum(given))  # type: ignore[arg-type]


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
