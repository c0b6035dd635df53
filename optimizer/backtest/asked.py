"""What a backtest is asked for, and the document of a settings file as it is read then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from optimizer.errors import ConfigError
from strategies.registry import strategy_options

NOWHERE = {"base_url": "http://127.0.0.1:9", "api_key": {"env": "HEAT_OPTIMIZER_BACKTEST_KEY"}}
"""Stands in where a settings file names no cloud: nothing is ever asked of it."""
SITE_ID = "backtest"
EXAMPLE = "name one setting by its path below the site, e.g. battery.capacity_kwh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a backtest was asked for, in plain data, so that any process can prepare the same.

    ``strategy`` takes the place of the site's own, with those of its options that it knows. ``changes`` are settings
    by their dotted path below the site that replace those of the file. Another ``solar.peak_kw`` makes the data's sun
    so much stronger or weaker.
    """

    config: Path
    data: Path
    begin: datetime | None = None
    end: datetime | None = None
    site_id: str | None = None
    strategy: str | None = None
    changes: Mapping[str, Any] | None = None


def completed(document: dict[str, Any], asked: Asked, told: list[str]) -> dict[str, Any]:
    """With what a backtest does not need, where it is not stated, and with the changes that the site is to have.

    ``told`` is given what a tariff states and another strategy cannot use. Raises ConfigError.
    """
    cloud = document.setdefault("heat_cloud", {})
    if not isinstance(cloud, dict):
        msg = f"{asked.config}: heat_cloud: got {cloud!r}; write it as a table under [heat_cloud], or leave it out"
        raise ConfigError(msg)
    for key, value in NOWHERE.items():
        cloud.setdefault(key, value)
    sites = document.get("sites", [])
    if not isinstance(sites, list) or not all(isinstance(site, dict) for site in sites):
        given = "a single table" if isinstance(sites, dict) else repr(sites)
        msg = f"{asked.config}: sites: got {given}; write each site under [[sites]], in double brackets"
        raise ConfigError(msg)
    for number, site in enumerate(sites):
        site.setdefault("site_id", SITE_ID if number == 0 else f"{SITE_ID} {number + 1}")
        site.pop("hcu", None)
        if is_chosen(site["site_id"], asked.site_id, len(sites)):
            if asked.strategy is not None:
                site["tariff"] = _planned_with(asked.strategy, site.get("tariff"), f"sites[{number}].tariff", told)
            for path, changed in (asked.changes or {}).items():
                _change(site, path, changed)
    return document


def is_chosen(site_id: object, asked_id: str | None, count: int) -> bool:
    """Whether a site is the one that is asked for: by its id, or where there is no other."""
    return count == 1 if asked_id is None else str(site_id).lower() == asked_id.lower()


def _planned_with(strategy: str, tariff: Any, path: str, told: list[str]) -> dict[str, Any]:
    """Another strategy with the options of the stated one that it knows."""
    known = strategy_options(strategy, path="--strategy")
    stated = {name: value for name, value in tariff.items() if name != "strategy"} if isinstance(tariff, dict) else {}
    unknown = [name for name in stated if name not in known]
    told += [f"{path}.{name}: left out; the strategy '{strategy}' knows no such option" for name in unknown]
    return {"strategy": strategy, **{name: value for name, value in stated.items() if name in known}}


def _change(site: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = site
    for number, name in enumerate(parents):
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            at = ".".join(parents[: number + 1])
            given = "a list" if isinstance(inner, list) else repr(inner)
            msg = f"--sweep {path}: {at} is {given}, and has no setting '{(*parents, last)[number + 1]}'; {EXAMPLE}"
            raise ConfigError(msg)
        place = inner
    place[last] = value
