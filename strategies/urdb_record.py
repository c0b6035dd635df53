"""One record of the OpenEI Utility Rate Database, taken out of its envelope and read key by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import Any

from optimizer.errors import ConfigError, SourceMalformed, SourceRejected, SourceUnauthorized, SourceUnavailable


@dataclass(slots=True)
class Record:
    """One record, read key by key; null counts as absent. ``notes`` collects what is told."""

    source: str
    content: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)

    def malformed(self, key: str, complaint: str) -> SourceMalformed:
        return SourceMalformed(f"{self._who()}: {key}: {complaint}; correct it in a JSON file of your own")

    def unsupported(self, key: str, complaint: str) -> ConfigError:
        return ConfigError(f"{self._who()}: {key}: {complaint}; choose another rate, or edit a JSON file of your own")

    def number(self, key: str) -> float | None:
        return self.number_of(key, self.content.get(key))

    def number_of(self, where: str, value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.malformed(where, f"{value!r} is not a number")
        return float(value)

    def rows(self, where: str, value: object) -> Sequence[Any]:
        if not isinstance(value, list):
            raise self.malformed(where, f"{short(value)} is not a list")
        return value

    def text(self, key: str, default: str) -> str:
        value = self.content.get(key)
        if value is not None and not isinstance(value, str):
            raise self.malformed(key, f"{short(value)} is not a text")
        return value or default

    def instant(self, key: str) -> datetime | None:
        seconds = self.number(key)
        if seconds is None:
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise self.malformed(key, f"{seconds!r} is not a time in seconds since 1970") from None

    def member[Member: Enum](self, key: str, members: type[Member]) -> Member | None:
        value = self.text(key, "")
        if not value:
            return None
        found = next((member for member in members if str(member.value).lower() == value.lower()), None)
        if found is None:
            known = ", ".join(str(member.value) for member in members)
            raise self.unsupported(key, f"{value!r} is none of: {known}")
        return found

    def _who(self) -> str:
        label = self.content.get("label")
        return f"{self.source}: rate {label}" if isinstance(label, str) else self.source


def single_rate(document: object, source: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise SourceMalformed(f"{source}: {short(document)} is not a rate, but must be a JSON object")
    _raise_error(document.get("error"), source)
    if "items" not in document:
        return document
    items = document["items"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceMalformed(f"{source}: items: {short(items)} is not a list of rates")
    if len(items) != 1:
        labels = ", ".join(str(item.get("label")) for item in items[:10])
        found = f"{len(items)} rates: {labels}; keep one" if items else "no rate; is the label that of a rate?"
        raise ConfigError(f"{source}: the answer holds {found}")
    only: Mapping[str, Any] = items[0]
    return only


def _raise_error(error: object, source: str) -> None:
    if error is None:
        return
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    words = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    message = f"{source}: refused: {': '.join(part for part in (code, words[:200]) if part)}"
    if code.startswith("API_KEY"):
        raise SourceUnauthorized(message)
    if "RATE_LIMIT" in code:
        raise SourceUnavailable(message)
    raise SourceRejected(message)


def says_something(value: object) -> bool:
    """Whether a value holds any number but 0, at any depth."""
    if isinstance(value, list):
        return any(map(says_something, value))
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
