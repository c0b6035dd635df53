"""A cycle whose first solver fails: posted all the same, and said aloud."""

from dataclasses import replace

from failing_solvers import StoppedAtOnce
from world import World

from optimizer.daemon import Jobs
from optimizer.domain.outcome import Posted
from optimizer.ledger import Ledger
from optimizer.lp import Planner


def test_a_plan_by_the_second_solver_is_posted_warned_of_and_recorded(world: World):
    with world.app() as app:
        site = app.sites[0]
        failing = replace(site, ports=replace(site.ports, planner=Planner(StoppedAtOnce)))
        outcome = Jobs(app).plan(failing)

    assert isinstance(outcome, Posted)
    warned = world.event("second_solver_took_over")
    assert (warned["level"], warned["solver"], warned["failed"]) == ("warning", "CBC", "HiGHS")
    assert world.event("planned")["solver"] == "CBC"
    ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
    (record,) = ledger.cycles(world.site_id)
    ledger.close()
    assert record.body["solver"] == "CBC"


def test_where_the_first_solver_does_nothing_is_warned_of(world: World):
    world.cycle()

    assert world.event("planned")["solver"] == "HiGHS"
    assert "second_solver_took_over" not in {event["event"] for event in world.events}
