"""What a command means, in words with unit and direction: the wire's signs end here."""

from typing import assert_never

from optimizer.domain.command import Pair
from optimizer.domain.conventions import BatterySign, Conventions, CurtailmentBase, CurtailmentPercent, GridSign


def told(pair: Pair, value: float | None, conventions: Conventions) -> str:
    """One short sentence without an end, such as "battery charges with 3.2 kW"."""
    if value is None:
        return f"{NAMES[pair]}: nothing is told"
    match pair:
        case Pair.BESS_POWER:
            return _battery(value, conventions)
        case Pair.BESS_SOC:
            return f"battery is brought to {value:g} % state of charge"
        case Pair.GRID_POWER:
            return _grid(value, conventions)
        case Pair.GRID_UPPER_LIMIT:
            return f"import is limited to {value:g} kW" if value >= 0 else f"export of at least {-value:g} kW is asked"
        case Pair.GRID_LOWER_LIMIT:
            if value > 0:
                return f"import of at least {value:g} kW is asked"
            return f"export is limited to {abs(value):g} kW"
        case Pair.SOLAR_CURTAILMENT:
            return _sun(value, conventions)
    assert_never(pair)


NAMES = {
    Pair.BESS_POWER: "battery power",
    Pair.BESS_SOC: "battery's state of charge",
    Pair.GRID_POWER: "grid power",
    Pair.GRID_UPPER_LIMIT: "import limit",
    Pair.GRID_LOWER_LIMIT: "export limit",
    Pair.SOLAR_CURTAILMENT: "cut of the sun",
}


def _battery(value: float, conventions: Conventions) -> str:
    if value == 0:
        return "battery rests (0 kW)"
    charges = (value > 0) == (conventions.bess_power_positive is BatterySign.CHARGE)
    return f"battery {'charges' if charges else 'discharges'} with {abs(value):g} kW"


def _grid(value: float, conventions: Conventions) -> str:
    if value == 0:
        return "grid is held at 0 kW, neither import nor export"
    imports = (value > 0) == (conventions.grid_power_positive is GridSign.IMPORT)
    return f"grid is held at {abs(value):g} kW of {'import' if imports else 'export'}"


def _sun(value: float, conventions: Conventions) -> str:
    cut = value if conventions.curtailment_percent is CurtailmentPercent.CUT else 100.0 - value
    if cut <= 0:
        return "sun is not cut"
    of_what = "of its rating" if conventions.curtailment_base is CurtailmentBase.RATED else "of what it could give"
    return f"sun is cut by {cut:g} % {of_what}"
