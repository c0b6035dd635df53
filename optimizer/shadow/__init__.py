"""Challengers: other tariff strategies that plan in the champion's shadow, priced on what really happened."""

from optimizer.shadow.pairing import Comparison, compare
from optimizer.shadow.run import CHAMPION, Contender, Shadows
from optimizer.shadow.store import ShadowDay, ShadowStore

__all__ = ["CHAMPION", "Comparison", "Contender", "ShadowDay", "ShadowStore", "Shadows", "compare"]
