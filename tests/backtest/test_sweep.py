"""What if the battery were another: a table, a plot, and after how long it pays."""

import json
from datetime import timedelta

import pytest
from backtest_data import rows, write_data, write_settings

from optimizer.backtest.sweep import sweep_values
from optimizer.cli import main
from optimizer.errors import ConfigError


def test_sizes_side_by_side_with_their_payback(tmp_path, capsys):
    config = write_settings(tmp_path)
    data = write_data(tmp_path / "data.csv", list(rows(2, timedelta(hours=1))))
    arguments = ["backtest", "--config", str(config), "--data", str(data), "--processes", "1", "--battery-price", "400"]
    arguments += ["--sweep", "battery.capacity_kwh=4,8", "--state", str(tmp_path / "kept")]
    picture = tmp_path / "sweep.png"

    code = main([*arguments, "--format", "json", "--png", str(picture)])
    small, large = json.loads(capsys.readouterr().out)
    main(arguments)
    table = capsys.readouterr().out

    assert code == 0
    assert (small["changes"], large["changes"]) == ({"battery.capacity_kwh": 4.0}, {"battery.capacity_kwh": 8.0})
    assert small["bills"]["no_battery"] == large["bills"]["no_battery"]
    assert large["bills"]["perfect_foresight"] < small["bills"]["perfect_foresight"]
    assert small["payback_years"] == pytest.approx(1600 / small["saved_per_year"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "pays after" in table


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["battery.capacity_kwh"], "PATH=VALUE"),
        (["=5"], "PATH=VALUE"),
        (["a=" + ",".join(map(str, range(20))), "b=" + ",".join(map(str, range(20)))], "400 combinations"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(texts, words):
    with pytest.raises(ConfigError, match=words):
        sweep_values(texts)


def test_values_are_numbers_truths_or_texts():
    found = sweep_values(
        ["sites.battery.capacity_kwh=5,10.5", "battery.charges_from_grid=true,false", "dispatch=per_slot"]
    )

    assert found == {
        "battery.capacity_kwh": (5.0, 10.5),
        "battery.charges_from_grid": (True, False),
        "dispatch": ("per_slot",),
    }
