"""``heat-optimizer savings``: the days that were priced, and what they sum to."""

import json
import sqlite3
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from optimizer.app import Application
from optimizer.errors import ConfigError
from optimizer.savings import DayBills, SavingsStore

HEADS = ("day", "no battery", "self-consumption", "daemon", "perfect foresight", "saved", "regret")
MOST_DAYS, MOST_SHOWN = 36_525, 20


def savings_text(app: Application, count: int, style: str) -> str:
    """The newest ``count`` days of each site. Raises ConfigError."""
    if not 1 <= count <= MOST_DAYS:
        msg = f"--days {str(count)[:MOST_SHOWN]}: give a number from 1 to {MOST_DAYS}"
        raise ConfigError(msg)
    try:
        found = {
            site.task.site.site_id: SavingsStore(app.ledger).days(site.task.site.site_id, count) for site in app.sites
        }
    except sqlite3.Error as error:
        msg = f"the ledger is older than this command: {error}; start the service once, it brings it up to date"
        raise ConfigError(msg) from None
    if style == "json":
        documents = [
            {"site_id": site_id, "days": [{**asdict(day), "day": day.day.isoformat()} for day in days]}
            for site_id, days in found.items()
        ]
        return json.dumps(documents, indent=1, allow_nan=False)
    console = Console(width=110)
    with console.capture() as captured:
        for site_id, days in found.items():
            _print(console, site_id, days)
    return captured.get().rstrip()


def _print(console: Console, site_id: str, days: tuple[DayBills, ...]) -> None:
    if not days:
        console.print(f"{site_id}: no day was priced yet; each is at night, once a whole day is on record")
        return
    table = Table(title=f"{site_id}, {days[0].currency}", title_justify="left")
    for head in HEADS:
        table.add_column(head, justify="left" if head == "day" else "right")
    for day in days:
        table.add_row(day.day.isoformat(), *(f"{money:.2f}" for money in _columns(day)))
    sums = [sum(column) for column in zip(*map(_columns, days), strict=True)]
    table.add_section()
    table.add_row(f"{len(days)} days", *(f"{money:.2f}" for money in sums))
    console.print(table)


def _columns(day: DayBills) -> tuple[float, ...]:
    return day.no_battery, day.self_consumption, day.daemon, day.perfect_foresight, day.saved, day.regret
