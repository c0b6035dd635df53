"""Name -> factory, for strategies and for feeds: the built-ins below and the entry points of others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from optimizer.errors import ConfigError
from strategies.composed import Composed
from strategies.contract import DocumentFeed, FeedContext, PriceFeed, TariffStrategy
from strategies.explain import explain, nearest
from strategies.feeds.amber import Amber
from strategies.feeds.awattar import Awattar
from strategies.feeds.cached import kept_on_disk
from strategies.feeds.cached_document import document_on_disk
from strategies.feeds.energi_data_service import EnergiDataService
from strategies.feeds.energy_charts import EnergyCharts
from strategies.feeds.entsoe import Entsoe
from strategies.feeds.file import FileFeed
from strategies.feeds.nord_pool import NordPool
from strategies.feeds.octopus import Octopus
from strategies.feeds.tibber import Tibber
from strategies.feeds.urdb import Urdb
from strategies.flat import Flat
from strategies.options import WebFeedOptions
from strategies.series import SeriesTariff
from strategies.time_of_use import TimeOfUse
from strategies.urdb_tariff import UrdbTariff

BUILT_IN_STRATEGIES: Mapping[str, Callable[..., TariffStrategy]] = {
    "composed": Composed,
    "flat": Flat,
    "series": SeriesTariff,
    "time_of_use": TimeOfUse,
    "urdb": UrdbTariff,
}
BUILT_IN_FEEDS: Mapping[str, Callable[..., PriceFeed | DocumentFeed]] = {
    "amber": Amber,
    "awattar": Awattar,
    "energi_data_service": EnergiDataService,
    "energy_charts": EnergyCharts,
    "entsoe": Entsoe,
    "file": FileFeed,
    "nord_pool": NordPool,
    "octopus": Octopus,
    "tibber": Tibber,
    "urdb": Urdb,
}

IMPORT_FAILURES = (
    ImportError,
    SyntaxError,
    AttributeError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    OSError,
    RuntimeError,
    AssertionError,
    ArithmeticError,
)
"""What the module of a stranger may raise while it is imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """``key`` is the option that holds the name, ``methods`` those of which every built object has one."""

    key: str
    methods: tuple[str, ...]
    group: str
    built_in: Mapping[str, Callable[..., object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plugin:
    name: str
    origin: str
    source: Callable[..., object] | EntryPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A factory with the options that it declared and that passed."""

    factory: Callable[..., Any]
    options: BaseModel


STRATEGIES = _Kind(key="strategy", methods=("tariff",), group="heat_optimizer.strategies", built_in=BUILT_IN_STRATEGIES)
FEEDS = _Kind(key="feed", methods=("fetch", "fetch_document"), group="heat_optimizer.feeds", built_in=BUILT_IN_FEEDS)


def strategy_names() -> tuple[str, ...]:
    """The names that ``strategy = "…"`` may hold, sorted. Raises ConfigError when two share one."""
    return tuple(_catalogue(STRATEGIES))


def feed_names() -> tuple[str, ...]:
    """The names that ``feed = "…"`` may hold, sorted. Raises ConfigError when two share one."""
    return tuple(_catalogue(FEEDS))


def installed_strategies() -> list[tuple[str, str]]:
    """Name and origin of each strategy; the origin of one that cannot be imported says so."""
    return _installed(STRATEGIES)


def installed_feeds() -> list[tuple[str, str]]:
    """Name and origin of each feed; the origin of one that cannot be imported says so."""
    return _installed(FEEDS)


def strategy_options(name: str, *, path: str) -> frozenset[str]:
    """The options that a strategy knows; ``path`` says who names it. Raises ConfigError where there is none."""
    _, model = _named(STRATEGIES, name, path)
    return frozenset(model.model_fields)


def build_strategy(options: Mapping[str, object], *, path: str) -> TariffStrategy:
    """The strategy that ``options["strategy"]`` names, with the other options.

    ``path`` is where the options stand in the settings. Raises ConfigError with one line for each problem.
    """
    chosen = _choose(STRATEGIES, options, path)
    built: TariffStrategy = _construct(STRATEGIES, path, lambda: chosen.factory(chosen.options))
    return built


def strategy_currency(options: Mapping[str, object], *, path: str) -> str | None:
    """What a strategy counts in; None where it does not say. Raises ConfigError as ``build_strategy`` does."""
    return _currency(_choose(STRATEGIES, options, path))


def feed_currency(options: Mapping[str, object], *, path: str) -> str | None:
    """What a feed's prices are in; None where it does not say. Raises ConfigError as ``build_feed`` does."""
    return _currency(_choose(FEEDS, options, path))


def _currency(chosen: _Chosen) -> str | None:
    """An option of that name, else what the class says of itself."""
    found = getattr(chosen.options, "currency", None) or getattr(chosen.factory, "CURRENCY", None)
    return found if isinstance(found, str) else None


def build_feed(options: Mapping[str, object], *, path: str, context: FeedContext) -> PriceFeed | DocumentFeed:
    """The feed that ``options["feed"]`` names; otherwise as ``build_strategy``.

    With a cache folder the answers of a provider are kept there.
    """
    chosen = _choose(FEEDS, options, path)
    built: PriceFeed | DocumentFeed = _construct(FEEDS, path, lambda: chosen.factory(chosen.options, context))
    own, folder, name = chosen.options, context.cache_folder, str(options[FEEDS.key])
    if folder is None or not isinstance(own, WebFeedOptions) or not own.asks_provider:
        return built
    if isinstance(built, DocumentFeed):
        return document_on_disk(built, name, own, context, folder)
    return kept_on_disk(built, name, own, context, folder)


def build_series_feed(options: Mapping[str, object], *, path: str, context: FeedContext) -> PriceFeed:
    """The same where only a series will do: ConfigError for a feed that brings a document."""
    built = build_feed(options, path=path, context=context)
    if isinstance(built, DocumentFeed):
        msg = f"{path}.feed: '{options[FEEDS.key]}' brings a tariff's structure, not a series; choose another feed"
        raise ConfigError(msg)
    return built


def _catalogue(kind: _Kind) -> dict[str, _Plugin]:
    plugins = [_Plugin(name=name, origin="built in", source=made) for name, made in kind.built_in.items()]
    plugins += [
        _Plugin(name=point.name, origin=_origin(point), source=point) for point in entry_points(group=kind.group)
    ]
    by_name: dict[str, _Plugin] = {}
    for plugin in plugins:
        other = by_name.setdefault(plugin.name, plugin)
        if other is not plugin:
            msg = (
                f"two plugins claim the {kind.key} name '{plugin.name}': {other.origin} and {plugin.origin}; "
                "uninstall or rename one"
            )
            raise ConfigError(msg)
    return dict(sorted(by_name.items()))


def _origin(point: EntryPoint) -> str:
    if point.dist is None:
        return point.value
    return f"{point.dist.name} {point.dist.version} ({point.value})"


def _installed(kind: _Kind) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for plugin in _catalogue(kind).values():
        try:
            _load(plugin)
        except ConfigError as error:
            found.append((plugin.name, f"{plugin.origin}: broken: {error}"))
        else:
            found.append((plugin.name, plugin.origin))
    return found


def _load(plugin: _Plugin) -> tuple[Callable[..., Any], type[BaseModel]]:
    """The factory and its options model; ConfigError when either is not there."""
    try:
        factory = plugin.source.load() if isinstance(plugin.source, EntryPoint) else plugin.source
    except IMPORT_FAILURES as error:
        msg = f"cannot be imported: {type(error).__name__}: {error}"
        raise ConfigError(msg) from error
    model = getattr(factory, "Options", None)
    if not callable(factory) or not (isinstance(model, type) and issubclass(model, BaseModel)):
        msg = "is not a class with a pydantic model named Options"
        raise ConfigError(msg)
    return factory, model


def _choose(kind: _Kind, options: Mapping[str, object], path: str) -> _Chosen:
    name = options.get(kind.key)
    if not isinstance(name, str):
        problem = "missing" if name is None else f"got {name!r}"
        installed = ", ".join(_catalogue(kind))
        msg = f"{path}.{kind.key}: {problem}; give the name of a {kind.key}; installed: {installed}"
        raise ConfigError(msg)
    factory, model = _named(kind, name, f"{path}.{kind.key}")
    own = {key: value for key, value in options.items() if key != kind.key}
    try:
        return _Chosen(factory=factory, options=model.model_validate(own))
    except ValidationError as error:
        raise ConfigError(explain(error, model, path)) from None


def _named(kind: _Kind, name: str, path: str) -> tuple[Callable[..., Any], type[BaseModel]]:
    """The factory of that name and its options; ConfigError where there is none, or none that works."""
    catalogue = _catalogue(kind)
    plugin = catalogue.get(name)
    if plugin is None:
        close = nearest(name, catalogue)
        hint = f" (did you mean '{close}'?)" if close else ""
        msg = f"{path}: no {kind.key} '{name}'; installed: {', '.join(catalogue)}{hint}"
        raise ConfigError(msg)
    try:
        return _load(plugin)
    except ConfigError as error:
        msg = f"{path}: '{name}' from {plugin.origin} {error}"
        raise ConfigError(msg) from error


def _construct(kind: _Kind, path: str, make: Callable[[], Any]) -> Any:
    try:
        built = make()
    except (ConfigError, ValueError, TypeError) as error:
        msg = f"{path}: {error}"
        raise ConfigError(msg) from error
    if not any(callable(getattr(built, method, None)) for method in kind.methods):
        msg = f"{path}.{kind.key}: {type(built).__name__} has no method '{"' or '".join(kind.methods)}'"
        raise ConfigError(msg)
    return built
