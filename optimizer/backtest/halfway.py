"""A run that is not finished, kept in a file from time to time, so that it can be stopped and taken up again."""

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from optimizer.backtest.sealing import sealed, unsealed
from optimizer.simulator import Recording

RECORDING = "recording"
"""What stands in the file for the data: they are not written again."""


@dataclass(slots=True, kw_only=True)
class Diary:
    """What was lived so far, quarter by quarter, up to ``at``; ``number`` cycles are done."""

    at: datetime
    soc_kwh: list[float]
    number: int = 0
    import_kwh: list[float] = field(default_factory=list)
    export_kwh: list[float] = field(default_factory=list)
    commands: list[Mapping[str, float]] = field(default_factory=list)
    expected_kw: dict[str, list[float]] = field(default_factory=lambda: {"load": [], "heat": [], "solar": []})


@dataclass(frozen=True, slots=True, kw_only=True)
class Midway:
    """A run between two cycles: its diary, and what each of its parts remembers."""

    diary: Diary
    memory: Mapping[str, Any]


class Halfway:
    """One file for one run; None: it is kept nowhere."""

    def __init__(self, file: Path | None = None, every_s: float = 60.0) -> None:
        self._file = file
        self._every_s = every_s
        self._kept_s = monotonic()

    def keep(self, midway: Callable[[], Midway]) -> None:
        """Write it where the last time is long enough ago; a file is there whole or not at all."""
        if self._file is None or monotonic() - self._kept_s < self._every_s:
            return
        text = io.BytesIO()
        _Writer(text).dump(midway())
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_bytes(sealed(text.getvalue()))
        draft.replace(self._file)
        self._kept_s = monotonic()

    def take_up(self, recording: Recording) -> Midway | None:
        """What was kept, over the same data; None where there is nothing that can be read."""
        if self._file is None or not self._file.exists():
            return None
        content = unsealed(self._file.read_bytes())
        found = None if content is None else _Reader(io.BytesIO(content), recording).load()
        return found if isinstance(found, Midway) else None


class _Writer(pickle.Pickler):
    def persistent_id(self, obj: object) -> str | None:
        return RECORDING if isinstance(obj, Recording) else None


class _Reader(pickle.Unpickler):
    """Reads our own files, in a folder that the caller names."""

    def __init__(self, file: io.BytesIO, recording: Recording) -> None:
        super().__init__(file)
        self._recording = recording

    def persistent_load(self, pid: object) -> object:
        return self._recording
