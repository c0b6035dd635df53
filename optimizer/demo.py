"""One whole day: the real daemon's jobs against the simulator over loopback HTTP, on a simulated clock."""

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress, TaskID

from optimizer.app import SiteRuntime, build_live
from optimizer.cycle import plan_site
from optimizer.daemon import Jobs
from optimizer.domain.horizon import Horizon
from optimizer.domain.outcome import Failed, Held, Posted, Skipped
from optimizer.domain.tariff import Market
from optimizer.dry import print_chart, write_text
from optimizer.picture import draw_plans
from optimizer.pictures import plan_page
from optimizer.ports import Deadline
from optimizer.report import print_plan
from optimizer.simulator import SimulatedClock, Simulator, SimulatorOptions, bundled_recording
from strategies import TariffStrategy

ZONE = "Europe/Berlin"
WATCHED_DAYS = 7
STEP = timedelta(minutes=15)
CYCLES = 96
SETTINGS = """
[heat_cloud]
base_url = "{heat_url}"
api_key = {{env = "DEMO_HEAT_CLOUD_KEY"}}
[heat_cloud.conventions]
bess_power_positive = "charge"
after_last_entry = "self_consumption"
[ledger]
path = "ledger.sqlite3"
[[sites]]
site_id = "{site_id}"
timezone = "{zone}"
[sites.hcu]
base_url = "{aris_url}"
token = {{env = "DEMO_ARIS_TOKEN"}}
[sites.location]
latitude = 48.0
longitude = 7.85
[sites.solar]
peak_kw = {solar_peak_kw}
tilt_deg = 35
azimuth_deg = 180
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
import_price = 0.21
start = "00:00"
end = "06:00"
[[sites.tariff.periods]]
name = "evening"
import_price = 0.44
start = "17:00"
end = "21:00"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBill:
    """What one day cost. Energy left in the battery beyond the start is credited at ``stored_value``."""

    import_kwh: float
    export_kwh: float
    grid_cost: float
    stored_kwh: float
    stored_value: float

    @property
    def total(self) -> float:
        return self.grid_cost - self.stored_value


def run_demo(*, png: Path | None = None, html: Path | None = None) -> int:
    """Watch for a week, then run a day of cycles; print each batchId, the last plan and the bill."""
    console = Console(width=None if Console().is_terminal else 120)
    recording = bundled_recording()
    day_start = _local_midnight(recording.start + timedelta(days=WATCHED_DAYS + 1))
    clock = SimulatedClock(day_start - timedelta(days=WATCHED_DAYS))
    simulator = Simulator(SimulatorOptions(), recording, clock)
    options = simulator.options
    with tempfile.TemporaryDirectory() as folder, simulator.serve() as addresses:
        file = Path(folder) / "demo.toml"
        file.write_text(
            SETTINGS.format(
                heat_url=addresses.heat_url,
                aris_url=addresses.aris_url,
                site_id=options.site_id,
                zone=ZONE,
                solar_peak_kw=options.solar_peak_kw,
            ),
            encoding="utf-8",
        )
        environ = {"DEMO_HEAT_CLOUD_KEY": options.api_key, "DEMO_ARIS_TOKEN": options.hcu_token}
        app = build_live(file, now=clock.now, environ=environ)
        jobs, (site,) = Jobs(app), app.sites
        with Progress(console=console, transient=True) as progress:
            _watch(jobs, site, clock, day_start, progress, progress.add_task("watching a week", total=None))
            start_soc_kwh = simulator.plant(options.site_id).soc_kwh
            task = progress.add_task("one day of cycles", total=CYCLES)
            posted = _run_day(jobs, site, clock, progress, task)
        last = plan_site(site.task, site.ports, clock.now(), _patient())
        print_plan(last, console)
        if console.is_terminal:
            print_chart(last, console)
        if html is not None:
            write_text("--html", html, plan_page([last], app.assumptions))
        if png is not None:
            draw_plans([last], png)
        _print_bills(console, simulator, site.task.prices.strategy, day_start, start_soc_kwh, options)
        console.print(f"{posted} schedules posted in {CYCLES} cycles, each accepted by the simulator's own rules.")
        app.close()
    return 0 if posted else 1


def _local_midnight(at: datetime) -> datetime:
    """The start of the local day that holds ``at``, in UTC."""
    return at.astimezone(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _patient() -> Deadline:
    return Deadline(monotonic=lambda: 0.0, ends_at_s=60.0)


def _watch(
    jobs: Jobs, site: SiteRuntime, clock: SimulatedClock, until: datetime, progress: Progress, task: TaskID
) -> None:
    """The daemon's sampling job, every quarter of an hour, so that its forecasts have something to learn from."""
    progress.update(task, total=round((until - clock.now()) / STEP))
    while clock.now() < until:
        jobs.sample(site)
        clock.advance_to(clock.now() + STEP)
        progress.advance(task)


