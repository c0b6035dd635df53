"""One process for each ledger, by whatever path it is named."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import NOON

from optimizer.errors import ConfigError
from optimizer.ledger_lock import LedgerLock
from optimizer.ledger_rescue import open_checked


def linked(folder: Path) -> tuple[Path, Path]:
    """Where a ledger would lie, and a link in another folder that leads there."""
    for name in ("real", "other"):
        (folder / name).mkdir()
    file, link = folder / "real" / "ledger.sqlite3", folder / "other" / "ledger.sqlite3"
    link.symlink_to(file)
    return file, link


@pytest.mark.parametrize("is_there", [True, False], ids=["begun", "not begun"])
@pytest.mark.parametrize("first", [0, 1], ids=["file first", "link first"])
def test_a_ledger_is_locked_for_all_who_come_by_a_link(tmp_path: Path, first: int, is_there: bool):
    paths = linked(tmp_path)
    if is_there:
        paths[0].touch()

    lock = LedgerLock.take(paths[first])
    with pytest.raises(ConfigError, match="in use by another heat-optimizer"):
        LedgerLock.take(paths[1 - first])
    lock.release()

    LedgerLock.take(paths[1 - first]).release()


def test_a_folder_that_is_a_link_is_the_same_folder(tmp_path: Path):
    file, _ = linked(tmp_path)
    (tmp_path / "way").symlink_to(file.parent)

    lock = LedgerLock.take(file)
    with pytest.raises(ConfigError, match="in use"):
        LedgerLock.take(tmp_path / "way" / file.name)
    lock.release()


def test_a_link_that_leads_to_itself_is_told(tmp_path: Path):
    loop = tmp_path / "ledger.sqlite3"
    loop.symlink_to(loop)

    with pytest.raises(ConfigError, match=f"ledger {loop}"):
        open_checked(loop, NOON)


def test_a_damaged_ledger_behind_a_link_is_put_aside_where_it_lies_and_the_link_stays(tmp_path: Path):
    file, link = linked(tmp_path)
    file.write_bytes(b"no ledger at all, and longer than the head of one" * 50)

    open_checked(link, NOON).close()

    assert link.is_symlink()
    assert [each.name for each in file.parent.glob("*.damaged-*")] == ["ledger.sqlite3.damaged-20260601T120000Z"]
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM cycles").fetchone() == (0,)
