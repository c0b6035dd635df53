"""A site whose TOML states more than a battery: the daemon's plans keep to it, record it and command what they can."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from rich.console import Console
from world import World, simulated_world

from optimizer.app import build_dry
from optimizer.cycle import plan_site
from optimizer.daemon import Jobs
from optimizer.domain.outcome import Posted, is_success
from optimizer.ledger import Ledger
from optimizer.planning import Planned
from optimizer.ports import Deadline
from optimizer.problem_file import read_problem
from optimizer.report import plan_json, print_plan, slot_rows

START = datetime(2021, 4, 14, 14, 0, tzinfo=UTC)
"""16:00 in Berlin, a Wednesday."""
STATED = """
[[sites.grid.import_limits]]
start = "17:00"
end = "20:00"
limit_kw = 3.0

[[sites.peak_charges]]
name = "demand charge"
price_per_kw = 8.0

[[sites.ev_sessions]]
name = "car"
arrives = "18:00"
leaves = "06:00"
energy_kwh = 6
max_charge_kw = 3.7

[[sites.gensets]]
name = "diesel"
max_kw = 4
fuel_cost_per_kwh = 0.35

[[sites.deferrable_loads]]
name = "dishes"
power_kw = 1.0
run_hours = 1
start = "19:00"
end = "23:00"
"""


def planned(world: World, site: str) -> Planned:
    app = build_dry(world.settings(site=site), now=world.clock.now, environ=world.environ)
    runtime = app.sites[0]
    found = plan_site(runtime.task, runtime.ports, world.clock.now(), Deadline(monotonic=lambda: 0.0, ends_at_s=20.0))
    app.close()
    return found


def test_a_plan_holds_what_is_stated_and_tells_it(tmp_path):
    with simulated_world(tmp_path, start=START) as world:
        found = planned(world, STATED)

    plan = found.plan
    assert {"demand charge", "diesel fuel"} <= set(plan.costs)
    assert [(each.name, each.kind) for each in plan.others] == [
        ("dishes 2021-04-14", "load"),
        ("dishes 2021-04-15", "load"),
        ("car 2021-04-14", "vehicle"),
        ("car 2021-04-15", "vehicle"),
        ("diesel", "genset"),
    ]
    assert plan.others[2].level[-1] == pytest.approx(6.0)
    evening = [slot for slot, start in enumerate(plan.problem.horizon.starts) if 15 <= start.hour < 18 and slot < 40]
    assert max(plan.flows.import_kw[slot] for slot in evening) <= 3.0 + 1e-6
    assert set(plan.peaks_kw) == {"demand charge"}
    document = plan_json(found)
    json.dumps(document)
    assert document["peaks_kw"] == dict(plan.peaks_kw)
    assert [each["name"] for each in document["others"]] == [each.name for each in plan.others]
    for slot, row in enumerate(slot_rows(found)):
        assert row["grid_kw"] == pytest.approx(plan.flows.import_kw[slot] - plan.flows.export_kw[slot], abs=1e-6)
    printed = io.StringIO()
    print_plan(found, Console(file=printed, width=200))
    assert "demand charge: billed peak" in printed.getvalue()
    assert "planned, not commanded" in printed.getvalue()
    assert " others " in printed.getvalue()
    assert any("not on record" in note for note in found.snapshot.degradations)


def test_a_limit_by_time_is_commanded_while_it_holds(tmp_path):
    with simulated_world(tmp_path, start=START) as world:
        outcome = world.cycle(site=STATED)
        (post,) = [post for post in world.simulator.posts if post.accepted]

    assert isinstance(outcome, Posted)
    (rail,) = [each for each in post.body["schedules"] if (each["asset"], each["type"]) == ("grid", "upperLimitkW")]
    entries = rail["entries"]
    assert [entry["value"] for entry in entries][1] == 3.0
    assert (entries[1]["startAt"], entries[1]["endAt"]) == ("2021-04-14T15:00:00Z", "2021-04-14T18:00:00Z")
    assert entries[0]["value"] == entries[2]["value"] > 3.0
    assert all(earlier["endAt"] == later["startAt"] for earlier, later in pairwise(entries))


def test_the_month_s_peak_is_remembered_from_readings_to_plans(tmp_path):
    with simulated_world(tmp_path, start=START) as world:
        with world.app(site=STATED) as app:
            jobs = Jobs(app)
            for _ in range(40):
                jobs.sample(app.sites[0])
                world.clock.advance_by(timedelta(minutes=1))
            outcome = jobs.plan(app.sites[0])
        ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
        (record,) = ledger.cycles(world.site_id)
        means = ledger.interval_means(world.site_id, START, START + timedelta(minutes=30), 900)
        ledger.close()

    assert is_success(outcome)
    problem = read_problem(json.dumps(record.body["problem"]))
    (charge,) = problem.peak_charges
    assert [count for *_, count in means] == [15, 15]
    assert charge.sunk_kw == pytest.approx(max(mean for _, mean, _, _ in means))
    assert charge.metered_h == pytest.approx(10 / 60)
    assert problem.ev_sessions[0].name == "car 2021-04-14"


def test_a_heat_store_takes_the_place_of_the_heat_forecast(tmp_path):
    store = """
[[sites.heat_stores]]
name = "tank"
kwh_per_k = 0.6
temperature_c = 45
comfort_min_c = 40
comfort_max_c = 55
draw_kw = 2
max_kw = 3
"""
    with simulated_world(tmp_path, start=START) as world:
        found = planned(world, store)

    assert sum(found.forecasts.heat.kw) > 0
    assert sum(found.plan.problem.heat_kw) == 0
    assert [(each.name, each.kind) for each in found.plan.others] == [("tank", "heat store")]


def test_a_price_on_the_limit_lets_the_plan_exceed_the_contract_and_the_commands_follow(tmp_path):
    priced = "[sites.grid]\nimport_limit_kw = 0.1\nimport_over_price_per_kwh = 0.01\n"
    with simulated_world(tmp_path, start=START, soc_percent=10.0) as world:
        found = planned(world, priced)

    rated_kw = found.snapshot.reading.grid.ratings.intake_kw
    (rail,) = [command for command in found.batch.commands if command.pair.label == "grid.upperLimitkW"]
    assert [entry.value for entry in rail.entries] == [rated_kw]
    assert found.plan.costs["import_limit over kWh"] > 0
