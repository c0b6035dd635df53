"""``heat-optimizer strategies``: what is installed, a new package, and a day's prices drawn."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from optimizer.app import Application, SiteRuntime
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.tariff import Tariff
from optimizer.errors import ConfigError
from optimizer.new_strategy import write_package
from optimizer.pricing import price_site
from strategies.registry import installed_feeds, installed_strategies

BAR = 24


def installed_text() -> str:
    """Every strategy and feed with its origin."""
    lines = []
    for title, installed in (("strategies", installed_strategies()), ("feeds", installed_feeds())):
        lines.append(f"{title}:")
        lines += [f"  {name}  ({origin})" for name, origin in installed]
    return "\n".join(lines)


def new_text(name: str, into: Path) -> str:
    """Write the package and say what to do with it. Raises ConfigError."""
    files = write_package(name, into)
    written = "\n".join(f"  {file}" for file in files)
    return f"written:\n{written}\nnext:\n  pip install -e ./{name}[test]\n  pytest {name}\n  heat-optimizer strategies"


def show_text(app: Application, name: str, day: str) -> str:
    """A site's prices of one local day, for each site whose tariff's strategy is ``name``. Raises ConfigError."""
    sites = [
        runtime
        for runtime, settings in zip(app.sites, app.settings.sites, strict=True)
        if name in {settings.tariff.get("strategy"), settings.site_id}
    ]
    if not sites:
        there = ", ".join(sorted({str(site.tariff.get("strategy")) for site in app.settings.sites}))
        msg = f"strategies show: no site's tariff has the strategy '{name}'; in this file: {there}"
        raise ConfigError(msg)
    console = Console(width=100)
    with console.capture() as captured:
        for site in sites:
            _print_day(app, site, _local_day(day), console)
    return captured.get().rstrip()


def _local_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"--day {text}: not a day of the form 2026-03-29"
        raise ConfigError(msg) from None


def _print_day(app: Application, site: SiteRuntime, day: date, console: Console) -> None:
    task, zone = site.task, ZoneInfo(site.task.site.zone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)
    hours = (end.astimezone(ZoneInfo("UTC")) - start.astimezone(ZoneInfo("UTC"))) / timedelta(hours=1)
    horizon = plan_horizon(start, slot_minutes=60, horizon_hours=hours, zone=task.site.zone)
    priced = price_site(task.site, task.prices, site.ports.market, site.ports.meter, horizon, horizon.start)
    tariff = priced.tariff
    title = f"{task.site.site_id}: {day} ({task.site.zone}), {tariff.currency} per kWh, prices {priced.step.value}"
    table = Table(title=title, title_justify="left")
    for heading in ("local", "import", "", "export", ""):
        table.add_column(heading, justify="right" if heading in {"import", "export"} else "left")
    for row in _rows(horizon, tariff, zone):
        table.add_row(*row)
    console.print(table)
    for line in _other_charges(tariff):
        console.print(f"  {line}", highlight=False)


def _rows(horizon: Horizon, tariff: Tariff, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    most = max(map(abs, tariff.import_price_per_kwh), default=0.0) or 1.0
    marks = tariff.is_forecast or (False,) * len(horizon)
    rows = zip(horizon.starts, tariff.import_price_per_kwh, tariff.export_price_per_kwh, marks, strict=True)
    for at, bought, sold, is_forecast in rows:
        bar = ("-" if bought < 0 else "#") * round(abs(bought) / most * BAR)
        yield f"{at.astimezone(zone):%H:%M}", f"{bought:.4f}", bar, f"{sold:.4f}", "forecast" if is_forecast else ""


def _other_charges(tariff: Tariff) -> Iterator[str]:
    for part in tariff.parts:
        low, high = min(part.price_per_kwh), max(part.price_per_kwh)
        span = f"{low:.4f}" if low == high else f"{low:.4f} to {high:.4f}"
        yield f"{part.direction.value} part {part.name}: {span} per kWh"
    for charge in tariff.peak_charges:
        yield f"peak charge {charge.name}: {charge.price_per_kw:g} per kW and {charge.billing_period.value}"
    for tiers in tariff.energy_tiers:
        bounds = ", ".join(f"{tier.added_price_per_kwh:+g} beyond {tier.above_kwh:g} kWh" for tier in tiers.tiers)
        yield f"energy {tiers.name}: {bounds}"
    for fixed in tariff.fixed_charges:
        yield f"fixed charge {fixed.name}: {fixed.amount:g} per {fixed.per.value}"
    yield from tariff.notes
