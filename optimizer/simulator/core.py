"""The simulator itself: clock, sites, posts and faults behind one lock, without any HTTP."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock
from typing import NoReturn
from uuid import uuid4

from optimizer.simulator.clock import Clock
from optimizer.simulator.faults import Answer, Fault, FaultBook, Where
from optimizer.simulator.meter import Meter, QuarterRow
from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.plant import Plant
from optimizer.simulator.recording import Recording
from optimizer.simulator.rules import Rejection, SiteRules, judge_request
from optimizer.simulator.server import Addresses, serve
from optimizer.simulator.site import Override, Site
from optimizer.simulator.wire import Json, hcu_json


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRecord:
    """One POST as it arrived. ``status`` is what the client was sent, None where the connection was dropped.

    ``accepted`` tells whether the schedules went in force, whatever the client was told.
    """

    at: datetime
    site_id: str
    body: object
    raw: bytes
    status: int | None
    batch_id: str | None
    accepted: bool


class Simulator:
    """A HEAT Cloud with its sites and an Aris unit at the first of them."""

    def __init__(self, options: SimulatorOptions, recording: Recording, clock: Clock) -> None:
        self.options = options
        self.recording = recording
        self.clock = clock
        self.posts: list[PostRecord] = []
        self._lock = RLock()
        self._faults = FaultBook()
        self._hcu_override: Override | None = None
        start = clock.now()
        self._sites = {
            site_id: Site(options, recording, start, site_id, _name(options.site_name, number))
            for number, site_id in enumerate(options.site_ids)
        }

    def memory(self) -> dict[str, Site]:
        """The sites as they stand: to be pickled before the clock goes on."""
        return self._sites

    def remember(self, sites: dict[str, Site]) -> None:
        """Go on with the sites of another one."""
        with self._lock:
            self._sites = sites

    @contextmanager
    def serve(self, port: int = 0, aris_port: int = 0) -> Iterator[Addresses]:
        """Both servers on the loopback interface for the length of a with-block; port 0 takes a free one."""
        with serve(self, port=port, aris_port=aris_port) as addresses:
            yield addresses

    def in_force(self, site_id: str) -> list[Json]:
        """Running and pending schedules of a site, as its GET shows them."""
        with self._synced(site_id) as (site, now):
            return site.in_force(now)

    @property
    def meter(self) -> Meter:
        """Energy counters of the first site up to now: a copy."""
        with self._synced(self.options.site_id) as (site, _):
            return site.plant.meter

    @property
    def meter_log(self) -> list[QuarterRow]:
        """(start, end, import kWh, export kWh) of the first site per UTC quarter up to now."""
        with self._synced(self.options.site_id) as (site, _):
            return site.plant.meter_log

    def plant(self, site_id: str) -> Plant:
        """The plant of a site, integrated up to now."""
        with self._synced(site_id) as (site, _):
            return site.plant

    def rules(self, site_id: str) -> SiteRules:
        """What a request to a site is judged against now."""
        with self._synced(site_id) as (site, now):
            return site.rules(now)

    def add_fault(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._faults.add(fault)

    def clear_faults(self) -> None:
        """Forget all faults that have not happened yet."""
        with self._lock:
            self._faults.clear()

    def take_fault(self, where: Where) -> Fault | None:
        """The fault for the request at hand, if one is due."""
        with self._lock:
            return self._faults.take(where)

    def set_online(self, site_id: str, is_online: bool) -> None:
        """Connect or cut a site's gateway."""
        with self._synced(site_id) as (site, _):
            site.set_online(is_online=is_online)

    def set_reported_lag(self, site_id: str, lag: timedelta) -> None:
        """Let ``reportedAt`` lie this much before the true time of the report."""
        with self._lock:
            self._sites[site_id].reported_lag = lag

    def override_site(self, site_id: str, override: Override | None) -> None:
        """Pass each GET of the site through a function; None ends it."""
        with self._lock:
            self._sites[site_id].override = override

    def override_hcu(self, override: Override | None) -> None:
        """Pass each GET of the hydronic unit through a function; None ends it."""
        with self._lock:
            self._hcu_override = override

    def get_sites(self) -> Answer:
        """The answer to GET sites."""
        shown = []
        for site_id in self._sites:
            with self._synced(site_id) as (site, now):
                shown.append(site.summary_json(now))
        return _json(200, {"sites": shown})

    def get_site(self, site_id: str) -> Answer:
        """The answer to GET site."""
        if site_id not in self._sites:
            return _unknown_site(site_id)
        with self._synced(site_id) as (site, now):
            return _json(200, site.json(now))

    def get_hcu(self) -> Answer:
        """The answer to GET hcu, which reads the plant and not the last report."""
        if not self.options.has_hcu:
            return _json(404, {"error": "HCU not found"})
        with self._synced(self.options.site_id) as (site, _):
            status = hcu_json(site.plant.reading(), site.plant.meter, self.options)
            return _json(200, status if self._hcu_override is None else self._hcu_override(status))

    def post_schedules(self, site_id: str, raw: bytes, shown_status: Callable[[Answer], int | None]) -> Answer:
        """Judge and store a request; ``shown_status`` tells what the client will be sent, for the record."""
        batch_id: str | None = None
        body: object = None
        try:
            body = json.loads(raw.decode(), parse_constant=_not_json)
        except (ValueError, RecursionError) as error:
            answer = _error(400, "malformed_json", f"the body is not JSON: {error!a}")
        else:
            with self._lock:
                answer, batch_id = self._judge_and_store(site_id, body)
        self._record(site_id, raw, body, shown_status(answer), batch_id)
        return answer

    def skip_post(self, site_id: str, raw: bytes, status: int | None) -> None:
        """Record a request that a fault kept from being carried out."""
        try:
            body: object = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
        self._record(site_id, raw, body, status, None)

    def _judge_and_store(self, site_id: str, body: object) -> tuple[Answer, str | None]:
        if site_id not in self._sites:
            return _unknown_site(site_id), None
        with self._synced(site_id) as (site, now):
            verdict = judge_request(body, site.rules(now), now)
            if isinstance(verdict, Rejection):
                return _error(verdict.status, verdict.error, verdict.message), None
            site.store(verdict, now)
            batch_id = str(uuid4())
            return _json(200, {"batchId": batch_id, "accepted": len(verdict)}), batch_id

    def _record(self, site_id: str, raw: bytes, body: object, status: int | None, batch_id: str | None) -> None:
        record = PostRecord(
            at=self.clock.now(),
            site_id=site_id,
            body=body,
            raw=raw,
            status=status,
            batch_id=batch_id,
            accepted=batch_id is not None,
        )
        with self._lock:
            self.posts.append(record)

    @contextmanager
    def _synced(self, site_id: str) -> Iterator[tuple[Site, datetime]]:
        """A site brought up to the clock, held for the length of a with-block."""
        with self._lock:
            now = self.clock.now()
            site = self._sites[site_id]
            site.sync(now)
            yield site, now


def _name(name: str, number: int) -> str:
    return name if number == 0 else f"{name} {number + 1}"


def _json(status: int, content: object) -> Answer:
    """Plain JSON; overrides may put NaN into it on purpose."""
    return Answer(status=status, body=json.dumps(content).encode())


def _error(status: int, error: str, message: str) -> Answer:
    return _json(status, {"error": error, "message": message})


def _unknown_site(site_id: str) -> Answer:
    return _error(404, "site_not_found", f"no site {site_id!a} for this key")


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
