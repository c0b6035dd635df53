"""The tariff that a plan rests on, and how good it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pandas as pd

from optimizer.domain.tariff import Meter, Tariff


class PriceStep(Enum):
    """Where prices come from, best first."""

    FRESH = "fresh"
    CACHED = "cached"
    EXTENDED = "extended"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """The site's whole contract for a horizon. ``why`` tells why it is not fresh.

    ``metered`` as in ``Moment``; ``past``: the running month's prices so far and what was metered under them,
    where the tariff looks back on them.
    """

    tariff: Tariff
    step: PriceStep = PriceStep.FRESH
    why: str | None = None
    metered: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    past: tuple[Tariff, Meter] | None = None
