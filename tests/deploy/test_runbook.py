"""Whatever the program says when something is wrong is explained in RUNBOOK.md, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer import errors
from optimizer.errors import HeatOptimizerError

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8")
LOUD = {"warning", "error", "exception", "critical"}
CHOSEN_LEVEL = "level"
"""In ``log_plan`` a variable of this name holds either a quiet or a loud method."""
OTHERS = {"stamina.retry_scheduled"}
"""Events that a library logs through our structlog."""


def _headings(level: str) -> list[str]:
    return re.findall(rf"^{level} (.+)$", RUNBOOK, re.MULTILINE)


def _leaves(kind: type[HeatOptimizerError]) -> Iterator[type[HeatOptimizerError]]:
    below = [subclass for subclass in kind.__subclasses__() if subclass.__module__ == errors.__name__]
    if not below:
        yield kind
    for subclass in below:
        yield from _leaves(subclass)


def _error_names() -> set[str]:
    return {kind.__name__ for kind in _leaves(HeatOptimizerError)}


def _loud_events() -> dict[str, str]:
    """Event name -> file, for every call that logs at warning or above."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "optimizer").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            event = node.args[0].value
            method = node.func.attr if isinstance(node.func, ast.Attribute) else None
            chosen = isinstance(node.func, ast.Name) and node.func.id == CHOSEN_LEVEL
            if isinstance(event, str) and (method in LOUD or chosen):
                found[event] = file.name
    return found


def _event_headings() -> set[str]:
    return {name for heading in _headings("###") for name in re.findall(r"`([\w.]+)`", heading)}


def test_the_search_finds_what_is_known_to_be_logged():
    assert {"degraded", "forecast", "cloud_is_down", "batch_unconfirmed", "planning_stalled"} <= set(_loud_events())


@pytest.mark.parametrize("name", sorted(_error_names() | {"InternalError"}))
def test_every_error_has_one_heading(name: str):
    assert _headings("##").count(name) == 1


@pytest.mark.parametrize("name", sorted(_error_names() | {"InternalError"}))
def test_each_error_tells_meaning_meanwhile_site_and_deed(name: str):
    section = RUNBOOK.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0].split("\n# ", 1)[0]
    for part in ("**Means.**", "**Meanwhile.**", "**Site.**", "**Do.**"):
        assert section.count(part) == 1, part


@pytest.mark.parametrize("event", sorted(_loud_events()))
def test_every_warning_and_error_that_is_logged_has_a_heading(event: str):
    assert event in _event_headings()


def test_no_heading_explains_what_nobody_says():
    assert _event_headings() <= set(_loud_events()) | OTHERS
    first = "First: is it alive, why does the battery do that, what if the network dies"
    assert set(_headings("##")) == _error_names() | {"InternalError", first}


def test_the_first_section_answers_the_three_questions_of_the_night():
    assert _headings("##")[0].startswith("First: is it alive")
    for question in ("Is it alive?", "Why does the battery do that?", "What if the network dies?", "Stop it now"):
        assert question in _headings("###")


def test_the_ledger_is_asked_for_columns_that_it_has():
    from optimizer.ledger import Ledger

    columns = set()
    ledger = Ledger.open_read_only(Path("/nonexistent/ledger.sqlite3"))
    for table in ("cycles", "telemetry"):
        columns |= {row[1] for row in ledger._connection.execute(f"PRAGMA table_info({table})")}
        assert f"FROM {table}" in RUNBOOK
    try:
        for query in re.findall(r'"(SELECT [^"?]+)"', RUNBOOK):
            ledger._connection.execute(query)
    finally:
        ledger.close()
    assert {"outcome", "batch_id", "soc_percent"} <= columns


def test_numbers_that_the_runbook_repeats_are_the_ones_in_force():
    from optimizer.cycle import CYCLE_S
    from optimizer.memory import SOC_MAY_BE
    from optimizer.reconcile import SOC_SLACK_PERCENT
    from optimizer.settings import ConventionSettings, PlanningSettings

    assert f"`stale_after_minutes` ({ConventionSettings().stale_after_minutes:g})" in RUNBOOK
    assert f"`unusable_after_minutes` ({ConventionSettings().unusable_after_minutes:g})" in RUNBOOK
    assert f"`replan_minutes` ({PlanningSettings().replan_minutes} by default)" in RUNBOOK
    assert f"`publish_hours` ({PlanningSettings().publish_hours:g} by default)" in RUNBOOK
    assert f"at most {SOC_MAY_BE.total_seconds() / 60:.0f} minutes old" in RUNBOOK
    assert f"from -{SOC_SLACK_PERCENT:g} to {100 + SOC_SLACK_PERCENT:g} %" in RUNBOOK
    assert f"the {CYCLE_S:g} s of a cycle" in RUNBOOK


def _metric_names() -> set[str]:
    """The names as they are scraped, without their prefix."""
    tree = ast.parse((ROOT / "optimizer" / "web" / "metrics.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    endings = {"_gauge": "", "_counter": "_total"}
    return {
        f"{ast.literal_eval(call.args[0])}{endings[call.func.id]}"
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in endings
    }


def test_every_metric_is_explained_and_no_other():
    table = RUNBOOK.split("### What the metrics say", 1)[1].split("###", 1)[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == _metric_names()
    assert len(_metric_names()) > 20


def test_rules_on_metrics_name_metrics_that_there_are():
    named = set(re.findall(r"heat_optimizer_(\w+?)(?=[ \[{])", RUNBOOK))

    assert named
    assert named <= _metric_names()


def test_every_command_that_the_documents_tell_to_run_is_one():
    from optimizer.cli_parser import build_parser

    (commands,) = [action.choices for action in build_parser()._actions if isinstance(action.choices, dict)]
    texts = [RUNBOOK, (ROOT / "deploy" / "INSTALL.md").read_text(encoding="utf-8")]
    for text in texts:
        assert set(re.findall(r"heat-optimizer-as-service ([a-z]+)", text)) <= set(commands)
