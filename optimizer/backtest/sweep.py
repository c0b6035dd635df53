"""What if: the same data under other settings, side by side, with what each would save and when it has paid itself."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from optimizer.backtest.asked import Asked
from optimizer.backtest.backtest import DAEMON, Progress, Result, Work, backtest
from optimizer.backtest.yearly import YEAR
from optimizer.errors import ConfigError

WHOLE_YEAR = timedelta(days=360)
MOST_VARIANTS = 200
ALIKE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One set of changed settings, by their paths below the site, and what came of it."""

    changes: Mapping[str, Any]
    result: Result

    @property
    def length(self) -> timedelta:
        """How much time was lived through."""
        start, end = (datetime.fromisoformat(at) for at in (self.result.start, self.result.end))
        return end - start

    def payback_years(self, price_per_kwh: float) -> float | None:
        """Until a battery of that price has paid itself; None where it never does or has no stated size."""
        saved, capacity_kwh = self.result.saved_per_year, self.result.capacity_kwh
        return None if saved <= 0 else price_per_kwh * capacity_kwh / saved

    @property
    def cycles_per_year(self) -> float:
        """Full cycles of the battery."""
        return self.result.energies[DAEMON]["cycles"] * (YEAR / self.length)

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of its bills, and that a part of a year stands for the whole, where it does."""
        if self.length >= WHOLE_YEAR:
            return self.result.notes
        days = self.length / timedelta(days=1)
        return (*self.result.notes, f"what is said of a year takes these {days:.0f} days for typical of it")

    @property
    def aims(self) -> tuple[float, float, float]:
        """What a site wants little of: money, carbon and wear."""
        energies = self.result.energies[DAEMON]
        return self.result.bills[DAEMON], energies["co2_kg"], energies["cycles"]


def on_frontier(variants: Sequence[Variant]) -> tuple[bool, ...]:
    """Whether no other one is as good in money, carbon and wear, and better in one of them."""
    aims = [variant.aims for variant in variants]
    return tuple(not any(_is_better(other, mine) for other in aims) for mine in aims)


def _is_better(other: tuple[float, ...], mine: tuple[float, ...]) -> bool:
    """In one, by more than rounding, and in none worse."""
    pairs = list(zip(other, mine, strict=True))
    return all(a <= b + ALIKE for a, b in pairs) and any(a < b - ALIKE for a, b in pairs)


def sweep_values(texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """ "battery.capacity_kwh=5,10" as a path and its values: numbers, true and false, else text. Raises ConfigError."""
    found: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        path, equals, values = text.partition("=")
        if not equals or not path or not values:
            msg = f"--sweep {text}: write it as PATH=VALUE,VALUE, e.g. battery.capacity_kwh=5,10,15"
            raise ConfigError(msg)
        found[path.removeprefix("sites.")] = tuple(_value(value.strip()) for value in values.split(","))
    count = math.prod(len(values) for values in found.values())
    if count > MOST_VARIANTS:
        msg = f"--sweep: {count} combinations, at most {MOST_VARIANTS} are run at once: give fewer values"
        raise ConfigError(msg)
    return found


def _value(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def combinations(values: Mapping[str, tuple[Any, ...]]) -> tuple[Mapping[str, Any], ...]:
    """Every one value for each path."""
    return tuple(dict(zip(values, combination, strict=True)) for combination in product(*values.values()))


def changed(asked: Asked, changes: Mapping[str, Any]) -> Asked:
    """The same question under other settings."""
    return replace(asked, changes={**(asked.changes or {}), **changes})


def sweep(asked: Asked, all_changes: Iterable[Mapping[str, Any]], work: Work, progress: Progress) -> Iterator[Variant]:
    """One after the other. Raises ConfigError."""
    for changes in all_changes:
        result = backtest(changed(asked, changes), replace(work, with_regret=False), progress)
        yield Variant(changes=changes, result=result)
