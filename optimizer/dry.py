"""The dry run: plan every site side by side, print, post nothing."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import structlog
from rich.console import Console

from optimizer.app import Application, SiteRuntime
from optimizer.cycle import CYCLE_S, log_plan, plan_site
from optimizer.errors import ConfigError, HeatOptimizerError
from optimizer.picture import draw_plans
from optimizer.pictures import BLOCKS, PLAIN, compact_chart, plan_page
from optimizer.planning import Planned
from optimizer.ports import Deadline
from optimizer.report import plan_csv, plan_json, print_plan

WIDTH, CHART_WIDTH = 120, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How plans are shown: a text, printed or in the file ``output``, and pictures in files of their own.

    ``chart`` adds a few lines to each table; a terminal gets them in any case. Raises ConfigError.
    """

    style: str = "table"
    output: Path | None = None
    chart: bool = False
    html: Path | None = None
    png: Path | None = None

    def __post_init__(self) -> None:
        if self.chart and self.style != "table":
            msg = f"--chart goes with --format table, not with {self.style}: leave one of them out"
            raise ConfigError(msg)


def plan_all(app: Application, *, site_id: str | None, wanted: Wanted) -> int:
    """Show the plans of all sites, or of one. 0 only if each was planned. Raises ConfigError."""
    sites = _chosen(app, site_id)
    for assumption in app.assumptions:
        structlog.get_logger().warning("assumed", what=assumption)
    with ThreadPoolExecutor(max_workers=len(sites)) as threads:
        results = list(threads.map(lambda site: _plan(app, site), sites))
    plans = [planned for planned in results if planned is not None]
    if plans:
        text = _render(app, plans, wanted, as_list=len(sites) > 1)
        if wanted.output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_text("--output", wanted.output, text)
        if wanted.html is not None:
            pairs = zip(sites, results, strict=True)
            missing = [site.task.site.site_id for site, planned in pairs if planned is None]
            write_text("--html", wanted.html, plan_page(plans, app.assumptions, missing))
        if wanted.png is not None:
            draw_plans(plans, wanted.png)
    return 0 if len(plans) == len(sites) else 1


def _chosen(app: Application, site_id: str | None) -> tuple[SiteRuntime, ...]:
    if site_id is None:
        return app.sites
    chosen = tuple(site for site in app.sites if site.task.site.site_id.lower() == site_id.lower())
    if not chosen:
        known = ", ".join(site.task.site.site_id for site in app.sites)
        msg = f"--site {site_id}: not in the settings; there are: {known}"
        raise ConfigError(msg)
    return chosen


def _plan(app: Application, site: SiteRuntime) -> Planned | None:
    deadline = Deadline(monotonic=monotonic, ends_at_s=monotonic() + CYCLE_S)
    now = app.now()
    try:
        planned = plan_site(site.task, site.ports, now, deadline)
    except HeatOptimizerError as error:
        structlog.get_logger().error("not_planned", site_id=site.task.site.site_id, error=error.name, detail=str(error))
        return None
    log_plan(planned)
    return planned


def _render(app: Application, plans: list[Planned], wanted: Wanted, *, as_list: bool) -> str:
    if wanted.style == "json":
        objects = [plan_json(planned, app.assumptions) for planned in plans]
        return json.dumps(objects if as_list else objects[0], indent=1, allow_nan=False) + "\n"
    if wanted.style == "csv":
        return plan_csv(plans)
    is_seen = wanted.output is None and sys.stdout.isatty()
    console = Console(width=None if is_seen else WIDTH, force_terminal=None if wanted.output is None else False)
    with console.capture() as captured:
        for planned in plans:
            print_plan(planned, console, app.assumptions)
            if is_seen or wanted.chart:
                print_chart(planned, console)
    return captured.get()


def print_chart(planned: Planned, console: Console) -> None:
    """The plan in a few lines, in letters where the output has no blocks."""
    glyphs = PLAIN if console.options.ascii_only else BLOCKS
    console.print(compact_chart(planned, width=min(CHART_WIDTH, console.width), glyphs=glyphs), soft_wrap=True)


def write_text(option: str, file: Path, text: str) -> None:
    """What ``option`` asked to have in a file. Raises ConfigError where that cannot be written."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{option} {file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None
