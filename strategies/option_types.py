"""What the sections of the settings have in common: their base, and numbers and times with their ranges."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

GRID_MINUTES = (5, 10, 15, 20, 30, 60)


class Section(BaseModel):
    """Base of all sections: frozen, unknown keys refused, inputs kept out of error texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _divides_the_hour(minutes: int) -> int:
    if minutes not in GRID_MINUTES:
        msg = f"{minutes} is not one of {', '.join(map(str, GRID_MINUTES))}"
        raise ValueError(msg)
    return minutes


def wall_minute(text: str) -> int:
    """Minutes after midnight of ``"HH:MM"``, ``"24:00"`` being the end of the day."""
    if text != "24:00" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        msg = f'{text!r} is not a local time of the form "HH:MM", from "00:00" to "24:00"'
        raise ValueError(msg)
    return int(text[:2]) * 60 + int(text[3:])


def _checked_time(text: str) -> str:
    wall_minute(text)
    return text


def _environment_name(text: str) -> str:
    """Not repeated where it is none: it may be the secret itself."""
    if not text.isidentifier() or not text.isascii():
        msg = "not the name of an environment variable: letters, digits and underscores, never the secret itself"
        raise ValueError(msg)
    return text


Percent = Annotated[float, Field(ge=0, le=100)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Efficiency = Annotated[float, Field(gt=0, le=1)]
GridMinutes = Annotated[int, AfterValidator(_divides_the_hour)]
WallTime = Annotated[str, AfterValidator(_checked_time)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
