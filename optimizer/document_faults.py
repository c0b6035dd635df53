"""What is wrong with a JSON document, in words: one line a fault, with its path, its value and the way out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from optimizer.errors import ConfigError

FAULTS_SHOWN = 5
LONGEST_SHOWN = 40
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""Pydantic's words for an unknown key, of a model and of a dataclass."""
EXPECTED: Mapping[str, str] = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "dataclass_type": "an object",
    "model_type": "an object",
    "enum": "{expected}",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "too_short": "{min_length} or more entries",
}
"""What should stand there, by the kind of pydantic's complaint."""

Place = tuple[int | str, ...]


def parsed_object(text: str) -> dict[str, Any]:
    """The JSON object that ``text`` holds. Raises ConfigError, also for a key given twice: it would hide a value."""
    try:
        found = json.loads(text, object_pairs_hook=_each_key_once)
    except json.JSONDecodeError as error:
        msg = f"not valid JSON: {error}"
        raise ConfigError(msg) from None
    except ValueError as error:
        msg = f"not valid JSON: {str(error).split(';', maxsplit=1)[0]}"
        raise ConfigError(msg) from None
    except RecursionError:
        msg = "not valid JSON: nested too deeply"
        raise ConfigError(msg) from None
    if not isinstance(found, dict):
        msg = f"the document is {shown(found)}: expected an object, {{...}}"
        raise ConfigError(msg)
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"{dotted((twice,))}: this key is given twice in one object; keep one"
        raise ConfigError(msg)
    return found


def listing(faults: Sequence[str]) -> str:
    """Five faults at most, a line each."""
    lines = [" ".join(fault.splitlines()) for fault in dict.fromkeys(faults)]
    more = len(lines) - FAULTS_SHOWN
    return "\n".join([*lines[:FAULTS_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def type_faults(error: ValidationError, document: object, schema: Mapping[str, Any]) -> list[str]:
    """What pydantic found in ``document``, whose known keys are those of the JSON ``schema``; unknown keys first.

    Of a choice between forms pydantic reports every one that failed: those that failed at the same place make
    one fault, and one that failed as a whole is left out where another form was wrong in one entry only.
    """
    found: dict[Place, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_place(detail, document), []).append(detail)
    parents = {place[:depth] for place in found for depth in range(len(place))}
    faults = [(place, details) for place, details in found.items() if place not in parents]
    faults.sort(key=lambda fault: fault[1][0]["type"] not in UNKNOWN)
    return [_fault(place, details, schema) for place, details in faults]


def _place(detail: ErrorDetails, document: Any) -> Place:
    """Pydantic's location without the names of the forms in it, which are no keys of the document."""
    place: list[int | str] = []
    for part in detail["loc"]:
        if isinstance(document, dict | list):
            is_there = part in document if isinstance(document, dict) else isinstance(part, int)
            if is_there:
                document = document[part]  # type: ignore[index]  # a key, or a number of a list: see is_there
                place.append(part)
    if detail["type"] == "missing":
        place.append(detail["loc"][-1])
    return tuple(place)


def _fault(place: Place, details: Sequence[ErrorDetails], schema: Mapping[str, Any]) -> str:
    first, path = details[0], dotted(place)
    if first["type"] in UNKNOWN:
        return f"{path}: {_unknown(str(place[-1]), sorted(_keys_at(schema, place[:-1])))}"
    if first["type"] == "missing":
        return f"{path}: missing; it has no default"
    if not all(detail["type"] in EXPECTED for detail in details):
        return f"{path}: {first['msg'].removeprefix('Value error, ')}"
    expected = [EXPECTED[detail["type"]].format(**detail.get("ctx", {})).replace("'", '"') for detail in details]
    return f"{path} is {shown(first['input'])}: expected {' or '.join(dict.fromkeys(expected))}"


def _unknown(key: str, known: Sequence[str]) -> str:
    if key in known:
        return "does not go together with the keys beside it"
    close = get_close_matches(key, known, n=1, cutoff=0.5)
    return f"unknown key; did you mean '{close[0]}'?" if close else f"unknown key; known here: {', '.join(known)}"


def _keys_at(schema: Mapping[str, Any], place: Place) -> set[str]:
    """The keys that an object at ``place`` may have, in any of its forms."""
    nodes = list(_forms(schema, schema))
    for part in place:
        below = [node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part) for node in nodes]
        nodes = [form for node in below if node for form in _forms(schema, node)]
    return {key for node in nodes for key in node.get("properties", {})}


def _forms(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in node:
        yield from _forms(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _forms(schema, choice)
    yield node


def dotted(place: Place) -> str:
    """``batteries[0].soc_kwh``; a key that is no plain word stands in brackets and quotes."""
    text = ""
    for part in place:
        if isinstance(part, int) or not part.isidentifier():
            text += f"[{shown(part)}]"
        else:
            text += f".{part}" if text else part
    return text or "the document"


def shown(given: object) -> str:
    """A value as JSON writes it, shortened."""
    if isinstance(given, list):
        return "a list"
    if isinstance(given, dict):
        return "an object"
    text = json.dumps(given, ensure_ascii=False, default=str).encode(errors="backslashreplace").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
