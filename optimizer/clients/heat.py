"""The H.E.A.T. Cloud: every wire fact of it stands here or in ``wire.py``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from optimizer.clients.http import HttpDoor, http_date, retry_after_s
from optimizer.clients.wire import AssetWire, ReceiptWire, ScheduleWire, SitesWire, SiteWire
from optimizer.domain.command import Batch, Command, Entry, Pair, Receipt
from optimizer.domain.conventions import BatterySign, Conventions, GridSign
from optimizer.domain.snapshot import BatteryReading, GridReading, Ratings, SiteReading
from optimizer.errors import (
    DeliveryRejected,
    DeliveryUnconfirmed,
    SourceError,
    SourceMalformed,
    SourceUnavailable,
)

PAIR_BY_NAME = {pair.value: pair for pair in Pair}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCloudPaths:
    """Paths below the base URL; ``health`` is joined to it alone, the others to base and prefix."""

    prefix: str = "/api/v0/public"
    sites: str = "/sites"
    site: str = "/sites/{site_id}"
    schedules: str = "/sites/{site_id}/schedules"
    health: str = "/health"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSite:
    """A site as the list shows it."""

    site_id: str
    name: str | None
    is_online: bool | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeatCloudClient:
    """Reads sites. It cannot post: ``HeatCloudPoster`` does."""

    door: HttpDoor
    paths: HeatCloudPaths
    conventions: Conventions
    now: Callable[[], datetime]

    def list_sites(self, *, within_s: float) -> tuple[ListedSite, ...]:
        """Every site that the key can see."""
        path = self.paths.prefix + self.paths.sites
        body = self.door.get_json(path, within_s=within_s)
        try:
            listed = SitesWire.model_validate(body).sites
        except ValidationError as error:
            raise self.door.malformed(path, error) from None
        return tuple(
            ListedSite(
                site_id=site.site_id,
                name=site.site_name,
                is_online=site.is_online,
                reported_at=site.reported_at,
            )
            for site in listed or ()
        )

    def read_site(self, site_id: str, *, within_s: float) -> SiteReading:
        """One site with its assets, signs resolved by the conventions."""
        path = self.paths.prefix + self.paths.site.format(site_id=quote(site_id, safe=""))
        body = self.door.get_json(path, within_s=within_s)
        try:
            wire = SiteWire.model_validate(body)
        except ValidationError as error:
            raise self.door.malformed(path, error) from None
        if wire.site_id.lower() != site_id.lower():
            msg = f"{self.door.who}: asked for site {site_id}, got {self.door.shown(wire.site_id)}"
            raise SourceMalformed(msg)
        return site_reading(wire, self.conventions, self.now())

    def is_healthy(self, *, within_s: float) -> bool:
        """204 is up; 503, any other status, an answer beyond all size and a time-out are down."""
        try:
            return self.door.send("GET", self.paths.health, within_s=within_s, auth=False).status_code == 204
        except SourceError:
            return False

    def clock_skew(self, *, within_s: float) -> timedelta | None:
        """How far the cloud's clock is ahead of ours, from its ``Date`` header; None where it has none."""
        started = monotonic()
        response = self.door.send("GET", self.paths.health, within_s=within_s, auth=False)
        text = response.headers.get("date")
        theirs = None if text is None else http_date(text)
        if theirs is None:
            return None
        halfway = self.now() - timedelta(seconds=(monotonic() - started) / 2)
        return theirs - halfway


@dataclass(frozen=True, slots=True)
class HeatCloudPoster:
    """The only object that can change a site. A dry run is built without it."""

    door: HttpDoor
    paths: HeatCloudPaths

    def post_batch(self, site_id: str, batch: Batch, *, within_s: float) -> Receipt:
        """Send ``batch`` once. A 5xx, no answer, or an unreadable one leaves it unconfirmed."""
        path = self.paths.prefix + self.paths.schedules.format(site_id=quote(site_id, safe=""))
        try:
            response = self.door.send("POST", path, within_s=within_s, body=request_body(batch))
        except (SourceUnavailable, SourceMalformed) as error:
            raise DeliveryUnconfirmed(str(error)) from None
        status = response.status_code
        words = f"{self.door.who}: POST {path} answered {status}{self.door.vendor_words(response)}"
        if status in {408, 429}:
            raise DeliveryRejected(words, retry_after_s=retry_after_s(response) or 1.0)
        if status >= 500 or status < 200 or 300 <= status < 400:
            raise DeliveryUnconfirmed(words)
        if status >= 400:
            raise DeliveryRejected(words)
        try:
            receipt = ReceiptWire.model_validate(self.door.parse(response, path))
        except (ValidationError, SourceMalformed):
            msg = f"{self.door.who}: POST {path} answered {status} without a readable batchId"
            raise DeliveryUnconfirmed(msg) from None
        return Receipt(batch_id=self.door.shown(receipt.batch_id), accepted=receipt.accepted)


