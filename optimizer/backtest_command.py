"""``heat-optimizer backtest``: what is asked for, told while it runs, and printed."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from optimizer.backtest.asked import Asked
from optimizer.backtest.backtest import BILLS, NO_BATTERY, Result, Whole, Work, live_through
from optimizer.backtest.setup import prepare
from optimizer.backtest.sweep import Variant, sweep
from optimizer.backtest_page import backtest_page
from optimizer.backtest_panels import NAMES
from optimizer.backtest_picture import draw_backtests
from optimizer.dry import write_text
from optimizer.errors import ConfigError

MOST_TROUBLES = 5


def instant_of(text: str | None, option: str) -> datetime | None:
    """A date or time in ISO form, UTC where it states no offset. Raises ConfigError."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{option} {text}: not a time such as 2026-01-31 or 2026-01-31T12:00Z"
        raise ConfigError(msg) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def work_of(processes: int | None, keep_in: Path | None, *, with_regret: bool) -> Work:
    """How it is carried out. Raises ConfigError."""
    if processes is None:
        return Work(keep_in=keep_in, with_regret=with_regret)
    if processes < 1:
        msg = f"--processes {processes}: at least 1 is needed; leave it out for one for each core"
        raise ConfigError(msg)
    return Work(processes=processes, keep_in=keep_in, with_regret=with_regret)


def check_together(*, is_sweep: bool, is_compared: bool, battery_price: float | None) -> None:
    """Raises ConfigError where one option leaves another without a meaning, or nothing could be paid back."""
    if is_sweep and is_compared:
        msg = "--sweep and --compare answer two questions: leave out --compare, or --sweep"
        raise ConfigError(msg)
    if battery_price is None:
        return
    if not is_sweep:
        msg = f"--battery-price {battery_price:g} is for a sweep alone: leave it out, or add --sweep PATH=VALUE,VALUE"
        raise ConfigError(msg)
    if not (math.isfinite(battery_price) and battery_price > 0):
        msg = f"--battery-price {battery_price:g}: give what a kWh of battery costs, a number above 0 such as 400"
        raise ConfigError(msg)


def run_backtest(asked: Asked, work: Work) -> Whole:
    """With a line for each run on standard error while it goes on. Raises ConfigError."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name.replace("_", " "), total=total)
            bars.update(tasks[name], completed=done, total=total)

        return live_through(asked, work, told)


def show(wholes: Sequence[tuple[str, Whole]], html: Path | None, png: Path | None) -> None:
    """Write the pictures that were asked for. Raises ConfigError."""
    if html is not None:
        write_text("--html", html, backtest_page(wholes))
    if png is not None:
        draw_backtests(wholes, png)


def check_asked(all_asked: Sequence[Asked], work: Work, pictures: Mapping[str, Path | None]) -> None:
    """Hours of work are not begun where a setting, the data or a place to write to is wrong. Raises ConfigError.

    What another strategy cannot use of the tariff is told on standard error.
    """
    if work.keep_in is not None:
        try:
            work.keep_in.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"--state {work.keep_in}: no such folder can be made: {error.strerror}"
            raise ConfigError(msg) from None
    for option, file in pictures.items():
        if file is not None and not file.parent.is_dir():
            msg = f"{option} {file}: there is no folder {file.parent}"
            raise ConfigError(msg)
        if file is not None and file.is_dir():
            msg = f"{option} {file}: is a folder; name a file in it"
            raise ConfigError(msg)
    left_out = [note for asked in all_asked for note in prepare(asked).left_out]
    for note in dict.fromkeys(left_out):
        print(f"note: {note}", file=sys.stderr)


def run_sweep(asked: Asked, all_changes: Sequence[Mapping[str, Any]], work: Work) -> list[Variant]:
    """Every combination, told on standard error while it goes on. Raises ConfigError."""
    console = Console(stderr=True)
    found = []
    for variant in sweep(asked, all_changes, work, lambda *_: None):
        found.append(variant)
        if console.is_terminal:
            console.print(f"{len(found)}: {dict(variant.changes)}", highlight=False)
    return found


def result_text(results: list[tuple[str, Result]], style: str) -> str:
    """One result as an object or tables; several, each with its name."""
    if style == "json":
        documents = [{"name": name, **result.document()} for name, result in results]
        return json.dumps(documents[0] if len(documents) == 1 else documents, indent=1, allow_nan=False)
    console = Console(width=110)
    with console.capture() as captured:
        for name, result in results:
            _print(console, name, result)
    return captured.get().rstrip()


def _print(console: Console, name: str, result: Result) -> None:
    table = Table(title=f"{name}: {result.start[:16]}Z to {result.end[:16]}Z", title_justify="left")
    for heading in ("bill", result.currency, "saved", "saved %", "above the floor"):
        table.add_column(heading, justify="left" if heading == "bill" else "right")
    most, floor = result.bills[NO_BATTERY], result.bills["perfect_foresight"]
    whole = result.no_battery_import_bill
    for key in BILLS:
        cost = result.bills[key]
        share = f"{100 * (most - cost) / whole:.1f}" if whole > 0 else ""
        table.add_row(NAMES[key], f"{cost:.2f}", f"{most - cost:.2f}", share, f"{cost - floor:.2f}")
    console.print(table)
    for part, money in result.regret.items():
        share = f" ({100 * money / whole:+.2f} %)" if whole > 0 else ""
        console.print(f"  regret, {part.replace('_', ' ')}: {money:+.2f} {result.currency}{share}", highlight=False)
    console.print(
        f"  {result.cycles} cycles ({_counted(result)}) in {result.seconds:.0f} s; percent are of what import "
        f"costs without a battery, with the charges on it, {whole:.2f}; stored energy counts "
        f"{result.value_per_kwh:.4f} per kWh",
        highlight=False,
    )
    for gap in result.gaps:
        console.print(f"  gap: {gap}", highlight=False)
    for note in result.notes:
        console.print(f"  note: {note}", highlight=False, markup=False)
    for trouble in result.troubles[:MOST_TROUBLES]:
        console.print(f"  trouble: {trouble}", highlight=False)


def _counted(result: Result) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.outcomes.items()))


def asked_of(
    config: Path, data: Path, begin: str | None, end: str | None, site: str | None, strategy: str | None
) -> Asked:
    """What the command line says. ``strategy``: another one in the place of the settings' own."""
    return Asked(
        config=config,
        data=data,
        begin=instant_of(begin, "--from"),
        end=instant_of(end, "--to"),
        site_id=site,
        strategy=strategy,
    )
