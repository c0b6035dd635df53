"""The command line changes the site that is asked for, and says what it cannot use."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from backtest_data import SETTINGS, rows, write_data, write_settings

from optimizer.backtest.asked import Asked
from optimizer.backtest.bills import billing_of
from optimizer.backtest.setup import Setup, prepare
from optimizer.cli import main
from optimizer.errors import ConfigError

SECOND = SETTINGS.replace("[[sites]]\n", '[[sites]]\nsite_id = "second"\n')
FLAT = """
[sites.tariff]
strategy = "flat"
import_price = 0.31
export_price = 0.09
currency = "USD"
"""


def asked(folder: Path, text: str = SETTINGS) -> Asked:
    return Asked(
        config=write_settings(folder, text), data=write_data(folder / "data.csv", list(rows(2, timedelta(hours=1))))
    )


def prices(setup: Setup) -> set[float]:
    return {round(price, 4) for price in billing_of(setup).whole.tariff.import_price_per_kwh}


def test_another_strategy_takes_the_options_that_it_knows_and_tells_of_the_others(tmp_path):
    setup = prepare(replace(asked(tmp_path), strategy="flat"))

    assert prices(setup) == {0.30}
    assert setup.left_out == ("sites[0].tariff.periods: left out; the strategy 'flat' knows no such option",)
    assert setup.notes == setup.left_out


def test_a_strategy_that_knows_all_options_leaves_none_out(tmp_path):
    before, _, _ = SETTINGS.partition("[sites.tariff]")
    setup = prepare(replace(asked(tmp_path, before + FLAT), strategy="time_of_use"))

    assert prices(setup) == {0.31}
    assert setup.left_out == ()


def test_a_strategy_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"--strategy: no strategy 'flatt'; installed: .* \(did you mean 'flat'\?\)"):
        prepare(replace(asked(tmp_path), strategy="flatt"))


def test_only_the_site_that_is_asked_for_is_changed(tmp_path):
    question = replace(asked(tmp_path, SETTINGS + SECOND), site_id="Second")
    setup = prepare(replace(question, changes={"battery.capacity_kwh": 4.0}, strategy="flat"))
    first, second = setup.settings.sites

    assert (first.battery.capacity_kwh, second.battery.capacity_kwh) == (8.0, 4.0)
    assert (first.tariff["strategy"], second.tariff["strategy"]) == ("time_of_use", "flat")
    assert setup.left_out == ("sites[1].tariff.periods: left out; the strategy 'flat' knows no such option",)


def test_the_command_says_on_standard_error_what_it_leaves_out(tmp_path, capsys):
    question = asked(tmp_path)
    arguments = ["backtest", "--config", str(question.config), "--data", str(question.data), "--processes", "1"]

    code = main([*arguments, "--strategy", "flat", "--no-regret", "--to", "2026-03-28T01:00Z"])
    shown = capsys.readouterr()

    assert code == 0
    assert shown.err == "note: sites[0].tariff.periods: left out; the strategy 'flat' knows no such option\n"
    assert "left out" in shown.out, "whoever reads the bills later should know it as well"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('sites = "x"\n', r"home\.toml: sites: got 'x'; write each site under \[\[sites\]\]"),
        ('sites = ["x"]\n', r"home\.toml: sites: got \['x'\]; write each site under"),
        (SETTINGS.replace("[[sites]]", "[sites]"), r"home\.toml: sites: got a single table; write each site under"),
        ('heat_cloud = "x"\n' + SETTINGS, r"home\.toml: heat_cloud: got 'x'; write it as a table under \[heat_cloud\]"),
    ],
)
def test_settings_of_another_shape_are_refused_by_name(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        prepare(asked(tmp_path, text))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("timezone.foo", r"--sweep timezone\.foo: timezone is 'Europe/Berlin', and has no setting 'foo'; name one"),
        ("tariff.periods.import_price", r"tariff\.periods is a list, and has no setting 'import_price'; name one"),
    ],
)
def test_a_path_through_what_is_no_table_is_refused(tmp_path, path, words):
    with pytest.raises(ConfigError, match=words):
        prepare(replace(asked(tmp_path), changes={path: 1.0}))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--processes", "0"], "--processes 0: at least 1 is needed"),
        (["--processes", "-1"], "--processes -1: at least 1 is needed"),
        (["--sweep", "battery.capacity_kwh=4", "--battery-price", "nan"], "--battery-price nan: give what"),
        (["--sweep", "battery.capacity_kwh=4", "--battery-price", "inf"], "--battery-price inf: give what"),
        (["--sweep", "battery.capacity_kwh=4", "--battery-price", "0"], "--battery-price 0: give what"),
        (["--battery-price", "400"], "--battery-price 400 is for a sweep alone: leave it out, or add --sweep"),
        (["--sweep", "battery.capacity_kwh=4", "--compare", "a.toml"], "leave out --compare, or --sweep"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_done(tmp_path, capsys, option, words):
    question = asked(tmp_path)
    code = main(["backtest", "--config", str(question.config), "--data", str(question.data), *option])

    assert code == 2
    assert words in capsys.readouterr().err
