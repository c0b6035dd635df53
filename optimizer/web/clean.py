"""Every text inside plain data passed through the hands of who takes secrets out, before anything is escaped."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, cast

Clean = Callable[[str], str]


def cleaned[Plain](value: Plain, clean: Clean) -> Plain:
    """The same data; frozen dataclasses, mappings and tuples are gone through, all else but text stays as it is."""
    return cast("Plain", _cleaned(value, clean))


def _cleaned(value: Any, clean: Clean) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_cleaned(key, clean): _cleaned(part, clean) for key, part in value.items()}
    if isinstance(value, tuple):
        return value if _is_numbers(value) else tuple(_cleaned(part, clean) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        changed = {name: _cleaned(part, clean) for name, part in parts.items()}
        return replace(value, **{name: part for name, part in changed.items() if part is not parts[name]})
    return value


def _is_numbers(values: tuple[Any, ...]) -> bool:
    """Long series hold nothing to be cleaned."""
    return bool(values) and isinstance(values[0], float)
