"""Challengers beside the real cycle: settled by what happened, priced by their own tariff, shown by a command."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from world import FLAT, simulated_world

from optimizer.cli import main
from optimizer.daemon import Jobs
from optimizer.errors import ConfigError
from optimizer.ledger import Ledger
from optimizer.shadow import ShadowStore

CHALLENGED = """
[[sites.challengers]]
name = "night"
[sites.challengers.tariff]
strategy = "time_of_use"
import_price = 0.40
export_price = 0.08
periods = [{name = "night", import_price = 0.10, start = "22:00", end = "06:00"}]
[[sites.challengers]]
name = "twin"
[sites.challengers.tariff]
strategy = "flat"
import_price = 0.30
export_price = 0.08
"""
MIDNIGHT = datetime(2021, 4, 14, 22, 0, tzinfo=UTC)  # local


def live_through(world, hours: int, tariff: str) -> None:
    with world.app(tariff=tariff) as app:
        jobs, (site,) = Jobs(app), app.sites
        for quarter in range(hours * 4):
            if quarter % 4 == 0:
                jobs.plan(site)
            else:
                jobs.sample(site)
            world.clock.advance_by(timedelta(minutes=15))
        jobs.plan(site)


def test_a_day_is_priced_for_champion_and_challengers_by_what_really_happened(tmp_path, capsys, monkeypatch):
    with simulated_world(tmp_path, start=MIDNIGHT - timedelta(hours=1)) as world:
        live_through(world, 27, FLAT + CHALLENGED)
        day = date(2021, 4, 15)
        ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
        store = ShadowStore(ledger)
        found = {each.name: each for each in store.days(world.site_id) if each.day == day}
        quarters = {name: store.quarters(world.site_id, name, MIDNIGHT, MIDNIGHT + timedelta(days=1)) for name in found}
        happened = ledger.quarter_hour_means(world.site_id, MIDNIGHT, MIDNIGHT + timedelta(days=1))[1]
        ledger.close()

        assert set(found) == {"champion", "night", "twin"}
        assert found["twin"].cost == pytest.approx(found["champion"].cost, abs=1e-9), "the same prices, the same day"
        assert found["champion"].quarters == 96
        used_kwh = sum(
            (load + (heat or 0.0) + (other or 0.0) - (sun or 0.0)) / 4
            for load, heat, other, sun in zip(
                happened["load_kw"], happened["heat_kw"], happened["other_kw"], happened["solar_kw"], strict=True
            )
        )
        for rows in quarters.values():
            net_kwh = sum(row.import_kwh - row.export_kwh for row in rows)
            stored_kwh = rows[-1].soc_kwh - rows[0].soc_kwh
            assert net_kwh == pytest.approx(used_kwh + stored_kwh, abs=0.35 * abs(stored_kwh) + 1.0)

        night = [row for row in quarters["night"] if row.at_s < (MIDNIGHT + timedelta(hours=8)).timestamp()]
        assert night[-1].soc_kwh > quarters["champion"][31].soc_kwh, "cheap nights are for charging"

        for name, value in world.environ.items():
            monkeypatch.setenv(name, value)
        assert main(["challengers", "--config", str(world.folder / "heat-optimizer.toml"), "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [(each["name"], each["days"], each["verdict"]) for each in told] == [
            ("night", 1, "too early: 1 of 14 days"),
            ("twin", 1, "too early: 1 of 14 days"),
        ]
        assert all(post.accepted for post in world.simulator.posts)


def test_without_challengers_nothing_is_kept(tmp_path: Path):
    with simulated_world(tmp_path) as world:
        world.cycle()
        ledger = Ledger.open_read_only(world.folder / "ledger.sqlite3")
        rows = ledger.rows("SELECT count(*) FROM shadow_standing", ())
        ledger.close()

    assert rows == [(0,)]


def test_a_challenger_that_has_no_prices_is_reported_and_costs_the_site_nothing(tmp_path: Path):
    broken = """
[[sites.challengers]]
name = "spot"
[sites.challengers.tariff]
strategy = "series"
import_series = "nowhere"
"""
    with simulated_world(tmp_path) as world:
        outcome = world.cycle(tariff=FLAT + broken)

        assert type(outcome).__name__ == "Posted"
        assert world.event("challenger_failed")["challenger"] == "spot"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (CHALLENGED.replace('"twin"', '"night"'), "two are named 'night'"),
        (CHALLENGED.replace('"twin"', '"champion"'), "choose another"),
        (CHALLENGED.replace("import_price = 0.10", "import_prise = 0.10"), "challengers[0].tariff.periods[0]"),
    ],
)
def test_a_wrong_challenger_is_told_with_its_place(tmp_path: Path, lines: str, words: str):
    with simulated_world(tmp_path) as world, pytest.raises(ConfigError) as refused, world.app(tariff=FLAT + lines):
        pass
    assert words in str(refused.value)
