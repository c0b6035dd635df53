"""Refused options in the operator's words: path, value, way out."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

SECRET_WORDS = ("key", "token", "secret", "password")
LONGEST_VALUE_SHOWN = 60


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.4)
    return close[0] if close else None


def explain(error: ValidationError, model: type[BaseModel], path: str) -> str:
    """One line for each problem that ``model`` found in the options at ``path``."""
    lines = (_line(detail, model, path) for detail in error.errors(include_url=False))
    return "\n".join(dict.fromkeys(lines))


def _line(detail: ErrorDetails, model: type[BaseModel], path: str) -> str:
    loc = detail["loc"]
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    if detail["type"] == "extra_forbidden":
        known = list(_model_at(model, loc[:-1]).model_fields)
        close = nearest(str(loc[-1]), known)
        return f"{where}: unknown option; " + (
            f"did you mean '{close}'?" if close else f"known here: {', '.join(sorted(known))}"
        )
    meaning = _description(model, loc)
    if detail["type"] == "missing":
        return f"{where}: missing; " + (f"give {meaning}" if meaning else "it has no default")
    complaint = detail["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
    shown = _shown(detail["input"], loc)
    return (
        f"{where}: "
        + (f"got {shown}; " if shown else "")
        + complaint[:1].lower()
        + complaint[1:]
        + (f"; give {meaning}" if meaning else "")
    )


def _shown(value: object, loc: Sequence[int | str]) -> str:
    """The offending value, unless it is a whole table or may be a secret."""
    if isinstance(value, dict | list | tuple | BaseModel):
        return ""
    if any(word in str(part).lower() for part in loc for word in SECRET_WORDS):
        return ""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE_SHOWN else text[:LONGEST_VALUE_SHOWN] + "…"


def _description(model: type[BaseModel], loc: Sequence[int | str]) -> str | None:
    names = [part for part in loc if isinstance(part, str)]
    if not names:
        return None
    field = _model_at(model, loc[: loc.index(names[-1])]).model_fields.get(names[-1])
    return None if field is None else field.description


def _model_at(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """The innermost options model on the way along ``loc``."""
    for part in loc:
        field: FieldInfo | None = model.model_fields.get(str(part))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
