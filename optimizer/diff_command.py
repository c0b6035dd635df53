"""``heat-optimizer plan --diff``: what a plan would change, and with ``--approve`` that very plan posted."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from optimizer.acting import delivery_to
from optimizer.app import Application, LiveApplication, SiteRuntime
from optimizer.cycle import CYCLE_S, body_of, plan_from, read_snapshot
from optimizer.domain.command import Receipt
from optimizer.domain.outcome import Failed, Posted
from optimizer.dry_book import DryBook
from optimizer.errors import ConfigError, HeatOptimizerError, NotInControl, SignContradiction, StaleData
from optimizer.plan_diff import Change, changes, effect
from optimizer.planning import Planned, check
from optimizer.ports import Deadline, RememberBatches
from optimizer.quarantining import believed
from optimizer.standing import look
from optimizer.task import PlanPorts, SiteTask
from optimizer.trusting import as_trusted, held_to, trust_of

CHANGES = 10
"""The exit code where a plan would change something."""


def diff_document(planned: Planned, now: datetime, tolerance: float) -> dict[str, Any]:
    """The changes and their effect as JSON knows them."""
    return {
        "site_id": planned.snapshot.site_id,
        "changes": [
            {
                "pair": change.pair.label,
                "kind": change.kind,
                "start": change.start.isoformat(),
                "end": change.end.isoformat(),
                "was": change.was,
                "becomes": change.becomes,
            }
            for change in changes(planned, now, tolerance)
        ],
        "effect": asdict(effect(planned)),
    }


def diff_text(plans: list[Planned], now: datetime, tolerance: float, style: str) -> tuple[str, bool]:
    """The differences of all plans, and whether there is any."""
    is_any = any(changes(planned, now, tolerance) for planned in plans)
    if style == "json":
        documents = [diff_document(planned, now, tolerance) for planned in plans]
        return json.dumps(documents if len(documents) > 1 else documents[0], indent=1, allow_nan=False), is_any
    console = Console(width=110)
    with console.capture() as captured:
        for planned in plans:
            _print(console, planned, now, tolerance)
    return captured.get().rstrip(), is_any


def _print(console: Console, planned: Planned, now: datetime, tolerance: float) -> None:
    found = changes(planned, now, tolerance)
    if not found:
        console.print(f"{planned.snapshot.site_id}: nothing would change", highlight=False)
        return
    zone = ZoneInfo(planned.plan.problem.horizon.zone)
    table = Table(title=f"{planned.snapshot.site_id}, times in {zone.key}", title_justify="left")
    for head in ("", "command", "from", "to", "in force", "planned"):
        table.add_column(head, justify="right" if head in {"in force", "planned"} else "left")
    for change in found:
        table.add_row(*_cells(change, zone))
    console.print(table)
    what = effect(planned)
    console.print(
        f"  against what is in force: {what.money:+.2f} {what.currency}, {what.cycles:+.2f} cycles, "
        f"highest import {what.peak_kw:+.2f} kW",
        highlight=False,
    )


def _cells(change: Change, zone: ZoneInfo) -> tuple[str, ...]:
    was, becomes = ("nothing" if value is None else f"{value:g}" for value in (change.was, change.becomes))
    return (
        change.kind,
        change.pair.label,
        f"{change.start.astimezone(zone):%a %H:%M}",
        f"{change.end.astimezone(zone):%a %H:%M}",
        was,
        becomes,
    )


def run_diff(app: Application, site_id: str | None, style: str) -> int:
    """Plan dry as the service would, print what would change; 10 where something would. Raises HeatOptimizerError."""
    now = app.now()
    sites = chosen(app, site_id)
    for assumption in app.assumptions:
        print(f"note: {assumption}", file=sys.stderr)
    if not app.ledger_file.exists():
        print("note: without the service's ledger the battery counts as not yet proved", file=sys.stderr)
    lease = timedelta(minutes=app.settings.planning.replan_minutes)
    book = DryBook(app.ledger, holder="dry run", lease=lease)
    plans = [_as_the_service(site.task, site.ports, book, now) for site in sites]
    text, is_any = diff_text(plans, now, min(site.task.hold_tolerance_kw for site in sites), style)
    print(text)
    return CHANGES if is_any else 0


def run_approve(app: LiveApplication, site_id: str | None, confirm: Callable[[str], bool]) -> int:
    """Show each site's changes, post the plans that are confirmed; 10 where one was not. Raises HeatOptimizerError."""
    code = 0
    for site in chosen(app, site_id):
        planned = plan_to_approve(app, site)
        text, is_any = diff_text([planned], app.now(), site.task.hold_tolerance_kw, "table")
        print(text, flush=True)
        if not is_any:
            continue
        if not confirm(f"Post this to {site.task.site.site_id}? Type yes: "):
            code = CHANGES
            continue
        receipt = approve(app, site, planned)
        print(f"posted, batchId {receipt.batch_id or 'unknown: its answer was lost, but it is in force'}")
    return code


