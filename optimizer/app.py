"""The composition root: settings to objects. The only file that knows all rooms."""

import ipaddress
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from platform import node
from time import sleep
from urllib.parse import urlsplit

import structlog

from optimizer.batch_book import BatchBook
from optimizer.clients import ArisClient, HeatCloudClient, HeatCloudPaths, HeatCloudPoster, HttpDoor, Patience
from optimizer.configured import ASSUMED_SIGN, conventions_of, refuse_contradictions, task_of
from optimizer.currencies import refuse_other_currency
from optimizer.domain.conventions import Conventions
from optimizer.errors import ConfigError, LedgerUnavailable
from optimizer.ledger import Ledger
from optimizer.ledger_lock import LedgerLock
from optimizer.ledger_rescue import open_checked
from optimizer.log import REDACT
from optimizer.lp import Planner
from optimizer.market import FeedShelf
from optimizer.memory import LedgerHistory, LedgerRecorder
from optimizer.pricing import PriceSources
from optimizer.secret import SecretRef
from optimizer.settings import Settings, SiteSettings
from optimizer.settings_file import load_settings
from optimizer.shadow import CHAMPION, Contender, Shadows, ShadowStore
from optimizer.surroundings import Surroundings, utc_now
from optimizer.task import CyclePorts, PlanPorts, SiteTask
from strategies import FeedContext
from strategies.options import Secret
from strategies.registry import build_feed, build_series_feed, build_strategy

