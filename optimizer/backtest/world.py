"""The site in the daemon's process: the simulator's plant behind the same readings and requests, without HTTP."""

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from optimizer.backtest.data import Measured
from optimizer.clients import request_body
from optimizer.clients.aris import hcu_reading
from optimizer.clients.heat import site_reading
from optimizer.clients.wire import HcuWire, ReceiptWire, SiteWire
from optimizer.domain.command import Batch, Receipt
from optimizer.domain.conventions import Conventions
from optimizer.domain.snapshot import HcuReading, SiteReading
from optimizer.errors import ConfigError, DeliveryRejected
from optimizer.settings import SiteSettings
from optimizer.simulator import Recording, SimulatedClock, Simulator, SimulatorOptions
from optimizer.simulator.meter import QUARTER, QuarterRow
from optimizer.simulator.schedule import running

JUST_BEFORE = timedelta(seconds=1)
"""The site reports what was, so that nothing of the interval that begins now is known."""
AMPLE = 10.0
"""A connection whose limits are not stated carries so many times what could cross it."""


def plant_options(site: SiteSettings, measured: Measured, conventions: Conventions) -> SimulatorOptions:
    """The plant that the settings state. Raises ConfigError where the battery's size or power is not stated."""
    battery = site.battery
    sizes = {name: getattr(battery, name) for name in ("capacity_kwh", "max_charge_kw", "max_discharge_kw")}
    for name, value in sizes.items():
        if value is None:
            msg = f"sites[].battery.{name}: not set; a backtest has no cloud to ask for it"
            raise ConfigError(msg)
    capacity_kwh, charge_kw, discharge_kw = sizes.values()
    sun_kw = float(measured.solar_kw.max())
    demand_kw = measured.load_kw if measured.heat_pump_kw is None else measured.load_kw + measured.heat_pump_kw
    ample_kw = AMPLE * (float(demand_kw.max()) + sun_kw + charge_kw + discharge_kw)
    grid = site.grid
    has_heat = measured.heat_pump_kw is not None
    return SimulatorOptions(
        site_id=site.site_id,
        battery_kwh=capacity_kwh,
        max_charge_kw=charge_kw,
        max_discharge_kw=discharge_kw,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        soc_percent=(battery.soc_min_percent + battery.soc_max_percent) / 2,
        soc_min_percent=battery.soc_min_percent,
        soc_max_percent=battery.soc_max_percent,
        grid_import_limit_kw=ample_kw if grid.import_limit_kw is None else grid.import_limit_kw,
        grid_export_limit_kw=_export_limit_kw(site, ample_kw),
        solar_peak_kw=sun_kw if site.solar.peak_kw is None else site.solar.peak_kw,
        load_rating_kw=float(measured.load_kw.max()),
        heatpump_rating_kw=0.0 if measured.heat_pump_kw is None else float(measured.heat_pump_kw.max()),
        bess_power_positive=conventions.bess_power_positive.value,
        bess_telemetry_positive=conventions.bess_telemetry_positive.value,
        grid_power_positive=conventions.grid_power_positive.value,
        curtailment_percent=conventions.curtailment_percent.value,
        curtailment_base=conventions.curtailment_base.value,
        max_entries_per_command=conventions.max_entries_per_command,
        has_hcu=measured.heat_kw is not None,
        hcu_source_type="heat_pump" if has_heat else "district_interface",
    )


