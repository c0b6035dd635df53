"""After some days of plans the daemon minds how wrong its forecasts were."""

import json
from datetime import timedelta
from math import sin

from world import START, simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.outcome import is_success
from optimizer.ledger import Ledger, TelemetrySample
from optimizer.problem_file import read_problem
from optimizer.replay_command import replay_text

QUARTER = timedelta(minutes=15)
DAYS = 8


def fill(ledger: Ledger, site_id: str) -> None:
    """Telemetry of ten days before and during the test: a load that no forecast foresees, sun by day."""
    at = START - timedelta(days=2)
    while at < START + timedelta(days=DAYS):
        number = int(at.timestamp()) // 900
        ledger.record_sample(
            site_id,
            TelemetrySample(
                at=at,
                load_kw=1.0 + sin(number * number * 0.37),
                solar_kw=max(0.0, 6 - abs(at.hour - 12)) / 2 * (1 + 0.5 * sin(at.day)),
                heat_kw=0.0,
                thermal_kw=None,
                outdoor_c=None,
                other_kw=0.0,
                soc_percent=50.0,
            ),
        )
        at += QUARTER


def test_scenarios_come_from_the_ledger_once_enough_days_are_on_record(tmp_path):
    with simulated_world(tmp_path) as world:
        world.settings()
        ledger = Ledger.open(world.folder / "ledger.sqlite3")
        fill(ledger, world.site_id)
        ledger.close()
        with world.app() as app:
            outcomes = []
            for _ in range(DAYS):
                outcomes.append(Jobs(app).plan(app.sites[0]))
                world.clock.advance_by(timedelta(days=1))
            newest = app.book.newest(world.site_id, 1)[0].key
            told, is_made_again = replay_text(app, newest)

        ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
        newest_first = ledger.cycles(world.site_id)
        ledger.close()

    assert all(is_success(outcome) for outcome in outcomes)
    minded = [record.body["problem"]["uncertainty"] for record in reversed(newest_first)]
    assert [None if one is None else len(one["scenarios"]) for one in minded] == [None] * 6 + [5, 6]
    again = read_problem(json.dumps(newest_first[0].body["problem"]))
    assert again.uncertainty is not None
    assert again.uncertainty.shared_slots == 1
    assert len({scenario.load_kw for scenario in again.uncertainty.scenarios}) == 6
    assert is_made_again, told


def test_scenarios_can_be_switched_off(tmp_path):
    with simulated_world(tmp_path) as world:
        world.settings()
        ledger = Ledger.open(world.folder / "ledger.sqlite3")
        fill(ledger, world.site_id)
        ledger.close()
        with world.app(top="[planning]\nscenarios = 0") as app:
            for _ in range(DAYS):
                Jobs(app).plan(app.sites[0])
                world.clock.advance_by(timedelta(days=1))
        ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
        minded = [record.body["problem"]["uncertainty"] for record in ledger.cycles(world.site_id)]
        ledger.close()

    assert minded == [None] * DAYS
