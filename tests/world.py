"""A simulated site served over loopback HTTP, and the real application wired to it from a settings file."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from optimizer.app import LiveApplication, build_live
from optimizer.daemon import Jobs
from optimizer.domain.outcome import Outcome
from optimizer.log import configure_logging
from optimizer.simulator import Addresses, SimulatedClock, Simulator, SimulatorOptions, bundled_recording

START = datetime(2021, 4, 14, 10, 0, tzinfo=UTC)
DISPATCH = 'dispatch = "battery_power"'
"""What these tests command by, unless they say otherwise: the power is what they look at."""
FLAT = """
[sites.tariff]
strategy = "flat"
import_price = 0.30
export_price = 0.08
"""


@dataclass(slots=True)
class World:
    """The simulator, its addresses, and what the application logs."""

    simulator: Simulator
    addresses: Addresses
    clock: SimulatedClock
    folder: Path
    log: io.StringIO = field(default_factory=io.StringIO)

    @property
    def site_id(self) -> str:
        return self.simulator.options.site_id

    @property
    def environ(self) -> dict[str, str]:
        options = self.simulator.options
        return {"TEST_HEAT_KEY": options.api_key, "TEST_ARIS_TOKEN": options.hcu_token}

    def settings(
        self,
        *,
        tariff: str = FLAT,
        site: str = "",
        hcu: bool = True,
        sign: str | None = "charge",
        conventions: str = "",
        top: str = "",
        cloud: str = "",
    ) -> Path:
        """Write a settings file for this world."""
        sign_line = "" if sign is None else f'bess_power_positive = "{sign}"'
        hcu_lines = f'[sites.hcu]\nbase_url = "{self.addresses.aris_url}"\ntoken = {{env = "TEST_ARIS_TOKEN"}}'
        text = f"""
{top}
[heat_cloud]
base_url = "{self.addresses.heat_url}"
api_key = {{env = "TEST_HEAT_KEY"}}
{cloud}
[heat_cloud.conventions]
{sign_line}
{conventions}
[ledger]
path = "ledger.sqlite3"
[[sites]]
site_id = "{self.site_id}"
timezone = "Europe/Berlin"
{"" if "dispatch =" in site else DISPATCH}
{site}
{hcu_lines if hcu else ""}
{tariff}
"""
        file = self.folder / "heat-optimizer.toml"
        file.write_text(text, encoding="utf-8")
        return file

    @contextmanager
    def app(self, *, answered: bool = True, **settings: Any) -> Iterator[LiveApplication]:
        """The live application, logging into ``self.log``; its battery has ``answered`` commands as told before."""
        configure_logging(level="info", style="json", stream=self.log)
        app = build_live(self.settings(**settings), now=self.clock.now, environ=self.environ)
        if answered:
            prove_signs(app, self.clock.now())
        try:
            yield app
        finally:
            app.close()

    def cycle(self, **settings: Any) -> Outcome:
        """One cycle of the site."""
        with self.app(**settings) as app:
            return Jobs(app).plan(app.sites[0])

    @property
    def events(self) -> list[dict[str, Any]]:
        """Everything that was logged, parsed."""
        return [json.loads(line) for line in self.log.getvalue().splitlines() if line.startswith("{")]

    def event(self, name: str) -> dict[str, Any]:
        """The last event of that name; fails where there is none."""
        found = [event for event in self.events if event["event"] == name]
        assert found, f"no {name} among {[event['event'] for event in self.events]}"
        return found[-1]


def prove_signs(app: LiveApplication, now: datetime) -> None:
    """As if an earlier run had seen the battery do what it was told."""
    for site in app.sites:
        signs = site.task.conventions
        mark = {
            "signature": f"{signs.bess_power_positive.value}/{signs.bess_telemetry_positive.value}",
            "since": now.isoformat(),
            "answer": "as told",
            "evidence": None,
        }
        app.book.set_mark(site.task.site.site_id, "signs", mark, now)


@contextmanager
def simulated_world(folder: Path, *, start: datetime = START, **options: Any) -> Iterator[World]:
    """A served simulator at ``start`` on a simulated clock."""
    clock = SimulatedClock(start)
    simulator = Simulator(SimulatorOptions(**options), bundled_recording(), clock)
    with simulator.serve() as addresses:
        yield World(simulator=simulator, addresses=addresses, clock=clock, folder=folder)
