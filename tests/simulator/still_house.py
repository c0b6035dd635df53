"""A house in which nothing changes, requests as clients make them, and a served simulator."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from optimizer.simulator import RecordedState, Recording, SimulatedClock, Simulator

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def still(*, load_kw=0.0, solar_kw=0.0, heat_thermal_kw=0.0, outdoor_temp_c=0.0):
    """A recording in which nothing ever changes."""
    state = RecordedState(
        load_kw=load_kw, solar_kw=solar_kw, heat_thermal_kw=heat_thermal_kw, outdoor_temp_c=outdoor_temp_c
    )
    return Recording(start=START - timedelta(days=1), step=QUARTER, states=(state,) * (7 * 96))


def wire_time(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def window(value, *, after_h=0.0, for_h=1.0):
    """An entry as JSON, in hours from START."""
    start = START + timedelta(hours=after_h)
    return {"startAt": wire_time(start), "endAt": wire_time(start + timedelta(hours=for_h)), "value": value}


def command(label, *entries):
    asset, kind = label.split(".")
    return {"asset": asset, "type": kind, "entries": list(entries)}


def body(*commands):
    return {"schedules": list(commands)}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running simulator and clients with valid credentials."""

    simulator: Simulator
    clock: SimulatedClock
    cloud: httpx.Client
    unit: httpx.Client
    site_path: str

    def site(self):
        return self.cloud.get(self.site_path).json()

    def post(self, *commands):
        return self.cloud.post(f"{self.site_path}/schedules", json=body(*commands))
