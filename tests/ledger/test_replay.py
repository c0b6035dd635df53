"""A batch made again from the ledger: the same bytes, or what differs and why."""

import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from world import FLAT, World, simulated_world

from optimizer.app import LiveApplication
from optimizer.daemon import Jobs
from optimizer.errors import ConfigError
from optimizer.ledger import packed, unpacked
from optimizer.replay_command import replay_text
from optimizer.simulator import Fault

QUARTER = timedelta(minutes=15)
TIME_OF_USE = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.35
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
start = "22:00"
end = "06:00"
import_price = 0.18
"""


def plan_for(world: World, app: LiveApplication, cycles: int) -> None:
    jobs, (site,) = Jobs(app), app.sites
    for _ in range(cycles):
        jobs.plan(site)
        world.clock.advance_by(QUARTER)


def plan_batches(app: LiveApplication) -> list[str]:
    rows = app.ledger.rows("SELECT batch_id FROM batches WHERE kind = 'plan' AND batch_id IS NOT NULL", ())
    return [batch for (batch,) in rows]


def rewrite(app: LiveApplication, change: Any) -> None:
    """Change every cycle's record."""
    for cycle_id, body in app.ledger.rows("SELECT cycle_id, body FROM cycles", ()):
        document = unpacked(body)
        change(document)
        app.ledger.write(("UPDATE cycles SET body = ? WHERE cycle_id = ?", [(packed(document), cycle_id)]))


@pytest.mark.parametrize(
    ("tariff", "site"),
    [(FLAT, ""), (TIME_OF_USE, ""), (TIME_OF_USE, 'dispatch = "battery_soc"')],
    ids=["flat", "time of use", "by state of charge"],
)
def test_every_batch_of_a_morning_is_made_again_byte_for_byte(tmp_path: Path, tariff: str, site: str):
    with simulated_world(tmp_path) as world, world.app(tariff=tariff, site=site) as app:
        plan_for(world, app, 28)
        told = {batch: replay_text(app, batch) for batch in plan_batches(app)}

    assert len(told) >= 5
    assert {is_same for _, is_same in told.values()} == {True}, told
    assert all("byte for byte" in text for text, _ in told.values())


