"""A search for secrets in whatever a service leaves behind, in every form in which they could stand there.

Written apart from the code that hides them: it shares no line with it.
"""

import gzip
import sqlite3
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

SQLITE = b"SQLite format 3\0"
SHORT = 6
"""A base64 text's ends depend on its neighbours, and a middle that is shorter proves nothing."""


def forms(secret: str) -> dict[str, bytes]:
    """Each form of a secret by its name."""
    octets = secret.encode()
    found = {
        "as it is": octets,
        "url-encoded": quote(secret, safe="").encode(),
        "url-encoded, slashes kept": quote(secret).encode(),
        "url-encoded with plus": quote_plus(secret).encode(),
        "hex": octets.hex().encode(),
        "hex in capitals": octets.hex().upper().encode(),
        "reversed": octets[::-1],
    }
    for shift in range(3):
        for name, coder in (("base64", b64encode), ("base64 for addresses", urlsafe_b64encode)):
            first, last = -(-8 * shift // 6), 8 * (shift + len(octets)) // 6
            middle = coder(b"\0" * shift + octets + b"\0\0")[first:last]
            if len(middle) >= SHORT:
                found[f"{name}, shifted by {shift}"] = middle
    return found


def leaks(
    folder: Path, texts: Mapping[str, str], secrets: Collection[str], *, exempt: Collection[str] = ()
) -> list[str]:
    """Where a secret stands, and in which form. ``exempt`` names files that are there to hold one."""
    looked_for = {(number, name): form for number, each in enumerate(secrets) for name, form in forms(each).items()}
    return [
        f"{where}: secret {number}, {name}"
        for where, octets in (*_files(folder, exempt), *((name, text.encode()) for name, text in texts.items()))
        for (number, name), form in looked_for.items()
        if form in octets or form.lower() in octets.lower()
    ]


def _files(folder: Path, exempt: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Every file, and what is packed in it."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.name in exempt:
            continue
        octets = file.read_bytes()
        yield str(file.relative_to(folder)), octets
        yield from ((f"{file.name}, unpacked", each) for each in _unpacked(octets))
        if octets.startswith(SQLITE):
            yield from ((f"{file.name}, {where}", each) for where, each in _cells(file))


def _cells(file: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, its write-ahead log included, as it is and unpacked."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in db.execute(f"SELECT * FROM {table}"):
                for value in row:
                    octets = value if isinstance(value, bytes) else str(value).encode()
                    yield table, octets
                    yield from ((f"{table}, unpacked", each) for each in _unpacked(octets))


def _unpacked(octets: bytes) -> Iterator[bytes]:
    for unpack in (zlib.decompress, gzip.decompress):
        with suppress(zlib.error, OSError, EOFError):
            yield unpack(octets)
