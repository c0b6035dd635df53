"""The examples in config/ are what the documents tell people to copy: each loads, builds and is complete."""

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from optimizer.app import build_live
from optimizer.domain.horizon import plan_horizon
from optimizer.market import FeedShelf
from optimizer.secret import SecretRef
from optimizer.settings import ENV_PREFIX, Settings
from optimizer.settings_file import load_settings
from strategies import FeedContext
from strategies.registry import BUILT_IN_FEEDS, BUILT_IN_STRATEGIES, build_feed, build_strategy

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLES = sorted(CONFIG.glob("*.toml"))
EVERY = CONFIG / "every-setting.toml"
SWITCHED_OFF = re.compile(r"^#(?=[\w\[])", re.MULTILINE)
OPEN = {"tariff", "feeds", "load", "solar", "heat"}
"""Tables whose keys belong to plugins."""

each_example = pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


def test_the_examples_are_there():
    assert [file.stem for file in EXAMPLES] == [
        "belgium-capacity",
        "business-with-peak-charge",
        "dynamic-prices",
        "every-setting",
        "germany-module-3",
        "home-with-heat-pump",
        "minimal",
        "norway-capacity-steps",
        "two-sites",
        "us-commercial-demand-ratchet",
    ]


@each_example
def test_an_example_loads_as_it_stands(file: Path):
    assert load_settings(file).sites


def test_the_file_of_every_setting_loads_with_everything_switched_on_that_is_commented_out(tmp_path: Path):
    assert load_settings(_switched_on(EVERY, tmp_path)).sites


@each_example
def test_an_example_builds_a_service_that_could_post(file: Path, tmp_path: Path):
    for name in ("heat-cloud-api-key", "aris-hcu-token"):
        (tmp_path / name).write_text("made-up\n", encoding="utf-8")
    app = build_live(file, environ={"CREDENTIALS_DIRECTORY": str(tmp_path), "STATE_DIRECTORY": str(tmp_path)})
    app.close()
    assert len(app.sites) == len(app.settings.sites)


@each_example
def test_the_strategies_and_feeds_of_an_example_give_a_price_for_each_slot(file: Path):
    horizon = plan_horizon(datetime(2026, 3, 28, 10, 7, tzinfo=UTC), slot_minutes=15, horizon_hours=36)
    for site in load_settings(file).sites:
        context = FeedContext(base_folder=CONFIG, zone=site.timezone)
        feeds = {name: build_feed(options, path=name, context=context) for name, options in site.feeds.items()}
        market = FeedShelf(feeds, lambda: horizon.start).market(horizon)
        tariff = build_strategy(site.tariff, path="tariff").tariff(horizon, market)
        assert len(tariff.import_price_per_kwh) == len(horizon)
        assert not tariff.notes, "the example's prices cover these days"


def test_the_example_prices_are_quarter_hours_over_the_night_that_loses_an_hour():
    site = load_settings(CONFIG / "dynamic-prices.toml").sites[0]
    feed = build_feed(site.feeds["day_ahead"], path="", context=FeedContext(base_folder=CONFIG, zone=site.timezone))
    series = feed.fetch(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC))
    assert len(series) == 4 * 96 - 4
    assert {(end - start).total_seconds() for start, end in zip(series.starts, series.ends, strict=True)} == {900}
    assert min(series.values) < 0 < max(series.values) < 1, "EUR per kWh, and once less than nothing"


def test_the_minimal_example_holds_nothing_that_could_be_left_out():
    given = tomllib.loads((CONFIG / "minimal.toml").read_text(encoding="utf-8"))
    assert given["heat_cloud"].keys() == {"base_url", "api_key", "conventions"}
    assert given["heat_cloud"]["conventions"].keys() == {"bess_power_positive"}
    assert given.keys() == {"heat_cloud", "sites"}
    assert given["sites"][0].keys() == {"site_id", "timezone", "tariff"}


def test_the_home_example_has_heat_sun_place_and_a_tariff_by_season_weekday_and_holiday():
    (site,) = load_settings(CONFIG / "home-with-heat-pump.toml").sites
    assert site.hcu is not None
    assert site.location is not None
    assert site.solar.peak_kw is not None
    periods = site.tariff["periods"]
    assert any("season_start" in period for period in periods)
    assert {"weekday", "holiday"} <= {day for period in periods for day in period.get("days", ())}


def test_two_sites_are_two():
    assert len(load_settings(CONFIG / "two-sites.toml").sites) == 2


@each_example
def test_an_example_holds_no_secret_only_references(file: Path):
    for path, value in _leaves(tomllib.loads(file.read_text(encoding="utf-8"))):
        if path[-1] in {"api_key", "token"}:
            pytest.fail(f"{'.'.join(path)} is written out")
        assert not re.search(r"agk_|ags_|aris_tok_|Bearer ", str(value))


