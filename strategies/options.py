"""What the options of strategies and feeds have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PRICE_LIMIT_PER_KWH = 1e6
"""``Tariff`` takes prices strictly between plus and minus this."""

Price = Annotated[float, Field(strict=True, gt=-PRICE_LIMIT_PER_KWH, lt=PRICE_LIMIT_PER_KWH)]
"""A price in currency per kWh; may be negative."""

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description='three capital letters, e.g. currency = "EUR"')]
"""An ISO 4217 code."""

SeriesName = Annotated[str, Field(min_length=1, description="the name of a feed of this site")]


class StrategyOptions(BaseModel):
    """Base of a strategy's ``Options``: frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FeedOptions(BaseModel):
    """Base of a feed's ``Options``: frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