def request_body(batch: Batch) -> dict[str, Any]:
    """The exact JSON that is posted for ``batch``."""
    return {"schedules": [command_body(command) for command in batch.commands]}


def command_body(command: Command) -> dict[str, Any]:
    """One AssetScheduleCommand."""
    return {
        "asset": command.pair.asset,
        "type": command.pair.type,
        "entries": [
            {"startAt": _zulu(entry.start), "endAt": _zulu(entry.end), "value": entry.value}
            for entry in command.entries
        ],
    }


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def site_reading(wire: SiteWire, conventions: Conventions, now: datetime) -> SiteReading:
    """Wire values to directed flows. Unknown asset kinds are ignored."""
    assets = {kind: asset for kind, asset in (wire.assets or {}).items() if asset is not None}
    in_force, remarks = stored_commands(wire.schedules or (), now)

    def power_kw(kind: str) -> float | None:
        asset = assets.get(kind)
        return None if asset is None else _at_least_zero(asset.power_kw)

    solar = assets.get("solar")
    return SiteReading(
        site_id=wire.site_id,
        read_at=now,
        reported_at=wire.reported_at,
        is_online=wire.is_online,
        grid=_grid(assets["grid"], conventions) if "grid" in assets else None,
        battery=_battery(assets["bess"], conventions) if "bess" in assets else None,
        has_solar=solar is not None,
        solar_kw=power_kw("solar"),
        solar_rated_kw=None if solar is None else _at_least_zero(solar.rated_upper_kw),
        load_kw=power_kw("load"),
        heatpump_kw=power_kw("heatpump"),
        ev_kw=None if "ev" not in assets else assets["ev"].power_kw,
        genset_kw=power_kw("genset"),
        wind_kw=power_kw("wind"),
        in_force=in_force,
        remarks=remarks,
    )


def _at_least_zero(kw: float | None) -> float | None:
    """Meters of one-way assets dip a little below zero; absent stays absent."""
    return None if kw is None else max(kw, 0.0)


def _directed(kw: float | None, *, forward_is_positive: bool) -> tuple[float | None, float | None]:
    """Split a signed power into (forward, backward), both at least zero."""
    if kw is None:
        return None, None
    forward_kw = kw if forward_is_positive else -kw
    return max(forward_kw, 0.0), max(-forward_kw, 0.0)


def _grid(asset: AssetWire, conventions: Conventions) -> GridReading:
    import_kw, export_kw = _directed(
        asset.power_kw, forward_is_positive=conventions.grid_power_positive is GridSign.IMPORT
    )
    output_kw = None if asset.rated_lower_kw is None else max(-asset.rated_lower_kw, 0.0)
    return GridReading(
        import_kw=import_kw,
        export_kw=export_kw,
        ratings=Ratings(intake_kw=_at_least_zero(asset.rated_upper_kw), output_kw=output_kw),
    )


def _battery(asset: AssetWire, conventions: Conventions) -> BatteryReading:
    charge_kw, discharge_kw = _directed(
        asset.power_kw, forward_is_positive=conventions.bess_telemetry_positive is BatterySign.CHARGE
    )
    upper_kw = _at_least_zero(asset.rated_upper_kw)
    lower_kw = None if asset.rated_lower_kw is None else max(-asset.rated_lower_kw, 0.0)
    if lower_kw == 0.0:
        lower_kw = None  # a battery that can only be charged is a rating left blank
    intake_kw, output_kw = (
        (upper_kw, lower_kw) if conventions.bess_power_positive is BatterySign.CHARGE else (lower_kw, upper_kw)
    )
    return BatteryReading(
        soc_percent=asset.soc_percent,
        reported_capacity_kwh=asset.storage_kwh,
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        ratings=Ratings(intake_kw=intake_kw, output_kw=output_kw),
    )


def stored_commands(schedules: Sequence[ScheduleWire], now: datetime) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """What is running or pending at the site, by pair, and remarks on what could not be read."""
    found: dict[Pair, list[Entry]] = {}
    remarks: list[str] = []
    for schedule in schedules:
        pair = PAIR_BY_NAME.get((schedule.asset or "", schedule.type or ""))
        if pair is None:
            remarks.append(f"stored schedule of unknown kind {schedule.asset}.{schedule.type} is ignored")
            continue
        for entry in schedule.entries or ():
            if entry.start is None or entry.end is None or entry.value is None:
                remarks.append(f"stored entry of {pair.label} lacks a time or value and is ignored")
            elif now < entry.end > entry.start:
                found.setdefault(pair, []).append(Entry(start=entry.start, end=entry.end, value=entry.value))
    commands = tuple(
        Command(pair=pair, entries=tuple(sorted(entries, key=lambda entry: entry.start)))
        for pair, entries in found.items()
    )
    return commands, tuple(remarks)
