"""A plan's slots as rows, with the names and signs of ``heat-optimizer plan --format json``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from optimizer.web.state import PlanSlots


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """One slot. ``grid_kw`` is positive for import, ``battery_kw`` for charging; ``solar_kw`` is what is used of it.

    ``others_kw`` is what all else uses: grid_kw = load_kw + heat_kw + battery_kw + others_kw - solar_kw.
    """

    start: datetime
    end: datetime
    import_price: float
    export_price: float
    is_price_forecast: bool
    load_kw: float
    heat_kw: float
    solar_kw: float
    grid_kw: float
    battery_kw: float
    soc_kwh: float
    curtailed_kw: float
    others_kw: float
    reason: str


def slot_rows(slots: PlanSlots) -> Iterator[SlotRow]:
    """All slots in order."""
    flows = slots.flows
    for number, start in enumerate(slots.edges[:-1]):
        load_kw, heat_kw = slots.load_kw[number], slots.heat_kw[number]
        solar_kw = slots.solar_kw[number] - flows.curtailed_kw[number]
        grid_kw = flows.import_kw[number] - flows.export_kw[number]
        battery_kw = flows.charge_kw[number] - flows.discharge_kw[number]
        yield SlotRow(
            start=start,
            end=slots.edges[number + 1],
            import_price=slots.import_price[number],
            export_price=slots.export_price[number],
            is_price_forecast=slots.known_until is not None and start >= slots.known_until,
            load_kw=load_kw,
            heat_kw=heat_kw,
            solar_kw=solar_kw,
            grid_kw=grid_kw,
            battery_kw=battery_kw,
            soc_kwh=flows.soc_kwh[number],
            curtailed_kw=flows.curtailed_kw[number],
            others_kw=grid_kw - load_kw - heat_kw - battery_kw + solar_kw,
            reason=slots.reasons[number],
        )


def slot_at(slots: PlanSlots, at: datetime) -> SlotRow | None:
    """The slot that holds an instant; None where the plan does not reach it."""
    return next((row for row in slot_rows(slots) if row.start <= at < row.end), None)
