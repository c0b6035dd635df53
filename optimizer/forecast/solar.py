"""Solar power: a clear sky dimmed as lately seen, or the recorded shape, or a clear sky with a guess."""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.domain.forecast import Quality
from optimizer.domain.site import Site
from optimizer.forecast.ahead import Ahead
from optimizer.forecast.align import Floats
from optimizer.forecast.cell_forecast import CellForecast
from optimizer.forecast.clear_sky import clear_sky_kw_per_kwp
from optimizer.forecast.local_days import QUARTER_S, QUARTERS
from optimizer.forecast.past import Past
from optimizer.forecast.place import Place
from optimizer.forecast.plausible import known_kw
from optimizer.forecast.solar_record import SolarRecord, solar_record

CLEARNESS = 0.5
"""Share of the clear sky's energy that is expected unseen: about a year's mean in central Europe."""

RATIO = (0.02, 1.3)
"""Bounds of measured power to clear sky: thick cloud or snow, and clear cold air between bright clouds."""

HIGH_SUN_KW_PER_KWP = 0.1
"""The present power tells of the sky only where a clear one would give this share of peak power."""

DIMMED_DAYS = 0.8
SHAPE_DAYS = 1.6
"""One and two days of daylight, a fifth of which may be missing."""

PRESENT_HALF_LIFE_S = 5400.0
"""How fast the present sky is forgotten: a quarter of it is left after three hours."""

SMALLEST_KW = 0.01
"""Less than 10 W is no array but a missing number."""

USUAL_PEAK_KW = 5.0
"""What a home's array usually has at least. Counting on no sun at all would buy by night what the sun then gives away,
which costs more than a night on which nothing is bought."""

SEEN_DAYS = 0.1
"""From so much daylight on the record itself says whether there is any sun."""

SURE_DAYS = 5.0
"""Until so much daylight was seen, what is usual weighs beside it: one dull day says little of the next."""

