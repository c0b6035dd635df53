"""The daemon in closed loop over made-up data: nothing is known before it happens, and the books balance."""

import json
import pickle
import random
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backtest_data import SETTINGS, START, rows, write_data, write_settings
from service_process import until

from optimizer.backtest import bounds
from optimizer.backtest.backtest import Result, Work, backtest, parts_of
from optimizer.backtest.bills import bill, billing_of, without_battery
from optimizer.backtest.bounds import perfect_foresight, self_consumption
from optimizer.backtest.halfway import Halfway
from optimizer.backtest.knowledge import published_until
from optimizer.backtest.run import Lived, Run, live
from optimizer.backtest.setup import Asked, Setup, prepare
from optimizer.cli import main
from optimizer.errors import ConfigError

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
LITTLE_MORE_THAN_A_DAY = START + timedelta(hours=26)
DAEMON = Run(name="daemon")


def quiet(*_: object) -> None:
    """Nobody listens."""


def asked(folder: Path, content: list[dict[str, object]], text: str = SETTINGS, **more: Any) -> Asked:
    return Asked(config=write_settings(folder, text), data=write_data(folder / "data.csv.gz", content), **more)


def setup_of(folder: Path, *, days: int = 2, step: timedelta = HOUR, text: str = SETTINGS, **more: Any) -> Setup:
    return prepare(asked(folder, list(rows(days, step)), text, **more))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two days in hours, in two processes."""
    folder = tmp_path_factory.mktemp("backtest")
    return backtest(asked(folder, list(rows(2, HOUR))), Work(processes=2), quiet)


def test_the_parts_of_the_regret_sum_to_the_gap(result):
    gap = result.bills["daemon"] - result.bills["perfect_foresight"]

    assert sum(result.regret.values()) == pytest.approx(gap, abs=1e-9)
    assert list(result.regret) == [
        *("load_forecast", "solar_forecast", "heat_forecast", "prices_forecast", "execution", "horizon_and_model"),
    ]
    assert result.regret["heat_forecast"] == result.regret["prices_forecast"] == 0.0, "the site has neither"


def test_nobody_does_better_than_who_knows_all(result):
    assert result.bills["perfect_foresight"] <= min(result.bills.values()) + 1e-6
    assert result.bills["daemon"] < result.bills["no_battery"]


def test_who_knows_all_and_does_it_to_the_letter_needs_no_more_than_a_plan_in_three_hours_for_the_least_bill(tmp_path):
    """Where the load leaps from quarter to quarter, each quarter has its own power in the plan."""
    content = [
        {**row, "load_kw": row["load_kw"] + 1.5 * (number % 4 == 0)} for number, row in enumerate(rows(2, QUARTER))
    ]
    setup = prepare(asked(tmp_path, content))
    billing, exact = billing_of(setup), parts_of(setup)[-1].run
    lived, floor = live(setup, exact, quiet), perfect_foresight(setup, billing, quiet)

    assert exact.is_exact
    assert exact.knows_all
    assert lived.cycles == 16
    assert bill(billing, billing.whole, lived) == pytest.approx(bill(billing, billing.whole, floor), abs=1e-3)


@pytest.mark.parametrize("minutes", [10, 20])
def test_steps_that_fit_no_quarter_are_lived_through_whole(tmp_path, minutes):
    setup = setup_of(tmp_path, step=minutes * MINUTE, end=LITTLE_MORE_THAN_A_DAY)
    billing = billing_of(setup)
    floor, without = perfect_foresight(setup, billing, quiet), without_battery(setup)
    daemon = live(setup, DAEMON, quiet)

    assert setup.step == (HALF_HOUR if minutes == 10 else HOUR), "when a quarter and an interval are over together"
    assert daemon.cycles == setup.cycles
    bills = [bill(billing, billing.whole, lived) for lived in (floor, daemon, without)]
    assert bills == sorted(bills)
    assert len(daemon.import_kwh) == len(floor.import_kwh) == len(without.import_kwh)


def test_a_floor_that_was_not_proved_in_time_says_so(tmp_path, monkeypatch):
    paid = [row | {"import_price": -0.1, "export_price": -0.2} for row in rows(3, HOUR)]
    setup = prepare(asked(tmp_path, paid))
    monkeypatch.setattr(bounds, "SOLVER_TIME_S", 0.01)

    (note,) = perfect_foresight(setup, billing_of(setup), quiet).troubles

    assert note.startswith("perfect foresight from 2026-03-27T00:00Z on: feasible, gap ")


@pytest.mark.parametrize(("most_kw", "above"), [(0.0, 0.002), (1.0, 0.1)])
def test_where_little_or_nothing_may_be_fed_in_the_daemon_pays_no_more_than_the_usual_rule(tmp_path, most_kw, above):
    """Cloudy noons: a percentage by the forecast would cut what serves the load, and a power would buy."""
    content = [
        row | {"solar_kw": 2.0 * float(row["solar_kw"]) * (0.2 if number % 7 < 2 else 1.0)}
        for number, row in enumerate(rows(4, QUARTER))
    ]
    one_price = SETTINGS.partition("[[sites.tariff.periods]]")[0]
    setup = prepare(asked(tmp_path, content, f"{one_price}\n[sites.grid]\nexport_limit_kw = {most_kw}\n"))
    billing = billing_of(setup)
    lived = (
        live(setup, DAEMON, quiet),
        self_consumption(setup, quiet),
        perfect_foresight(setup, billing, quiet),
    )
    daemon, rule, floor = (bill(billing, billing.whole, each) for each in lived)

    assert floor - 1e-6 <= daemon <= rule + above
    assert lived[0].export_kwh.max() <= most_kw / 4 + 1e-9


def test_months_that_do_not_sum_to_the_whole_are_told(tmp_path):
    rolling = '[[sites.peak_charges]]\nname = "peak"\nprice_per_kw = 40\nrolling_months = 12\n'
    content = list(rows(3, HOUR, START + timedelta(days=3)))  # two days of March, one of April
    found = backtest(asked(tmp_path, content, SETTINGS + rolling), Work(processes=1, with_regret=False), quiet)
    in_all = sum(month["bills"]["daemon"] for month in found.months)

    assert len(found.months) == 2
    assert abs(in_all - found.bills["daemon"]) > 0.01
    assert any(note.startswith("each month is billed by itself") for note in found.notes)


def test_the_local_day_of_23_hours_is_a_day(tmp_path):
    start = datetime.fromisoformat("2026-03-29T00:00+01:00")
    setup = setup_of(tmp_path, days=4, begin=start, end=start + timedelta(hours=23))

    assert setup.end - setup.start == timedelta(hours=23)


def test_the_months_sum_to_the_whole(result):
    for name, whole in result.bills.items():
        assert sum(month["bills"][name] for month in result.months) == pytest.approx(whole, abs=1e-9)
    assert [month["month"] for month in result.months] == ["2026-03"]


def test_every_cycle_ended_well(result):
    assert result.troubles == result.notes == ()
    assert result.cycles == 47, "the first hour is over before anything of it is known"
    assert set(result.outcomes) <= {"posted", "held"}


def corrupted(content: list[dict[str, object]], after: datetime, seed: int) -> list[dict[str, object]]:
    """All that begins at ``after`` or later is other."""
    chance = random.Random(seed)
    return [
        row
        if datetime.fromisoformat(str(row["timestamp_utc"])) < after
        else {name: row[name] if name == "timestamp_utc" else round(chance.uniform(0, 5), 3) for name in row}
        for row in content
    ]


@pytest.mark.parametrize("step", [20 * MINUTE, HALF_HOUR, HOUR], ids=["twenty minutes", "half hours", "hours"])
def test_no_decision_knows_what_comes_after_it(tmp_path, step):
    content = list(rows(2, step))
    after = START + timedelta(days=1, hours=6 if step == HOUR else 1)
    whole = live(prepare(asked(tmp_path, content, end=after)), DAEMON, quiet)
    other = live(prepare(asked(tmp_path, corrupted(content, after, 1), end=after)), DAEMON, quiet)

    assert np.array_equal(whole.soc_kwh, other.soc_kwh)
    assert np.array_equal(whole.import_kwh, other.import_kwh)


def test_a_run_that_is_told_the_truth_does_know_it(tmp_path):
    """The test above could not fail otherwise."""
    content = list(rows(2, HOUR))
    after = START + timedelta(days=1, hours=6)
    parts = parts_of(prepare(asked(tmp_path, content)))
    knowing = parts[1].run
    one = live(prepare(asked(tmp_path, content, end=after)), knowing, quiet)
    other = live(prepare(asked(tmp_path, corrupted(content, after, 1), end=after)), knowing, quiet)

    assert not np.array_equal(one.soc_kwh, other.soc_kwh)


def test_prices_of_the_data_are_known_as_they_are_published(tmp_path):
    content = [
        row | {"import_price": 0.2 + 0.1 * (number % 24 > 12), "export_price": 0.05}
        for number, row in enumerate(rows(3, HOUR))
    ]
    after = START + timedelta(days=1, hours=5)
    end = published_until(after, "Europe/Berlin")
    later = [
        row | {"import_price": 0.9} if datetime.fromisoformat(str(row["timestamp_utc"])) >= end else row
        for row in content
    ]
    one = live(prepare(asked(tmp_path, content, end=after)), DAEMON, quiet)
    other = live(prepare(asked(tmp_path, later, end=after)), DAEMON, quiet)

    assert np.array_equal(one.soc_kwh, other.soc_kwh)
    assert billing_of(prepare(asked(tmp_path, content))).whole.tariff.import_price_per_kwh[:4] == (0.2,) * 4


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-03-28T11:59+00:00", "2026-03-28T23:00+00:00"),
        ("2026-03-28T12:00+00:00", "2026-03-29T22:00+00:00"),
        ("2026-03-29T11:00+00:00", "2026-03-30T22:00+00:00"),
        ("2026-10-25T08:00+00:00", "2026-10-25T23:00+00:00"),
    ],
)
def test_tomorrow_is_published_at_one_o_clock_local_time(at, end):
    assert published_until(datetime.fromisoformat(at), "Europe/Berlin") == datetime.fromisoformat(end)


def test_energy_is_conserved_in_every_run(tmp_path):
    setup = setup_of(tmp_path)
    billing = billing_of(setup)
    idle = without_battery(setup)
    for lived in (self_consumption(setup, quiet), perfect_foresight(setup, billing, quiet), live(setup, DAEMON, quiet)):
        through_kwh = lived.import_kwh - lived.export_kwh - (idle.import_kwh - idle.export_kwh)
        gained = np.diff(lived.soc_kwh)
        into = np.where(gained > 0, gained / 0.95, gained * 0.95)

        assert np.abs(through_kwh - into).max() < 0.02, "but for a quarter in which the battery turns"
        assert lived.soc_kwh.min() >= 0.8 - 1e-6
        assert lived.soc_kwh.max() <= 8.0 + 1e-6


def test_what_is_stored_at_the_end_counts_alike_for_all(tmp_path):
    setup = setup_of(tmp_path)
    billing = billing_of(setup)
    lived = self_consumption(setup, quiet)
    fuller = replace(lived, soc_kwh=np.append(lived.soc_kwh[:-1], lived.soc_kwh[-1] + 1))

    assert billing.value_per_kwh == pytest.approx(0.20 * 0.95)
    assert bill(billing, billing.whole, lived) - bill(billing, billing.whole, fuller) == pytest.approx(0.19)


def test_a_finished_run_is_taken_up_again_and_another_question_is_not_answered_by_it(tmp_path):
    question = asked(tmp_path, list(rows(2, HOUR)), end=LITTLE_MORE_THAN_A_DAY)
    work = Work(processes=1, keep_in=tmp_path / "kept", with_regret=False)
    first = backtest(question, work, quiet)
    heard: list[str] = []
    second = backtest(question, work, lambda name, *_: heard.append(name))
    other = backtest(replace(question, changes={"battery.capacity_kwh": 4.0}), work, quiet)

    assert heard == [], "nothing was run again"
    assert second.bills == first.bills
    assert other.bills["daemon"] != first.bills["daemon"]


class PulledPlugError(Exception):
    """The run ends here."""


@pytest.mark.parametrize("run", [DAEMON, Run(name="execution", is_exact=True)], ids=["plant", "exact"])
def test_a_run_that_was_stopped_goes_on_as_if_it_never_had(tmp_path, run):
    setup = setup_of(tmp_path, end=LITTLE_MORE_THAN_A_DAY)
    file, heard = tmp_path / "kept" / "daemon.half", []

    def pull_the_plug(number: int) -> None:
        if number == 16:
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        live(setup, run, pull_the_plug, Halfway(file, every_s=0.0))
    resumed = live(setup_of(tmp_path, end=LITTLE_MORE_THAN_A_DAY), run, heard.append, Halfway(file, every_s=1e9))
    whole = live(setup, run, quiet)

    assert heard == list(range(16, setup.cycles + 1)), "15 cycles were kept"
    for name in ("import_kwh", "export_kwh", "soc_kwh"):
        assert np.array_equal(getattr(resumed, name), getattr(whole, name)), name
    assert (resumed.outcomes, resumed.commands, resumed.troubles) == (whole.outcomes, whole.commands, whole.troubles)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to look for processes in")
def test_when_the_command_is_killed_its_processes_end_too(tmp_path):
    question = asked(tmp_path, list(rows(9, QUARTER)))
    kept = tmp_path / "kept"
    command = [sys.executable, "-m", "optimizer", "backtest", "--config", str(question.config), "--data"]
    command += [str(question.data), "--state", str(kept), "--processes", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: any(kept.glob("self_consumption*.run")) or None)
        workers = children(process.pid)
        process.kill()

    assert len(workers) >= 3, "two that live through the data, and one that passes on what they tell"
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers) or None)


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("content", [b"", b"garbage", pickle.dumps("something else")])
def test_a_kept_run_that_cannot_be_read_is_begun_anew(tmp_path, content):
    file = tmp_path / "daemon.half"
    file.write_bytes(content)

    assert Halfway(file).take_up(setup_of(tmp_path).measured.recording()) is None


def test_the_command_needs_no_address_and_no_secret(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("HEAT_CLOUD_API_KEY", raising=False)
    question = asked(tmp_path, list(rows(2, HOUR)))
    arguments = ["backtest", "--config", str(question.config), "--data", str(question.data), "--no-regret"]

    code = main([*arguments, "--format", "json", "--processes", "1"])
    found = json.loads(capsys.readouterr().out)

    assert code == 0
    assert set(found["bills"]) == {"no_battery", "self_consumption", "daemon", "perfect_foresight"}
    assert (found["currency"], found["cycles"]) == ("EUR", 47)
    assert found["seconds"] > 0


def test_a_battery_whose_size_is_not_stated_is_asked_for(tmp_path):
    with pytest.raises(ConfigError, match=r"battery\.capacity_kwh: not set; a backtest has no cloud"):
        setup_of(tmp_path, text=SETTINGS.replace("capacity_kwh = 8\n", ""))


def test_less_than_a_day_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="less than a day"):
        setup_of(tmp_path, begin=START, end=START + timedelta(hours=20))


def test_the_first_day_costs_no_more_than_the_usual_rule_by_much(tmp_path):
    """Nothing is known of the array before its first day: to count on no sun filled the battery by night."""
    setup = setup_of(tmp_path, end=START + timedelta(hours=25))
    billing = billing_of(setup)
    daemon, rule = live(setup, DAEMON, quiet), self_consumption(setup, quiet)

    assert bill(billing, billing.whole, daemon) < bill(billing, billing.whole, rule) + 0.1


def test_data_without_a_column_for_the_sun_are_of_a_site_without_an_array(tmp_path):
    content = [{"timestamp_utc": row["timestamp_utc"], "load_kw": row["load_kw"]} for row in rows(2, HOUR)]
    lived = live(prepare(asked(tmp_path, content)), DAEMON, quiet)

    assert set(lived.expected_kw["solar"].tolist()) == {0.0}
    assert lived.troubles == ()


def test_a_heat_pump_is_lived_through_and_planned_with(tmp_path):
    content = [row | {"heat_kw": 2.0, "outdoor_temp_c": 5.0 + number % 3} for number, row in enumerate(rows(2, HOUR))]
    setup = prepare(asked(tmp_path, content))
    lived: Lived = live(setup, DAEMON, quiet)

    assert setup.task.site.has_hcu
    assert lived.troubles == ()
    assert without_battery(setup).import_kwh.sum() > without_battery(setup_of(tmp_path)).import_kwh.sum()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--html", "{file}/page.html"], "there is no folder"),
        (["--png", "{folder}/nowhere/a.png"], "there is no folder"),
        (["--png", "{folder}"], "is a folder; name a file in it"),
        (["--state", "{file}/kept"], "no such folder can be made"),
        (["--compare", "{folder}/nothing.toml"], "nothing.toml: cannot be read"),
        (["--sweep", "battery.capacity_kwh=4,large"], "should be a valid number"),
        (["--from", "2026-03-28", "--to", "2026-03-27"], "less than a day"),
    ],
)
def test_what_cannot_end_well_is_not_begun(tmp_path, capsys, monkeypatch, option, words):
    question = asked(tmp_path, list(rows(2, HOUR)))
    monkeypatch.setattr("optimizer.backtest.backtest.live", pytest.fail)
    monkeypatch.setattr("optimizer.backtest.backtest.self_consumption", pytest.fail)
    more = [text.format(file=question.config, folder=tmp_path) for text in option]

    code = main(["backtest", "--config", str(question.config), "--data", str(question.data), "--processes", "1", *more])

    assert code == 2
    assert words in capsys.readouterr().err
