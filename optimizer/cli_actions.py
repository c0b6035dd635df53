"""What each command does: imports what it needs, calls it, prints, and says how it ended."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.app import Application
    from optimizer.backtest.backtest import Work

DONE, NOT_DONE = 0, 1


def run(options: argparse.Namespace) -> int:
    from optimizer.app import build_live
    from optimizer.daemon import run_forever, run_once

    app = build_live(options.config)
    _apply_log_settings(options, app.settings.log.level, app.settings.log.format)
    return run_once(app) if options.once else run_forever(app)


def plan(options: argparse.Namespace) -> int:
    if options.diff or options.approve:
        return _plan_diff(options)
    from optimizer.app import build_dry
    from optimizer.dry import Wanted, plan_all

    wanted = Wanted(
        style=options.format, output=options.output, chart=options.chart, html=options.html, png=options.png
    )
    app = build_dry(options.config)
    _apply_log_settings(options, app.settings.log.level, app.settings.log.format)
    with closing(app):
        return plan_all(app, site_id=options.site, wanted=wanted)


def _plan_diff(options: argparse.Namespace) -> int:
    """Dry, unless a plan may be approved: only then is there an object that posts."""
    from optimizer.app import build_dry, build_live
    from optimizer.diff_command import run_approve, run_diff

    _refuse_what_diff_has_not(options)
    if not options.approve:
        dry = build_dry(options.config)
        _apply_log_settings(options, "error", dry.settings.log.format)
        with closing(dry):
            return run_diff(dry, options.site, "json" if options.format == "json" else "table")
    live = build_live(options.config)
    _apply_log_settings(options, "error", live.settings.log.format)
    with closing(live):
        return run_approve(live, options.site, _says_yes)


def _says_yes(question: str) -> bool:
    """Where nobody can answer, the answer is no."""
    try:
        return input(question).strip().lower() == "yes"
    except EOFError:
        print("\nno answer on standard input: nothing is posted", file=sys.stderr)
        return False


def _refuse_what_diff_has_not(options: argparse.Namespace) -> None:
    """Raises ConfigError."""
    from optimizer.errors import ConfigError

    if not options.diff:
        msg = "plan --approve: give --diff too; what is approved is what --diff shows"
        raise ConfigError(msg)
    given = [f"--{name}" for name in ("output", "chart", "html", "png") if getattr(options, name)]
    given += [f"--format {style}" for style in ("csv", "json") if options.format == style and options.approve]
    given += ["--format csv"] if options.format == "csv" and not options.approve else []
    if given:
        msg = f"plan --diff: {', '.join(given)} has no part in it; it prints a table, or JSON without --approve"
        raise ConfigError(msg)


def check(options: argparse.Namespace) -> int:
    from optimizer.checkup import Level, check_up

    failed = False
    with _opened(options) as app:
        for finding in check_up(app):
            print(finding, flush=True)
            failed = failed or finding.level is Level.FAIL
    return NOT_DONE if failed else DONE


def solve(options: argparse.Namespace) -> int:
    from optimizer.solve_command import problem_text, schema_text, solve_text

    if options.schema:
        print(schema_text())
        return DONE
    text, code = solve_text(problem_text(options.problem), options.format)
    print(text if code == DONE else f"heat-optimizer: {text}", file=sys.stdout if code == DONE else sys.stderr)
    return code


def strategies(options: argparse.Namespace) -> int:
    from optimizer.strategies_command import installed_text

    print(installed_text())
    return DONE


def new_strategy(options: argparse.Namespace) -> int:
    from optimizer.strategies_command import new_text

    print(new_text(options.name, Path.cwd()))
    return DONE


def show_strategy(options: argparse.Namespace) -> int:
    from optimizer.show_command import show_text

    with _opened(options) as app:
        print(show_text(app, options.name, options.day, options.png))
    return DONE


def status(options: argparse.Namespace) -> int:
    from optimizer.ledger_command import status_text

    with _opened(options) as app:
        text, is_good = status_text(app, options.format)
    print(text)
    return DONE if is_good else NOT_DONE


def batches(options: argparse.Namespace) -> int:
    from optimizer.ledger_command import batches_text

    with _opened(options) as app:
        print(batches_text(app, options.since, options.format))
    return DONE


def backup(options: argparse.Namespace) -> int:
    from optimizer.ledger_command import back_up

    with _opened(options) as app:
        print(back_up(app, options.file))
    return DONE


def challengers(options: argparse.Namespace) -> int:
    from optimizer.challengers_command import challengers_text

    with _opened(options) as app:
        print(challengers_text(app, options.format))
    return DONE


def simulate(options: argparse.Namespace) -> int:
    from optimizer.simulator import RealClock, SimulatorOptions
    from optimizer.simulator.command import simulate

    names = (
        "site_id",
        "api_key",
        "hcu_token",
        "battery_kwh",
        "max_charge_kw",
        "max_discharge_kw",
        "soc_percent",
        "bess_power_positive",
        "solar_peak_kw",
    )
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return simulate(
        port=options.port,
        aris_port=options.aris_port,
        data=options.data,
        options=SimulatorOptions(**given),
        clock=RealClock(),
        load_column=options.load_column,
        solar_column=options.solar_column,
        heat_column=options.heat_column,
        temperature_column=options.temperature_column,
    )


def demo(options: argparse.Namespace) -> int:
    from optimizer.demo import run_demo

    if options.log_level is None:
        _apply_log_settings(options, "error", "auto")
    return run_demo(png=options.png, html=options.html)


def savings(options: argparse.Namespace) -> int:
    from optimizer.savings_command import savings_text

    with _opened(options) as app:
        print(savings_text(app, options.days, options.format))
    return DONE


def replay(options: argparse.Namespace) -> int:
    from optimizer.replay_command import replay_text

    with _opened(options) as app:
        text, is_same = replay_text(app, options.batch)
    print(text)
    return DONE if is_same else NOT_DONE


def backtest(options: argparse.Namespace) -> int:
    from optimizer.backtest_command import (
        asked_of,
        check_asked,
        check_together,
        result_text,
        run_backtest,
        show,
        work_of,
    )

    _apply_log_settings(options, "error", "auto")
    check_together(is_sweep=bool(options.sweep), is_compared=bool(options.compare), battery_price=options.battery_price)
    work = work_of(options.processes, options.state, with_regret=not options.no_regret)
    if options.sweep:
        return _sweep(options, work)
    all_asked = [
        asked_of(config, options.data, options.begin, options.end, options.site, options.strategy)
        for config in (options.config, *options.compare)
    ]
    check_asked(all_asked, work, {"--html": options.html, "--png": options.png})
    wholes = [(asked.config.stem, run_backtest(asked, work)) for asked in all_asked]
    print(result_text([(name, whole.result) for name, whole in wholes], options.format))
    show(wholes, options.html, options.png)
    return DONE if all(not whole.result.troubles for _, whole in wholes) else NOT_DONE


def _sweep(options: argparse.Namespace, work: "Work") -> int:
    from optimizer.backtest.sweep import changed, combinations, sweep_values
    from optimizer.backtest_command import asked_of, check_asked, run_sweep
    from optimizer.errors import ConfigError
    from optimizer.sweep_command import draw_sweep, sweep_text

    if options.html is not None:
        msg = "--html shows one backtest or several compared: draw a sweep with --png"
        raise ConfigError(msg)
    asked = asked_of(options.config, options.data, options.begin, options.end, options.site, options.strategy)
    all_changes = combinations(sweep_values(options.sweep))
    check_asked([changed(asked, changes) for changes in all_changes], work, {"--png": options.png})
    variants = run_sweep(asked, all_changes, work)
    print(sweep_text(variants, options.battery_price, options.format))
    if options.png is not None:
        draw_sweep(variants, options.png)
    return DONE if all(not variant.result.troubles for variant in variants) else NOT_DONE


@contextmanager
def _opened(options: argparse.Namespace) -> "Iterator[Application]":
    """The application of a settings file, without the object that posts; only errors are logged."""
    from optimizer.app import build_dry

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        yield app


def _apply_log_settings(options: argparse.Namespace, level: str, style: str) -> None:
    from optimizer.log import configure_logging

    configure_logging(level=options.log_level or level, style=options.log_format or style)
