"""A kept run answers the very question it was kept for, and a damaged one answers none."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from backtest_data import SETTINGS, rows, write_data, write_settings

from optimizer.backtest.keeping import keep, kept, key_of, program_mark
from optimizer.backtest.run import Lived
from optimizer.backtest.setup import Asked, prepare

REPLAN = "HEAT_OPTIMIZER_PLANNING__REPLAN_MINUTES"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    data = write_data(tmp_path / "data.csv", list(rows(2, timedelta(hours=1))))
    return Asked(config=write_settings(tmp_path), data=data)


def key(asked: Asked) -> str:
    return key_of(asked, prepare(asked))


def test_the_same_question_has_the_same_key(asked):
    assert key(asked) == key(replace(asked))


def test_what_the_environment_sets_is_another_question(asked, monkeypatch):
    before = key(asked)
    monkeypatch.setenv(REPLAN, "30")

    assert key(asked) != before


@pytest.mark.parametrize("changes", [{"battery.capacity_kwh": 4.0}, {"annual_load_kwh": 3000.0}])
def test_a_changed_setting_is_another_question(asked, changes):
    assert key(replace(asked, changes=changes)) != key(asked)


def test_another_span_and_other_data_are_other_questions(asked, tmp_path):
    keys = {key(asked), key(replace(asked, begin=prepare(asked).start + timedelta(hours=5)))}
    write_data(asked.data, list(rows(3, timedelta(hours=1))))

    assert len(keys | {key(asked)}) == 3


def test_a_file_that_the_settings_name_counts_with_its_content(asked, tmp_path):
    asked.config.write_text(SETTINGS.replace("evening", "prices.csv"), encoding="utf-8")
    (tmp_path / "prices.csv").write_text("1\n")
    before = key(asked)
    (tmp_path / "prices.csv").write_text("2\n")

    assert key(asked) != before


def test_a_newer_program_is_another_one(tmp_path):
    marks = []
    for text in ("PRICE = 1\n", "PRICE = 2\n"):
        folder = tmp_path / f"program {len(marks)}"
        (folder / "lp").mkdir(parents=True)
        (folder / "lp" / "term.py").write_text(text)
        marks.append(program_mark((folder,)))

    assert len(set(marks)) == 2


def lived() -> Lived:
    return Lived(import_kwh=np.ones(9), export_kwh=np.zeros(9), soc_kwh=np.ones(10))


def test_what_was_kept_is_found(tmp_path):
    file = tmp_path / "folder" / "daemon.run"
    keep(file, lived())
    found = kept(file)

    assert found is not None
    assert np.array_equal(found.import_kwh, np.ones(9))
    assert kept(tmp_path / "nothing.run") is None


@pytest.mark.parametrize("damage", [lambda raw: raw[:100], lambda raw: b"", lambda raw: raw[:-5] + b"\xff" * 5])
def test_a_damaged_file_counts_as_none(tmp_path, damage):
    file = tmp_path / "daemon.run"
    keep(file, lived())
    file.write_bytes(damage(file.read_bytes()))

    assert kept(file) is None
