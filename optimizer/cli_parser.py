"""What the command line says: one small function for each family of commands."""

import argparse
from pathlib import Path

from optimizer import __version__, cli_actions


def build_parser() -> argparse.ArgumentParser:
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
    run.set_defaults(command=cli_actions.run)

    plan = commands.add_parser("plan", help="dry run: plan and print, post nothing")
    plan.add_argument("--config", type=Path, required=True)
    plan.add_argument("--site", help="this site alone")
    plan.add_argument("--format", choices=("table", "json", "csv"), default="table")
    plan.add_argument("--output", type=Path, help="write there instead of standard output")
    plan.add_argument("--chart", action="store_true", help="a few lines of blocks below each table, as on a terminal")
    plan.add_argument("--html", type=Path, metavar="FILE", help="a page with all plans in one file, needing no network")
    plan.add_argument("--png", "--plot", type=Path, metavar="FILE", help="draw the plans")
    plan.add_argument("--diff", action="store_true", help="what would change of what is in force; 10 if anything")
    plan.add_argument("--approve", action="store_true", help="with --diff: ask, and post exactly what was shown")
    plan.set_defaults(command=cli_actions.plan)

    check = commands.add_parser("check", help="commissioning: what works, what does not, what to do")
    check.add_argument("--config", type=Path, required=True)
    check.set_defaults(command=cli_actions.check)

    solve = commands.add_parser("solve", help="one problem from a JSON file, without a site: plan and print")
    what = solve.add_mutually_exclusive_group(required=True)
    what.add_argument("problem", nargs="?", metavar="PROBLEM.json", help='"-" reads standard input')
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of the file instead")
    solve.add_argument("--format", choices=("table", "json"), default="table")
    solve.set_defaults(command=cli_actions.solve)

    _add_strategies(commands)

    _add_ledger(commands)

    savings = commands.add_parser("savings", help="what each day cost, against no battery, the usual rule and the best")
    savings.add_argument("--config", type=Path, required=True)
    savings.add_argument("--days", type=int, default=31)
    savings.add_argument("--format", choices=("table", "json"), default="table")
    savings.set_defaults(command=cli_actions.savings)

    challengers = commands.add_parser("challengers", help="whether another tariff strategy would have been cheaper")
    challengers.add_argument("--config", type=Path, required=True)
    challengers.add_argument("--format", choices=("table", "json"), default="table")
    challengers.set_defaults(command=cli_actions.challengers)

    _add_backtest(commands)
    _add_simulate(commands)
    demo = commands.add_parser("demo", help="one whole day on the built-in simulator")
    demo.add_argument("--html", type=Path, metavar="FILE", help="a page with the last plan")
    demo.add_argument("--png", "--plot", type=Path, metavar="FILE", help="draw the last plan")
    demo.set_defaults(command=cli_actions.demo)
    return parser


def _add_strategies(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    strategies = commands.add_parser("strategies", help="the tariff strategies and feeds that are installed")
    strategies.set_defaults(command=cli_actions.strategies)
    more = strategies.add_subparsers(metavar="what")
    new = more.add_parser("new", help="write a working strategy package into the current folder")
    new.add_argument("name")
    new.set_defaults(command=cli_actions.new_strategy)
    show = more.add_parser("show", help="draw the prices of a day; posts nothing")
    show.add_argument("name", help="a site's id, a strategy of the settings, or another to be given a site's options")
    show.add_argument("--config", type=Path, required=True)
    show.add_argument("--day", required=True, help="a local day, e.g. 2026-03-29")
    show.add_argument("--png", type=Path, help="draw it there as well")
    show.set_defaults(command=cli_actions.show_strategy)


def _add_ledger(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = commands.add_parser("status", help="what each site does now, by the ledger; 1 where something is wrong")
    status.add_argument("--config", type=Path, required=True)
    status.add_argument("--format", choices=("table", "json"), default="table")
    status.set_defaults(command=cli_actions.status)

    batches = commands.add_parser("batches", help="what was sent, and what came of it")
    batches.add_argument("--config", type=Path, required=True)
    batches.add_argument("--since", help="2026-01-31, 2026-01-31T12:00Z, 30m, 2h or 7d")
    batches.add_argument("--format", choices=("table", "json"), default="table")
    batches.set_defaults(command=cli_actions.batches)

    backup = commands.add_parser("backup", help="copy the ledger while the service runs")
    backup.add_argument("file", type=Path)
    backup.add_argument("--config", type=Path, required=True)
    backup.set_defaults(command=cli_actions.backup)

    replay = commands.add_parser("replay", help="make a batch's commands again from what was recorded, and compare")
    replay.add_argument("batch", metavar="BATCH_ID", help="a batchId, or a key as batches --format json shows it")
    replay.add_argument("--config", type=Path, required=True)
    replay.set_defaults(command=cli_actions.replay)


def _add_backtest(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backtest = commands.add_parser("backtest", help="the daemon's cycle over recorded data, against rule and floor")
    backtest.add_argument("--config", type=Path, required=True, help="needs no API address and no secret")
    backtest.add_argument("--data", type=Path, required=True, help="CSV, gzip or not, with timestamp_utc")
    backtest.add_argument("--from", dest="begin", metavar="TIME", help="2026-01-31 or 2026-01-31T12:00Z")
    backtest.add_argument("--to", dest="end", metavar="TIME")
    backtest.add_argument("--site", help="which one, where the settings have several")
    backtest.add_argument("--strategy", help="plan and bill with this one in the place of the settings' own")
    backtest.add_argument(
        "--compare", type=Path, nargs="+", default=[], metavar="FILE", help="other settings, same data"
    )
    backtest.add_argument(
        "--sweep",
        action="append",
        metavar="PATH=A,B",
        help="what if, e.g. battery.capacity_kwh=5,10; repeat it",
    )
    backtest.add_argument("--battery-price", type=float, metavar="MONEY", help="per kWh: after how long a size pays")
    backtest.add_argument("--html", type=Path, metavar="FILE", help="a page: bills, regret, days, the dearest week")
    backtest.add_argument("--png", type=Path, metavar="FILE", help="draw it, or a sweep")
    backtest.add_argument("--no-regret", action="store_true", help="the four bills alone: a third of the time")
    backtest.add_argument("--processes", type=int, help="how many at a time; default: one for each core")
    backtest.add_argument("--state", type=Path, metavar="FOLDER", help="keep runs there, and go on with them")
    backtest.add_argument("--format", choices=("table", "json"), default="table")
    backtest.set_defaults(command=cli_actions.backtest)


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
    simulate.set_defaults(command=cli_actions.simulate)
