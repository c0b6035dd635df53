"""heat-optimizer solve: a problem file in, a plan out."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from textwrap import dedent

import pytest

from optimizer import problem_file, solve_command
from optimizer.cli import main
from optimizer.domain.plan import Feasible, Optimal, Relaxed
from optimizer.domain.validity import COST_NAMES, COST_WORDS
from optimizer.errors import PlanInfeasible
from optimizer.lp import solve
from optimizer.problem_file import plan_document, problem_document, read_problem
from optimizer.solve_command import solve_text

STORE = {"capacity_kwh": 4, "soc_kwh": 0, "soc_max_kwh": 4, "max_charge_kw": 2, "max_discharge_kw": 2}


def document(**changes):
    """Two cheap hours, then two dear ones; the battery that is to bridge them starts empty."""
    return {
        "schema": "heat-optimizer/problem/1",
        "horizon": {"start": "2026-06-01T12:00:00Z", "slot_minutes": 60, "slots": 4, "zone": "Europe/Berlin"},
        "load_kw": 1,
        "import_price_per_kwh": [0.1, 0.1, 0.5, 0.5],
        "export_price_per_kwh": 0,
        "batteries": [STORE],
    } | changes


def plan(**changes):
    return solve(read_problem(json.dumps(document(**changes))))


def planned(**changes):
    """The plan as the command prints it in JSON."""
    text, code = solve_text(json.dumps(document(**changes)), "json")
    assert code == 0
    return json.loads(text)


def lines(**changes):
    text, code = solve_text(json.dumps(document(**changes)), "table")
    assert code == 0
    return text.splitlines()


def test_the_plan_buys_cheap_and_lives_on_it_when_power_is_dear():
    """Four kWh at 0.1 cover four hours of 1 kW; nothing is left at the end."""
    answer = planned()

    assert (answer["status"], answer["verdict"], answer["gap"]) == ("optimal", "optimal", 0.0)
    assert (answer["objective"], answer["currency"]) == (pytest.approx(0.4), "EUR")
    assert sum(answer["costs"].values()) == pytest.approx(answer["objective"])
    assert sum(slot["import_kw"] for slot in answer["slots"][:2]) == pytest.approx(4.0)
    assert [slot["import_kw"] for slot in answer["slots"][2:]] == [0.0, 0.0]
    assert [slot["discharge_kw"] for slot in answer["slots"][2:]] == pytest.approx([1.0, 1.0])
    assert answer["slots"][3]["soc_kwh"] == pytest.approx(0.0, abs=1e-6)
    assert answer["slots"][0]["start"] == "2026-06-01T12:00:00Z"
    assert answer["slots"][3]["end"] == "2026-06-01T16:00:00Z"
    assert answer["solve_s"] > 0


def test_the_answer_has_the_keys_that_were_promised():
    answer = planned()

    flows = {"import_kw", "export_kw", "charge_kw", "discharge_kw", "soc_kwh", "curtailed_kw"}
    assert {"verdict", "status", "gap", "objective", "costs", "currency", "shortfalls"} <= set(answer)
    assert {"peaks_kw", "slots", "batteries", "others", "solve_s"} <= set(answer)
    assert {"start", "end", *flows, "node_price_per_kwh", "stored_value_per_kwh"} <= set(answer["slots"][0])
    assert set(answer["batteries"][0]) == {"name", "charge_kw", "discharge_kw", "soc_kwh"}


def test_without_a_battery_stored_energy_has_no_value_to_tell():
    answer = planned(batteries=[])

    assert answer["batteries"] == []
    assert [slot["stored_value_per_kwh"] for slot in answer["slots"]] == [None] * 4
    assert [slot["node_price_per_kwh"] for slot in answer["slots"]] == pytest.approx([0.1, 0.1, 0.5, 0.5])


def test_a_limit_below_the_load_is_missed_and_told():
    """A load of 3 kW under a limit of 2 kW misses 1 kWh in each of four hours."""
    answer = planned(batteries=[], load_kw=3, import_limit_kw=2)

    assert answer["status"] == "relaxed"
    assert answer["verdict"].startswith("relaxed: ")
    assert sum(answer["shortfalls"].values()) == pytest.approx(4.0, abs=1e-3)
    assert any(line.startswith("  missed ") for line in lines(batteries=[], load_kw=3, import_limit_kw=2))


def test_other_assets_and_peaks_have_their_place():
    """A 1 kW load of two hours runs while power is cheap: beside the base load that makes a peak of 2 kW."""
    more = {
        "batteries": [],
        "deferrable_loads": [{"name": "washer", "power_kw": 1, "run_h": 2}],
        "peak_charges": [{"name": "month", "interval_of_slot": [0, 1, 2, 3], "price_per_kw": 0.01}],
    }

    answer, printed = planned(**more), lines(**more)

    assert answer["others"][0]["name"] == "washer"
    assert answer["others"][0]["electrical_kw"] == pytest.approx([1.0, 1.0, 0.0, 0.0])
    assert answer["peaks_kw"] == {"month": pytest.approx(2.0)}
    assert "  billed month: 2.000 kW" in printed
    assert printed[-2].split() == ["06-01", "14:00", "06-01", "16:00", "2.000", "1.000", "0.000"]


def test_neighbouring_slots_of_equal_power_share_a_line():
    heads, cheap, dear = lines(import_price_per_kwh=[0.1, 0.1, 0.5, 0.5], batteries=[STORE | {"max_charge_kw": 1}])[-3:]

    assert heads.split() == ["from", "to", "grid", "battery", "curtailed", "battery", "kWh"]
    assert cheap.split() == ["06-01", "14:00", "06-01", "16:00", "2.000", "1.000", "0.000", "2.000"]
    assert dear.split() == ["06-01", "16:00", "06-01", "18:00", "0.000", "-1.000", "0.000", "0.000"]


@pytest.mark.parametrize(
    ("verdict", "status", "gap"),
    [
        (Optimal(), "optimal", 0.0),
        (Feasible(gap=0.5, currency="EUR"), "feasible", 0.5),
        (Feasible(gap=None, currency="EUR"), "feasible", None),
        (Relaxed(breaches=("x",), base=Optimal()), "relaxed", 0.0),
        (Relaxed(breaches=("x",), base=Feasible(gap=0.5, currency="EUR")), "relaxed", 0.5),
    ],
)
def test_the_status_is_one_word_and_the_gap_money(verdict, status, gap):
    answer = plan_document(replace(plan(batteries=[]), verdict=verdict))

    assert (answer["status"], answer["gap"], answer["verdict"]) == (status, gap, str(verdict))


def test_a_solved_problem_written_and_read_has_the_same_plan():
    first = plan()
    again = solve(read_problem(json.dumps(problem_document(first.problem))))

    assert replace(again, solve_s=0.0) == replace(first, solve_s=0.0)


def test_the_example_of_the_page_is_solved():
    page = problem_file.__doc__
    example = dedent(page[page.index("    {\n") : page.index("\nNeeded are")])

    text, code = solve_text(example, "json")

    assert code == 0
    assert json.loads(text)["status"] == "optimal"


def test_a_bad_problem_ends_with_2_and_no_plan_with_1(monkeypatch):
    class GivesUp:
        def solve(self, problem):
            raise PlanInfeasible("site two\nlines: no plan")

        consider = solve

    assert solve_text("{}", "table")[1] == 2
    monkeypatch.setattr(solve_command, "Planner", GivesUp)
    assert solve_text(json.dumps(document()), "table") == ("PlanInfeasible: site two lines: no plan", 1)


# --- what is explained ------------------------------------------------------------------------------------------------


def test_the_answer_says_why_slot_by_slot_and_what_else_would_cost():
    """4 kWh must be stored in the two cheap hours at 2 kW: resting in the first leaves 2 kWh to buy 0.4 dearer."""
    answer = planned(batteries=[STORE | {"soc_max_kwh": 4}], load_kw=[0, 0, 2, 2])

    assert len(answer["reasons"]) == 4
    assert answer["reasons"][0].startswith("charging 2.00 kW: stored energy is worth ")
    assert answer["alternative"] == {"battery_kw": 0.0, "extra_cost": pytest.approx(0.8), "made_up_at": None}
    assert answer["caution"] is None
    assert (answer["breaches"], answer["contradiction"], answer["weighed"]) == ([], [], [])


def test_what_is_put_off_says_when_it_is_made_up_for():
    answer = planned(load_kw=[0, 0, 1, 1])

    assert answer["alternative"]["made_up_at"] in {"2026-06-01T13:00:00Z", None}
    assert answer["end_effect"] is None, "what is left at the end has no value that could change"


def test_a_first_hour_that_hangs_on_the_end_is_told():
    """Left energy at 0.12 is worth buying at 0.1; at 0.09, a quarter less, it is not."""
    store = STORE | {"end_values": [{"kwh": 4, "value_per_kwh": 0.12}]}

    answer, printed = planned(load_kw=0, batteries=[store]), lines(load_kw=0, batteries=[store])

    assert answer["end_effect"]["matters"] is True
    assert answer["end_effect"]["with_less_kw"] == pytest.approx(0.0, abs=1e-6)
    (note,) = [line for line in printed if line.startswith("  note: ")]
    assert note.startswith("  note: the first hour hangs on what energy left at the end is worth: battery +")
    assert not any(line.startswith("  note: ") for line in lines())


def test_the_table_tells_the_first_reason_and_each_other_kind_of_reason_once():
    printed = lines(batteries=[STORE | {"max_charge_kw": 1}], import_price_per_kwh=[0.1, 0.1, 0.5, 0.6])
    why = printed[printed.index("why") + 1 :]
    why = why[: why.index("")]

    assert [line.split(":", 2)[:2] for line in why] == [
        ["  06-01 14", "00  charging 1.00 kW"],
        ["  06-01 16", "00  discharging 1.00 kW"],
        ["  06-01 17", "00  discharging 1.00 kW"],
    ]
    assert "battery empty" in why[2]


def test_without_a_battery_only_what_binds_changes_the_reason():
    printed = lines(batteries=[], load_kw=[1, 1, 2, 2], import_limit_kw=2)

    assert printed[printed.index("why") + 1 : printed.index("why") + 4] == [
        "  06-01 14:00  a kWh more costs 0.100",
        "  06-01 16:00  a kWh more costs 0.500, import limit",
        "",
    ]


def test_limits_that_cannot_be_kept_together_are_named():
    """9 kWh in two hours need more than the 3 kW that the limit leaves."""
    store = STORE | {"capacity_kwh": 10, "soc_max_kwh": 10, "max_charge_kw": 5, "goal_kwh": [0, 9, 0, 0]}

    answer = planned(batteries=[store], import_limit_kw=3)

    assert answer["status"] == "relaxed"
    assert answer["contradiction"] == ["the import limit", "the goal of battery"]
    (breach,) = answer["breaches"]
    assert breach == "stored energy up to 5 kWh below the goal of 9 kWh until 2026-06-01T14:00Z (weighs 2.50 EUR)"


def test_a_limit_without_a_price_that_is_missed_is_a_breach_and_weighs_on_the_problem_s_own_scale():
    """Four times 1 kWh over; the dearest kWh of the problem costs 0.5."""
    answer = planned(batteries=[], load_kw=3, import_limit_kw=2)

    assert answer["breaches"] == ["import limit 2 kW exceeded by 4 kWh (peak 3 kW, weighs 2.00 EUR)"]
    assert answer["contradiction"] == ["the import limit"]
    assert answer["weighed"] == []


def test_a_limit_missed_at_its_price_is_a_choice_in_money_and_no_breach():
    """Four times 1 kWh over at 0.2 each."""
    case = {"batteries": [], "load_kw": 3, "import_limit_kw": 2, "import_over_price_per_kwh": 0.2}

    answer = planned(**case)

    assert (answer["status"], answer["verdict"], answer["breaches"]) == ("optimal", "optimal", [])
    assert answer["weighed"] == ["import limit 2 kW exceeded by 4 kWh (peak 3 kW, costs 0.80 EUR)"]
    assert "  weighed: import limit 2 kW exceeded by 4 kWh (peak 3 kW, costs 0.80 EUR)" in lines(**case)


def test_every_wish_that_has_a_price_is_told_with_amount_and_money():
    """Prices far below that of energy: nothing is delivered, and the 10 degrees too cold stay for four hours."""
    answer = planned(
        batteries=[STORE | {"goal_kwh": 2, "goal_price_per_kwh": 0.01, "max_charge_kw": 0}],
        ev_sessions=[{"energy_kwh": 8, "max_charge_kw": 4, "shortfall_price_per_kwh": 0.05}],
        heat_stores=[
            {
                "kwh_per_k": 1,
                "temperature_c": 40,
                "comfort_min_c": 50,
                "comfort_max_c": 60,
                "max_kw": 3,
                "comfort_price_per_kh": 0.001,
            }
        ],
    )

    assert answer["status"] == "optimal"
    assert answer["weighed"] == [
        "battery goal short: 8 kWh h (costs 0.08 EUR)",
        "heat store too cold: 40 K h (costs 0.04 EUR)",
        "ev short: 8 kWh (costs 0.40 EUR)",
    ]


def test_a_forced_breach_stays_one_beside_a_choice():
    ev = {"energy_kwh": 8, "max_charge_kw": 1}

    answer = planned(batteries=[], ev_sessions=[ev], import_limit_kw=1, import_over_price_per_kwh=0.2)

    assert answer["breaches"] == ["ev short: 4 kWh (weighs 2.00 EUR)"]
    assert answer["contradiction"] == ["the energy asked for of ev"]
    assert answer["weighed"] == ["import limit 1 kW exceeded by 4 kWh (peak 2 kW, costs 0.80 EUR)"]


def test_no_asset_can_take_the_name_under_which_another_is_charged():
    """The costs and shortfalls of a plan with one of everything go on after an asset's name as validity knows."""
    everything = document(
        batteries=[STORE | {"soc_min_kwh": 4, "soc_max_kwh": 4, "reserve_kwh": 4, "goal_kwh": 4, "ceiling_kwh": 4}],
        load_kw=9,
        solar_kw=[0, 0, 0, 30],
        import_limit_kw=1,
        export_limit_kw=1,
        can_curtail=False,
        co2_price_per_kg=0.1,
        export_extra_cost_per_kwh=0.01,
        heat_stores=[{"kwh_per_k": 1, "temperature_c": 40, "comfort_min_c": 50, "comfort_max_c": 60, "max_kw": 3}],
        deferrable_loads=[{"name": "washer", "power_kw": 1, "run_h": 9}],
        ev_sessions=[{"energy_kwh": 99, "max_charge_kw": 4}],
        gensets=[{"max_kw": 5, "fuel_cost_per_kwh": 0.3, "start_cost": 1, "running_cost_per_h": 1}],
    )
    everything["batteries"][0] |= {"demanded_charge_kw": 2, "end_values": [{"kwh": 4, "value_per_kwh": 0.1}]}
    text, code = solve_text(json.dumps(everything), "json")
    answer = json.loads(text)
    names = {*answer["costs"], *answer["shortfalls"]} - set(COST_NAMES)
    owners = ("battery", "heat store", "washer", "ev", "genset")

    rests = {name.removeprefix(f"{owner} ") for name in names for owner in owners if name.startswith(f"{owner} ")}
    assert code == 0
    assert len(rests) >= 10
    assert {rest.partition(" ")[0] for rest in rests} <= set(COST_WORDS)
    assert all(any(name.startswith(f"{owner} ") for owner in owners) for name in names)


