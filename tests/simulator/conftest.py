"""Fixtures of the simulator's tests."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from simulator.still_house import START, Served, still

from optimizer.simulator import SimulatedClock, Simulator, SimulatorOptions


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts simulators for a test and stops them after it."""
    with ExitStack() as stack:

        def start(recording=None, **changes) -> Served:
            options = SimulatorOptions(**changes)
            clock = SimulatedClock(START)
            simulator = Simulator(options, still(load_kw=1.0) if recording is None else recording, clock)
            addresses = stack.enter_context(simulator.serve())
            cloud = httpx.Client(
                base_url=f"{addresses.heat_url}{options.api_prefix}/",
                headers={"Authorization": f"Bearer {options.api_key}"},
                verify=False,
            )
            unit = httpx.Client(
                base_url=addresses.aris_url, headers={"Authorization": f"Bearer {options.hcu_token}"}, verify=False
            )
            stack.enter_context(cloud)
            stack.enter_context(unit)
            return Served(
                simulator=simulator, clock=clock, cloud=cloud, unit=unit, site_path=f"sites/{options.site_id}"
            )

        yield start


@pytest.fixture
def served(serve) -> Served:
    """One simulator with the default options in a house that draws 1 kW."""
    return serve()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The reference data; tests that need them are skipped where they are absent."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("HEAT_DATA_DIR", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no reference data in {folder}; set HEAT_DATA_DIR")
    return folder
