"""Which slots' import and export are set off against each other."""

from dataclasses import dataclass

from optimizer.domain.tariff import Tariff
from optimizer.domain.windows import BillingPeriod
from strategies.charge_law import period_of, slot_days
from strategies.wall_clock import LocalHorizon

DIGITS = 9
"""Prices that agree to this many digits are one price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NettingGroups:
    """The group of each slot, and what each group has seen before the horizon."""

    of_slot: tuple[int, ...]
    so_far_import_kwh: tuple[float, ...]
    so_far_export_kwh: tuple[float, ...]


def netting_groups(tariff: Tariff, local: LocalHorizon) -> NettingGroups | None:
    """The slots of one netting interval (or local month) with the same prices; None where nothing is netted."""
    netting = tariff.netting
    if netting is None:
        return None
    if netting.minutes is None:
        spans: list[object] = [period_of(BillingPeriod.MONTH, day) for day in slot_days(local)]
    else:
        length_s = netting.minutes * 60
        spans = [int(start.timestamp()) // length_s for start in local.horizon.starts]
    prices = [
        (round(bought, DIGITS), round(sold, DIGITS))
        for bought, sold in zip(tariff.import_price_per_kwh, tariff.export_price_per_kwh, strict=True)
    ]
    keys = list(zip(spans, prices, strict=True))
    numbered = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    before = {
        (round(part.import_price_per_kwh, DIGITS), round(part.export_price_per_kwh, DIGITS)): part
        for part in netting.so_far
    }
    reached = [before.get(price) if span == spans[0] else None for span, price in numbered]
    return NettingGroups(
        of_slot=tuple(numbered[key] for key in keys),
        so_far_import_kwh=tuple(0.0 if part is None else part.import_kwh for part in reached),
        so_far_export_kwh=tuple(0.0 if part is None else part.export_kwh for part in reached),
    )
