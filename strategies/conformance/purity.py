"""Watches what a method does beside computing: files, sockets, processes, clocks, chance."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

from strategies.conformance.cases import StrategyCase
from strategies.conformance.horizons import horizon_of

OPENED = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system")
"""Audit events."""
HARMLESS = (".py", ".pyc", ".so", ".mo", "zoneinfo", "tzdata")
"""Imports, translations and time zones may be read."""
ASKED = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("posix", "urandom"),
    (None, "datetime.now"),
    (None, "datetime.utcnow"),
    (None, "datetime.today"),
    (None, "date.today"),
    (None, "Random.random"),
    (None, "Random.getrandbits"),
}
"""Built-in functions, by module and qualified name."""
LIBRARIES = {"holidays", "numpy", "pandas", "pydantic", "pydantic_core"}
"""They may look at a clock for their own purposes."""

ANOTHER_TIME = timedelta(days=9, hours=5)
"""Another day and another hour: prices that come again each day differ there as well."""


@dataclass(slots=True)
class _Watch:
    is_on: bool = False
    is_hooked: bool = False
    seen: list[str] = field(default_factory=list)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_on and event in OPENED and not any(mark in str(arguments[0]) for mark in HARMLESS):
            raise AssertionError(
                f"not pure: the method does '{event}' ({arguments[0]}); fetching and reading is a PriceFeed's "
                "business, found in market.series or market.documents"
            )

    def profile(self, frame: FrameType, event: str, function: object) -> None:
        if event != "c_call" or str(frame.f_globals.get("__name__")).split(".")[0] in LIBRARIES:
            return
        name = getattr(function, "__qualname__", "")
        if (getattr(function, "__module__", None), name) in ASKED:
            self.seen.append(f"{name}() in {frame.f_globals.get('__name__')}, line {frame.f_lineno}")


_watch = _Watch()


@contextmanager
def watched() -> Iterator[list[str]]:
    """Opening raises AssertionError at once; the calls of clocks and chance are listed."""
    if not _watch.is_hooked:
        sys.addaudithook(_watch.audit)
        _watch.is_hooked = True
    profile_before = sys.getprofile()
    _watch.seen = []
    _watch.is_on = True
    sys.setprofile(_watch.profile)
    try:
        yield _watch.seen
    finally:
        sys.setprofile(profile_before)
        _watch.is_on = False


def check_the_method_is_pure(tariff_case: StrategyCase) -> None:
    """The same window and market give the same tariff; nothing is opened, asked, remembered or changed."""
    horizon = horizon_of(tariff_case)
    other = horizon_of(tariff_case, horizon.start + ANOTHER_TIME)
    market = tariff_case.market(horizon)
    series, documents = dict(market.series), dict(market.documents)
    strategy = tariff_case.built()
    first = tariff_case.tariff(horizon, market, strategy)
    with watched() as seen:
        again = tariff_case.tariff(horizon, market, strategy)
    assert not seen, (
        f"not pure: the method asks a clock or chance: {seen[0]}; what time it is follows from horizon.start"
    )
    assert again == first, "not pure: the same window and market gave another tariff; keep no memory, read no clock"
    assert dict(market.series) == series, "not pure: the method changed market.series"
    assert dict(market.documents) == documents, "not pure: the method changed market.documents"
    used, fresh = (tariff_case.tariff(other, tariff_case.market(other), built) for built in (strategy, None))
    assert used == fresh, "not pure: one that priced another window before prices this one otherwise; keep nothing"
    assert tariff_case.tariff(horizon, market, strategy) == first, (
        "not pure: after another window the same one gave another tariff; keep nothing between calls"
    )
    assert tariff_case.tariff(horizon, market) == first, "not pure: another instance with the same options differs"