def _export_limit_kw(site: SiteSettings, ample_kw: float) -> float:
    grid = site.grid
    if grid.export_ban:
        return 0.0
    return ample_kw if grid.export_limit_kw is None else grid.export_limit_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the site tells of its assets: which are ``absent``, and whose ratings the settings state."""

    rated: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


def known_assets(site: SiteSettings, measured: Measured) -> Known:
    """Ratings as far as they are stated; no array where the data have no column for one."""
    stated = {"bess"}
    if site.solar.peak_kw is not None:
        stated.add("solar")
    if site.grid.import_limit_kw is not None and site.grid.export_limit_kw is not None:
        stated.add("grid")
    return Known(rated=frozenset(stated), absent=frozenset() if measured.has_solar else frozenset({"solar"}))


@dataclass(slots=True, kw_only=True)
class InProcessSite:
    """One simulated site as the ports know it. It reads and judges as the vendor's documents say."""

    options: SimulatorOptions
    conventions: Conventions
    clock: SimulatedClock
    simulator: Simulator
    known: Known
    _assets: Mapping[str, Any] = field(default_factory=dict)
    _hcu: Mapping[str, Any] = field(default_factory=dict)
    _reported_at: str = ""

    @classmethod
    def at(
        cls,
        start: datetime,
        options: SimulatorOptions,
        recording: Recording,
        conventions: Conventions,
        known: Known | None = None,
    ) -> "InProcessSite":
        """The plant at ``start``; ``known``: what it tells of its assets, if anybody asks."""
        clock = SimulatedClock(start - JUST_BEFORE)
        simulator = Simulator(options, recording, clock)
        return cls(options=options, conventions=conventions, clock=clock, simulator=simulator, known=known or Known())

    def come_to(self, at: datetime) -> None:
        """Let time pass up to ``at``; the site has reported just before."""
        self.clock.advance_to(at - JUST_BEFORE)
        shown = json.loads(self.simulator.get_site(self.options.site_id).body)
        self._assets = {
            kind: self._as_stated(kind, asset)
            for kind, asset in shown["assets"].items()
            if kind not in self.known.absent
        }
        self._reported_at = shown["reportedAt"]
        if self.has_hcu:
            self._hcu = json.loads(self.simulator.get_hcu().body)
        self.clock.advance_to(at)

    def _as_stated(self, kind: str, asset: dict[str, Any]) -> dict[str, Any]:
        """Without ratings that nobody stated: ours come from all of the data, which nobody knows beforehand."""
        unknown = {"ratedPowerUpperLimitkW", "ratedPowerLowerLimitkW"} if kind not in self.known.rated else set()
        return {name: value for name, value in asset.items() if name not in unknown}

    def pass_to(self, at: datetime) -> None:
        """Let time pass up to ``at``, without a report."""
        self.clock.advance_to(at)

    def rows_since(self, start: datetime) -> list[QuarterRow]:
        """(start, end, import kWh, export kWh) of each quarter that began at ``start`` or later and is over."""
        rows = self.simulator.meter_log
        first = bisect_left(rows, start, key=lambda row: row[0])
        return [row for row in rows[first:] if row[1] - row[0] == QUARTER]

    def commanded(self) -> dict[str, float]:
        """The values that the gateway follows now, by their pairs' labels."""
        in_force = running(self.simulator.plant(self.options.site_id).schedules, self.clock.now())
        return {pair.label: entry.value for pair, entry in in_force.items()}

    def read_site(self, site_id: str, *, within_s: float) -> SiteReading:
        """What the cloud shows now: the last report, and the schedules in force."""
        shown = {
            "siteId": site_id,
            "siteName": "backtest",
            "isOnline": True,
            "reportedAt": self._reported_at,
            "schedules": self.simulator.in_force(site_id),
            "assets": self._assets,
        }
        return site_reading(SiteWire.model_validate(shown), self.conventions, self.clock.now())

    def post_batch(self, site_id: str, batch: Batch, *, within_s: float) -> Receipt:
        """Judged and stored by the simulator's own rules. Raises DeliveryRejected."""
        raw = json.dumps(request_body(batch)).encode()
        answer = self.simulator.post_schedules(site_id, raw, lambda shown: shown.status)
        self.simulator.posts.clear()
        if answer.status != 200:
            msg = f"the simulated site refused a batch: {answer.body.decode()}"
            raise DeliveryRejected(msg)
        receipt = ReceiptWire.model_validate_json(answer.body)
        return Receipt(batch_id=receipt.batch_id, accepted=receipt.accepted)

    def memory(self) -> tuple[Any, ...]:
        """Where the site stands, and what it reported last."""
        return self.clock.now(), self.simulator.memory(), self._assets, self._hcu, self._reported_at

    def remember(self, memory: tuple[Any, ...]) -> None:
        """Stand where another one stood."""
        now, sites, self._assets, self._hcu, self._reported_at = memory
        self.clock.advance_to(now)
        self.simulator.remember(sites)

    def read_hcu(self, *, within_s: float) -> HcuReading:
        """What the hydronic unit showed when the site reported last."""
        return hcu_reading(HcuWire.model_validate(self._hcu), self.clock.now())

    @property
    def has_hcu(self) -> bool:
        """Whether a hydronic unit is there to be asked."""
        return self.options.has_hcu

    @property
    def soc_kwh(self) -> float:
        """Energy in the battery now."""
        return self.simulator.plant(self.options.site_id).soc_kwh

    @property
    def curtailed_kwh(self) -> float:
        """What was cut of the sun since the start."""
        return self.simulator.plant(self.options.site_id).meter.curtailed_kwh
