"""A plan in a few lines of a terminal."""

import io

import pytest
from pictured import AUTUMN, SPRING, hourly, negative_prices, usual, without_battery
from rich.console import Console

from optimizer.pictures import compact_chart
from optimizer.pictures.terminal import BLOCKS, PLAIN


def lines(planned, **options) -> list[str]:
    return compact_chart(planned, **options).plain.splitlines()


def test_a_plan_has_a_line_each_for_price_battery_and_stored_energy_and_an_axis_below():
    found = lines(usual())

    assert [line.split()[0] for line in found[:3]] == ["price", "battery", "stored"]
    assert found[0].endswith(" 0.210 to 0.440 EUR/kWh")
    assert found[2].endswith(" of 10 kWh")
    assert found[4].split() == ["12", "18", "Tue", "06", "12", "18"]
    assert found[-1].strip() == "prices from Tue 00:00 on are a forecast"
    assert max(map(len, found)) <= 80


def test_charging_and_discharging_have_signs_of_their_own():
    battery = lines(usual())[1]

    assert set(battery) & set(BLOCKS.rising)
    assert set(battery) & set(BLOCKS.giving)
    assert battery[9 : 9 + 4].strip(BLOCKS.rising) == ""


@pytest.mark.parametrize("make", [usual, without_battery, negative_prices])
def test_a_terminal_without_blocks_gets_plain_letters(make):
    assert "\n".join(lines(make(), glyphs=PLAIN)).isascii()


def test_without_a_battery_only_the_price_is_drawn():
    assert [line.split()[0] for line in lines(without_battery())][:2] == ["price", BLOCKS.tick]


@pytest.mark.parametrize(
    ("start", "hours"),
    [(SPRING, ["18", "Sun", "06", "12", "18", "Mon", "06"]), (AUTUMN, ["18", "Sun", "06", "12", "18", "Mon"])],
)
def test_the_axis_is_local_time_when_the_clock_is_changed(start, hours):
    assert lines(hourly(start))[4].split() == hours


def test_a_narrow_terminal_gets_fewer_columns():
    assert max(map(len, lines(usual(), width=60)[:5])) <= 60


@pytest.mark.parametrize(("style", "coloured"), [("standard", True), (None, False)])
def test_colours_come_only_where_the_terminal_has_them(style, coloured):
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=coloured, color_system=style, legacy_windows=False).print(
        compact_chart(usual())
    )

    assert ("\x1b[" in out.getvalue()) is coloured
