"""What the README shows is true."""

import re
from pathlib import Path

from builders import NOON

from optimizer.configured import site_of
from optimizer.domain.horizon import plan_horizon
from optimizer.domain.tariff import Market
from optimizer.settings_file import load_settings
from optimizer.siting import contradictions

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_smallest_settings_file_loads(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(block("toml"), encoding="utf-8")

    assert load_settings(file).sites[0].tariff["strategy"] == "flat"


def test_the_example_of_more_than_a_battery_loads_and_states_no_contradiction(tmp_path):
    file = tmp_path / "more.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1], encoding="utf-8")

    site = site_of(load_settings(file).sites[0])

    assert [charge.name for charge in site.peak_charges] == ["demand charge"]
    assert not list(contradictions(site, plan_horizon(NOON, slot_minutes=15, horizon_hours=36, zone=site.zone)))


def test_the_example_strategy_runs():
    names: dict = {}
    exec(block("python"), names)
    strategy = names["EveningDear"]
    horizon = plan_horizon(NOON, slot_minutes=15, horizon_hours=36)

    tariff = strategy(strategy.Options(usual_price=0.2, evening_price=0.3)).tariff(horizon, Market())

    assert set(tariff.import_price_per_kwh) == {0.2, 0.3}


def test_every_linked_file_exists():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert [link for link in links if not (ROOT / link).exists()] == []
    assert len(links) > 5
