"""The fields of JSON objects, read with errors that name the answer, the place and the value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from optimizer.domain.secret_forms import HIDDEN, forms_of
from optimizer.errors import SourceMalformed

LONGEST_VALUE_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One JSON object; ``where`` begins its errors. A field that is null counts as absent."""

    where: str
    content: Mapping[str, Any]

    def number(self, key: str) -> float | None:
        """A finite number, or None where the field is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.wrong(key, "a number")
        return float(value)

    def instant(self, key: str) -> datetime:
        """An aware time in UTC; naive ones are refused, since they could be anybody's."""
        at = self.instant_or_none(key)
        if at is None:
            raise self.wrong(key, "a time")
        return at

    def instant_or_none(self, key: str) -> datetime | None:
        """The same, or None where the field is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            pass
        raise self.wrong(key, "a time with its offset from UTC")

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.content.get(key)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def inner(self, key: str) -> "Fields | None":
        """The object in a field, or None where it is absent."""
        value = self.content.get(key)
        return None if value is None else one_object(value, f"{self.where}.{key}")

    def objects(self, key: str) -> "list[Fields]":
        """The objects of a list, none where the field is absent."""
        value = self.content.get(key)
        return [] if value is None else list(all_objects(value, f"{self.where}.{key}"))

    def wrong(self, key: str, wanted: str) -> SourceMalformed:
        return SourceMalformed(f"{self.where}.{key}: {_short(self.content.get(key))} is not {wanted}")


def one_object(value: object, where: str) -> Fields:
    """Raises SourceMalformed unless ``value`` is a JSON object."""
    if not isinstance(value, dict):
        raise SourceMalformed(f"{where}: {_short(value)} is not an object")
    return Fields(where=where, content=value)


def all_objects(value: object, where: str) -> Iterator[Fields]:
    """Raises SourceMalformed unless ``value`` is a list of JSON objects."""
    if not isinstance(value, list):
        raise SourceMalformed(f"{where}: {_short(value)} is not a list")
    for at, item in enumerate(value):
        yield one_object(item, f"{where}[{at}]")


def without_secret(content: bytes, secret: str) -> bytes:
    """An answer that repeats the secret in one of its texts, made fit to be quoted in errors."""
    for form in forms_of(secret):
        content = content.replace(form.encode(), HIDDEN.encode())
    return content


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE_SHOWN else text[:LONGEST_VALUE_SHOWN] + "…"
