"""What energy costs in each slot, and what is known of the market when that is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from optimizer.domain.series import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Import and export price per kWh for each slot of a horizon, all taxes and fees included.

    ``known_until`` is the end of the last slot whose prices are published; later ones are a forecast.
    None means: all are known. Prices may be negative. ``notes`` tell what was filled and how.
    Raises ValueError when the two series differ in length or hold a value that is not finite.
    """

    import_price_per_kwh: tuple[float, ...]
    export_price_per_kwh: tuple[float, ...]
    currency: str = "EUR"
    known_until: datetime | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.import_price_per_kwh) != len(self.export_price_per_kwh):
            msg = f"{len(self.import_price_per_kwh)} import prices but {len(self.export_price_per_kwh)} export prices"
            raise ValueError(msg)
        for name in ("import_price_per_kwh", "export_price_per_kwh"):
            for slot, price in enumerate(getattr(self, name)):
                if not -1e6 < price < 1e6:  # false for NaN as well
                    msg = f"{name}[{slot}] is {price}: not a price"
                    raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the feeds fetched, by the name that the configuration gives each series."""

    series: Mapping[str, Series] = field(default_factory=dict)
