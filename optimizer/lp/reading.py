"""A reading of stored energy is not exact: what looks slightly outside a limit is taken as at it."""

from dataclasses import replace

from optimizer.domain.assets import Battery


def take_as_inside(battery: Battery, error_kwh: float) -> Battery:
    """``battery`` with each floor above (or cap below) its stored energy by at most ``error_kwh`` moved there.

    Otherwise every reading a little below a floor would start a charge at full power, whatever it costs, and
    every one a little above would end it. Beyond ``error_kwh`` the limits stand as they are.
    """
    soc_kwh = battery.soc_kwh

    def floor(level_kwh: float) -> float:
        return soc_kwh if soc_kwh < level_kwh <= soc_kwh + error_kwh else level_kwh

    reserve = battery.reserve_kwh
    return replace(
        battery,
        soc_min_kwh=floor(battery.soc_min_kwh),
        soc_max_kwh=soc_kwh if soc_kwh - error_kwh <= battery.soc_max_kwh < soc_kwh else battery.soc_max_kwh,
        reserve_kwh=tuple(map(floor, reserve)) if isinstance(reserve, tuple) else floor(reserve),
    )
