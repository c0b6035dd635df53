"""The house's allow-list of imports, held against the code."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOORS = {"os", "time", "random", "socket", "threading", "subprocess", "sqlite3", "urllib"}
PURE = {"optimizer.domain", "optimizer.errors"}
FORECASTING = {"pandas", "numpy", "pvlib", "oemof", "holidays", "tzdata"}
PRICING = PURE | {"pandas", "numpy", "pydantic", "pydantic_core", "holidays", "strategies"}

ROOMS: dict[str, set[str]] = {
    "optimizer/domain": {"optimizer.domain"},
    "optimizer/errors.py": set(),
    "optimizer/lp": PURE | {"optimizer.lp", "numpy"},
    "optimizer/lp/program.py": PURE | {"optimizer.lp", "numpy", "pulp"},
    "optimizer/lp/second.py": PURE | {"optimizer.lp", "numpy", "pulp"},
    "optimizer/lp/highs.py": PURE | {"optimizer.lp", "numpy", "highspy"},
    "optimizer/lp/solve.py": PURE | {"optimizer.lp", "numpy", "time"},
    "optimizer/lp/tiers.py": PURE | {"optimizer.lp", "numpy", "time"},
    "optimizer/dispatch": PURE | {"optimizer.dispatch"},
    "optimizer/forecast": PURE | {"optimizer.forecast"} | FORECASTING,
    "optimizer/siting": PURE
    | {"optimizer.siting", "optimizer.forecast", "numpy", "pandas"}
    | {"strategies.charge_law", "strategies.invoice", "strategies.netting", "strategies.wall_clock"},
    "optimizer/pricing.py": PURE | {"optimizer.ports", "optimizer.siting", "strategies", "pandas"},
    "optimizer/reconcile.py": PURE | {"optimizer.last_assets"},
    "optimizer/last_assets.py": PURE,
    "optimizer/currencies.py": PURE | {"strategies.registry"},
    "optimizer/assets_record.py": PURE | {"optimizer.last_assets", "optimizer.ledger", "sqlite3", "structlog"},
    "optimizer/planning.py": PURE
    | {"optimizer.curtailed"}
    | {"optimizer.dispatch", "optimizer.forecast", "optimizer.lp", "optimizer.reconcile", "optimizer.siting"}
    | {"pandas"},
    "optimizer/ports.py": PURE | {"optimizer.last_assets", "optimizer.reconcile", "pandas"},
    "optimizer/delivery.py": PURE | {"optimizer.dispatch", "optimizer.planning", "optimizer.ports", "structlog"},
    "optimizer/cycle.py": PURE
    | {"optimizer.acting", "optimizer.quarantining", "optimizer.task", "optimizer.trusting"}
    | {
        "optimizer.standing",
        "optimizer.ports",
        "optimizer.planning",
        "optimizer.pricing",
        "optimizer.delivery",
        "optimizer.reconcile",
    }
    | {"optimizer.forecast", "optimizer.lp", "optimizer.dispatch", "optimizer.siting", "strategies", "structlog"},
    "optimizer/shadow": PURE
    | {"optimizer.shadow", "optimizer.ledger", "optimizer.lp", "optimizer.planning", "optimizer.ports"}
    | {"optimizer.pricing", "optimizer.siting", "strategies", "numpy", "pandas", "sqlite3", "structlog"},
    "optimizer/commands_record.py": PURE,
    "optimizer/curtailed.py": PURE | {"optimizer.dispatch"},
    "optimizer/plan_diff.py": PURE | {"optimizer.dispatch", "optimizer.lp", "optimizer.planning", "numpy"},
    "optimizer/savings": PURE | {"optimizer.savings", "optimizer.ledger", "optimizer.lp", "strategies", "numpy"},
    "optimizer/backtest": PURE
    | {"optimizer.backtest", "optimizer.batch_book", "optimizer.clients", "optimizer.configured", "optimizer.cycle"}
    | {"optimizer.last_assets", "optimizer.ledger", "optimizer.ledger_schema", "optimizer.lp", "optimizer.memory"}
    | {"optimizer.planning"}
    | {"optimizer.ports", "optimizer.reconcile", "optimizer.settings", "optimizer.settings_file", "optimizer.simulator"}
    | {"optimizer.siting", "optimizer.task", "optimizer.trusting", "strategies", "numpy", "pandas", "sqlite3", "os"}
    | {"optimizer.log", "multiprocessing", "threading", "time"},
    "optimizer/replay.py": PURE
    | {"optimizer.commands_record", "optimizer.dispatch", "optimizer.lp", "optimizer.planning"}
    | {"optimizer.problem_file", "numpy", "pydantic", "optimizer"},
    "optimizer/report.py": PURE
    | {"optimizer.clients", "optimizer.planning", "optimizer.problem_file", "optimizer.solve_command", "rich"},
    "optimizer/pictures": PURE | {"optimizer.pictures", "optimizer.planning", "optimizer.report", "plotly", "rich"},
    "optimizer/tariff_report.py": PURE | {"rich", "matplotlib"},
    "optimizer/new_strategy.py": PURE | {"strategies.registry"},
    "optimizer/strategies_command.py": {"optimizer.new_strategy", "strategies.registry"},
    "optimizer/secret.py": PURE | {"pydantic", "os", "strategies.option_types"},
    "optimizer/settings_assets.py": PURE | {"pydantic", "strategies.option_types", "strategies.charge_options"},
    "optimizer/settings_web.py": PURE | {"pydantic", "strategies.option_types"},
    "optimizer/settings.py": PURE
    | {"pydantic", "pydantic_settings", "optimizer.secret", "optimizer.settings_assets", "strategies.option_types"}
    | {"optimizer.settings_web", "strategies.charge_options"},
    "optimizer/settings_file.py": PURE | {"pydantic", "pydantic_core", "pydantic_settings", "optimizer.settings", "os"},
    "optimizer/document_faults.py": PURE | {"pydantic", "pydantic_core"},
    "optimizer/problem_file.py": PURE | {"pydantic", "optimizer.document_faults"},
    "optimizer/solve_command.py": PURE | {"optimizer.lp", "optimizer.problem_file"},
    "optimizer/clients": PURE
    | {"optimizer.clients", "httpx", "stamina", "pydantic", "structlog"}
    | {"threading", "time", "urllib"},
    "optimizer/ledger_schema.py": set(),
    "optimizer/ledger.py": PURE | {"optimizer.ledger_schema", "sqlite3", "threading"},
    "optimizer/ledger_lock.py": PURE | {"os", "fcntl"},
    "optimizer/ledger_rescue.py": PURE | {"optimizer.ledger", "optimizer.ledger_schema", "sqlite3", "structlog"},
    "optimizer/pruning.py": PURE | {"optimizer.batch_book", "optimizer.ledger", "sqlite3"},
    "optimizer/stepdown.py": PURE | {"optimizer.dispatch"},
    "optimizer/trust": PURE | {"optimizer.trust"},
    "optimizer/trusting.py": PURE
    | {"optimizer.dispatch", "optimizer.ports", "optimizer.task", "optimizer.trust", "structlog"},
    "optimizer/quarantining.py": PURE | {"optimizer.ports", "optimizer.trust"},
    "optimizer/watching.py": PURE
    | {
        "optimizer.curtailed",
        "optimizer.ports",
        "optimizer.standing",
        "optimizer.task",
        "optimizer.trust",
        "optimizer.trusting",
    }
    | {"structlog"},
    "optimizer/task.py": PURE | {"optimizer.lp", "optimizer.planning", "optimizer.ports", "optimizer.pricing"},
    "optimizer/acting.py": PURE
    | {"optimizer.delivery", "optimizer.dispatch", "optimizer.planning", "optimizer.ports", "optimizer.standing"}
    | {"optimizer.stepdown", "optimizer.task", "structlog"},
    "optimizer/standing.py": PURE | {"optimizer.dispatch", "optimizer.ports", "structlog"},
    "optimizer/dry_book.py": PURE | {"optimizer.batch_book"},
    "optimizer/batch_book.py": PURE
    | {"optimizer.commands_record", "optimizer.ledger", "optimizer.ports", "sqlite3", "structlog"},
    "optimizer/issued_record.py": PURE | {"numpy"},
    "optimizer/memory.py": PURE
    | {
        "optimizer.curtailed",
        "optimizer.issued_record",
        "optimizer.ledger",
        "optimizer.ledger_schema",
        "optimizer.planning",
        "optimizer.problem_file",
        "optimizer.replay",
    }
    | {"optimizer.assets_record", "optimizer.last_assets", "optimizer.reconcile"}
    | {"pandas", "sqlite3", "structlog"},
    "optimizer/market.py": PURE | {"strategies", "structlog", "threading"},
    "optimizer/gate.py": {"threading"},
    "optimizer/clock_watch.py": set(),
    "optimizer/witness.py": PURE
    | {
        "optimizer.planning",
        "optimizer.ports",
        "optimizer.savings",
        "optimizer.task",
        "optimizer.web.state",
        "threading",
    },
    "optimizer/record_reader.py": PURE | {"optimizer.ledger", "optimizer.web.record", "sqlite3", "threading"},
    "optimizer/web": PURE | {"optimizer.web", "prometheus_client", "structlog", "socket", "threading", "urllib.parse"},
    "optimizer/log.py": {"optimizer.domain", "structlog", "stamina", "threading"},
    "optimizer/simulator": {"optimizer.simulator", "optimizer.domain", "starlette", "uvicorn", "numpy", "pandas"}
    | {"os", "socket", "threading", "time"},
    "strategies": PRICING,
    "strategies/conformance": PRICING | {"pytest", "optimizer.lp", "optimizer.siting", "time"},
    "strategies/feeds": PRICING | {"defusedxml", "httpx", "stamina"},
}
COMPOSITION = {
    "app",
    "cli",
    "daemon",
    "demo",
    "dry",
    "checkup",
    "picture",
    "challengers_command",
    "show_command",
    "ledger_command",
    "replay_command",
    "savings_command",
    "sweep_command",
    "diff_command",
    "savings_job",
    "backtest_command",
    "backtest_page",
    "backtest_panels",
    "backtest_picture",
    "cli_actions",
    "cli_parser",
    "configured",
    "jobs",
    "reloading",
    "scheduling",
    "service",
    "surroundings",
    "__main__",
    "__init__",
}
FREE = {f"optimizer/{name}.py" for name in COMPOSITION}


def sources() -> list[str]:
    files = [*(ROOT / "optimizer").rglob("*.py"), *(ROOT / "strategies").rglob("*.py")]
    return sorted(str(file.relative_to(ROOT)) for file in files)


def room_of(file: str) -> str | None:
    """The longest room that holds a file."""
    return max((room for room in ROOMS if file == room or file.startswith(f"{room}/")), key=len, default=None)


def imported(file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


def is_allowed(module: str, allowed: set[str]) -> bool:
    if any(module == name or module.startswith(f"{name}.") for name in allowed):
        return True
    top = module.split(".", maxsplit=1)[0]
    return top in sys.stdlib_module_names and top not in DOORS


@pytest.mark.parametrize("file", [file for file in sources() if file not in FREE])
def test_a_room_imports_only_what_it_may(file):
    room = room_of(file)
    assert room is not None, f"{file} stands in no room: add it to the list"

    strangers = [module for module in imported(file) if not is_allowed(module, ROOMS[room])]

    assert strangers == []


@pytest.mark.parametrize("file", [file for file in sources() if file not in FREE])
def test_nobody_imports_the_composition_root(file):
    tops = {f"optimizer.{name}" for name in COMPOSITION - {"__init__", "__main__", "configured"}}

    assert [module for module in imported(file) if module in tops] == []


def test_nothing_pure_reads_a_clock():
    rooms = {"domain", "dispatch", "forecast", "pictures", "siting"}
    pure = [file for file in sources() if (room_of(file) or "").split("/")[-1] in rooms]
    for file in [*pure, "optimizer/planning.py", "optimizer/cycle.py", "optimizer/reconcile.py"]:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert "datetime.now" not in text, file
        assert "utcnow" not in text, file


def test_the_list_names_no_room_that_is_gone():
    assert [room for room in ROOMS if not (ROOT / room).exists()] == []
