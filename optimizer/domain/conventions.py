"""What the vendor leaves open, as closed sets: one value for each reading of the documents."""

from dataclasses import dataclass
from enum import Enum


class BatterySign(Enum):
    """What a positive battery power means on the wire."""

    CHARGE = "charge"
    DISCHARGE = "discharge"


class GridSign(Enum):
    """What a positive grid power means in telemetry and setpoints."""

    IMPORT = "import"
    EXPORT = "export"


class CurtailmentPercent(Enum):
    """Whether 10 % means "cut by 10 %" or "allow 10 %"."""

    CUT = "cut"
    ALLOW = "allow"


class CurtailmentBase(Enum):
    """What the curtailment percentage is a percentage of."""

    AVAILABLE = "available"
    RATED = "rated"


class StorageCapacity(Enum):
    """What ``availableStorageCapacitykWh`` reports."""

    USABLE = "usable"
    RATED = "rated"
    REMAINING = "remaining"


class AfterLastEntry(Enum):
    """What the gateway does when the last entry of a command has ended."""

    SELF_CONSUMPTION = "self_consumption"
    HOLD = "hold"
    UNKNOWN = "unknown"


class FirstEntryStarts(Enum):
    """Whether the first entry starts now or at the (past) start of the running slot."""

    NOW = "now"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """One reading of the vendor's documents; every field is a setting with a stated default.

    ``battery_holds_grid_setpoint``: a grid setpoint alone makes the battery hold it, as the word says.
    ``export_limit_cuts_sun``: where export would pass its limit, the gateway cuts the sun by itself.
    ``bess_power_positive`` has no default: a wrong guess would move power the wrong way.
    """

    bess_power_positive: BatterySign
    bess_telemetry_positive: BatterySign
    curtailment_percent: CurtailmentPercent = CurtailmentPercent.CUT
    curtailment_base: CurtailmentBase = CurtailmentBase.AVAILABLE
    grid_power_positive: GridSign = GridSign.IMPORT
    load_includes_heatpump: bool = False
    load_includes_ev: bool = False
    storage_capacity: StorageCapacity = StorageCapacity.USABLE
    max_entries_per_command: int = 96
    after_last_entry: AfterLastEntry = AfterLastEntry.UNKNOWN
    battery_holds_grid_setpoint: bool = True
    export_limit_cuts_sun: bool = True
    first_entry_starts: FirstEntryStarts = FirstEntryStarts.NOW
    power_step_kw: float = 0.01
    percent_step: float = 0.1
