"""What if the battery were another: a table, a plot, and after how long it pays."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from backtest_data import SETTINGS, START, rows, write_data, write_settings

from optimizer.backtest.backtest import DAEMON, Result
from optimizer.backtest.bills import billing_of, on_quarters, without_battery
from optimizer.backtest.setup import Asked, prepare
from optimizer.backtest.sweep import Variant, on_frontier, sweep_values
from optimizer.backtest.yearly import notes_on_a_year, saved_per_year
from optimizer.cli import main
from optimizer.errors import ConfigError


def test_sizes_side_by_side_with_their_payback(tmp_path, capsys):
    config = write_settings(tmp_path)
    content = [row | {"weather": "fair"} for row in rows(2, timedelta(hours=1))]
    data = write_data(tmp_path / "data.csv", content)
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
    assert large["bills"]["daemon"] < small["bills"]["daemon"]
    assert large["on_frontier"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "pays after" in table
    assert table.count("note: what is said of a year takes these 2 days for typical of it") == 1
    assert table.count("note: columns that are not known and not read: 'weather'") == 1


def test_a_monthly_peak_saves_twelve_times_a_year_however_few_days_of_a_month_are_lived_through(tmp_path):
    charge = '[[sites.peak_charges]]\nname = "peak"\nprice_per_kw = 9.2\n'
    content = list(rows(2, timedelta(hours=1), START + timedelta(days=4)))  # 31 March from 02:00 on, and 1 April
    setup = prepare(
        Asked(config=write_settings(tmp_path, SETTINGS + charge), data=write_data(tmp_path / "d.csv", content))
    )
    billing, without = billing_of(setup), without_battery(setup)
    capped = replace(without, import_kwh=np.minimum(without.import_kwh, 0.25))
    no_peaks = replace(billing, whole=replace(billing.whole, tariff=replace(billing.whole.tariff, peak_charges=())))
    peaks_kw = [without.import_kwh[part].max() * 4 for part in (slice(0, 88), slice(88, None))]

    saved = saved_per_year(billing, without, capped) - saved_per_year(no_peaks, without, capped)

    assert saved == pytest.approx(12 * 9.2 * (sum(peaks_kw) / 2 - 1.0))


@pytest.mark.parametrize(("due", "times"), [(list(range(1, 13)), 12), ([4], 1), ([3, 4, 5], 3), ([6, 7], 0)])
def test_a_peak_that_is_due_in_some_months_saves_as_often_as_these_come(tmp_path, due, times):
    charge = f'[[sites.peak_charges]]\nname = "peak"\nprice_per_kw = 9.2\ndue_months = {due}\n'
    content = list(rows(2, timedelta(hours=1), START + timedelta(days=7)))  # in April
    asked = Asked(config=write_settings(tmp_path, SETTINGS + charge), data=write_data(tmp_path / "d.csv", content))
    billing, without = billing_of(prepare(asked)), without_battery(prepare(asked))
    capped = replace(without, import_kwh=np.minimum(without.import_kwh, 0.25))
    no_peaks = replace(billing, whole=replace(billing.whole, tariff=replace(billing.whole.tariff, peak_charges=())))

    saved = saved_per_year(billing, without, capped) - saved_per_year(no_peaks, without, capped)

    assert saved == pytest.approx(times * 9.2 * (without.import_kwh.max() * 4 - 1.0))
    assert any("not due within the span" in note for note in notes_on_a_year(billing)) == (times == 0)


def test_another_array_on_data_without_sun_is_refused(tmp_path):
    content = [{name: row[name] for name in ("timestamp_utc", "load_kw")} for row in rows(2, timedelta(hours=1))]
    config = write_settings(tmp_path, SETTINGS + "[sites.solar]\npeak_kw = 5\n")
    asked = Asked(config=config, data=write_data(tmp_path / "d.csv", content), changes={"solar.peak_kw": 10.0})

    with pytest.raises(ConfigError, match="has no column solar_kw"):
        prepare(asked)


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


def variant(bill: float, co2_kg: float, cycles: float) -> Variant:
    """Only what the frontier looks at."""
    result = Result(
        bills={DAEMON: bill},
        import_costs={},
        no_battery_import_bill=0.0,
        months=(),
        regret={},
        currency="EUR",
        cycles=0,
        seconds=0.0,
        value_per_kwh=0.0,
        outcomes={},
        gaps=(),
        troubles=(),
        notes=(),
        capacity_kwh=1.0,
        saved_per_year=0.0,
        energies={DAEMON: {"co2_kg": co2_kg, "cycles": cycles}},
        start="2026-01-01T00:00:00+00:00",
        end="2027-01-01T00:00:00+00:00",
    )
    return Variant(changes={}, result=result)


def test_best_is_what_no_other_beats_in_money_carbon_and_wear():
    cheap, clean, calm = variant(10, 50, 300), variant(12, 40, 300), variant(13, 50, 100)
    beaten, twin = variant(12, 41, 300), variant(10, 50, 300)

    assert on_frontier([cheap, clean, calm, beaten, twin]) == (True, True, True, False, True)
    assert on_frontier([cheap]) == (True,)


def test_a_larger_array_makes_the_sun_of_the_data_stronger(tmp_path):
    peak = "[sites.solar]\npeak_kw = 5\n"
    data = write_data(tmp_path / "data.csv", list(rows(2, timedelta(hours=1))))
    asked = Asked(config=write_settings(tmp_path, SETTINGS + peak), data=data)
    as_measured, doubled = prepare(asked), prepare(replace(asked, changes={"solar.peak_kw": 10.0}))

    assert on_quarters(doubled, doubled.measured.solar_kw) == pytest.approx(
        2 * on_quarters(as_measured, as_measured.measured.solar_kw)
    )
    assert doubled.options.solar_peak_kw == 10.0
    with pytest.raises(ConfigError, match=r"solar\.peak_kw: the settings do not say with which array"):
        prepare(Asked(config=write_settings(tmp_path), data=data, changes={"solar.peak_kw": 10.0}))
