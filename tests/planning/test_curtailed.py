"""When a reading of the sun is not what it could give."""

from dataclasses import replace

import pytest
from builders import conventions
from web_states import NOW, command, seen

from optimizer.curtailed import is_sun_cut
from optimizer.domain.command import Pair
from optimizer.domain.conventions import CurtailmentPercent
from optimizer.domain.snapshot import SiteSnapshot

NO_EXPORT = command(Pair.GRID_LOWER_LIMIT, (-5, 55, 0.0))
TWO_KW = command(Pair.GRID_LOWER_LIMIT, (-5, 55, -2.0))


def site(*in_force, export_kw: float | None = 0.0, soc_kwh: float = 4.1, charge_kw: float | None = 0.3) -> SiteSnapshot:
    found = seen(*in_force)
    assert found.reading.grid is not None
    assert found.reading.battery is not None
    assert found.battery is not None
    reading = replace(
        found.reading,
        grid=replace(found.reading.grid, import_kw=0.0, export_kw=export_kw),
        battery=replace(found.reading.battery, charge_kw=charge_kw),
    )
    return replace(found, reading=reading, battery=replace(found.battery, soc_kwh=soc_kwh))


@pytest.mark.parametrize(("percent", "is_cut"), [(30.0, True), (100.0, False)])
def test_a_curtailment_in_force_cuts_it_unless_it_releases_all(percent, is_cut):
    allow = conventions(curtailment_percent=CurtailmentPercent.ALLOW)

    assert is_sun_cut(site(command(Pair.SOLAR_CURTAILMENT, (-5, 55, percent))), allow, NOW) is is_cut


@pytest.mark.parametrize(
    ("snapshot", "is_cut"),
    [
        (site(NO_EXPORT, soc_kwh=10.0), True),
        (site(NO_EXPORT, charge_kw=5.0), True),
        (site(NO_EXPORT), False),
        (site(NO_EXPORT, command(Pair.BESS_POWER, (-5, 55, 0.3))), True),
        (site(TWO_KW, export_kw=1.98, soc_kwh=10.0), True),
        (site(TWO_KW, export_kw=1.5, soc_kwh=10.0), False),
        (site(NO_EXPORT, export_kw=None, soc_kwh=10.0), False),
        (site(soc_kwh=10.0), False),
        (replace(site(NO_EXPORT), battery=None), True),
    ],
    ids=[
        "full",
        "at its power",
        "it takes more",
        "a power is told",
        "at 2 kW",
        "below 2 kW",
        "not read",
        "no limit",
        "no battery",
    ],
)
def test_export_at_its_limit_may_be_cut_where_the_battery_takes_no_more(snapshot, is_cut):
    assert is_sun_cut(snapshot, conventions(), NOW) is is_cut
