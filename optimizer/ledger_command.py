"""``heat-optimizer status``, ``batches`` and ``backup``: what the ledger knows, for people and programs; read only."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from optimizer.app import Application
from optimizer.domain.intent import STANDING
from optimizer.errors import ConfigError
from optimizer.ledger import DAMAGED_RECORD, HOW_TO_READ, CycleRecord

GOOD = frozenset({"posted", "held"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATE_CYCLES = 2
"""A site that was not planned for so many intervals is in trouble."""
MOST_SHOWN = 40
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def status_of(app: Application) -> Iterator[dict[str, Any]]:
    """One object a site; ``is_good`` while its last cycle is young and ended well. Raises ConfigError."""
    now = app.now()
    longest = timedelta(minutes=LATE_CYCLES * app.settings.planning.replan_minutes + 2)
    for site in app.sites:
        site_id = site.task.site.site_id
        cycle = _newest_cycle(app, site_id)
        batch = next(iter(_batches(app, site_id, 1)), None)
        prices = {} if cycle is None else cycle.body.get("prices", {})
        snapshot = {} if cycle is None else cycle.body.get("snapshot", {})
        signs = _rows(app, "SELECT content FROM marks WHERE site_id = ? AND name = 'signs'", site_id)
        holder = _rows(app, "SELECT holder, until FROM leases WHERE site_id = ?", site_id)
        foreign = _rows(
            app,
            "SELECT pair, respected_until FROM foreign_hands WHERE site_id = ? AND respected_until > ?",
            site_id,
            int(now.timestamp()),
        )
        age = None if cycle is None else now - cycle.at
        yield {
            "site_id": site_id,
            "is_good": cycle is not None and age is not None and age <= longest and cycle.outcome in GOOD,
            "last_cycle_at": None if cycle is None else cycle.at.isoformat(),
            "minutes_ago": None if age is None else round(age.total_seconds() / 60, 1),
            "outcome": None if cycle is None else cycle.outcome,
            "detail": None if cycle is None else cycle.detail,
            "verdict": None if cycle is None else cycle.verdict,
            "prices": prices.get("step"),
            "prices_why": prices.get("why"),
            "degradations": list(snapshot.get("degradations", ())),
            "batch": batch,
            "battery_answers": _answer(signs[0][0]) if signs else None,
            "foreign": [{"pair": pair, "respected_until": _when(until)} for pair, until in foreign],
            "held_by": {"holder": holder[0][0], "until": _when(holder[0][1])} if holder else None,
        }


def damage_told[**P, T](read: Callable[P, T]) -> Callable[P, T]:
    """``read`` with ConfigError in the place of what a damaged record makes of it: a value that is none of its kind."""

    @wraps(read)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (*DAMAGED_RECORD, LookupError, AttributeError, OverflowError) as error:
            msg = (
                f"a record in the ledger is damaged ({type(error).__name__}: {error}); 'heat-optimizer backup' checks "
                "the whole file, and the service goes on without a record that it cannot read"
            )
            raise ConfigError(msg) from error

    return told


def _answer(mark: str) -> str | None:
    """How the battery has answered, as is on record."""
    try:
        answer: str | None = json.loads(mark).get("answer")
    except (ValueError, TypeError, AttributeError):
        return "unknown: what is on record is damaged, and the next cycle tries it anew"
    return answer


@damage_told
def status_text(app: Application, style: str) -> tuple[str, bool]:
    """The status of all sites, and whether all is well."""
    found = list(status_of(app))
    is_good = all(each["is_good"] for each in found)
    if style == "json":
        return json.dumps(found, indent=1, allow_nan=False), is_good
    lines = []
    for each in found:
        lines.append(f"{each['site_id']}: {'good' if each['is_good'] else 'NOT GOOD'}")
        if each["last_cycle_at"] is None:
            lines.append("  never planned by this ledger")
            continue
        ended = f"{each['outcome']}" + (f": {each['detail']}" if each["detail"] else "")
        lines.append(f"  last cycle  {each['minutes_ago']:g} min ago, {ended}")
        lines.append(f"  plan        {each['verdict'] or 'none'}; prices {each['prices'] or 'unknown'}")
        if each["batch"] is not None:
            batch = each["batch"]
            until = f", until {batch['ends_at']}" if batch["ends_at"] else ""
            lines.append(
                f"  batch       {batch['batch_id'] or 'id unknown'}: {batch['state']} ({batch['kind']}){until}"
            )
        if each["battery_answers"] not in {None, "as told"}:
            lines.append(f"  battery     has answered {each['battery_answers']}")
        lines += [
            f"  foreign     {hand['pair']}, respected until {hand['respected_until']}" for hand in each["foreign"]
        ]
        lines += [f"  degraded    {reason}" for reason in each["degradations"]]
    return "\n".join(lines), is_good


@damage_told
def batches_text(app: Application, since: str | None, style: str) -> str:
    """The batches of all sites, newest first. Raises ConfigError."""
    begin = None if since is None else since_of(since, app.now())
    found = [
        batch
        for site in app.sites
        for batch in _batches(app, site.task.site.site_id, 100_000 if begin else 50)
        if begin is None or datetime.fromisoformat(batch["intended_at"]) >= begin
    ]
    if style == "json":
        return json.dumps(found, indent=1, allow_nan=False)
    table = Table()
    for title in ("sent", "site", "batchId", "kind", "state", "sends", "until", "detail"):
        table.add_column(title)
    for batch in found:
        row = (
            batch[key] for key in ("intended_at", "site_id", "batch_id", "kind", "state", "sends", "ends_at", "detail")
        )
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(width=150)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


def since_of(text: str, now: datetime) -> datetime:
    """An instant: a date or time in ISO form (UTC where it states no offset), or how long ago: 30m, 2h, 7d."""
    ago = re.fullmatch(r"(\d+)([mhd])", text)
    if ago:
        try:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        except (OverflowError, ValueError):
            msg = f"--since {text[:MOST_SHOWN]}: reaches back beyond the calendar; give a span such as 2h or 7d"
            raise ConfigError(msg) from None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        msg = f"--since {text}: neither a time such as 2026-01-31 nor a span such as 2h or 7d"
        raise ConfigError(msg) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def back_up(app: Application, target: Path) -> str:
    """Copy the ledger while it is in use, and check the copy, which has its name only when it is whole.

    Raises ConfigError.
    """
    if target.exists():
        msg = f"backup {target}: exists already: nothing was written"
        raise ConfigError(msg)
    if not app.ledger_file.exists():
        msg = f"backup {target}: there is no ledger at {app.ledger_file}: nothing was written; is [ledger] path right?"
        raise ConfigError(msg)
    partial = target.with_name(f"{target.name}.partial")
    if partial.exists() and partial.samefile(app.ledger_file):
        msg = f"backup {target}: its unfinished copy would be {partial}, which is the ledger: give another name"
        raise ConfigError(msg)
    try:
        _remove(partial)
        verdict = _copied(app, partial)
        if verdict == "ok":
            partial.rename(target)
    except (sqlite3.Error, OSError) as error:
        msg = f"backup {target}: {error}"
        raise ConfigError(msg) from None
    finally:
        with suppress(OSError):
            _remove(partial)
    if verdict != "ok":
        msg = f"backup {target}: the copy is damaged: {verdict}; nothing was kept"
        raise ConfigError(msg)
    return f"{target}: {target.stat().st_size / 1e6:.1f} MB, checked"


def _copied(app: Application, file: Path) -> str:
    """What SQLite finds wrong with the copy; "ok" where nothing is."""
    with closing(sqlite3.connect(file)) as copy:
        app.ledger.copy_into(copy)
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    return str(verdict)


def _remove(file: Path) -> None:
    """A database and what SQLite lays beside it while it is open."""
    for part in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + part).unlink(missing_ok=True)


def _batches(app: Application, site_id: str, count: int) -> Iterator[dict[str, Any]]:
    keys = (
        *("key", "site_id", "kind", "state", "sends", "batch_id", "accepted", "intended_at", "answered_at"),
        *("confirmed_at", "effective_at", "ends_at", "detail"),
    )
    query = f"SELECT {', '.join(keys)} FROM batches WHERE site_id = ? ORDER BY number DESC LIMIT ?"
    for row in _rows(app, query, site_id, count):
        found: Mapping[str, Any] = dict(zip(keys, row, strict=True))
        yield {**found, "was_taken": found["state"] in {state.value for state in STANDING}}


def _newest_cycle(app: Application, site_id: str) -> CycleRecord | None:
    try:
        return next(iter(app.ledger.cycles(site_id, limit=1)), None)
    except sqlite3.Error as error:
        raise _not_read(error) from None
    except DAMAGED_RECORD as error:
        msg = f"site {site_id}: the record of its newest cycle is damaged: {error}; the next cycle makes a new one"
        raise ConfigError(msg) from None


def _rows(app: Application, query: str, *parameters: Any) -> list[Any]:
    try:
        return app.ledger.rows(query, parameters)
    except sqlite3.Error as error:
        raise _not_read(error) from None


def _not_read(error: Exception) -> ConfigError:
    if str(error).startswith(("no such table", "no such column")):
        return ConfigError(
            f"the ledger is older than this command: {error}; start the service once, it brings it up to date"
        )
    return ConfigError(f"the ledger cannot be read: {error}; {HOW_TO_READ}")


def _when(epoch_s: int) -> str:
    return f"{EPOCH + timedelta(seconds=epoch_s):%Y-%m-%dT%H:%M:%SZ}"
