"""Cases of other projects, solved by us: every case that the files of the reference folder hold.

Each adapter's docstring says how the case is read. Further files of a kind are found by the beginning of their names.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import data_file
from references import emhass, eos, evcc, haeo, known_answers

from optimizer.domain.plan import Optimal, Relaxed
from optimizer.lp import solve

ABSOLUTE = 1e-6


def _files(pattern: str) -> list[Path]:
    """What matches in the reference folder, nothing where there is no folder."""
    try:
        return sorted(data_file("").glob(pattern))
    except pytest.skip.Exception:
        return []


def _named(pattern: str, read: Callable[[Path], dict[str, Any]]) -> list[Any]:
    """One parameter for each case in the files that match; one that skips with the reason where there is none."""
    cases = [(f"{file.stem}-{name}", case) for file in _files(pattern) for name, case in read(file).items()]
    if not cases:
        absent = pytest.mark.skip(reason=f"reference data not present: {pattern} (set HEAT_DATA_DIR)")
        return [pytest.param(None, marks=absent, id="absent")]
    return [pytest.param(case, id=name) for name, case in cases]


def _listed(key: str) -> Callable[[Path], dict[str, Any]]:
    """Reads the cases of a JSON document's list by their ids."""
    return lambda file: {str(case["id"]): case for case in json.loads(file.read_text(encoding="utf-8"))[key]}


def _tiny(file: Path) -> dict[str, Any]:
    return known_answers.cases(json.loads(file.read_text(encoding="utf-8")))


def _windows(file: Path) -> dict[str, Any]:
    """Each window with its file and its place there."""
    return {name: (file, place, rows) for place, (name, rows) in enumerate(emhass.windows(file).items())}


def _wrong(figures: Iterator[tuple[str, object, object]]) -> list[str]:
    return [f"{what}: ours {ours}, theirs {theirs}" for what, ours, theirs in figures if ours != theirs]


@pytest.mark.parametrize("case", _named("evcc*.json", _listed("cases")))
def test_evcc_objective_is_theirs(case: dict[str, Any]) -> None:
    """The net objective, and its two parts: beside large penalties the money would be lost in the tolerance."""
    plan = solve(evcc.problem(case))
    evcc.skip_inexact_goals(case, plan)
    stated = case.get("derived", {})
    assert "net_objective_max" in stated, "the case states no derived.net_objective_max"
    ours = {
        "net_objective_max": evcc.net_objective(case, plan),
        "money_incl_final_soc_value": evcc.money(case, plan),
        "soft_penalties": evcc.soft_penalties(case, plan),
    }
    theirs = {name: pytest.approx(stated[name], rel=evcc.RELATIVE, abs=ABSOLUTE) for name in ours if name in stated}
    assert {name: ours[name] for name in theirs} == theirs, str(plan.verdict)


@pytest.mark.parametrize("case", _named("haeo*.json", _listed("scenarios")))
def test_haeo_cost_is_theirs(case: dict[str, Any]) -> None:
    """Within what three figures allow of what their optimizer found, and closer to a program on the same inputs."""
    plan = solve(haeo.problem(case))
    assert plan.verdict == Optimal()
    ours = haeo.figures(case, plan)
    stated = case["expected_3_significant_figures"]
    assert ours["optimizer_cost"] == pytest.approx(stated["optimizer_cost"], rel=haeo.RELATIVE)
    same_inputs = case.get("independent_lp_on_rounded_inputs")
    if same_inputs is not None:
        assert ours["optimizer_cost"] == pytest.approx(same_inputs["objective"], rel=haeo.SAME_INPUTS_RELATIVE)


@pytest.mark.parametrize("window", _named("emhass*golden*.csv", _windows))
def test_emhass_cost_on_or_off_is_theirs(window: tuple[Path, int, emhass.Window]) -> None:
    _, _, rows = window
    plan = solve(emhass.problem(rows, is_on_off=True))
    assert plan.verdict == Optimal()
    assert plan.energy_cost == pytest.approx(emhass.stated_cost(rows), abs=emhass.ABSOLUTE_EUR)


@pytest.mark.parametrize("window", _named("emhass*golden*.csv", _windows))
def test_emhass_cost_at_any_power_is_theirs(window: tuple[Path, int, emhass.Window]) -> None:
    """Loads that may run at any power never cost more than loads that are on or off."""
    file, place, rows = window
    plan = solve(emhass.problem(rows, is_on_off=False))
    assert plan.verdict == Optimal()
    assert plan.energy_cost <= emhass.stated_cost(rows) + emhass.ABSOLUTE_EUR
    assert plan.energy_cost == pytest.approx(emhass.stated_continuous_costs(file)[place], abs=emhass.ABSOLUTE_EUR)


@pytest.mark.parametrize("case", _named("small_known*.json", _tiny))
def test_known_answers_are_ours(case: dict[str, Any]) -> None:
    wrong = _wrong(known_answers.figures(case))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("case", _named("eos*.json", _listed("cases")))
def test_eos_genetic_cost_is_never_below_ours(case: dict[str, Any]) -> None:
    plan = solve(eos.problem(case))
    assert not isinstance(plan.verdict, Relaxed), "a vehicle or an appliance that gets less is no bound"
    bounds = eos.genetic_costs(case)
    assert bounds, "the case holds no genetic result"
    ours = eos.our_cost(case, plan)
    assert {name: ours <= cost + ABSOLUTE for name, cost in bounds.items()} == dict.fromkeys(bounds, True), ours
