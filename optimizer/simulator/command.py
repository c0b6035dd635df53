"""The ``simulate`` command: serve a plant until told to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from optimizer.simulator.clock import Clock
from optimizer.simulator.core import Simulator
from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.recording import Recording, bundled_recording, read_recording
from optimizer.simulator.server import Addresses

LONGEST_WAIT_S = 1.0


def simulate(
    *,
    port: int,
    aris_port: int,
    data: Path | None,
    options: SimulatorOptions,
    clock: Clock,
    load_column: str | None = None,
    solar_column: str | None = None,
    heat_column: str | None = None,
    temperature_column: str | None = None,
    out: Callable[[str], object] = print,
    stop: threading.Event | None = None,
) -> int:
    """Serve until SIGINT, SIGTERM or ``stop``; 0 at a clean end. Without ``data`` the bundled recording plays.

    Signals are heeded only without ``stop``, and then only in the main thread.
    """
    if data is None:
        recording = bundled_recording(solar_peak_kw=options.solar_peak_kw)
    else:
        recording = read_recording(
            data,
            load_column=load_column,
            solar_column=solar_column,
            heat_column=heat_column,
            temperature_column=temperature_column,
            solar_peak_kw=options.solar_peak_kw,
        )
    simulator = Simulator(options, recording, clock)
    with _until_told(stop) as told, simulator.serve(port=port, aris_port=aris_port) as addresses:
        for line in _greeting(addresses, options, recording, data):
            out(line)
        while not told.wait(LONGEST_WAIT_S):
            continue
    out("simulator stopped")
    return 0


def _greeting(
    addresses: Addresses, options: SimulatorOptions, recording: Recording, data: Path | None
) -> Iterator[str]:
    name = "bundled recording" if data is None else data.name
    yield f"HEAT Cloud  {addresses.heat_url}{options.api_prefix}"
    yield f"Aris HCU    {addresses.aris_url}/api/hcu"
    for site_id in options.site_ids:
        yield f"site id     {site_id}"
    yield f"api key     {options.api_key}"
    yield f"hcu token   {options.hcu_token}"
    yield f"recording   {name}, {recording.start.isoformat()} to {recording.end.isoformat()}"
    if recording.missing_cells:
        yield f"            {recording.missing_cells} missing cells hold their neighbour's value"
    yield "assumed where the documents are silent:"
    for convention, reading in options.conventions.items():
        yield f"  {convention} = {reading}"


@contextmanager
def _until_told(stop: threading.Event | None) -> Iterator[threading.Event]:
    """The event that ends the command: the caller's, or one set by the signals to stop."""
    if stop is not None:
        yield stop
        return
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
