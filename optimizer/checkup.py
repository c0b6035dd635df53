"""Commissioning: is everything reachable, plausible and stated? One line a finding."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from time import monotonic

from optimizer.app import Application, SiteRuntime
from optimizer.configured import HOW_TO_FIND_THE_SIGN
from optimizer.cycle import plan_site
from optimizer.domain.conventions import AfterLastEntry
from optimizer.errors import HeatOptimizerError, SourceError, SourceUnavailable
from optimizer.planning import Planned, horizon_from
from optimizer.ports import Deadline
from optimizer.pricing import price_site
from optimizer.siting import PriceStep

MOST_SKEW = timedelta(seconds=5)
WITHIN_S = 10.0


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, how it is, and what to do."""

    level: Level
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.level.value:4}  {self.subject}: {self.text}"


def check_up(app: Application) -> Iterator[Finding]:
    """All findings, cheapest first."""
    yield from _conventions(app)
    yield from _cloud(app)
    for site in app.sites:
        yield from _site(app, site)


def _ok(subject: str, text: str) -> Finding:
    return Finding(level=Level.OK, subject=subject, text=text)


def _warn(subject: str, text: str) -> Finding:
    return Finding(level=Level.WARN, subject=subject, text=text)


def _fail(subject: str, text: str) -> Finding:
    return Finding(level=Level.FAIL, subject=subject, text=text)


def _conventions(app: Application) -> Iterator[Finding]:
    wire = app.settings.heat_cloud.conventions
    if wire.bess_power_positive is None:
        yield _fail("conventions", HOW_TO_FIND_THE_SIGN)
    else:
        yield _ok("conventions", f"positive battery power means {wire.bess_power_positive.value}")
    if wire.after_last_entry is AfterLastEntry.UNKNOWN:
        yield _warn(
            "conventions",
            "after_last_entry is unknown: every schedule ends at rest; ask the vendor what the gateway does then",
        )


def _cloud(app: Application) -> Iterator[Finding]:
    if app.heat.is_healthy(within_s=WITHIN_S):
        yield _ok("cloud health", "up")
    else:
        yield _fail("cloud health", f"no 204 from {app.heat.door.base_url}{app.heat.paths.health}; check base_url")
    try:
        skew = app.heat.clock_skew(within_s=WITHIN_S)
    except SourceUnavailable as error:
        yield _fail("clock", f"cannot be compared: {error}")
    else:
        if skew is None:
            yield _warn("clock", "the cloud states no time; make sure that this machine's clock is kept by NTP")
        elif abs(skew) > MOST_SKEW:
            yield _warn("clock", f"differs from the cloud's by {skew.total_seconds():.0f} s; check NTP")
        else:
            yield _ok("clock", f"within {abs(skew.total_seconds()):.0f} s of the cloud's")
    try:
        listed = app.heat.list_sites(within_s=WITHIN_S)
    except SourceError as error:
        yield _fail("key", f"{error.name}: {error}; see that heading in RUNBOOK.md")
        return
    yield _ok("key", f"accepted; it sees {len(listed)} site(s)")
    seen = {site.site_id.lower() for site in listed}
    for site in app.sites:
        site_id = site.task.site.site_id
        if site_id.lower() not in seen:
            yield _fail(f"site {site_id}", f"not among the key's sites: {', '.join(sorted(seen)) or 'none'}")


def _site(app: Application, site: SiteRuntime) -> Iterator[Finding]:
    subject = f"site {site.task.site.site_id}"
    deadline = Deadline(monotonic=monotonic, ends_at_s=monotonic() + 3 * WITHIN_S)
    if site.ports.hcu is None:
        yield _warn(f"{subject} heat", "no [sites.hcu]: heat is the site's heat pump reading, if there is one")
    else:
        try:
            hcu = site.ports.hcu.read_hcu(within_s=deadline.within_s(WITHIN_S))
        except SourceError as error:
            yield _fail(f"{subject} HCU", f"{error.name}: {error}")
        else:
            faults = f", faults {', '.join(hcu.active_faults)}" if hcu.active_faults else ""
            yield _ok(f"{subject} HCU", f"mode {hcu.mode}, {_kw(hcu.electrical_kw)} electrical{faults}")
    yield from _tariff(app, site, subject)
    try:
        planned = plan_site(site.task, site.ports, app.now(), deadline)
    except HeatOptimizerError as error:
        yield _fail(subject, f"{error.name}: {error}")
        return
    yield from _assets(planned, subject)
    yield _ok(f"{subject} plan", f"{planned.plan.verdict}; {planned.batch.entry_count} entries, nothing was posted")


def _tariff(app: Application, site: SiteRuntime, subject: str) -> Iterator[Finding]:
    horizon = horizon_from(app.now(), site.task.grid, site.task.site.zone)
    try:
        priced = price_site(site.task.site, site.task.prices, site.ports.market, site.ports.meter, horizon, app.now())
    except HeatOptimizerError as error:
        yield _fail(f"{subject} tariff", f"{error.name}: {error}")
        return
    if priced.step is not PriceStep.FRESH:
        yield _warn(f"{subject} tariff", f"{priced.step.value}: {priced.why}")
    else:
        yield _ok(f"{subject} tariff", f"covers {len(horizon)} slots to {horizon.end:%Y-%m-%dT%H:%MZ}")


def _assets(planned: Planned, subject: str) -> Iterator[Finding]:
    snapshot = planned.snapshot
    reading = snapshot.reading
    age_s = reading.age_s
    if age_s is not None:
        yield _ok(f"{subject} report", f"{age_s:.0f} s old")
    battery = snapshot.battery
    if battery is None:
        yield _warn(f"{subject} battery", "none reported: nothing to shift")
    else:
        yield _ok(
            f"{subject} battery",
            f"{battery.capacity_kwh:g} kWh, {battery.soc_kwh / battery.capacity_kwh:.0%} full, "
            f"charge {battery.max_charge_kw:g} kW, discharge {battery.max_discharge_kw:g} kW",
        )
    limits = f"import {_kw(snapshot.import_limit_kw)}, export {_kw(snapshot.export_limit_kw)}"
    known = snapshot.import_limit_kw is not None and snapshot.export_limit_kw is not None
    yield (_ok if known else _warn)(f"{subject} grid limits", limits)
    for name in ("load", "heat", "solar"):
        forecast = getattr(planned.forecasts, name)
        level = _warn if forecast.quality.value == "fallback" else _ok
        yield level(f"{subject} {name} forecast", f"{forecast.quality.value}: {forecast.basis}")
    for text in snapshot.degradations:
        yield _warn(subject, text)


def _kw(kw: float | None) -> str:
    return "not known" if kw is None else f"{kw:g} kW"
