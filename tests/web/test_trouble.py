"""When a person should look at a site, and where it is explained."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from web_states import NOW, plan, site

from optimizer.domain.intent import BatchState
from optimizer.web.trouble import Standing, meaning, notes, standing, troubles

RUNBOOK = (Path(__file__).parents[2] / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8")
ALL_WRONG = site(
    is_stalled=True,
    unplanned_s=2400.0,
    outcome="failed",
    error="SolverFailed",
    told_until=NOW,
    batch_state="lost",
    trusted_share=0.1,
    plan=plan(
        foreign=("bess.activePowerkW",), solver="CBC", price_step="cached", verdict="relaxed: a limit", notes=("HCU",)
    ),
)


def test_a_site_that_does_as_planned_is_good():
    assert standing(site(), NOW) is Standing.GOOD
    assert not list(notes(site()))


def test_before_its_first_cycle_it_is_starting():
    assert standing(site(outcome=None, ended_at=None, plan=None), NOW) is Standing.STARTING


@pytest.mark.parametrize(
    "change",
    [
        {"is_stalled": True},
        {"outcome": "failed", "error": "SolverFailed"},
        {"told_until": NOW},
        {"holds_lease": False},
        {"batch_state": "diverging"},
        {"batch_state": "refused"},
        {"batch_state": "not_found"},
        {"batch_state": "lost"},
    ],
    ids=str,
)
def test_each_of_these_is_trouble(change):
    assert standing(site(**change), NOW) is Standing.TROUBLE


@pytest.mark.parametrize("state", [BatchState.SENT, BatchState.ACCEPTED, BatchState.IN_FORCE, BatchState.EFFECTIVE])
def test_a_batch_on_its_way_is_no_trouble(state):
    assert standing(site(batch_state=state.value, told_until=NOW + timedelta(seconds=1)), NOW) is Standing.GOOD


def test_what_is_worth_knowing_makes_no_trouble():
    degraded = site(trusted_share=0.1, plan=plan(price_step="fallback", notes=("HCU",), solver="CBC"))

    assert standing(degraded, NOW) is Standing.GOOD
    assert len(list(notes(degraded))) == 4


def test_every_heading_that_is_named_stands_in_the_runbook():
    named = {each.heading for each in [*troubles(ALL_WRONG, NOW), *notes(ALL_WRONG)] if each.heading is not None}
    headings = {
        name.strip("` ")
        for line in re.findall(r"^##+ (.+)$", RUNBOOK, re.MULTILINE)
        for name in ([line] if "`" not in line else line.split(","))
    }

    assert len(named) == 9
    assert named <= headings


def test_the_meaning_of_an_error_is_the_taxonomys_own():
    assert meaning("SourceUnavailable") == "No answer, a time-out, or a status that may pass (408, 429, 5xx)."
    assert "defect" in (meaning("InternalError") or "")
    assert meaning("NoSuchError") is None
