"""The dry run: plan every site side by side, print, post nothing."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import structlog
from rich.console import Console

from optimizer.app import Application, SiteRuntime
from optimizer.cycle import CYCLE_S, log_plan, plan_site
from optimizer.errors import ConfigError, HeatOptimizerError
from optimizer.picture import draw_plan
from optimizer.planning import Planned
from optimizer.ports import Deadline
from optimizer.report import plan_csv, plan_json, print_plan


def plan_all(app: Application, *, site_id: str | None, style: str, output: Path | None, picture: Path | None) -> int:
    """Print the plans of all sites, or of one. 0 only if each was planned. Raises ConfigError."""
    sites = _chosen(app, site_id)
    for assumption in app.assumptions:
        structlog.get_logger().warning("assumed", what=assumption)
    with ThreadPoolExecutor(max_workers=len(sites)) as threads:
        results = list(threads.map(lambda site: _plan(app, site), sites))
    plans = [planned for planned in results if planned is not None]
    if plans:
        text = _render(app, plans, style, as_list=len(sites) > 1)
        if output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            _write(output, text)
        if picture is not None:
            draw_plan(plans[0], picture)
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


def _render(app: Application, plans: list[Planned], style: str, *, as_list: bool) -> str:
    if style == "json":
        objects = [plan_json(planned, app.assumptions) for planned in plans]
        return json.dumps(objects if as_list else objects[0], indent=1, allow_nan=False) + "\n"
    if style == "csv":
        return plan_csv(plans)
    console = Console(width=None if sys.stdout.isatty() else 120)
    with console.capture() as captured:
        for planned in plans:
            print_plan(planned, console, app.assumptions)
    return captured.get()


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"--output {file}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from None