def test_a_name_cannot_move_the_terminal_s_cursor():
    name = "hot\nwater\x1b[2J"

    printed = lines(batteries=[STORE | {"name": name}])

    assert all(line.isprintable() for line in printed)
    assert planned(batteries=[STORE | {"name": name}])["batteries"][0]["name"] == name


# --- on the command line ----------------------------------------------------------------------------------------------


def test_the_command_reads_a_file(tmp_path, capsys):
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(document()), encoding="utf-8")

    assert main(["solve", str(file)]) == 0
    assert capsys.readouterr().out.startswith("optimal, objective 0.4000 EUR\n")


def test_the_command_reads_standard_input_with_or_without_a_byte_order_mark(monkeypatch, capsys):
    for encoding in ("utf-8", "utf-8-sig"):
        raw = io.BytesIO(json.dumps(document()).encode(encoding))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))

        assert main(["solve", "-", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["status"] == "optimal"


def test_the_command_tells_a_bad_file_on_standard_error(tmp_path, capsys):
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(document(lod_kw=1)), encoding="utf-8")

    assert main(["solve", str(file)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "heat-optimizer: lod_kw: unknown key; did you mean 'load_kw'?\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe{"])
def test_the_command_tells_what_it_cannot_read(tmp_path, capsys, content):
    file = tmp_path / "problem.json"
    if content is not None:
        file.write_bytes(content)

    assert main(["solve", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"heat-optimizer: {file}: ")


def test_the_command_prints_the_schema(capsys):
    assert main(["solve", "--schema"]) == 0
    assert "schema" in json.loads(capsys.readouterr().out)["properties"]


def test_the_command_wants_a_problem_or_the_schema(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["solve"])
    assert stopped.value.code == 2


def test_another_program_asks_through_a_pipe():
    """The way in for whoever does not write Python: a process of its own, UTF-8 both ways."""
    asked = json.dumps(document(batteries=[STORE | {"name": "Speicher Süd"}]), ensure_ascii=False)
    command = [sys.executable, "-m", "optimizer", "solve", "-", "--format", "json"]

    ended = subprocess.run(command, input=asked.encode(), capture_output=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["batteries"][0]["name"] == "Speicher Süd"
