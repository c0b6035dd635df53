"""Every test here runs against a served simulator; retries do not wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from world import World, simulated_world


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with simulated_world(tmp_path) as found:
        yield found
