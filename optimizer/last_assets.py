"""Assets that a site has and its newest answer lacks: what is known of them stands in, and is told. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from optimizer.domain.site import Site
from optimizer.domain.snapshot import GridReading, Ratings, SiteReading

GONE_AFTER = timedelta(days=1)
"""An asset that is missing for so long was taken away."""
UNSTATED = Ratings()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAssets:
    """What a site's answers have held: the connection's last ratings, and when all of these, battery and sun were last
    there.
    """

    grid: Ratings = UNSTATED
    grid_at: datetime | None = None
    battery_at: datetime | None = None
    solar_at: datetime | None = None
    solar_rated_kw: float | None = None

    def after(self, reading: SiteReading) -> "LastAssets":
        """The same with a newer answer. A rating that it lacks stays."""
        grid = _stated(_ratings(reading), self.grid)
        return LastAssets(
            grid=grid,
            grid_at=reading.read_at if grid == _ratings(reading) and not reading.grid_stands_in else self.grid_at,
            battery_at=self.battery_at if reading.battery is None else reading.read_at,
            solar_at=reading.read_at if reading.has_solar and not reading.solar_stands_in else self.solar_at,
            solar_rated_kw=_either(reading.solar_rated_kw, self.solar_rated_kw),
        )


def completed(site: Site, reading: SiteReading, last: LastAssets) -> tuple[SiteReading, tuple[str, ...]]:
    """The answer with what is known of missing assets, and what to say of it.

    Ratings of the connection are limits: the last known ones hold until others are stated, for a day at most where the
    settings state a limit of their own. A sun that is missing goes on by its forecast.
    """
    last = replace(last, grid=_holding(site, reading, last))
    notes = (*_grid_notes(site, reading, last), *_solar_notes(site, reading, last))
    ratings = _stated(_ratings(reading), last.grid)
    if ratings != _ratings(reading):
        grid = reading.grid or GridReading(import_kw=None, export_kw=None, ratings=ratings)
        reading = replace(reading, grid=replace(grid, ratings=ratings), grid_stands_in=True)
    if not reading.has_solar and _was_there(last.solar_at, reading.read_at):
        rated_kw = last.solar_rated_kw
        reading = replace(reading, has_solar=True, solar_kw=None, solar_rated_kw=rated_kw, solar_stands_in=True)
    return reading, notes


def missing_battery(reading: SiteReading, last: LastAssets) -> str | None:
    """That the battery is missing which was there a while ago: nothing can stand in, for its state is unknown."""
    if reading.battery is not None or last.battery_at is None or not _was_there(last.battery_at, reading.read_at):
        return None
    return (
        f"site {reading.site_id}: the battery is missing from the site's answer, which had it at "
        f"{last.battery_at:%Y-%m-%dT%H:%M:%SZ}; nothing is planned without it within a day of that"
    )


def _grid_notes(site: Site, reading: SiteReading, last: LastAssets) -> Iterator[str]:
    now = _ratings(reading)
    for name, rated_kw, known_kw, stated_kw in (
        ("import", now.intake_kw, last.grid.intake_kw, site.grid.import_limit_kw),
        ("export", now.output_kw, last.grid.output_kw, site.grid.export_limit_kw),
    ):
        if rated_kw is None and known_kw is not None:
            yield f"the {name} rating is missing from the site's answer: the last one, {known_kw:g} kW, stands in"
        elif reading.grid is None and known_kw is None and stated_kw is None:
            yield (
                "the grid connection is missing from the site's answer and nothing limits its "
                f"{name}: set sites[].grid.{name}_limit_kw"
            )


def _solar_notes(site: Site, reading: SiteReading, last: LastAssets) -> Iterator[str]:
    if reading.has_solar:
        return
    if _was_there(last.solar_at, reading.read_at):
        yield "the solar array is missing from the site's answer: its forecast stands in"
    elif site.solar.peak_kw:
        yield "the solar array is missing from the site's answer: it is planned without sun"


def _holding(site: Site, reading: SiteReading, last: LastAssets) -> Ratings:
    """The known ratings that still hold."""
    if _was_there(last.grid_at, reading.read_at):
        return last.grid
    return Ratings(
        intake_kw=last.grid.intake_kw if site.grid.import_limit_kw is None else None,
        output_kw=last.grid.output_kw if site.grid.export_limit_kw is None else None,
    )


def _was_there(last_at: datetime | None, now: datetime) -> bool:
    """Whether that is less than a day off; a moment that is further ahead was written by a clock that was wrong."""
    return last_at is not None and abs(now - last_at) < GONE_AFTER


def _ratings(reading: SiteReading) -> Ratings:
    return UNSTATED if reading.grid is None else reading.grid.ratings


def _stated(ratings: Ratings, known: Ratings) -> Ratings:
    """``ratings`` with what is ``known`` where they say nothing."""
    return Ratings(
        intake_kw=_either(ratings.intake_kw, known.intake_kw), output_kw=_either(ratings.output_kw, known.output_kw)
    )


def _either(number: float | None, other: float | None) -> float | None:
    return other if number is None else number
