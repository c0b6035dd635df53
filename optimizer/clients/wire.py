"""The JSON of both vendors as pydantic models: unknown fields ignored, absent numbers kept absent."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""Vendors write the calendar's ends for never and for ever: kept a day within, so that every zone can tell them."""
LARGEST_READING = 1e7
"""No site has so many kW or kWh: vendors write the largest number of a type for "no limit"."""
COUNT_BELOW = 2**63
"""What a signed integer of 64 bits holds: SQLite keeps no larger one."""


def storable(words: str) -> str:
    """``words`` without halves of letters: JSON can hold lone surrogates, no file and no database can."""
    return words.encode(errors="replace").decode()


def _stored_as_sent(words: str) -> str:
    if storable(words) != words:
        msg = "a text with half a letter cannot be kept"
        raise ValueError(msg)
    return words


def _number_or_none(value: Any) -> Any:
    """NaN, infinity and what is too large for a number mean "no reading"; text and truth values are refused."""
    if isinstance(value, bool):
        msg = "a number was expected, not true or false"
        raise ValueError(msg)
    if value is None:
        return None
    if not isinstance(value, int | float):
        msg = f"a number was expected, not {type(value).__name__}"
        raise ValueError(msg)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < LARGEST_READING else None


def _count_or_none(value: Any) -> int | None:
    """The vendor leaves the meaning of ``accepted`` open: whatever is no integer that can be kept says nothing."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and -COUNT_BELOW <= value < COUNT_BELOW
    return value if is_count else None


def _utc(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        msg = "a time stamp was expected as text"
        raise ValueError(msg)
    at = datetime.fromisoformat(value)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at, EARLIEST), LATEST).astimezone(UTC)


Reading = Annotated[float | None, BeforeValidator(_number_or_none)]
Text = Annotated[str, AfterValidator(storable)]
Moment = Annotated[datetime | None, BeforeValidator(_utc)]


class Wire(BaseModel):
    """Base of all wire models."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class AssetWire(Wire):
    """One aggregated asset group. Every field may be missing."""

    rated_upper_kw: Reading = Field(None, alias="ratedPowerUpperLimitkW")
    rated_lower_kw: Reading = Field(None, alias="ratedPowerLowerLimitkW")
    power_kw: Reading = Field(None, alias="activePowerkW")
    storage_kwh: Reading = Field(None, alias="availableStorageCapacitykWh")
    soc_percent: Reading = Field(None, alias="soc")


class EntryWire(Wire):
    """One window of a stored schedule."""

    start: Moment = Field(None, alias="startAt")
    end: Moment = Field(None, alias="endAt")
    value: Reading = None


class ScheduleWire(Wire):
    """The stored entries of one (asset, type) pair."""

    asset: Text | None = None
    type: Text | None = None
    entries: list[EntryWire] | None = None


class SiteWire(Wire):
    """A site as ``GET site`` and, without assets, ``GET sites`` give it."""

    site_id: Text = Field(alias="siteId")
    site_name: Text | None = Field(None, alias="siteName")
    is_online: StrictBool | None = Field(None, alias="isOnline")
    reported_at: Moment = Field(None, alias="reportedAt")
    schedules: list[ScheduleWire] | None = None
    assets: dict[Text, AssetWire | None] | None = None


class SitesWire(Wire):
    """The list of sites."""

    sites: list[SiteWire] | None = None


class ReceiptWire(Wire):
    """The answer to an accepted batch."""

    batch_id: Annotated[str, AfterValidator(_stored_as_sent)] = Field(alias="batchId", min_length=1)
    accepted: Annotated[int | None, BeforeValidator(_count_or_none)] = None


class HcuWire(Wire):
    """The hydronic control unit; derived values are left out when they have no meaning."""

    source_type: Text | None = Field(None, alias="sourceType")
    mode: Text | None = None
    state: Text | None = None
    thermal_kw: Reading = Field(None, alias="thermalPowerKw")
    electrical_kw: Reading = Field(None, alias="electricalPowerKw")
    cop: Reading = Field(None, alias="copInstant")
    outdoor_c: Reading = Field(None, alias="outdoorTempC")
    backup_heater_active: StrictBool | None = Field(None, alias="backupHeaterActive")
    active_faults: list[Text] | None = Field(None, alias="activeFaults")