def chosen(app: Application, site_id: str | None) -> tuple[SiteRuntime, ...]:
    """All sites, or the one named. Raises ConfigError."""
    found = tuple(site for site in app.sites if site_id is None or site.task.site.site_id.lower() == site_id.lower())
    if not found:
        known = ", ".join(site.task.site.site_id for site in app.sites)
        msg = f"--site {site_id}: not in the settings; there are: {known}"
        raise ConfigError(msg)
    return found


def plan_to_approve(app: LiveApplication, site: SiteRuntime) -> Planned:
    """A plan as the service would make it, the site being ours. Raises HeatOptimizerError."""
    now = app.now()
    app.book.take_over(site.task.site.site_id, now)
    return _as_the_service(site.task, site.ports, app.book, now)


def _as_the_service(task: SiteTask, ports: PlanPorts, book: RememberBatches, now: datetime) -> Planned:
    """A plan with all that guards a cycle. Raises HeatOptimizerError."""
    snapshot = believed(read_snapshot(task, ports, now, _deadline()), book, now)
    standing = look(task.site.site_id, snapshot.reading.in_force, book, task.rules, now)
    trust = trust_of(task.site, task.conventions, snapshot, book, standing.intents, now)
    if trust.blocked is not None:
        raise SignContradiction(trust.blocked)
    if standing.hands_off is not None:
        raise NotInControl(standing.hands_off)
    return plan_from(as_trusted(task, trust), ports, held_to(snapshot, trust), now, standing.foreign)


def approve(app: LiveApplication, site: SiteRuntime, planned: Planned) -> Receipt:
    """Post exactly this plan, if it is still valid: young, and the site as it was. Raises HeatOptimizerError.

    It is on record like a cycle's, so that it can be replayed.
    """
    task, ports, now = site.task, app.cycle_ports(site), app.now()
    age = now - planned.snapshot.taken_at
    longest = timedelta(minutes=task.grid.replan_minutes)
    if age > longest:
        msg = f"the plan was shown {age.total_seconds() / 60:.0f} min ago: older than {longest}; make a new one"
        raise StaleData(msg)
    epoch = ports.book.take_over(task.site.site_id, now)
    there = read_snapshot(task, ports.plan, now, _deadline()).reading.in_force
    if {command.pair: command.entries for command in there if command.entries} != {
        command.pair: command.entries for command in planned.snapshot.reading.in_force if command.entries
    }:
        msg = "what is in force at the site has changed since the plan was shown: nothing was sent; make a new one"
        raise StaleData(msg)
    left = there if planned.clear is None else tuple(c for c in there if c.pair not in planned.clear.pairs)
    check(planned.batch, left, planned.limits, task.conventions, now)
    recorder, body, planned_at = ports.recorder, body_of(planned), planned.snapshot.taken_at
    cycle_id = recorder.begin(task.site.site_id, planned_at, body)
    try:
        receipt = delivery_to(task, ports, epoch, now, _deadline()).deliver(planned)
    except HeatOptimizerError as error:
        failed = Failed(error=error.name, detail=str(error))
        recorder.end(cycle_id, failed, planned, body | {"outcome": failed})
        raise
    posted = Posted(receipt=receipt, until=planned.batch.end)
    recorder.end(cycle_id, posted, planned, body | {"outcome": posted})
    return receipt


def _deadline() -> Deadline:
    return Deadline(monotonic=monotonic, ends_at_s=monotonic() + CYCLE_S)
