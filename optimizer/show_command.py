"""``heat-optimizer strategies show``: the prices of a local day."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from optimizer.app import Application, SiteRuntime
from optimizer.domain.horizon import plan_horizon
from optimizer.errors import ConfigError
from optimizer.pricing import PriceSources, price_site
from optimizer.settings import SiteSettings
from optimizer.tariff_report import ShownDay, day_text, draw_days
from strategies.registry import build_strategy

SLOT_MINUTES = 15
WIDTH = 120
FIRST_YEAR, LAST_YEAR = 1971, 2200


def show_text(app: Application, name: str, day: str, picture: Path | None) -> str:
    """The prices of one local day.

    ``name`` is a site's id (its tariff), or a strategy: that of each site whose tariff, fallback or challenger it
    is; failing these, an installed one, built with the options of each site's tariff. Raises ConfigError, and what
    pricing raises.
    """
    local_day = _local_day(day)
    days = [
        _shown(site, sources, title, local_day)
        for site, settings in zip(app.sites, app.settings.sites, strict=True)
        for title, sources in _chosen(site, settings, name)
    ]
    if not days:
        days = [
            _shown(site, _borrowed(settings, name), f"{settings.site_id}, {name}", local_day)
            for site, settings in zip(app.sites, app.settings.sites, strict=True)
        ]
    if picture is not None:
        draw_days(days, picture)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    return "\n".join(day_text(each, console) for each in days)


def _local_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        msg = f"--day {text}: not a day of the form 2026-03-29"
        raise ConfigError(msg) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        msg = f"--day {text}: years from {FIRST_YEAR} to {LAST_YEAR} can be shown"
        raise ConfigError(msg)
    return day


def _chosen(site: SiteRuntime, settings: SiteSettings, name: str) -> Iterator[tuple[str, PriceSources]]:
    """The site's tariff by its id, else each of its tariffs whose strategy has the name."""
    if name.lower() == settings.site_id.lower():
        yield f"{settings.site_id}, {settings.tariff.get('strategy')}", site.task.prices
        return
    stated: list[tuple[str, dict[str, Any] | None]] = [
        ("tariff", settings.tariff),
        ("fallback_tariff", settings.fallback_tariff),
        *((f"challenger {each.name}", each.tariff) for each in settings.challengers),
    ]
    for where, options in stated:
        if options is not None and options.get("strategy") == name:
            yield (
                f"{settings.site_id}, {where}: {name}",
                PriceSources(strategy=build_strategy(options, path=f"{settings.site_id}.{where}")),
            )


def _borrowed(settings: SiteSettings, name: str) -> PriceSources:
    """Another strategy with the options of the site's tariff."""
    path = f"strategies show {name}: with the options of {settings.site_id}.tariff"
    return PriceSources(strategy=build_strategy(settings.tariff | {"strategy": name}, path=path))


def _shown(site: SiteRuntime, sources: PriceSources, title: str, day: date) -> ShownDay:
    zone = ZoneInfo(site.task.site.zone)
    midnights = [
        datetime(each.year, each.month, each.day, tzinfo=zone).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    ]
    horizon = plan_horizon(
        midnights[0],
        slot_minutes=SLOT_MINUTES,
        horizon_hours=(midnights[1] - midnights[0]) / timedelta(hours=1),
        zone=zone.key,
    )
    priced = price_site(site.task.site, sources, site.ports.market, site.ports.meter, horizon, horizon.start)
    why = f" ({priced.why})" if priced.why else ""
    return ShownDay(
        title=f"{title}: {day} {zone.key}, prices {priced.step.value}{why}", horizon=horizon, tariff=priced.tariff
    )
