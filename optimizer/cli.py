"""The commands: parse, call, print."""

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from optimizer import __version__
from optimizer.errors import ConfigError, HeatOptimizerError

DONE, NOT_DONE, BAD_USAGE, NOBODY_READS = 0, 1, 2, 141
STREAM_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0: done; 1: a site was not planned or posted; 2: bad setting or usage.

    141, as if ended by SIGPIPE: nobody reads what is printed any more. What the output's encoding has no
    character for is printed as "?".
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            return _run_command(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        _print_nothing_more()
        return NOBODY_READS
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # rich found out first
            return NOBODY_READS
        raise
    except OSError as error:
        if error.errno not in STREAM_FULL or error.filename is not None:
            raise
        _print_nothing_more()
        print(f"heat-optimizer: standard output: {error.strerror}", file=sys.stderr)
        return NOT_DONE


def _print_nothing_more() -> None:
    """What is still in the buffer must not fail once more when the process ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_command(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    from optimizer.log import configure_logging

    configure_logging(level=options.log_level or "info", style=options.log_format or "auto")
    try:
        code: int = options.command(options)
    except ConfigError as error:
        print(f"heat-optimizer: {error}", file=sys.stderr)
        return BAD_USAGE
    except HeatOptimizerError as error:
        print(f"heat-optimizer: {error.name}: {error}", file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heat-optimizer", description="Plan and dispatch hybrid energy sites at the lowest bill."
    )
    parser.add_argument("--version", action="version", version=f"heat-optimizer {__version__}")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--log-format", choices=("auto", "json", "console"))
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="serve: plan and post until stopped")
    run.add_argument("--config", type=Path, required=True)
    run.add_argument("--once", action="store_true", help="one cycle of every site, then end")
    run.set_defaults(command=_run)

    plan = commands.add_parser("plan", help="dry run: plan and print, post nothing")
    plan.add_argument("--config", type=Path, required=True)
    plan.add_argument("--site", help="this site alone")
    plan.add_argument("--format", choices=("table", "json", "csv"), default="table")
    plan.add_argument("--output", type=Path, help="write there instead of standard output")
    plan.add_argument("--plot", type=Path, metavar="PNG", help="draw the plan of one site")
    plan.set_defaults(command=_plan)

    check = commands.add_parser("check", help="commissioning: what works, what does not, what to do")
    check.add_argument("--config", type=Path, required=True)
    check.set_defaults(command=_check)

    solve = commands.add_parser("solve", help="one problem from a JSON file, without a site: plan and print")
    what = solve.add_mutually_exclusive_group(required=True)
    what.add_argument("problem", nargs="?", metavar="PROBLEM.json", help='"-" reads standard input')
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of the file instead")
    solve.add_argument("--format", choices=("table", "json"), default="table")
    solve.set_defaults(command=_solve)

    _add_strategies(commands)

    status = commands.add_parser("status", help="what each site does now, by the ledger; 1 where something is wrong")
    status.add_argument("--config", type=Path, required=True)
    status.add_argument("--format", choices=("table", "json"), default="table")
    status.set_defaults(command=_status)

    batches = commands.add_parser("batches", help="what was sent, and what came of it")
    batches.add_argument("--config", type=Path, required=True)
    batches.add_argument("--since", help="2026-01-31, 2026-01-31T12:00Z, 30m, 2h or 7d")
    batches.add_argument("--format", choices=("table", "json"), default="table")
    batches.set_defaults(command=_batches)

    backup = commands.add_parser("backup", help="copy the ledger while the service runs")
    backup.add_argument("file", type=Path)
    backup.add_argument("--config", type=Path, required=True)
    backup.set_defaults(command=_backup)

    challengers = commands.add_parser("challengers", help="whether another tariff strategy would have been cheaper")
    challengers.add_argument("--config", type=Path, required=True)
    challengers.add_argument("--format", choices=("table", "json"), default="table")
    challengers.set_defaults(command=_challengers)

    _add_simulate(commands)
    demo = commands.add_parser("demo", help="one whole day on the built-in simulator")
    demo.add_argument("--plot", type=Path, metavar="PNG", help="draw the last plan")
    demo.set_defaults(command=_demo)
    return parser


def _add_strategies(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    strategies = commands.add_parser("strategies", help="the tariff strategies and feeds that are installed")
    strategies.set_defaults(command=_strategies)
    more = strategies.add_subparsers(metavar="what")
    new = more.add_parser("new", help="write a working strategy package into the current folder")
    new.add_argument("name")
    new.set_defaults(command=_new_strategy)
    show = more.add_parser("show", help="draw the prices of a day")
    show.add_argument("name", help="a strategy of the settings, or a site's id")
    show.add_argument("--config", type=Path, required=True)
    show.add_argument("--day", required=True, help="a local day, e.g. 2026-03-29")
    show.set_defaults(command=_show_strategy)


def _add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    simulate = commands.add_parser("simulate", help="serve a simulated H.E.A.T. Cloud and Aris HCU")
    simulate.add_argument("--port", type=int, default=8080)
    simulate.add_argument("--aris-port", type=int, default=8081)
    simulate.add_argument("--data", type=Path, help="recording to replay (CSV or CSV.gz); default: bundled")
    for column in ("load", "solar", "heat", "temperature"):
        simulate.add_argument(f"--{column}-column", help=f"the recording's {column} column; default: found by name")
    simulate.add_argument("--solar-peak-kw", type=float, help="array size where the recording is per kWp")
    simulate.add_argument("--site-id")
    simulate.add_argument("--api-key", help="the key that the simulated cloud accepts (never use a real one)")
    simulate.add_argument("--hcu-token", help="the token that the simulated HCU accepts")
    simulate.add_argument("--battery-kwh", type=float)
    simulate.add_argument("--max-charge-kw", type=float)
    simulate.add_argument("--max-discharge-kw", type=float)
    simulate.add_argument("--soc-percent", type=float)
    simulate.add_argument("--bess-power-positive", choices=("charge", "discharge"))
    simulate.set_defaults(command=_simulate)


def _run(options: argparse.Namespace) -> int:
    from optimizer.app import build_live
    from optimizer.daemon import run_forever, run_once

    app = build_live(options.config)
    _apply_log_settings(options, app.settings.log.level, app.settings.log.format)
    return run_once(app) if options.once else run_forever(app)


def _plan(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.dry import plan_all

    app = build_dry(options.config)
    _apply_log_settings(options, app.settings.log.level, app.settings.log.format)
    with closing(app):
        return plan_all(app, site_id=options.site, style=options.format, output=options.output, picture=options.plot)


def _check(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.checkup import Level, check_up

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    failed = False
    with closing(app):
        for finding in check_up(app):
            print(finding, flush=True)
            failed = failed or finding.level is Level.FAIL
    return NOT_DONE if failed else DONE


def _solve(options: argparse.Namespace) -> int:
    from optimizer.solve_command import problem_text, schema_text, solve_text

    if options.schema:
        print(schema_text())
        return DONE
    text, code = solve_text(problem_text(options.problem), options.format)
    print(text if code == DONE else f"heat-optimizer: {text}", file=sys.stdout if code == DONE else sys.stderr)
    return code


def _strategies(options: argparse.Namespace) -> int:
    from optimizer.strategies_command import installed_text

    print(installed_text())
    return DONE


def _new_strategy(options: argparse.Namespace) -> int:
    from optimizer.strategies_command import new_text

    print(new_text(options.name, Path.cwd()))
    return DONE


def _show_strategy(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.strategies_command import show_text

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        print(show_text(app, options.name, options.day))
    return DONE


def _status(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.ledger_command import status_text

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        text, is_good = status_text(app, options.format)
    print(text)
    return DONE if is_good else NOT_DONE


def _batches(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.ledger_command import batches_text

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        print(batches_text(app, options.since, options.format))
    return DONE


def _backup(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.ledger_command import back_up

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        print(back_up(app, options.file))
    return DONE


def _challengers(options: argparse.Namespace) -> int:
    from optimizer.app import build_dry
    from optimizer.challengers_command import challengers_text

    app = build_dry(options.config)
    _apply_log_settings(options, "error", app.settings.log.format)
    with closing(app):
        print(challengers_text(app, options.format))
    return DONE


def _simulate(options: argparse.Namespace) -> int:
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


def _demo(options: argparse.Namespace) -> int:
    from optimizer.demo import run_demo

    if options.log_level is None:
        _apply_log_settings(options, "error", "auto")
    return run_demo(picture=options.plot)


def _apply_log_settings(options: argparse.Namespace, level: str, style: str) -> None:
    from optimizer.log import configure_logging

    configure_logging(level=options.log_level or level, style=options.log_format or style)


if __name__ == "__main__":
    sys.exit(main())
