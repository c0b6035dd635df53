"""Finished runs in a folder: found again only while nothing has changed that they hang on."""

import json
import pickle
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import strategies
from optimizer.backtest.asked import Asked
from optimizer.backtest.knowledge import DataPrices
from optimizer.backtest.run import Lived
from optimizer.backtest.sealing import sealed, unsealed
from optimizer.backtest.setup import Setup

OUR_OWN = (Path(__file__).parents[1], Path(strategies.__file__).parent)
LIBRARIES = ("highspy", "numpy", "pandas", "pulp")
"""Plans hang on them, and so does how what is kept is read."""
UNUSED = {"hcu": True, "feeds": True, "forecasts": True, "challengers": True}
"""Of a site: nothing of it is asked in a backtest, and secrets stand there."""
MOST_PATH = 1000
"""No text that is longer names a file."""


def key_of(asked: Asked, setup: Setup) -> str:
    """A name for all that the runs of a backtest hang on: the data, what is asked, every setting, and the program."""
    stated = {
        "asked": repr((asked.changes, asked.strategy, asked.site_id, setup.start, setup.end)),
        "site": setup.site.model_dump(mode="json", exclude=UNUSED),
        "planning": setup.settings.planning.model_dump(mode="json"),
        "dispatch": setup.settings.dispatch.model_dump(mode="json"),
        "conventions": setup.settings.heat_cloud.conventions.model_dump(mode="json"),
    }
    marks = [json.dumps(stated, sort_keys=True, default=str).encode(), asked.config.read_bytes()]
    marks.append(asked.data.read_bytes())
    marks += [file.read_bytes() for file in _named_files(stated["site"], asked.config.parent)]
    marks += [program_mark(OUR_OWN).encode(), _plugin(setup), *(version(name).encode() for name in LIBRARIES)]
    return sha256(b"".join(sha256(mark).digest() for mark in marks)).hexdigest()[:16]


@cache
def program_mark(folders: Iterable[Path]) -> str:
    """Changes whenever a source file below the folders does, or is there no more."""
    mark = sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            mark.update(sha256(str(file.relative_to(folder)).encode()).digest())
            mark.update(sha256(file.read_bytes()).digest())
    return mark.hexdigest()


def _plugin(setup: Setup) -> bytes:
    """The source of the site's strategy: it may be a stranger's."""
    strategy = setup.task.prices.strategy
    strategy = strategy.strategy if isinstance(strategy, DataPrices) else strategy
    file = getattr(sys.modules.get(type(strategy).__module__), "__file__", None)
    return b"" if file is None else Path(file).read_bytes()


def _named_files(stated: Any, folder: Path) -> Iterator[Path]:
    """The files that settings name, from the folder of the settings or where the command runs."""
    if isinstance(stated, dict | list):
        for each in stated.values() if isinstance(stated, dict) else stated:
            yield from _named_files(each, folder)
    elif isinstance(stated, str) and 0 < len(stated) < MOST_PATH and "\0" not in stated:
        yield from (file for file in dict.fromkeys((folder / stated, Path(stated))) if file.is_file())


def kept_file(folder: Path, name: str, key: str) -> Path:
    """Where a finished run of that name is kept."""
    return folder / f"{name}-{key}.run"


def kept(file: Path) -> Lived | None:
    """What was kept; None where there is nothing, or not all of it."""
    content = unsealed(file.read_bytes()) if file.exists() else None
    lived = None if content is None else pickle.loads(content)  # noqa: S301 - our own, in a folder the caller names
    return lived if isinstance(lived, Lived) else None


def keep(file: Path, lived: Lived) -> None:
    """Write it; the file is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_bytes(sealed(pickle.dumps(lived)))
    draft.replace(file)
