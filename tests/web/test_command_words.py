"""Every command in words, under either reading of the signs."""

from dataclasses import replace

import pytest
from web_states import CONVENTIONS

from optimizer.domain.command import Pair
from optimizer.domain.conventions import BatterySign, CurtailmentBase, CurtailmentPercent, GridSign
from optimizer.web.command_words import told

OTHERWISE = replace(
    CONVENTIONS,
    bess_power_positive=BatterySign.DISCHARGE,
    grid_power_positive=GridSign.EXPORT,
    curtailment_percent=CurtailmentPercent.ALLOW,
    curtailment_base=CurtailmentBase.RATED,
)


@pytest.mark.parametrize(
    ("pair", "value", "words", "otherwise"),
    [
        (Pair.BESS_POWER, 3.2, "battery charges with 3.2 kW", "battery discharges with 3.2 kW"),
        (Pair.BESS_POWER, -0.75, "battery discharges with 0.75 kW", "battery charges with 0.75 kW"),
        (Pair.BESS_POWER, 0.0, "battery rests (0 kW)", "battery rests (0 kW)"),
        (Pair.GRID_POWER, 2.0, "grid is held at 2 kW of import", "grid is held at 2 kW of export"),
        (Pair.GRID_POWER, -2.0, "grid is held at 2 kW of export", "grid is held at 2 kW of import"),
        (Pair.SOLAR_CURTAILMENT, 30.0, "sun is cut by 30 % of what it could give", "sun is cut by 70 % of its rating"),
        (Pair.SOLAR_CURTAILMENT, 0.0, "sun is not cut", "sun is cut by 100 % of its rating"),
        (Pair.SOLAR_CURTAILMENT, 100.0, "sun is cut by 100 % of what it could give", "sun is not cut"),
    ],
)
def test_power_and_percent_follow_the_conventions(pair, value, words, otherwise):
    assert told(pair, value, CONVENTIONS) == words
    assert told(pair, value, OTHERWISE) == otherwise


@pytest.mark.parametrize(
    ("pair", "value", "words"),
    [
        (Pair.GRID_UPPER_LIMIT, 20.0, "import is limited to 20 kW"),
        (Pair.GRID_UPPER_LIMIT, -1.0, "export of at least 1 kW is asked"),
        (Pair.GRID_LOWER_LIMIT, -15.0, "export is limited to 15 kW"),
        (Pair.GRID_LOWER_LIMIT, 0.0, "export is limited to 0 kW"),
        (Pair.GRID_LOWER_LIMIT, 1.5, "import of at least 1.5 kW is asked"),
        (Pair.BESS_SOC, 62.5, "battery is brought to 62.5 % state of charge"),
    ],
)
def test_limits_and_targets_have_one_reading(pair, value, words):
    assert told(pair, value, CONVENTIONS) == told(pair, value, OTHERWISE) == words


@pytest.mark.parametrize("pair", list(Pair))
def test_nothing_is_told_as_nothing(pair):
    assert told(pair, None, CONVENTIONS).endswith("nothing is told")
