"""The ledger at a start: a damaged one is put aside whole and a fresh one begun, so that the site is planned."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog

from optimizer.errors import ConfigError
from optimizer.ledger import Ledger
from optimizer.ledger_schema import SCHEMA_VERSION

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PRIMARY_CODE = 0xFF
PARTS = ("-wal", "-shm", "")
"""The log goes before the file that it belongs to: laid beside a fresh file, SQLite would play it into that one."""
WAY_OUT = "a fresh ledger was begun; RUNBOOK.md, ledger_set_aside, tells how to get back what the old one holds"


def open_checked(path: Path, now: datetime, clean: Callable[[str], str] = str) -> Ledger:
    """Open or create the ledger; a damaged one is put aside first, and that is told as an error. ``clean``: Ledger's.

    A link stays: what it leads to is put aside. The caller holds the ledger's lock. Raises ConfigError where it is
    not damaged and cannot be opened all the same (permissions, a later version), or where it is damaged and cannot be
    put aside.
    """
    damage = damage_of(path)
    if damage is not None:
        aside = put_aside(path.resolve(), now)
        structlog.get_logger().error(
            "ledger_set_aside", ledger=str(path), kept_as=str(aside), detail=damage, do=WAY_OUT
        )
    return Ledger.open(path, clean)


def damage_of(path: Path) -> str | None:
    """What SQLite finds wrong with the file; None where nothing is, or where that cannot be told. Changes nothing."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                return None
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error) if error.sqlite_errorcode & PRIMARY_CODE in DAMAGED else None
    return None if verdict == "ok" else str(verdict)


def put_aside(path: Path, now: datetime) -> Path:
    """Rename the file and what belongs to it; nothing is overwritten. Raises ConfigError."""
    name = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    aside, number = path.with_name(name), 1
    while any(aside.with_name(aside.name + part).exists() for part in PARTS):
        number += 1
        aside = path.with_name(f"{name}-{number}")
    try:
        for part in PARTS:
            file = path.with_name(path.name + part)
            if file.exists():
                file.rename(aside.with_name(aside.name + part))
    except OSError as error:
        msg = f"ledger {path} is damaged and cannot be put aside as {aside.name}: {error.strerror}; move it by hand"
        raise ConfigError(msg) from None
    return aside
