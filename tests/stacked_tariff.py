"""Tariffs stacked from parts, and an hourly market for them."""

from datetime import UTC, datetime, timedelta

from optimizer.domain.horizon import Horizon, plan_horizon
from strategies import Market, Series
from strategies.registry import build_strategy

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 5, 6, 10, 0, tzinfo=UTC)  # local noon, a Wednesday
HOUR = timedelta(hours=1)
SPOT = {"name": "spot", "series": "day_ahead"}
MODULE_3 = {
    "name": "grid fee",
    "price": 0.0562,
    "windows": [
        {"start": "17:00", "end": "22:00", "months": [4, 5, 6, 7, 8, 9], "price": 0.1075},
        {"start": "10:00", "end": "15:00", "months": [4, 5, 6, 7, 8, 9], "price": 0.0056},
    ],
}


def composed(**options):
    return build_strategy({"strategy": "composed", **options}, path="sites[0].tariff")


def hours(start: datetime, count: int, minutes: int = 60) -> Horizon:
    return plan_horizon(start, slot_minutes=minutes, horizon_hours=count, zone=BERLIN)


def spot(start: datetime, *prices: float) -> Market:
    starts = tuple(start + n * HOUR for n in range(len(prices)))
    return Market(
        series={"day_ahead": Series(starts=starts, ends=tuple(at + HOUR for at in starts), values=tuple(prices))}
    )