LEASE_SLACK_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRuntime:
    """One site, wired: what is configured, the ports that serve it, and who plans in its shadow."""

    task: SiteTask
    ports: PlanPorts
    shelf: FeedShelf
    contenders: tuple[Contender, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A wired process. ``assumptions`` tell what a dry run took for granted."""

    settings: Settings
    heat: HeatCloudClient
    sites: tuple[SiteRuntime, ...]
    ledger: Ledger
    ledger_file: Path
    now: Callable[[], datetime]
    assumptions: tuple[str, ...] = ()

    def close(self) -> None:
        """Close connections and ledger."""
        self.hang_up()
        self.ledger.close()

    def hang_up(self) -> None:
        """Close the connections alone."""
        self.heat.door.client.close()
        for site in self.sites:
            if isinstance(site.ports.hcu, ArisClient):
                site.ports.hcu.door.client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveApplication(Application):
    """An application that can change sites: the only one that is built with a poster.

    ``file`` holds its settings; ``around`` is what it was built in.
    """

    file: Path
    around: Surroundings
    poster: HeatCloudPoster
    recorder: LedgerRecorder
    book: BatchBook
    lock: LedgerLock
    shadows: Mapping[str, Shadows]

    def cycle_ports(self, site: SiteRuntime) -> CyclePorts:
        """The ports of one site."""
        return CyclePorts(
            plan=site.ports,
            poster=self.poster,
            book=self.book,
            recorder=self.recorder,
            now=self.now,
            pause=sleep,
            shadows=self.shadows[site.task.site.site_id],
        )

    def close(self) -> None:
        """Let go of the sites and of the ledger's lock as well."""
        for site in self.sites:
            with suppress(LedgerUnavailable):
                self.book.let_go(site.task.site.site_id)
        Application.close(self)
        self.lock.release()


def build_dry(
    file: Path, *, now: Callable[[], datetime] = utc_now, environ: Mapping[str, str] = os.environ
) -> Application:
    """A dry application: reads only, and states what it assumed. Raises ConfigError."""
    settings = load_settings(file)
    assumptions: tuple[str, ...] = ()
    if settings.heat_cloud.conventions.bess_power_positive is None:
        assumptions = (f'bess_power_positive is not set: assumed "{ASSUMED_SIGN.value}"',)
    conventions = conventions_of(settings, assumed=ASSUMED_SIGN)
    cache = feed_cache(settings, file.parent, environ)
    around = Surroundings(
        now=now, environ=environ, base_folder=file.parent, feed_cache=cache if cache.is_dir() else None
    )
    heat = _heat_client(settings, conventions, around)
    where = ledger_path(settings, file.parent, environ)
    if not where.exists():
        assumptions += (f"no ledger at {where}: forecasts start from nothing",)
    ledger = Ledger.open_read_only(where)
    with _closed_on_error(heat, ledger):
        sites = _sites(settings, conventions, heat, ledger, around)
    return Application(
        settings=settings,
        heat=heat,
        sites=sites,
        ledger=ledger,
        ledger_file=where,
        now=now,
        assumptions=assumptions,
    )


def build_live(
    file: Path, *, now: Callable[[], datetime] = utc_now, environ: Mapping[str, str] = os.environ
) -> LiveApplication:
    """An application that posts. Raises ConfigError, above all while the battery's sign is not stated."""
    settings = load_settings(file)
    conventions = conventions_of(settings, assumed=None)
    cache = feed_cache(settings, file.parent, environ)
    around = Surroundings(now=now, environ=environ, base_folder=file.parent, feed_cache=cache)
    heat = _heat_client(settings, conventions, around)
    where = ledger_path(settings, file.parent, environ)
    lock = LedgerLock.take(where)
    try:
        ledger = open_checked(where, now(), REDACT.text)
        with _closed_on_error(heat, ledger):
            sites = _sites(settings, conventions, heat, ledger, around)
    except ConfigError:
        lock.release()
        raise
    return _live(file, settings, heat, sites, around, ledger, lock)


def rebuild_live(app: LiveApplication, settings: Settings) -> LiveApplication:
    """``app`` by other settings or with new secrets, on the same ledger, under the same lock. Raises ConfigError.

    ``app`` stays whole, and whoever takes the new one in its place is to ``hang_up`` the old one.
    """
    conventions = conventions_of(settings, assumed=None)
    around = replace(app.around, feed_cache=feed_cache(settings, app.file.parent, app.around.environ), handed_out={})
    heat = _heat_client(settings, conventions, around)
    try:
        sites = _sites(settings, conventions, heat, app.ledger, around)
    except BaseException:
        heat.door.client.close()
        raise
    return _live(app.file, settings, heat, sites, around, app.ledger, app.lock)


def _live(
    file: Path,
    settings: Settings,
    heat: HeatCloudClient,
    sites: tuple[SiteRuntime, ...],
    around: Surroundings,
    ledger: Ledger,
    lock: LedgerLock,
) -> LiveApplication:
    lease = timedelta(minutes=2 * settings.planning.replan_minutes + LEASE_SLACK_MIN)
    stale_after = timedelta(minutes=settings.heat_cloud.conventions.stale_after_minutes)
    return LiveApplication(
        settings=settings,
        heat=heat,
        sites=sites,
        ledger=ledger,
        ledger_file=ledger_path(settings, file.parent, around.environ),
        now=around.now,
        file=file,
        around=around,
        poster=HeatCloudPoster(heat.door, heat.paths),
        recorder=LedgerRecorder(ledger, stale_after),
        book=BatchBook(ledger, holder=f"{node() or 'here'} {os.getpid()}", lease=lease),
        lock=lock,
        shadows={
            site.task.site.site_id: Shadows(
                contenders=site.contenders,
                store=ShadowStore(ledger),
                feeds=site.ports.market,
                history=site.ports.history,
            )
            for site in sites
        },
    )


@contextmanager
def _closed_on_error(heat: HeatCloudClient, ledger: Ledger) -> Iterator[None]:
    """Close what is open already when the rest cannot be built."""
    try:
        yield
    except ConfigError:
        heat.door.client.close()
        ledger.close()
        raise


def ledger_path(settings: Settings, base_folder: Path, environ: Mapping[str, str]) -> Path:
    """Where the ledger lies: the setting (relative to the settings file), else the state directory."""
    if settings.ledger.path is not None:
        return base_folder / settings.ledger.path
    return Path(environ.get("STATE_DIRECTORY", ".").split(":")[0]) / "heat-optimizer.sqlite3"


def feed_cache(settings: Settings, base_folder: Path, environ: Mapping[str, str]) -> Path:
    """Where the answers of price providers are kept: in the state directory, else beside the ledger."""
    state = environ.get("STATE_DIRECTORY")
    return (Path(state.split(":")[0]) if state else ledger_path(settings, base_folder, environ).parent) / "feeds"


def _heat_client(settings: Settings, conventions: Conventions, around: Surroundings) -> HeatCloudClient:
    cloud = settings.heat_cloud
    key = around.secret("heat_cloud.api_key", cloud.api_key)
    warn_if_exposed("heat_cloud.base_url", cloud.base_url)
    paths = HeatCloudPaths(
        prefix=cloud.api_prefix,
        sites=cloud.sites_path,
        site=cloud.site_path,
        schedules=cloud.schedules_path,
        health=cloud.health_path,
    )
    door = HttpDoor("H.E.A.T. Cloud", cloud.base_url, key, Patience(timeout_s=cloud.timeout_s))
    return HeatCloudClient(door, paths, conventions, around.now)


def _sites(
    settings: Settings, conventions: Conventions, heat: HeatCloudClient, ledger: Ledger, around: Surroundings
) -> tuple[SiteRuntime, ...]:
    task_settings = (settings, conventions, heat, LedgerHistory(ledger), around)
    return tuple(_site(f"sites[{number}]", site, *task_settings) for number, site in enumerate(settings.sites))


def _site(
    path: str,
    site: SiteSettings,
    settings: Settings,
    conventions: Conventions,
    heat: HeatCloudClient,
    history: LedgerHistory,
    around: Surroundings,
) -> SiteRuntime:
    shelf = FeedShelf(
        {
            name: build_feed(
                options, path=f"{path}.feeds.{name}", context=_feed_context(f"{path}.feeds.{name}", site, around)
            )
            for name, options in site.feeds.items()
        },
        around.now,
    )
    forecasts = {name: options for name, options in site.forecasts.model_dump().items() if options is not None}
    external = FeedShelf(
        {
            name: build_series_feed(
                options,
                path=f"{path}.forecasts.{name}",
                context=_feed_context(f"{path}.forecasts.{name}", site, around),
            )
            for name, options in forecasts.items()
        },
        around.now,
    )
    hcu = None
    if site.hcu is not None:
        token = around.secret(f"{path}.hcu.token", site.hcu.token)
        warn_if_exposed(f"{path}.hcu.base_url", site.hcu.base_url)
        patience = Patience(timeout_s=site.hcu.timeout_s)
        hcu = ArisClient(HttpDoor("Aris HCU", site.hcu.base_url, token, patience), around.now)
    task = task_of(path, site, settings, conventions)
    refuse_other_currency(f"{path}.tariff", site.tariff, site.feeds, site_path=path)
    refuse_contradictions(path, task, around.now())
    ports = PlanPorts(
        site=heat,
        hcu=hcu,
        market=shelf,
        history=history,
        meter=history,
        soc=history,
        assets=history,
        forecasts=history,
        external=external,
        planner=Planner(),
    )
    return SiteRuntime(task=task, ports=ports, shelf=shelf, contenders=_contenders(path, site, task.prices))


def _contenders(path: str, site: SiteSettings, champion: PriceSources) -> tuple[Contender, ...]:
    """The challengers and, where there are any, the champion for comparison."""
    if not site.challengers:
        return ()
    challengers = [
        Contender(
            name=each.name,
            prices=PriceSources(strategy=build_strategy(each.tariff, path=f"{path}.challengers[{number}].tariff")),
            switching_cost=each.switching_cost,
        )
        for number, each in enumerate(site.challengers)
    ]
    for number, each in enumerate(site.challengers):
        refuse_other_currency(f"{path}.challengers[{number}].tariff", each.tariff, site.feeds, site_path=path)
    names = [each.name for each in challengers]
    for name in names:
        if names.count(name) > 1:
            msg = f"{path}.challengers: two are named '{name}'; give each its own name"
            raise ConfigError(msg)
    return (Contender(name=CHAMPION, prices=champion), *challengers)


def _feed_context(path: str, site: SiteSettings, around: Surroundings) -> FeedContext:
    """Where a feed stands; its secrets are found by the settings' rules and kept out of every log."""

    def secret(reference: Secret, option: str) -> str:
        return around.secret(f"{path}.{option}", SecretRef.model_validate(reference.model_dump()))

    return FeedContext(
        base_folder=around.base_folder,
        zone=site.timezone,
        secret=secret,
        cache_folder=around.feed_cache,
        now=around.now,
    )


def warn_if_exposed(path: str, url: str) -> None:
    """A token sent over plain HTTP can be read on the way; inside a private network that may be accepted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost" or host.endswith(".local"):
        return
    try:
        if ipaddress.ip_address(host).is_private:
            return
    except ValueError:
        pass
    structlog.get_logger().warning("plain_http", setting=path, url=url, advice="use https: the token can be read")


__all__ = ["Application", "LiveApplication", "SiteRuntime", "build_dry", "build_live", "rebuild_live", "utc_now"]