def _run_day(jobs: Jobs, site: SiteRuntime, clock: SimulatedClock, progress: Progress, task: TaskID) -> int:
    """The daemon's planning job at each slot boundary of a day; returns how many batches were posted."""
    posted = 0
    zone = ZoneInfo(ZONE)
    for _ in range(CYCLES):
        at = clock.now().astimezone(zone)
        match jobs.plan(site):
            case Posted(receipt=receipt):
                posted += 1
                progress.console.print(f"{at:%a %H:%M} batchId {receipt.batch_id}", soft_wrap=True, highlight=False)
            case Held():
                pass
            case Skipped(error=error, detail=detail) | Failed(error=error, detail=detail):
                progress.console.print(f"{at:%a %H:%M} {error}: {detail}")
        clock.advance_to(clock.now() + STEP)
        progress.advance(task)
    return posted


def _print_bills(
    console: Console,
    optimized: Simulator,
    strategy: TariffStrategy,
    day_start: datetime,
    start_soc_kwh: float,
    options: SimulatorOptions,
) -> None:
    """The day as it ran, and the same day replayed with the gateway alone and with the battery idle."""
    rule = _replay(options, optimized, day_start, start_soc_kwh)
    idle = _replay(replace(options, max_charge_kw=0.0, max_discharge_kw=0.0), optimized, day_start, start_soc_kwh)
    bills = [
        (name, _bill(simulator, strategy, day_start, start_soc_kwh))
        for name, simulator in (
            ("without battery", idle),
            ("battery on self-consumption", rule),
            ("Heat Optimizer", optimized),
        )
    ]
    console.print(f"\n[bold]The day's bill[/bold] ({day_start.astimezone(ZoneInfo(ZONE)):%A %d %B %Y}, {ZONE})")
    for name, bill in bills:
        console.print(
            f"  {name:28} {bill.total:6.2f} EUR   "
            f"import {bill.import_kwh:5.1f} kWh, export {bill.export_kwh:5.1f} kWh, "
            f"battery {bill.stored_kwh:+5.1f} kWh worth {bill.stored_value:+5.2f} EUR",
            highlight=False,
        )
    saved = bills[0][1].total - bills[-1][1].total
    console.print(
        f"  saved: {saved:.2f} EUR against no battery, {bills[1][1].total - bills[2][1].total:.2f} EUR "
        "against self-consumption"
    )


def _replay(options: SimulatorOptions, optimized: Simulator, day_start: datetime, start_soc_kwh: float) -> Simulator:
    clock = SimulatedClock(day_start)
    simulator = Simulator(options, optimized.recording, clock)
    simulator.plant(options.site_id).soc_kwh = start_soc_kwh
    clock.advance_to(day_start + CYCLES * STEP)
    return simulator


def _bill(simulator: Simulator, strategy: TariffStrategy, day_start: datetime, start_soc_kwh: float) -> DayBill:
    """Metered quarter hours at the tariff's prices."""
    edges = tuple(day_start + number * STEP for number in range(CYCLES + 1))
    horizon = Horizon(edges, ZONE)
    tariff = strategy.tariff(horizon, Market())
    row_of = {start: number for number, start in enumerate(horizon.starts)}
    imported, exported, cost = 0.0, 0.0, 0.0
    for start, _, import_kwh, export_kwh in simulator.meter_log:
        slot = row_of.get(start)
        if slot is None:
            continue
        imported += import_kwh
        exported += export_kwh
        cost += import_kwh * tariff.import_price_per_kwh[slot] - export_kwh * tariff.export_price_per_kwh[slot]
    stored_kwh = simulator.plant(simulator.options.site_id).soc_kwh - start_soc_kwh
    value_per_kwh = min(tariff.import_price_per_kwh) * simulator.options.discharge_efficiency
    return DayBill(
        import_kwh=imported,
        export_kwh=exported,
        grid_cost=cost,
        stored_kwh=stored_kwh,
        stored_value=stored_kwh * value_per_kwh,
    )