def test_a_batch_whose_answer_was_lost_is_found_by_its_key(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        world.simulator.add_fault(Fault(where="POST", drop=True, times=2))
        plan_for(world, app, 1)
        ((key, batch_id),) = app.ledger.rows("SELECT key, batch_id FROM batches", ())
        text, is_same = replay_text(app, key)

    assert batch_id is None
    assert is_same, text


def test_what_differs_is_told_entry_by_entry_with_what_could_explain_it(tmp_path: Path):
    def dearer(document: dict[str, Any]) -> None:
        prices = document["problem"]["import_price_per_kwh"]
        document["problem"]["import_price_per_kwh"] = [price if n % 2 else 3 * price for n, price in enumerate(prices)]
        document["replay"]["solver_version"] = "0.9"
        document["replay"]["solver_options"]["mip_rel_gap"] = 0.5
        document["replay"]["was_cut"] = True

    with simulated_world(tmp_path, soc_percent=60) as world, world.app(tariff=TIME_OF_USE) as app:
        plan_for(world, app, 1)
        rewrite(app, dearer)
        text, is_same = replay_text(app, plan_batches(app)[0])

    assert not is_same
    assert "NOT the same" in text
    assert "bess.activePowerkW" in text
    assert "HiGHS was 0.9, is 1." in text
    assert "HiGHS's option mip_rel_gap was 0.5, is 0.0" in text
    assert "the clock ended a solve then" in text


def test_the_basis_that_a_solve_began_at_is_on_record(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app(tariff=TIME_OF_USE) as app:
        plan_for(world, app, 3)
        bodies = [unpacked(body) for (body,) in app.ledger.rows("SELECT body FROM cycles ORDER BY cycle_id", ())]

    starts = [body["replay"]["start"] for body in bodies]
    assert starts[0] is None
    assert all(set("".join(start["columns"].values())) <= set("012") for start in starts[1:])
    assert all(body["replay"]["was_cut"] is False for body in bodies)


def test_what_cannot_be_made_again_says_why(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        plan_for(world, app, 1)
        (batch,) = plan_batches(app)
        with pytest.raises(ConfigError, match="no batch of this ledger"):
            replay_text(app, "nothing-like-it")
        app.ledger.write(("UPDATE batches SET kind = ?", [("clear",)]))
        with pytest.raises(ConfigError, match="take back what we had told"):
            replay_text(app, batch)
        app.ledger.write(("UPDATE batches SET kind = ?", [("plan",)]), ("DELETE FROM cycles WHERE 1 = ?", [(1,)]))
        with pytest.raises(ConfigError, match="not on record any more"):
            replay_text(app, batch)


def test_a_record_of_an_older_version_says_so(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        plan_for(world, app, 1)
        rewrite(app, lambda document: document.pop("replay"))
        with pytest.raises(ConfigError, match="holds no decision"):
            replay_text(app, plan_batches(app)[0])


def test_a_batch_from_before_a_convention_was_stated_is_made_as_it_was_made_then(tmp_path: Path):
    with simulated_world(tmp_path, grid_export_limit_kw=0.5, soc_percent=100.0, solar_peak_kw=12.0) as world:
        settings = {"site": 'dispatch = "per_slot"', "conventions": "export_limit_cuts_sun = false"}
        with world.app(**settings) as app:
            plan_for(world, app, 1)
            rewrite(app, lambda it: it["replay"]["publication"]["conventions"].pop("export_limit_cuts_sun"))
            text, is_same = replay_text(app, plan_batches(app)[0])

    assert any(command["asset"] == "solar" for command in world.simulator.posts[0].body["schedules"])
    assert is_same, text


@pytest.mark.parametrize("body", [b"no zlib", zlib.compress(b'{"a":'), zlib.compress(b"3")])
def test_a_damaged_record_says_so(tmp_path: Path, body: bytes):
    with simulated_world(tmp_path) as world, world.app() as app:
        plan_for(world, app, 1)
        (batch,) = plan_batches(app)
        app.ledger.write(("UPDATE cycles SET body = ?", [(body,)]))
        with pytest.raises(ConfigError, match=f"replay {batch}: the record of its cycle is damaged"):
            replay_text(app, batch)


def test_damaged_commands_say_so(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        plan_for(world, app, 1)
        (batch,) = plan_batches(app)
        app.ledger.write(("UPDATE batches SET commands = ?", [("[{",)]))
        with pytest.raises(ConfigError, match=f"replay {batch}: what is recorded of it is damaged"):
            replay_text(app, batch)


def test_a_batch_is_known_by_its_cycle_even_where_the_clock_was_set_back_over_it(tmp_path: Path):
    with simulated_world(tmp_path, soc_percent=60) as world, world.app(tariff=TIME_OF_USE) as app:
        plan_for(world, replace(app, now=lambda: world.clock.now() + 2 * QUARTER), 1)
        plan_for(world, app, 6)
        told = {batch: replay_text(app, batch) for batch in plan_batches(app)}
        rows = app.ledger.rows(
            "SELECT batches.intended_at = cycles.at, count(*) FROM batches LEFT JOIN cycles USING (cycle_id) GROUP BY 1",
            (),
        )

    assert len(told) >= 2
    assert {is_same for _, is_same in told.values()} == {True}, told
    assert rows == [(1, len(told))], "each batch was made in the cycle that it names"


def test_a_batch_that_an_older_version_sent_is_known_by_its_time(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app(tariff=TIME_OF_USE) as app:
        plan_for(world, app, 3)
        app.ledger.write(("UPDATE batches SET cycle_id = ?", [(None,)]))
        (batch, *_) = plan_batches(app)
        text, is_same = replay_text(app, batch)

    assert is_same, text


def test_a_batch_is_given_to_no_cycle_that_began_after_it(tmp_path: Path):
    with simulated_world(tmp_path) as world, world.app() as app:
        plan_for(world, app, 1)
        app.ledger.write(("UPDATE batches SET cycle_id = ?", [(None,)]))
        plan_for(world, app, 1)

        assert app.ledger.rows("SELECT cycle_id FROM batches ORDER BY number LIMIT 1", ()) == [(None,)]
