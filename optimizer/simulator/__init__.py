"""A HEAT Cloud and an Aris unit over real HTTP, with a physical plant behind them: the independent judge.

Written from the vendors' documents alone; what they leave open is an option with a stated default.
"""

from optimizer.simulator.clock import Clock, RealClock, SimulatedClock
from optimizer.simulator.core import PostRecord, Simulator
from optimizer.simulator.faults import Fault
from optimizer.simulator.meter import Meter
from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.plant import Plant
from optimizer.simulator.recording import RecordedState, Recording, bundled_recording, read_recording
from optimizer.simulator.rules import Rejection, SiteRules, judge_request
from optimizer.simulator.schedule import Entry, Pair, ScheduleCommand
from optimizer.simulator.server import Addresses

__all__ = [
    "Addresses",
    "Clock",
    "Entry",
    "Fault",
    "Meter",
    "Pair",
    "Plant",
    "PostRecord",
    "RealClock",
    "RecordedState",
    "Recording",
    "Rejection",
    "ScheduleCommand",
    "SimulatedClock",
    "Simulator",
    "SimulatorOptions",
    "SiteRules",
    "bundled_recording",
    "judge_request",
    "read_recording",
]
