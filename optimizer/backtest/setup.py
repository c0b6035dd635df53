"""A settings file and a data file to what every run of a backtest shares."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from optimizer.backtest.asked import Asked, completed, is_chosen
from optimizer.backtest.data import Measured, read_measured
from optimizer.backtest.knowledge import DataPrices
from optimizer.backtest.notes import lived_by_the_plant, notes_on
from optimizer.backtest.quarters import EPOCH, QUARTER
from optimizer.backtest.world import plant_options
from optimizer.configured import conventions_of, task_of
from optimizer.domain.conventions import BatterySign, Conventions
from optimizer.errors import ConfigError
from optimizer.settings import Settings, SiteSettings
from optimizer.settings_file import load_settings_from
from optimizer.simulator import SimulatorOptions
from optimizer.task import SiteTask

PEAK = "solar.peak_kw"
SHORTEST_DAY = timedelta(hours=23)
"""That of the change to summer time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is configured, what was recorded, and the plant; ``[start, end)`` is what is lived through.

    ``pace``: cycles are so many of the daemon's intervals apart, though each plans for one until the next interval.
    ``notes`` say what was not read and what not all of the bills hold, ``left_out`` what another strategy than the
    stated one cannot use.
    """

    settings: Settings
    site: SiteSettings
    measured: Measured
    task: SiteTask
    conventions: Conventions
    options: SimulatorOptions
    start: datetime
    end: datetime
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    pace: int = 1

    @property
    def step(self) -> timedelta:
        """From one cycle to the next: the daemon's interval, or the data's where that is longer, as often as stated."""
        return self.pace * timedelta(minutes=self.task.grid.replan_minutes)

    @property
    def cycles(self) -> int:
        """How many there are."""
        return -((self.start - self.end) // self.step)


def prepare(asked: Asked) -> Setup:
    """Read both files. Raises ConfigError."""
    left_out: list[str] = []
    settings = load_settings_from(asked.config, lambda document: completed(document, asked, left_out))
    site = _site(settings, asked.site_id)
    measured = _with_sun(read_measured(asked.data), _sun_times(asked, site), asked.data)
    conventions = conventions_of(settings, assumed=BatterySign.CHARGE)
    path = f"sites[{settings.sites.index(site)}]"
    task = task_of(path, site, settings, conventions)
    minutes = max(task.grid.replan_minutes, measured.told_every // timedelta(minutes=1))
    task = replace(
        task,
        site=replace(lived_by_the_plant(task.site), has_hcu=measured.heat_pump_kw is not None),
        grid=replace(task.grid, replan_minutes=minutes),
    )
    if measured.import_price is not None or measured.export_price is not None:
        task = replace(task, prices=replace(task.prices, strategy=DataPrices(task.prices.strategy), fallback=None))
    start, end = _span(asked, measured)
    return Setup(
        settings=settings,
        site=site,
        measured=measured,
        task=task,
        conventions=conventions,
        options=plant_options(site, measured, conventions),
        start=start,
        end=end,
        notes=(*measured.notes, *left_out, *notes_on(path, site)),
        left_out=tuple(left_out),
    )


def _sun_times(asked: Asked, site: SiteSettings) -> float:
    """How much stronger the sun is than in the data, by the sizes of the arrays. Raises ConfigError."""
    if PEAK not in (asked.changes or {}):
        return 1.0
    bare = replace(asked, changes=None)
    stated = load_settings_from(asked.config, lambda document: completed(document, bare, []))
    measured_kw, asked_kw = _site(stated, asked.site_id).solar.peak_kw, site.solar.peak_kw
    if measured_kw is None or asked_kw is None:
        msg = f"{PEAK}: the settings do not say with which array the data were measured: state [sites.solar] peak_kw"
        raise ConfigError(msg)
    return asked_kw / measured_kw


def _with_sun(measured: Measured, times: float, file: Path) -> Measured:
    """Raises ConfigError where another sun is asked for, and the data have none."""
    if times != 1.0 and not measured.has_solar:
        msg = f"{PEAK}: {file} has no column solar_kw, of which another array's sun could be made"
        raise ConfigError(msg)
    forecast_kw = measured.solar_forecast_kw
    return replace(
        measured,
        solar_kw=measured.solar_kw * times,
        solar_forecast_kw=None if forecast_kw is None else forecast_kw * times,
    )


def _site(settings: Settings, site_id: str | None) -> SiteSettings:
    for site in settings.sites:
        if is_chosen(site.site_id, site_id, len(settings.sites)):
            return site
    known = ", ".join(site.site_id for site in settings.sites)
    msg = f"--site {site_id or 'missing'}: data are of one site; there are: {known}"
    raise ConfigError(msg)


def _span(asked: Asked, measured: Measured) -> tuple[datetime, datetime]:
    """The whole data but for the first interval, of which nothing is known before it is over."""
    first, last = measured.start + measured.step, measured.end
    start = first if asked.begin is None else max(asked.begin, first)
    end = last if asked.end is None else min(asked.end, last)
    step = measured.told_every
    origin = measured.start if measured.step >= QUARTER else EPOCH
    start = origin + -((origin - start) // step) * step
    end = origin + (end - origin) // step * step
    if end - start < SHORTEST_DAY:
        msg = f"--from/--to: {start.isoformat()} to {end.isoformat()} holds less than a day of the data"
        raise ConfigError(msg)
    return start, end