PRESENT_FACTOR = (0.02, 3.0)
"""Bounds of the present power to the power expected now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sky:
    """A clear sky over the array, per kW of peak power: in each cell ahead and now."""

    clear: Floats
    clear_now: float

    @property
    def is_high(self) -> bool:
        return self.clear_now >= HIGH_SUN_KW_PER_KWP


def forecast_solar(
    past: Past, ahead: Ahead, site: Site, place: Place, rated_kw: float | None, present_kw: float | None
) -> CellForecast:
    """Expected power of the array, at least zero, zero at night."""
    middles_s = np.append(ahead.middles_s, ahead.at_s)
    clear = clear_sky_kw_per_kwp(middles_s, place.location, site.solar)
    sky = _Sky(clear=clear[:-1], clear_now=float(clear[-1]))
    record = solar_record(past, place.location, site.solar)
    present_kw = known_kw(present_kw)
    stated_kw, seen_kw = _peak_kw(site.solar.peak_kw, rated_kw), _peak_kw(record.likely_peak_kw())
    peak_kw = stated_kw if stated_kw is not None or seen_kw is None else _at_first(record, seen_kw)
    if peak_kw is not None:
        record = record.clipped(RATIO[1] * peak_kw)
        present_kw = None if present_kw is None else min(max(present_kw, 0.0), RATIO[1] * peak_kw)
    if not place.is_own and record.daylight_days >= SHAPE_DAYS:
        return _recorded_shape(record, ahead, sky, peak_kw, present_kw)
    if peak_kw is None:
        return _without_size(record, ahead, place, sky, present_kw)
    if place.is_own and record.daylight_days >= DIMMED_DAYS:
        return _dimmed(record, ahead, sky, peak_kw, present_kw)
    quality = Quality.PROFILE if place.is_own and site.solar.peak_kw is not None else Quality.FALLBACK
    return _guessed(ahead, place, sky, peak_kw, present_kw, quality)


def _dimmed(record: SolarRecord, ahead: Ahead, sky: _Sky, peak_kw: float, present_kw: float | None) -> CellForecast:
    """Clear sky times the ratio lately measured in that hour, drawn to the present sky for some hours."""
    ratio = np.clip(record.ratio_by_hour(peak_kw), *RATIO)
    clear_kw = sky.clear * peak_kw
    kw = clear_kw * ratio[ahead.cells_s // 3600 % 24]
    now_kw = sky.clear_now * peak_kw * float(ratio[int(ahead.at_s // 3600 % 24)])
    basis = f"clear sky as dimmed in the last {record.daylight_days:.0f} days of daylight"
    kw, basis = _drawn(kw, now_kw, basis, ahead, sky, present_kw)
    return CellForecast(kw=np.minimum(kw, RATIO[1] * clear_kw), quality=Quality.LEARNED, basis=basis)


def _usual_share(record: SolarRecord) -> float:
    """The weight of what is usual beside what was seen."""
    return max(1.0 - record.daylight_days / SURE_DAYS, 0.0)


def _at_first(record: SolarRecord, seen_kw: float) -> float:
    """The size that the record points to; at first no smaller than usual, for dull days show too small an array."""
    share = _usual_share(record)
    return share * max(seen_kw, USUAL_PEAK_KW) + (1 - share) * seen_kw


def _recorded_shape(
    record: SolarRecord, ahead: Ahead, sky: _Sky, peak_kw: float | None, present_kw: float | None
) -> CellForecast:
    """Mean of the last days by UTC time of day: no place is needed for that. At first half of a clear sky beside it."""
    shape, share = record.mean_kw(), 0.0 if peak_kw is None else _usual_share(record)
    usual_kw = CLEARNESS * (0.0 if peak_kw is None else peak_kw)
    kw = (1 - share) * shape[ahead.cells_s // QUARTER_S % QUARTERS] + share * usual_kw * sky.clear
    shape_now_kw = float(shape[int(ahead.at_s // QUARTER_S % QUARTERS)])
    now_kw = (1 - share) * shape_now_kw + share * usual_kw * sky.clear_now
    basis = f"recorded shape of the last {record.daylight_days:.0f} days of daylight (no location is set)"
    kw, basis = _drawn(kw, now_kw, basis, ahead, sky, present_kw)
    return CellForecast(kw=kw, quality=Quality.LEARNED, basis=basis)


def _guessed(
    ahead: Ahead, place: Place, sky: _Sky, peak_kw: float, present_kw: float | None, quality: Quality
) -> CellForecast:
    """Half of what a clear sky gives, drawn to the present sky for some hours."""
    basis = f"half of a clear sky on {peak_kw:.1f} kW at {place.name}"
    kw, basis = _drawn(
        CLEARNESS * peak_kw * sky.clear, CLEARNESS * peak_kw * sky.clear_now, basis, ahead, sky, present_kw
    )
    return CellForecast(kw=kw, quality=quality, basis=basis)


def _without_size(record: SolarRecord, ahead: Ahead, place: Place, sky: _Sky, present_kw: float | None) -> CellForecast:
    """Clear sky scaled to the one reading; a usual array where no daylight was seen yet; else no sun."""
    if present_kw is not None and sky.is_high:
        kw = sky.clear * max(present_kw, 0.0) / sky.clear_now
        basis = f"clear sky at {place.name} scaled to the present {present_kw:.2f} kW"
        return CellForecast(kw=kw, quality=Quality.FALLBACK, basis=basis)
    if record.daylight_days < SEEN_DAYS:
        guess = _guessed(ahead, place, sky, USUAL_PEAK_KW, None, Quality.FALLBACK)
        return replace(guess, basis=f"{guess.basis}, a usual size: no rating, and no daylight seen in the last week")
    basis = f"no sun is counted on: no rating, and none in {record.daylight_days:.1f} days of daylight"
    return CellForecast(kw=np.zeros_like(sky.clear), quality=Quality.FALLBACK, basis=basis)


def _drawn(
    kw: Floats, now_kw: float, basis: str, ahead: Ahead, sky: _Sky, present_kw: float | None
) -> tuple[Floats, str]:
    """``kw (1 + w (present / now - 1))`` with ``w = 0.5^(age / 1.5 h)`` while the sun is high."""
    if present_kw is None or not sky.is_high or now_kw <= 0:
        return kw, basis
    factor = float(np.clip(present_kw / now_kw, *PRESENT_FACTOR))
    weight = 0.5 ** (ahead.age_s / PRESENT_HALF_LIFE_S)
    return kw * (1 + weight * (factor - 1)), f"{basis}, drawn to the present {present_kw:.2f} kW"


def _peak_kw(*candidates_kw: float | None) -> float | None:
    """The first that is a size at all: as configured, as rated, as the record points to."""
    return next((kw for kw in map(known_kw, candidates_kw) if kw is not None and kw >= SMALLEST_KW), None)
