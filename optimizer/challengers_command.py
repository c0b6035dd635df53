"""What the challengers would have cost, day by day, beside the champion."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from optimizer.app import Application, SiteRuntime
from optimizer.errors import ConfigError
from optimizer.shadow import CHAMPION, Comparison, ShadowStore, compare


def comparisons(app: Application, site: SiteRuntime) -> Iterator[tuple[Comparison, str]]:
    """Each challenger against the champion, with the currency of its bills."""
    try:
        days = ShadowStore(app.ledger).days(site.task.site.site_id)
    except sqlite3.Error as error:
        msg = f"the ledger has no record of challengers: {error}"
        raise ConfigError(msg) from None
    costs = {name: {each.day: each.cost for each in days if each.name == name} for name in {each.name for each in days}}
    currencies = {each.name: each.currency for each in days}
    for contender in site.contenders:
        if contender.name != CHAMPION:
            yield (
                compare(
                    contender.name,
                    costs.get(CHAMPION, {}),
                    costs.get(contender.name, {}),
                    contender.switching_cost,
                ),
                currencies.get(contender.name, "EUR"),
            )


def challengers_text(app: Application, style: str) -> str:
    """A table or JSON for all sites: mean difference a day, its 95 % interval, and the verdict.

    Raises ConfigError where the ledger is older than challengers are.
    """
    if style == "json":
        found = [
            {"site_id": site.task.site.site_id, "currency": currency, **asdict(each), "verdict": each.verdict}
            for site in app.sites
            for each, currency in comparisons(app, site)
        ]
        return json.dumps(found, indent=1, allow_nan=False)
    console = Console(width=110)
    with console.capture() as captured:
        for site in app.sites:
            _print_site(app, site, console)
    return captured.get().rstrip()


def _print_site(app: Application, site: SiteRuntime, console: Console) -> None:
    site_id = site.task.site.site_id
    if not site.contenders:
        console.print(f"{site_id}: no challengers; name some under [[sites.challengers]]")
        return
    table = Table(title=f"{site_id}: challenger less champion, per day", title_justify="left")
    for title in ("challenger", "days", "difference", "95 % interval", "verdict"):
        table.add_column(title, justify="right" if title in {"days", "difference"} else "left")
    for each, currency in comparisons(app, site):
        interval = "" if each.low is None or each.high is None else f"{each.low:+.3f} to {each.high:+.3f}"
        table.add_row(each.name, str(each.days), f"{each.mean:+.3f} {currency}", interval, each.verdict)
    console.print(table)
