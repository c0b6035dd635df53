"""One site as it is told: what page and JSON both say, worked out once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from optimizer.web.health import is_alive
from optimizer.web.in_force import Running, next_change, running
from optimizer.web.record import SiteRecord
from optimizer.web.slots import SlotRow, slot_at
from optimizer.web.state import ServiceState, SiteState
from optimizer.web.trouble import Finding, Standing, notes, standing, troubles

ReadRecord = Callable[[str], SiteRecord]


class Records(Protocol):
    """What the ledger tells of sites. Never raises: what cannot be read is an error in the record."""

    def record(self, site_id: str) -> SiteRecord:
        """Of one site."""
        ...

    def in_turn(self) -> ReadRecord:
        """Of many for one request: those for which time is left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """A site at one moment. ``record`` None: the ledger was not asked."""

    at: datetime
    site: SiteState
    standing: Standing
    troubles: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    running: tuple[Running, ...]
    next_change: tuple[datetime, tuple[Running, ...]] | None
    slot: SlotRow | None
    record: SiteRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """The process and its sites, those in trouble first."""

    state: ServiceState
    is_alive: bool
    sites: tuple[SiteFacts, ...]


def service_facts(state: ServiceState, record: ReadRecord | None = None) -> ServiceFacts:
    """All sites; without ``record`` the ledger is not asked."""
    found = [site_facts(site, state.at, None if record is None else record(site.site_id)) for site in state.sites]
    order = list(Standing)
    found.sort(key=lambda each: order.index(each.standing))
    return ServiceFacts(state=state, is_alive=is_alive(state), sites=tuple(found))


def site_facts(site: SiteState, at: datetime, record: SiteRecord | None = None) -> SiteFacts:
    """One site."""
    commands = running(site, at)
    return SiteFacts(
        at=at,
        site=site,
        standing=standing(site, at),
        troubles=tuple(troubles(site, at)),
        notes=tuple(notes(site)),
        running=commands,
        next_change=next_change(commands),
        slot=None if site.plan is None else slot_at(site.plan.slots, at),
        record=record,
    )
