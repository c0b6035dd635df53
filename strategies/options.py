"""What the options of strategies and feeds have in common."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from strategies.option_types import EnvironmentName

PRICE_LIMIT_PER_KWH = 1e6
"""``Tariff`` takes prices strictly between plus and minus this."""

Price = Annotated[float, Field(strict=True, gt=-PRICE_LIMIT_PER_KWH, lt=PRICE_LIMIT_PER_KWH)]
"""A price in currency per kWh; may be negative."""

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description='three capital letters, e.g. currency = "EUR"')]
"""An ISO 4217 code."""

SeriesName = Annotated[str, Field(min_length=1, description="the name of a feed of this site")]

WebAddress = Annotated[str, Field(pattern=r"^https?://\S+$", description="scheme and host")]
"""Where a provider is; another one than its own is for mirrors and tests."""


class Secret(BaseModel):
    """Where a secret is: an environment variable, a file or a systemd credential. Never the secret itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: EnvironmentName | None = None
    file: str | None = None
    credential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_plain_secret(cls, given: Any) -> Any:
        if isinstance(given, str):
            msg = 'a secret is never written into the settings: use {env = "NAME"} or the like'
            raise ValueError(msg)
        return given

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("env", "file", "credential") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"give exactly one of env, file, credential (given: {', '.join(given) or 'none'})"
            raise ValueError(msg)
        return self


class StrategyOptions(BaseModel):
    """Base of a strategy's ``Options``: frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FeedOptions(BaseModel):
    """Base of a feed's ``Options``: frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WebFeedOptions(FeedOptions):
    """Base of the ``Options`` of a feed that asks a provider: its answers are kept, also over a restart.

    ``FRESH_FOR`` is how long an answer stands before the provider is asked again: a little less than the time
    between two refreshes that shall both ask. ``LONGEST_ASK`` is how far back a provider is asked in one go.
    """

    FRESH_FOR: ClassVar[timedelta] = timedelta(minutes=12)
    LONGEST_ASK: ClassVar[timedelta] = timedelta(days=31)

    max_age_hours: Annotated[
        float, Field(strict=True, gt=0, le=8760, description="hours for which an answer stands in while the feed fails")
    ] = 48.0

    @property
    def asks_provider(self) -> bool:
        """Whether there are answers to keep: not where the options name a file."""
        return True