@each_example
def test_an_example_refers_to_secrets_by_the_names_that_the_unit_hands_over(file: Path):
    unit = (CONFIG.parent / "deploy" / "heat-optimizer.service").read_text(encoding="utf-8")
    handed_over = set(re.findall(r"^LoadCredential=([^:]+):", unit, re.MULTILINE))
    refs = list(_found(load_settings(file), SecretRef))
    assert refs
    assert {ref.credential for ref in refs} <= handed_over


@each_example
def test_an_example_points_at_reserved_or_private_addresses_alone(file: Path):
    urls = re.findall(r'https?://([^/"\s:]+)', file.read_text(encoding="utf-8"))
    assert urls
    assert all(host == "cloud.example.com" or host.startswith("192.168.") for host in urls)


def test_every_setting_appears_in_the_file_of_every_setting(tmp_path: Path):
    given = tomllib.loads(_switched_on(EVERY, tmp_path).read_text(encoding="utf-8"))
    missing = [".".join(path) for path, _ in _fields(Settings) if not _at(given, path)]
    assert not missing


def test_every_setting_stands_there_once():
    text = SWITCHED_OFF.sub("", EVERY.read_text(encoding="utf-8"))
    headers = re.findall(r"^\[.*?\]+", text, re.MULTILINE)
    assert len(headers) == len(set(headers))
    tomllib.loads(text)  # refuses a key that stands twice in a table


def test_each_stated_default_is_the_default():
    given = tomllib.loads(EVERY.read_text(encoding="utf-8"))
    wrong = []
    for path, field in _fields(Settings):
        if path[-1] in OPEN or _section_of(field) is not None:
            continue
        found = _at(given, path)
        if field.is_required() or path[-1] == "bess_power_positive":
            assert found, f"{'.'.join(path)} is required, so it needs an example"
        elif field.default is None:
            if found:
                wrong.append(f"{'.'.join(path)} is not set by default")
        elif found != [field.default.value if isinstance(field.default, Enum) else field.default]:
            wrong.append(f"{'.'.join(path)} is {field.default} by default, not {found}")
    assert not wrong


def test_each_line_of_the_file_of_every_setting_is_explained():
    bare = [
        line
        for line in SWITCHED_OFF.sub("", EVERY.read_text(encoding="utf-8")).splitlines()
        if re.match(r"\w+ = ", line) and not re.search(r"\s#\s+\S", line)
    ]
    assert not bare


@pytest.mark.parametrize(
    ("key", "built_in"), [("strategy", BUILT_IN_STRATEGIES), ("feed", BUILT_IN_FEEDS)], ids=["strategies", "feeds"]
)
def test_every_option_of_every_built_in_plugin_is_shown_in_some_example(key: str, built_in: dict[str, Any]):
    text = "\n".join(SWITCHED_OFF.sub("", file.read_text(encoding="utf-8")) for file in EXAMPLES)
    shown = set(re.findall(r"^(\w+) = ", text, re.MULTILINE)) | set(
        re.findall(r"^\[+[\w.]*?(\w+)\]", text, re.MULTILINE)
    )
    for name, factory in built_in.items():
        assert re.search(rf'^{key} = "{name}"', text, re.MULTILINE), f"{key} {name}"
        assert set(factory.Options.model_fields) <= shown, f"{key} {name}"


def _switched_on(file: Path, folder: Path) -> Path:
    """The file with each ``#key = …`` and ``#[table]`` made real; prose has a blank after its #."""
    changed = folder / file.name
    changed.write_text(SWITCHED_OFF.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    return changed


def _fields(model: type[BaseModel], parents: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every field of every section, by its path."""
    for name, field in model.model_fields.items():
        yield (*parents, name), field
        inner = _section_of(field)
        if inner is not None:
            yield from _fields(inner, (*parents, name))


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    return next((model for model in _models_in(field.annotation) if model is not SecretRef), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, tuple, list}:
        for inner in get_args(annotation):
            yield from _models_in(inner)


def _at(given: Any, path: tuple[str, ...]) -> list[Any]:
    """What stands at a path, lists of tables taken apart; empty where nothing does."""
    if isinstance(given, list):
        return [found for part in given for found in _at(part, path)]
    if not path:
        return [given]
    if not isinstance(given, dict) or path[0] not in given:
        return []
    return [given[path[0]]] if len(path) == 1 else _at(given[path[0]], path[1:])


def _leaves(given: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(given, dict):
        for key, part in given.items():
            yield from _leaves(part, (*path, key))
    elif isinstance(given, list):
        for part in given:
            yield from _leaves(part, path)
    else:
        yield path, given


def _found(model: Any, kind: type[Any]) -> Iterator[Any]:
    if isinstance(model, kind):
        yield model
    elif isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from _found(getattr(model, name), kind)
    elif isinstance(model, tuple | list):
        for part in model:
            yield from _found(part, kind)
